//! Running a method's programs: every one is watched with all of its processes, and the history is told how they ended.

use std::os::unix::process::ExitStatusExt;

use blackstart_record::event::{Event, ProgramRun};

use super::Tools;
use crate::failure::{Context, Result};
use crate::host::{Command, Finished, Host};

/// More lines of complaint than this help nobody.
const COMPLAINTS: usize = 20;

/// Runs a program to its end; `name` is what the plan, or the method, calls it. A bad end is an error.
pub(super) async fn run(name: &str, command: &Command, host: &Host, tools: Tools<'_>) -> Result<(Finished, String)> {
    let begun = tools.clock.now();
    let (finished, processes) = host.exec_watched(command).await.cannot(format_args!("run {name}"))?;
    let run = ProgramRun {
        program: name.to_owned(),
        host: host.name().to_owned(),
        begun,
        ended: tools.clock.now(),
        code: finished.status.code(),
        signal: finished.status.signal(),
        logs: command.logs_on(host.name()),
        processes,
        complaints: complaints(&finished.stderr),
    };
    let says = run.to_string();
    let _ = tools.events.send(Event::ProgramEnded(run)).await;
    finished.success(name).map(|finished| (finished, says))
}

/// Runs a program that the method brings, or the engine has, to its end within the action's bound.
pub(super) async fn within_bound(command: Command, host: &Host, tools: Tools<'_>) -> Result<Finished> {
    let command = command.bound(tools.bound);
    run(&command.name(), &command, host, tools).await.map(|(finished, _)| finished)
}

/// Lines by which tools say that something went wrong, whatever their exit code says later.
fn complaints(stderr: &str) -> Vec<String> {
    const MARKS: [&str; 5] = ["ERROR:", "FATAL:", "PANIC:", "error:", "fatal:"];
    let complains = |line: &&str| MARKS.iter().any(|mark| line.contains(mark));
    stderr.lines().filter(complains).take(COMPLAINTS).map(str::to_owned).collect()
}
