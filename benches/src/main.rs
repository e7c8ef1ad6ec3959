//! Measures the harness against the bare tools, and prints samples; `cargo ci compare` makes a table of them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is this program's job")]

use std::path::Path;
use std::process::ExitCode;

use blackstart_benches::comparisons::{self, ALL, Run, ledger_check};
use blackstart_benches::{Result, isolated};

fn main() -> ExitCode {
    // A drill that a comparison runs starts this program as its inside.
    if blackstart::cli::is_inside() {
        return blackstart::cli::inside::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [ledger_check::ALONE, folder] => {
            ledger_check::alone(Path::new(folder)).map(|(seconds, peak)| println!("{seconds} {peak}"))
        }
        // Before any thread is started: it makes namespaces.
        [isolated::ALONE, name, scratch] => isolated::inside(name, Path::new(scratch)),
        ref names => compare(names),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the comparisons whose names contain one of `names`, or all; the whole name of one means that one alone. One that fails
/// does not stop the rest.
fn compare(names: &[&str]) -> Result<()> {
    let is_whole = |part: &str| ALL.iter().any(|comparison| comparison.name == part);
    let means = |part: &str, name: &str| if is_whole(part) { name == part } else { name.contains(part) };
    let wanted = |name: &str| names.is_empty() || names.iter().any(|part| means(part, name));
    let mut failed = Vec::new();
    for comparison in ALL.iter().filter(|comparison| wanted(comparison.name)) {
        eprintln!("==> {}", comparison.name);
        let done = match comparison.run {
            Run::Here(run) => run(),
            Run::Isolated(_) => isolated::start(comparison.name),
        };
        if let Err(error) = done {
            eprintln!("{}: {error}", comparison.name);
            failed.push(comparison.name);
        }
    }
    if !ALL.iter().any(|comparison| wanted(comparison.name)) {
        let all: Vec<&str> = comparisons::ALL.iter().map(|comparison| comparison.name).collect();
        return Err(format!("no comparison of that name; there are {}", all.join(", ")).into());
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not measured: {}", failed.join(", ")).into()) }
}
