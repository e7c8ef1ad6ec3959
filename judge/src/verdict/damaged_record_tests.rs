//! Records of which one file holds anything: judged without a panic, and never better than they were.

#[path = "../../../fuzz/bodies/judge.rs"]
mod body;
#[path = "../../../fuzz/bodies/framed.rs"]
mod framed;
#[path = "../../../fuzz/bodies/mutate.rs"]
mod mutate;
#[path = "../../../fuzz/bodies/scratch.rs"]
mod scratch;

use std::path::Path;

use blackstart_record::event::{Event, Tally};
use blackstart_record::record::Folder;
use blackstart_record::verdict::{DrillVerdict, Verdict};

use super::judge::judge;
use super::testing::{BACK, Drill, FAULT, down, ms, up};
use crate::oracle::testing::cases;

fn judged(file: usize, content: &[u8]) -> Option<DrillVerdict> {
    let data = [&[file as u8], content].concat();
    body::judge(&data, |folder| judge(folder).ok())
}

#[test]
fn the_record_of_the_fuzz_targets_is_met() {
    for (index, (name, content)) in body::FILES.iter().enumerate() {
        let verdict = judged(index, content).unwrap();
        assert_eq!(
            (verdict.verdict, verdict.says.as_str()),
            (Verdict::Met, "all 2 objectives and 13 checks are met"),
            "{name}"
        );
    }
}

/// A bounded run of the fuzz target `judge`. Ledger and rows carry checksums, so with those damaged it is never met.
#[test]
fn a_record_with_a_mutated_file_is_judged_without_a_panic_and_is_not_met_where_that_shows() {
    let mut ends = [0; 4];
    for seed in 0..u64::from(cases(3000)) {
        let index = (seed % body::FILES.len() as u64) as usize;
        let (name, original) = &body::FILES[index];
        let content = mutate::mutated(seed, original);
        judged(index | 0x80, &content);
        let verdict = judged(index, &content).map(|verdict| verdict.verdict);
        ends[verdict.map_or(3, |verdict| verdict as usize)] += 1;
        if !name.ends_with("json") && !name.ends_with("jsonl") && content != *original {
            assert_ne!(verdict, Some(Verdict::Met), "{name}, mutated by {seed}");
        }
    }
    assert!(ends.iter().all(|records| *records > 10), "met, inconclusive, missed, no record: {ends:?}");
}

/// Found by mutation: the sum of what the clients counted overflowed, and so might have come out small.
#[test]
fn a_history_that_claims_absurd_counts_closes_the_gate_on_the_ledger() {
    let mut drill = Drill::healthy();
    let tally = Tally { acknowledged: u64::MAX, ..Tally::default() };
    drill.add(ms(20_000), Event::Tally { until: ms(20_000), tally });
    assert!(drill.judge().gates.iter().any(|gate| gate.id == "ledger-incomplete"));
}

/// Found by reading: a stability window that ends before it begins was looked for again and again.
#[test]
fn a_history_in_which_probes_end_before_they_begin_is_judged() {
    let mut drill = Drill::healthy();
    drill.change(|event| {
        if let Event::Probe { ended, .. } = event {
            *ended = FAULT.plus(ms(1));
        }
    });
    assert_ne!(drill.judge().verdict, Verdict::Missed, "nothing shows a miss");
}

#[test]
#[ignore = "writes fuzz/record anew: run it by name where the format of records changes"]
fn write_the_record_of_the_fuzz_targets() {
    let mut drill = Drill::healthy();
    let probes = &mut drill.record.scenario.probes;
    (probes.beat, probes.fresh_beat, probes.stability) = (ms(75), ms(750), 5);
    let state = |at| {
        if at < ms(13_000) {
            up(0)
        } else if at < BACK {
            down()
        } else {
            up(1)
        }
    };
    drill.probe_as(state, ms(5_000), ms(24_000));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/record");
    std::fs::remove_dir_all(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    drill.write(&Folder::new(path));
}
