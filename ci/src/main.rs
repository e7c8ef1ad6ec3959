//! `cargo ci`: set-up, house rules, and every check, as one command on any machine.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is this command's job; the library writes to what it is given"
)]

use std::io::{self, Write};
use std::process::ExitCode;

use blackstart_ci::nightly::{self, Wanted};
use blackstart_ci::{checks, compare, containers, defects, images, setup, tidy, workspace_root};

const USAGE: &str = "\
usage: cargo ci <command>

  setup [--dry-run]   install the outside programs that a drill needs; --dry-run only says which
  tidy                check the house rules: stage order, sizes, manifests, hygiene
  test                every check and test: fmt, tidy, clippy, cargo test
  nightly [STEP..]    set-up, then what takes too long for that; STEP is a part of a step's name
      --shard I/N     only this machine's share of the steps: the I-th of N
      --again         steps that are done for this commit as well
  defects [ID..]      drills with a planted defect: each is caught by a check that is named for it, its twin is met
      --seeds N       with N seeds each
      --mysql         those that run on MariaDB, on MySQL; --containers: on hosts in containers, by an engine of our own
  clean-drills [N]    N drills with nothing wrong in them (200), and how often one is called so all the same; those
                      that were drilled for this commit before count
  compare [NAME..]    what we cost against the bare tools; NAME is a comparison's, or a part of several
  containers          hosts in containers keep the contract of native ones, and drills on them come to the same verdicts
  images [NAME..]     what hosts in containers are made of, from Debian's packages; NAME is a part of an image's name
  help                this text

exit codes: 0 done, 1 failed, 2 usage, or something that a person has to install
";

// Parsed by hand: clap would quadruple the time that a fresh machine waits for its first build.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout();
    let result = match arguments[..] {
        ["setup"] => setup::run(setup::Mode::Install, &mut out),
        ["setup", "--dry-run"] => setup::run(setup::Mode::DryRun, &mut out),
        ["tidy"] => run_tidy(&mut out),
        ["test"] => run_checks(&mut out),
        ["nightly", ref arguments @ ..] => match Wanted::parse(arguments) {
            Ok(wanted) => run_nightly(&wanted, &mut out),
            Err(problem) => usage(&problem),
        },
        ["defects", ref arguments @ ..] => match defects::Wanted::parse(arguments) {
            Ok(wanted) => run_defects(&wanted, &mut out),
            Err(problem) => usage(&problem),
        },
        ["clean-drills"] => run_clean(nightly::steps::DRILLS, &mut out),
        ["clean-drills", number] => match number.parse() {
            Ok(drills) if drills > 0 => run_clean(drills, &mut out),
            _ => usage("clean-drills needs a number of at least 1"),
        },
        ["compare", ref names @ ..] if !names.iter().any(|name| name.starts_with('-')) => run_compare(names, &mut out),
        ["containers"] => run_containers(&mut out),
        ["images", ref names @ ..] if !names.iter().any(|name| name.starts_with('-')) => run_images(names, &mut out),
        ["help" | "--help" | "-h"] => out.write_all(USAGE.as_bytes()).map(|()| 0),
        [] => usage("a command is missing"),
        [..] => usage(&format!("`{}` is not a command", arguments.join(" "))),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("cargo ci: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage(problem: &str) -> io::Result<u8> {
    eprint!("cargo ci: {problem}\n\n{USAGE}");
    Ok(2)
}

fn run_tidy(out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    tidy::run(&root, out)
}

fn run_checks(out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    checks::run(&checks::all(&root), out)
}

fn run_compare(names: &[&str], out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    compare::run(&root, names, out)
}

fn run_containers(out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    Ok(u8::from(!containers::run(&root, out)?))
}

fn run_images(names: &[&str], out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    images::run(&root, names, out)
}

fn run_defects(wanted: &defects::Wanted, out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    defects::run(&root, wanted, out)
}

fn run_clean(drills: u64, out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    let journal = nightly::journal(&root, nightly::steps::CLEAN)?;
    let tally = defects::clean::run(&root, drills, journal.as_deref(), out)?;
    tally.figures().iter().try_for_each(|figure| writeln!(out, "{}: {}", figure.name, figure.value))?;
    Ok(u8::from(tally.alarms > 0 || tally.judged < drills))
}

/// Set-up first, as `make test` has it: whoever calls this need call nothing else.
fn run_nightly(wanted: &Wanted, out: &mut dyn Write) -> io::Result<u8> {
    let root = workspace_root(&std::env::current_dir()?)?;
    match setup::run(setup::Mode::Install, out)? {
        0 => nightly::run(&nightly::steps::all(&root), wanted, &nightly::Place::of(&root)?, out),
        code => Ok(code),
    }
}
