//! Programs whose output is shown as it comes, and read for what it says.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::figures::Figure;

/// A cargo command in the repository at `root`, by the cargo that runs this one.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root);
    command
}

/// Where this build's files are: `$CARGO_TARGET_DIR`, else `target` below the root.
pub fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// What drills of checks are told by their environment: to keep their hosts' disks in memory, where there is plenty of it.
/// What they prove does not depend on the disk; how long it takes to make and remove servers of a thousand files does.
pub fn disks() -> Option<(&'static str, &'static str)> {
    const VARIABLE: &str = "BLACKSTART_SCRATCH";
    const MEMORY: &str = "/dev/shm";
    const PLENTY: u64 = 8 << 20;
    let said = Command::new("df").args(["--portability", "-k", MEMORY]).stderr(Stdio::null()).output().ok()?;
    let free: u64 = String::from_utf8_lossy(&said.stdout).lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mount =
        mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).rfind(|line| line.get(1) == Some(&MEMORY))?;
    // Programs of pipelines are run from there.
    let runs_programs = !mount.get(3)?.split(',').any(|option| option == "noexec");
    let is_plenty = free >= PLENTY && available_kib()? >= PLENTY && runs_programs;
    (is_plenty && std::env::var_os(VARIABLE).is_none()).then_some((VARIABLE, "/dev/shm/blackstart-checks"))
}

/// Memory that programs could have without swapping, as Linux estimates it.
fn available_kib() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Runs a program, shows each line of its output and hands it over; whether it succeeded.
///
/// # Errors
/// When the program can't be started, or a line not be read or shown.
pub fn follow(command: &mut Command, out: &mut dyn Write, mut each: impl FnMut(&str)) -> io::Result<bool> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no output to follow"))?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(out, "{line}")?;
        out.flush()?;
        each(&line);
    }
    Ok(child.wait()?.success())
}

/// What a line says for the table of figures: `figure: NAME: VALUE`, anywhere in it, since the test runner may have
/// begun the line.
pub fn figure(line: &str) -> Option<Figure> {
    let (_, said) = line.split_once("figure: ")?;
    let (name, value) = said.split_once(": ")?;
    Some(Figure::new(name.trim(), value.trim()))
}

/// How many tests a line of the test runner's says to have passed.
pub fn tests_passed(line: &str) -> Option<u64> {
    let (_, said) = line.split_once("test result: ok. ")?;
    said.split_once(" passed")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_read_wherever_it_stands_in_its_line() {
        let figure = |line| figure(line).map(|figure| (figure.name, figure.value));
        let expected = Some(("stalls inside".to_owned(), "60 of 60".to_owned()));
        assert_eq!(figure("figure: stalls inside: 60 of 60"), expected);
        assert_eq!(figure("test a::b ... figure: stalls inside: 60 of 60"), expected);
        assert_eq!(figure("figure: nothing"), None);
        assert_eq!(figure("ok"), None);
    }

    #[test]
    fn only_a_good_result_counts_as_passed() {
        assert_eq!(tests_passed("test result: ok. 17 passed; 0 failed; 1 ignored"), Some(17));
        assert_eq!(tests_passed("test result: FAILED. 16 passed; 1 failed"), None);
    }

    #[test]
    fn output_is_shown_and_read_and_the_end_is_told() {
        let (mut shown, mut read) = (Vec::new(), Vec::new());
        let mut command = Command::new("sh");
        let ended = follow(command.args(["-c", "echo one; printf two; exit 3"]), &mut shown, |line| {
            read.push(line.to_owned());
        });
        assert!(!ended.unwrap());
        assert_eq!(read, ["one", "two"]);
        assert_eq!(shown, b"one\ntwo\n");
    }
}
