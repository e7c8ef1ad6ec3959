//! A drill as a test of a team's own.

use blackstart::library::{Drill, Hosts};

use crate::support::Place;

#[tokio::test]
async fn a_drill_can_be_run_and_asserted_as_a_test() {
    let place = Place::new(&[]);
    let drill = Drill::of(place.path().join("scenarios/fulexo/database-corruption.toml"));
    let drill = drill.program(env!("CARGO_BIN_EXE_blackstart")).keep(place.path().join("out"));
    let outcome = drill.hosts(Hosts::Native).seed(7).run().await.unwrap();
    outcome.assert_met();
    assert_eq!(outcome.verdict, place.verdict());
}
