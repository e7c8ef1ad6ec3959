//! `cargo ci compare`: what we cost against the bare tools, by interleaved pairs in one run.
//!
//! The package `benches` measures and prints samples, one line each; here they become a median, an interval and a
//! judgement. Which comparisons there are, and their aims, is said by `benches` alone.

mod sample;
mod spread;

use std::io::{self, Write};
use std::path::Path;

use crate::engine::Engine;
use crate::figures::Figure;
use crate::{images, output};
use sample::Samples;

/// Workspace crates are optimised as a release is; the dependencies stay those of every other build, optimised already,
/// so that a comparison needs no second build of them.
const OPTIMISED: (&str, &str) = ("CARGO_PROFILE_DEV_OPT_LEVEL", "3");
/// The harness has a level of its own in `Cargo.toml`, which stands above the variable.
const HARNESS_TOO: [&str; 2] = ["--config", "profile.dev.package.blackstart.opt-level=3"];

/// Measures the comparisons whose names contain one of `names`, or all, and prints a line each; the exit code.
///
/// # Errors
/// When they can't be started or the output not be written.
pub fn run(root: &Path, names: &[&str], out: &mut dyn Write) -> io::Result<u8> {
    Ok(u8::from(measure(root, names, out)?.is_none()))
}

/// The figures of the comparisons, printed as they come; `None`: one could not be measured.
///
/// # Errors
/// When they can't be started or the output not be written.
pub fn measure(root: &Path, names: &[&str], out: &mut dyn Write) -> io::Result<Option<Vec<Figure>>> {
    let optimised = |what: &str, package: &str| {
        let mut command = output::cargo(root);
        command.env(OPTIMISED.0, OPTIMISED.1).args([what, "--quiet"]).args(HARNESS_TOO).args(["--package", package]);
        command
    };
    // Some run the command itself, which lies beside their program.
    if !optimised("build", "blackstart").status()?.success() {
        return Err(io::Error::other("blackstart could not be built"));
    }
    let mut command = optimised("run", "blackstart-benches");
    command.arg("--").args(names);
    let engine = wants_containers(names).then(|| images::stocked(root, out)).transpose();
    match &engine {
        Ok(engine) => drop(command.envs(engine.iter().flat_map(Engine::environment))),
        // The comparison then says that it was not measured, and the others are.
        Err(why) => writeln!(out, "no container engine: {why}")?,
    }
    let mut samples = Samples::default();
    let mut wrong = None;
    // Samples are for the table below; only what is meant for people is shown on the way.
    let mut silent = io::sink();
    let ended = output::follow(&mut command, &mut silent, |line| {
        if let Err(why) = samples.take(line) {
            wrong.get_or_insert(why);
        }
    })?;
    if let Some(why) = wrong {
        return Err(io::Error::other(why));
    }
    let rows = samples.rows();
    writeln!(out, "{}", sample::table(&rows))?;
    Ok((ended && !rows.is_empty()).then(|| rows.iter().map(sample::Row::figure).collect()))
}

/// Whether the comparison that needs an engine is among those of these names.
fn wants_containers(names: &[&str]) -> bool {
    names.is_empty() || names.iter().any(|name| "containers".contains(name))
}
