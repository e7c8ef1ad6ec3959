//! `blackstart init`: what it writes is a plan that loads, and what it refuses leaves nothing behind.

use std::fs;

use crate::support::Place;

const GIVEN: &[&str] =
    &["init", "shop", "--backup", "own/save", "--restore", "own/back", "--rto", "1h", "--rpo", "15m", "--every", "6h"];

fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("own")).unwrap();
    for name in ["save", "back"] {
        fs::write(place.path("own").join(name), "#!/bin/sh\n").unwrap();
    }
    place
}

#[test]
fn what_it_writes_is_a_plan_that_can_be_shown() {
    for in_place in [false, true] {
        let place = place();
        let args: Vec<&str> = GIVEN.iter().copied().chain(in_place.then_some("--in-place")).collect();
        let said = place.blackstart(&args);
        assert_eq!((said.code, said.out.trim()), (0, "scenarios/shop"), "{}", said.all());
        let shown = place.blackstart(&["plan", "shop", "--output", "json"]);
        assert_eq!(shown.code, 0, "{}", shown.all());
        for value in ["6 h", "15 min", if in_place { "primary" } else { "recovery" }] {
            assert!(place.blackstart(&["plan", "shop"]).out.contains(value), "{value}: {}", shown.all());
        }
    }
}

#[test]
fn what_it_cannot_take_is_said_and_nothing_is_written() {
    let changed = |from: &'static str, to: &'static str| -> Vec<&str> {
        GIVEN.iter().map(|arg| if *arg == from { to } else { *arg }).collect()
    };
    let cases = [
        (GIVEN[..8].to_vec(), "not given: --rpo, --every"),
        (changed("1h", "15 parsecs"), "parsecs"),
        (changed("6h", "* * *"), "* * *"),
        (changed("shop", "My Shop"), "is no name"),
        (changed("shop", "fulexo"), "is there already"),
        (changed("own/back", "own/nothing"), "no program own/nothing"),
        (changed("own/back", "own/save"), "both programs are called save"),
    ];
    for (args, says) in cases {
        let place = place();
        let said = place.blackstart(&args);
        assert_eq!(said.code, 2, "{says}: {}", said.all());
        assert!(said.err.contains(says), "{says}: {}", said.all());
        assert!(!place.path("scenarios/shop").exists(), "{says}");
    }
}
