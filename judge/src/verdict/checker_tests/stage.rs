//! STAGE: what failed behind a pipe.

use blackstart_record::event::{Event, Processes, ProgramRun, Stage};
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::check;
use crate::verdict::testing::{Drill, ms, program};

/// Ends the stages before a pipe, or those that are not, otherwise.
fn end_stages(drill: &mut Drill, piped: bool, code: Option<i32>, signal: Option<i32>) {
    stages(drill, |stage| {
        if stage.piped_into.is_some() == piped {
            (stage.code, stage.signal) = (code, signal);
        }
    });
}

fn stages(drill: &mut Drill, spoil: impl Fn(&mut Stage)) {
    drill.change(|event| {
        if let Event::ProgramEnded(ProgramRun { processes: Processes::Watched(stages), .. }) = event {
            stages.iter_mut().for_each(|(stage, _)| spoil(stage));
        }
    });
}

#[test]
fn stage_catches_what_failed_behind_a_pipe() {
    check(
        "STAGE",
        &[
            (
                "the first stage fails",
                |drill| end_stages(drill, true, Some(1), None),
                Missed,
                "pg_dump exited with 1 into a pipe to gzip; backup on host primary ended with 0",
            ),
            (
                "the first stages of two programs fail",
                |drill| {
                    drill.add(ms(4_000), Event::ProgramEnded(program("dump-again", 0)));
                    end_stages(drill, true, Some(1), None);
                },
                Missed,
                "backup on host primary ended with 0 all the same (and 1 more)",
            ),
            (
                "the first stage is killed",
                |drill| end_stages(drill, true, None, Some(9)),
                Missed,
                "pg_dump was ended by signal 9",
            ),
            (
                "its reader had enough",
                |drill| end_stages(drill, true, None, Some(13)),
                Met,
                "none failed behind a pipe",
            ),
            (
                "its reader had enough, as a shell passes it on",
                |drill| end_stages(drill, true, Some(141), None),
                Met,
                "none failed behind a pipe",
            ),
            (
                "a process that the program waits for itself",
                |drill| end_stages(drill, false, Some(1), None),
                Met,
                "gzip exited with 1, 1 x, which the program saw itself",
            ),
            (
                "the program fails too",
                |drill| {
                    stages(drill, |stage| stage.code = Some(1));
                    drill.change(|event| {
                        if let Event::ProgramEnded(run) = event {
                            run.code = Some(1);
                        }
                    });
                },
                Met,
                "none failed behind a pipe",
            ),
            (
                "an error that the program lives with",
                |drill| {
                    drill.change(|event| {
                        if let Event::ProgramEnded(run) = event {
                            run.complaints = vec!["psql: ERROR: no such role".into()];
                        }
                    });
                },
                Met,
                "backup went on after: psql: ERROR",
            ),
            (
                "not seen",
                |drill| {
                    drill.change(|event| {
                        if let Event::ProgramEnded(run) = event {
                            run.processes = Processes::Unseen { why: "no tracing here".into() };
                        }
                    });
                },
                Inconclusive,
                "no tracing here",
            ),
            (
                "no program",
                |drill| drill.forget(|event| matches!(event, Event::ProgramEnded(_))),
                Inconclusive,
                "no program",
            ),
        ],
    );
}
