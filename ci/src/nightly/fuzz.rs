//! Long fuzzing of everything that reads a record: a step a target of `fuzz/`.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use super::{Outcome, Step, installed};
use crate::figures::Figure;
use crate::output;

const VERSION: &str = "0.13.2";
/// Seconds of one target.
const SECONDS: u32 = 1800;

const TARGETS: &[&str] = &["history", "ledger", "rows", "judge"];

/// A step for every target.
pub fn targets(root: &Path) -> Vec<Step<'_>> {
    let step = |target: &&'static str| {
        let target = *target;
        Step {
            name: format!("fuzz-{target}"),
            what: format!("cargo fuzz run {target}, {SECONDS} s"),
            run: Box::new(move |out| run(root, target, out)),
        }
    };
    TARGETS.iter().map(step).collect()
}

fn run(root: &Path, target: &str, out: &mut dyn Write) -> io::Result<Outcome> {
    let program = installed::program(root, "cargo-fuzz", VERSION, out)?;
    let corpus = output::target_dir(root).join("nightly/corpus").join(target);
    std::fs::create_dir_all(&corpus)?;
    let mut command = Command::new(program);
    // Readers without unsafe code have nothing for a sanitizer to find, and without one the stable compiler will do.
    command
        .current_dir(root)
        .args(["run", target, "--sanitizer", "none", "--target-dir"])
        .arg(output::target_dir(root).join("fuzz"))
        .arg(&corpus)
        .arg("fuzz/record");
    command.args(["--", &format!("-max_total_time={SECONDS}"), "-print_final_stats=1", "-verbosity=0"]);
    // libFuzzer tells its figures on standard error.
    let (reader, writer) = io::pipe()?;
    let stats = std::thread::spawn(move || last_statistics(reader));
    let passed = output::follow(command.stderr(writer), out, |_| ())?;
    drop(command);
    let executed = stats.join().unwrap_or_default();
    writeln!(out, "{executed}")?;
    // A target that executed nothing has found nothing.
    let runs = statistic(&executed, "number_of_executed_units").unwrap_or(0);
    let figure = Figure::new(format!("inputs in {SECONDS} s without a crash"), runs.to_string());
    Ok(Outcome { passed: passed && runs > 0, figures: vec![figure] })
}

/// The end of what a target said: its statistics, or its crash.
fn last_statistics(reader: impl io::Read) -> String {
    const KEPT: usize = 60;
    let mut kept = std::collections::VecDeque::new();
    for line in io::BufRead::lines(io::BufReader::new(reader)).map_while(Result::ok) {
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
    }
    Vec::from(kept).join("\n")
}

fn statistic(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name))?;
    line.trim_start_matches(':').trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_read_from_the_end_of_a_long_output() {
        let said: String = (0..500).map(|line| format!("line {line}\n")).collect();
        let said = said + "stat::number_of_executed_units: 12345\nstat::peak_rss_mb:      77\n";
        let kept = last_statistics(said.as_bytes());
        assert_eq!(kept.lines().count(), 60);
        assert_eq!(statistic(&kept, "number_of_executed_units"), Some(12_345));
        assert_eq!(statistic("", "number_of_executed_units"), None);
    }
}
