//! The `blackstart` command.

use std::process::ExitCode;

use blackstart::cli::{self, Cli, Exit, Result};

fn main() -> ExitCode {
    // The inside of a drill makes its namespaces before any thread is started.
    if cli::is_inside() {
        return cli::inside::main();
    }
    cli::exit(blackstart(&Cli::of_process()))
}

/// Parse, plan, run, judge, report, exit.
fn blackstart(command: &Cli) -> Result<Exit> {
    let Some(mut session) = command.drills()? else { return command.look() };
    while let Some(drilled) = session.wait() {
        let judged = session.judge(drilled);
        session.report(judged)?;
    }
    session.conclude()
}
