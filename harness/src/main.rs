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
    for index in 0..session.drills() {
        if !session.goes_on(index) {
            break;
        }
        let Some(record) = session.run(index) else { continue };
        let verdict = session.judge(&record);
        session.report(&record, verdict)?;
    }
    session.conclude()
}
