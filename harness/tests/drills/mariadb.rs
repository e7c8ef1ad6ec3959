//! The second engine, end to end: the carrier's site is lost, and its dump is restored on MariaDB at another.

use blackstart_record::verdict::Verdict;

use crate::support::{Change, Place, told};

const SMALL: &[Change] =
    &[("rows    = 50_000", "rows    = 2_000\nafter-recovery = \"2s\""), ("after  = \"5s\"", "after  = \"1s\"")];

#[test]
fn the_dump_of_the_day_brings_a_lost_site_back_and_misses_its_rpo_by_its_schedule() {
    let place = Place::in_plan("baraka-logistics", "complete-infrastructure-failure", SMALL);
    let output = place.run().args(["--profile", "all"]).output().unwrap();
    assert_eq!(output.status.code(), Some(99), "{}", told(&output));
    let record = place.folder().load_record().unwrap();
    assert_eq!((record.profile.as_deref(), record.programs.len()), (Some("all"), 2));
    let verdict = place.verdict();
    assert_eq!((verdict.verdict, verdict.gates.len()), (Verdict::Missed, 0), "{}", verdict.says);
    for finding in &verdict.findings {
        assert!(finding.compared > 0 && finding.verdict == Verdict::Met, "{finding:?}");
    }
    let rpa = verdict.measures.rpa.unwrap();
    assert!(rpa.tail_operations > 0, "what was written after the dump is the tail");
    assert_eq!((rpa.hole_operations, rpa.hole_rows), (0, 0));
    assert!(verdict.says.contains("1 d") && verdict.says.contains("1 h"), "{}", verdict.says);
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
}
