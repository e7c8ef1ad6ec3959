//! The command line: one file per subcommand; the only place that knows reports.

mod completions;
mod doctor;
mod due;
mod exit;
mod health;
mod init;
mod judge;
mod layout;
mod list;
mod man;
mod needs;
mod output;
mod past;
mod plan;
mod problem;
mod profile;
mod report;
pub mod run;
mod schema;
mod select;
mod sweep;
mod verdict_text;
mod ways;

pub mod inside;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;
pub use output::Format;
pub use problem::{Problem, Result};
pub use select::Scenarios;

/// The hidden first argument of a drill's own process.
const INSIDE: &str = "inside";

/// Proves, by doing it, that a system comes back from its backups: how fast, and with which of its acknowledged writes.
///
/// A plan is a disaster-recovery document made executable; a scenario is one disaster told as data. `run` drills it on
/// real servers that it starts itself, and leaves a record that `judge` and `report` can read again anywhere.
#[derive(Debug, Parser)]
#[command(name = "blackstart", version, max_term_width = 100, after_long_help = exit::HELP)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    scenarios: Scenarios,
    /// How data is written to standard output; progress and messages go to standard error.
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Init(init::Init),
    Plan(plan::Show),
    Run(run::Run),
    Judge(judge::Judge),
    Report(report::Report),
    Due(due::Due),
    Health(health::Health),
    Doctor(doctor::Doctor),
    Sweep(sweep::Sweep),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Whether this process is to be the inside of a drill. Asked before anything else: see [`inside::main`].
pub fn is_inside() -> bool {
    std::env::args_os().nth(1).is_some_and(|first| first == INSIDE)
}

impl Cli {
    /// The command line of this process. Ends the process where there is help to be shown (exit 0) or nothing to be
    /// understood (exit 2).
    pub fn of_process() -> Self {
        Self::parse()
    }

    /// The drills that the command asks for, every one of them checked; `None`: it asks for something else.
    ///
    /// # Errors
    /// Nothing is selected, or a plan, a scenario or an argument is wrong.
    pub fn drills(&self) -> Result<Option<run::Session>> {
        match &self.command {
            Command::Run(args) => run::prepare(args, &self.scenarios, self.output).map(Some),
            _ => Ok(None),
        }
    }

    /// Does what a command other than `run` asks for.
    ///
    /// # Errors
    /// Why it could not.
    pub fn look(&self) -> Result<Exit> {
        let (scenarios, format) = (&self.scenarios, self.output);
        match &self.command {
            Command::List(args) => list::run(args, scenarios, format),
            Command::Init(args) => init::run(args, scenarios),
            Command::Plan(args) => plan::run(args, scenarios, format),
            Command::Judge(args) => judge::run(args, format),
            Command::Report(args) => report::run(args, format),
            Command::Due(args) => due::run(args, scenarios, format),
            Command::Health(args) => health::run(args, scenarios, format),
            Command::Doctor(args) => doctor::run(args, format),
            Command::Sweep(args) => sweep::run(args, format),
            Command::Schema(args) => schema::run(args),
            Command::Completions(args) => completions::run(args),
            Command::Man(args) => man::run(args),
            Command::Run(_) => Ok(Exit::Met),
        }
    }
}

/// Says what went wrong, on standard error; a result becomes the process's exit code.
pub fn exit(result: Result<Exit>) -> ExitCode {
    result
        .unwrap_or_else(|problem| {
            problem.tell();
            problem.exit()
        })
        .into()
}

/// Says what went wrong, on standard error.
pub fn complain(why: &str) {
    output::complain(why, None);
}
