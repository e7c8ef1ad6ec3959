//! `cargo ci containers`: hosts in containers keep the contract of native ones, and what is drilled on them comes to the same
//! verdict. An engine of our own is started for it and stopped again; where none can be had this fails.

mod restarts;

use std::io::{self, Write};
use std::path::Path;

use crate::defects::{Summary, Wanted};
use crate::engine::Engine;
use crate::{defects, images, output};

/// Defects of each kind of pipeline, their twins, and what only hosts can notice (a watch over programs, a clean host, a
/// second primary): all of them are `cargo ci defects --containers`.
const DEFECTS: [&str; 7] = ["archive", "dump", "physical", "G02", "P04", "P16-two-primaries", "X01"];

/// Restarts of the engine in mid-drill; `cargo ci nightly` has more.
const RESTARTS: u32 = 2;

/// Whether all is as it has to be.
///
/// # Errors
/// The output can't be written, or no engine be started.
pub fn run(root: &Path, out: &mut dyn Write) -> io::Result<bool> {
    let mut engine = images::stocked(root, out)?;
    let mut tests = output::cargo(root);
    tests.args(["test", "--no-fail-fast", "--workspace"]);
    tests.args(["--test", "hosts", "--test", "stores", "--test", "faults", "--test", "drills", "--"]);
    // One at a time: one looks at everything that the engine has.
    tests.args(["container", "--test-threads=1"]);
    // A runtime that can't be had is a failure here.
    let kept = tests.envs(engine.environment()).env("BLACKSTART_REQUIRE_HOSTS", "1").status()?.success();
    let drilled = defects::in_containers(root, &Wanted::named(&DEFECTS), &engine, out)?;
    let survived = restarts::survived(root, &mut engine, RESTARTS, out)?;
    Ok(kept && drilled.passed() && survived && podman(root, &engine, out)?)
}

/// Whether hosts in containers of Podman keep the same promises, and nothing of them is left.
fn podman(root: &Path, from: &Engine, out: &mut dyn Write) -> io::Result<bool> {
    let podman = images::copied(from, out)?;
    let mut promises = output::cargo(root);
    promises.args(["test", "--workspace", "--test", "hosts", "--", "container"]);
    let kept = promises.envs(podman.environment()).env("BLACKSTART_REQUIRE_HOSTS", "1").status()?.success();
    let left = restarts::labelled(&podman)?;
    writeln!(out, "left on podman: {}", if left.is_empty() { "nothing".to_owned() } else { left.join(", ") })?;
    Ok(kept && left.is_empty())
}

/// Whether so many restarts of the engine in mid-drill leave nothing behind, on an engine that is started for it.
///
/// # Errors
/// As [`run`].
pub fn restarts(root: &Path, times: u32, out: &mut dyn Write) -> io::Result<bool> {
    restarts::survived(root, &mut images::stocked(root, out)?, times, out)
}

/// The planted defects, twins and controls that are wanted once, on hosts in containers of an engine that is started for it.
///
/// # Errors
/// As [`run`].
pub fn defects(root: &Path, wanted: &Wanted, out: &mut dyn Write) -> io::Result<Summary> {
    defects::in_containers(root, wanted, &images::stocked_for_all(root, out)?, out)
}

/// Runs the tests of runs that are killed, natively and on an engine that is started for it, at all the instants that there
/// are; how many passed, if all did.
///
/// # Errors
/// As [`run`].
pub fn kills(root: &Path, full: (&str, &str), out: &mut dyn Write) -> io::Result<Option<u64>> {
    let engine = images::stocked(root, out)?;
    let mut tests = output::cargo(root);
    tests.args(["test", "--workspace", "--test", "drills", "killed", "--", "--test-threads=1"]);
    tests.envs(engine.environment()).env("BLACKSTART_REQUIRE_HOSTS", "1").env(full.0, full.1);
    let mut passed = 0;
    let all = output::follow(&mut tests, out, |line| passed += output::tests_passed(line).unwrap_or(0))?;
    Ok(Some(passed).filter(|passed| all && *passed > 0))
}
