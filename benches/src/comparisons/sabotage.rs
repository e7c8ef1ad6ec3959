//! What a drill costs that tries damaged copies of its backup too, against the same drill without.

use std::cell::Cell;

use blackstart_record::observation::{Observation, SabotageKind};
use blackstart_record::record::Folder;

use super::{Comparison, Run, drilled};
use crate::Result;
use crate::samples::{Aim, Row};

pub(super) const COMPARISON: Comparison = Comparison { name: "sabotage", run: Run::Here(run) };

const ROW: Row =
    Row { name: "drill with its sabotage", against: "the same drill without", unit: "x", aim: Aim::AtMost(3.0) };
const PAIRS: usize = 3;
/// One that restores onto another host than its source, as the sabotage needs it, by the slowest of the pipelines.
const SCENARIO: &str = "database-corruption";

fn run() -> Result<()> {
    let damages = Cell::new(0);
    let sabotaged = || {
        let drilled = drilled::whole(SCENARIO, true)?;
        damages.set(damaged(&Folder::new(drilled.folder.path()))?);
        Ok(drilled.seconds)
    };
    ROW.pairs(PAIRS, sabotaged, || Ok(drilled::whole(SCENARIO, false)?.seconds))?;
    ROW.note(&format!("{} kinds of damage tried", damages.get()));
    Ok(())
}

/// How many kinds of damage a drill tried.
fn damaged(folder: &Folder) -> Result<usize> {
    let observations = folder.load_observations()?;
    let trials = observations.values().find_map(|observation| match observation {
        Observation::Sabotage(trials) => Some(trials),
        _ => None,
    });
    let trials = trials.ok_or("the drill was not sabotaged")?;
    Ok(trials.iter().filter(|trial| trial.kind == SabotageKind::Damage).count())
}
