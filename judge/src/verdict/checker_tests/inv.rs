//! INV: objects of the database that are missing, changed or new, and rules that are broken.

use blackstart_record::observation::Inventory;
use blackstart_record::verdict::Verdict::{Inconclusive, Missed};

use super::{check, edit};

#[test]
fn inv_catches_objects_that_are_missing_changed_or_new() {
    check(
        "INV",
        &[
            (
                "a role missing",
                |drill| {
                    edit!(drill, Inventory, |seen: Inventory| {
                        seen.after.get_mut("role").unwrap().remove("reader");
                    })
                },
                Missed,
                "role (1 missing); the first: role: reader is missing",
            ),
            (
                "a whole kind missing",
                |drill| edit!(drill, Inventory, |seen: Inventory| drop(seen.after.remove("role"))),
                Missed,
                "role (2 missing)",
            ),
            (
                "an index changed",
                |drill| {
                    edit!(drill, Inventory, |seen: Inventory| {
                        seen.after.get_mut("index").unwrap().insert("app.t0_pkey".into(), "other".into());
                    })
                },
                Missed,
                "index: app.t0_pkey is changed",
            ),
            (
                "a function nobody made",
                |drill| {
                    edit!(drill, Inventory, |seen: Inventory| {
                        seen.after.entry("function".into()).or_default().insert("evil".into(), "x".into());
                    })
                },
                Missed,
                "function: evil was not there before",
            ),
            (
                "nothing before",
                |drill| edit!(drill, Inventory, |seen: Inventory| seen.before.clear()),
                Inconclusive,
                "is empty",
            ),
            ("no examination", |drill| drop(drill.observations.remove("inventory")), Inconclusive, "no examination"),
        ],
    );
}

#[test]
fn inv_shows_fifty_objects_and_says_how_many_more_there_are() {
    for (new, last) in [(50, "index: new 49 was not there before"), (51, "and 1 more"), (53, "and 3 more")] {
        let finding = super::verdict_of("INV", |drill| {
            edit!(drill, Inventory, |seen: Inventory| {
                let objects = seen.after.get_mut("index").unwrap();
                objects.extend((0..new).map(|number| (format!("new {number:02}"), "x".to_owned())));
            });
        });
        assert_eq!(finding.details.last().map(String::as_str), Some(last), "{new} new objects");
    }
}
