//! `cargo ci nightly`: what is too long for `cargo ci test`, step by step, with its figures kept.
//!
//! It can be stopped at any moment and started again: a step that is done for this commit is not run again. A step is
//! one line in [`steps::all`]; what it measured becomes its rows in `ci/figures.md`.

mod comparisons;
mod fuzz;
mod installed;
mod mutants;
pub mod steps;
mod trials;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::figures::{self, Figure, Stamp};
use crate::output;
use crate::shard::Shard;

/// One step.
pub struct Step<'a> {
    /// Its name, in the table of figures and on the command line.
    pub name: String,
    /// What is done, for people.
    pub what: String,
    /// Does it.
    pub run: Runner<'a>,
}

/// Runs one step, writing what it has to say.
pub type Runner<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<Outcome> + 'a>;

/// How a step ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether all was as it must be.
    pub passed: bool,
    /// What was measured, in either case.
    pub figures: Vec<Figure>,
}

/// Which steps are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// This machine's share of all steps.
    pub shard: Shard,
    /// Steps that are done for this commit as well.
    pub again: bool,
    /// Parts of names; none of them: every step.
    pub names: Vec<String>,
}

impl Wanted {
    /// What the arguments of the command ask for.
    ///
    /// # Errors
    /// An option that is none, or a share that is none.
    pub fn parse(arguments: &[&str]) -> Result<Self, String> {
        let mut wanted = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--again" => wanted.again = true,
                "--shard" => wanted.shard = arguments.next().ok_or("--shard needs a share, such as 2/4")?.parse()?,
                option if option.starts_with('-') => return Err(format!("`{option}` is no option of nightly")),
                name => wanted.names.push(name.to_owned()),
            }
        }
        Ok(wanted)
    }

    fn holds(&self, place: usize, name: &str) -> bool {
        let named = self.names.is_empty() || self.names.iter().any(|part| name.contains(part));
        self.shard.holds(place) && named
    }
}

/// Where results go, and what they are of.
#[derive(Debug)]
pub struct Place {
    /// The repository.
    root: PathBuf,
    /// A file for each step that is done for this commit: its rows. `None`: the tree has changes, so that no commit
    /// says what a step was of, and every step is run.
    done: Option<PathBuf>,
    stamp: Stamp,
}

impl Place {
    /// The repository at `root` as it is now.
    ///
    /// # Errors
    /// Git or `date` can't be asked.
    pub fn of(root: &Path) -> io::Result<Self> {
        let (commit, done) = done_for(root)?;
        let date = ask(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        let commit = if done.is_some() { commit } else { format!("{commit} and changes") };
        Ok(Self { root: root.to_owned(), done, stamp: Stamp { commit, date, machine: machine() } })
    }

    /// What a step measured when it was done for this commit; `None`: it was not.
    fn rows(&self, step: &str) -> Option<String> {
        fs::read_to_string(self.done.as_ref()?.join(step)).ok()
    }

    /// Notes that a step is done: whole, or not at all.
    fn note(&self, step: &str, rows: &str) -> io::Result<()> {
        let Some(done) = &self.done else { return Ok(()) };
        fs::create_dir_all(done)?;
        let partial = done.join(format!("{step}.partial"));
        fs::write(&partial, rows)?;
        fs::rename(partial, done.join(step))
    }
}

/// The commit, and where it is noted what is done for it; `None`: the tree has changes.
fn done_for(root: &Path) -> io::Result<(String, Option<PathBuf>)> {
    let git = |arguments: &[&str]| ask(Command::new("git").args(arguments).current_dir(root));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    // The figures are written by the steps themselves.
    let changes = git(&["status", "--porcelain", "--", ".", &format!(":!{}", figures::FILE)])?;
    let done = changes.is_empty().then(|| output::target_dir(root).join("nightly").join(&commit));
    Ok((commit, done))
}

/// Where a step that can be stopped in its middle keeps what it has done for this commit; `None`: the tree has changes.
///
/// # Errors
/// Git can't be asked.
pub fn journal(root: &Path, step: &str) -> io::Result<Option<PathBuf>> {
    Ok(done_for(root)?.1.map(|done| done.join(format!("{step}.journal"))))
}

fn ask(command: &mut Command) -> io::Result<String> {
    let answer = command.output()?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr);
        return Err(io::Error::other(format!("{command:?}: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

/// Cores, processor and load of the last five minutes, as far as Linux says.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor without a name", |(_, name)| name.trim());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().nth(1).unwrap_or("unknown").to_owned();
    format!("{cores} x {model}, load {load}")
}

/// Runs the steps that are wanted and not done yet; the exit code.
///
/// # Errors
/// When results can't be written. A step that can't be run is a step that failed.
pub fn run(steps: &[Step<'_>], wanted: &Wanted, place: &Place, out: &mut dyn Write) -> io::Result<u8> {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let chosen: Vec<&Step<'_>> =
        (steps.iter().enumerate()).filter(|(at, step)| wanted.holds(*at, &step.name)).map(|(_, step)| step).collect();
    if place.done.is_none() {
        writeln!(out, "the tree has changes: nothing counts as done, and figures say so")?;
    }
    let mut failed = Vec::new();
    for step in &chosen {
        let before = if wanted.again { None } else { place.rows(&step.name) };
        if let Some(rows) = before {
            writeln!(out, "==> {}: done for this commit", step.name)?;
            figures::replace(&place.root, &names, &step.name, &rows)?;
            continue;
        }
        writeln!(out, "==> {}: {}", step.name, step.what)?;
        out.flush()?;
        let begun = Instant::now();
        let Outcome { passed, mut figures } = (step.run)(out).unwrap_or_else(|error| {
            writeln!(out, "{}: {error}", step.name).ok();
            Outcome { passed: false, figures: Vec::new() }
        });
        let word = if passed { "passed" } else { "FAILED" };
        writeln!(out, "==> {} {word} in {:.0} s\n", step.name, begun.elapsed().as_secs_f64())?;
        if !passed {
            failed.push(step.name.as_str());
            figures.push(Figure::new("the step", "FAILED: its output says why"));
        }
        let rows = figures::rows(&step.name, &place.stamp, &figures);
        if passed {
            place.note(&step.name, &rows)?;
        }
        figures::replace(&place.root, &names, &step.name, &rows)?;
    }
    if failed.is_empty() {
        writeln!(
            out,
            "{} of {} steps wanted, all passed; figures are in {}",
            chosen.len(),
            steps.len(),
            figures::FILE
        )?;
        return Ok(0);
    }
    writeln!(out, "FAILED: {}; to repeat: cargo ci nightly {}", failed.join(", "), failed.join(" "))?;
    Ok(1)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    const COMMIT: &str = "0123456789ab";

    fn place(root: &Path, commit: &str) -> Place {
        fs::create_dir_all(root.join("ci")).unwrap();
        let stamp = Stamp { commit: commit.into(), date: "2026-11-22".into(), machine: "2 cores".into() };
        Place { root: root.to_owned(), done: Some(root.join("target/nightly").join(commit)), stamp }
    }

    /// Steps that note that they ran, and what each does then.
    fn steps<'a>(ran: &'a RefCell<Vec<&'static str>>, broken: &'a Cell<Option<&'static str>>) -> Vec<Step<'a>> {
        let step = |name: &'static str| {
            let run = move |_: &mut dyn Write| {
                ran.borrow_mut().push(name);
                let figures = vec![Figure::new("runs", ran.borrow().len().to_string())];
                Ok(Outcome { passed: broken.get() != Some(name), figures })
            };
            Step { name: name.to_owned(), what: String::new(), run: Box::new(run) }
        };
        ["a", "b", "c"].map(step).into()
    }

    struct Bench {
        root: tempfile::TempDir,
        ran: RefCell<Vec<&'static str>>,
        broken: Cell<Option<&'static str>>,
    }

    impl Bench {
        fn new() -> Self {
            Self { root: tempfile::tempdir().unwrap(), ran: RefCell::default(), broken: Cell::default() }
        }

        /// Runs; which steps ran, and the exit code.
        fn run(&self, commit: &str, wanted: &Wanted) -> (Vec<&'static str>, u8) {
            self.ran.borrow_mut().clear();
            let steps = steps(&self.ran, &self.broken);
            let code = run(&steps, wanted, &place(self.root.path(), commit), &mut Vec::new()).unwrap();
            (self.ran.take(), code)
        }

        fn figures(&self) -> String {
            fs::read_to_string(self.root.path().join(figures::FILE)).unwrap_or_default()
        }
    }

    #[test]
    fn arguments_say_what_is_wanted() {
        let parse = |text: &str| Wanted::parse(&text.split_whitespace().collect::<Vec<_>>());
        let wanted = Wanted { shard: "2/4".parse().unwrap(), again: true, names: vec!["a".into(), "b".into()] };
        assert_eq!(parse("a --shard 2/4 b --again"), Ok(wanted));
        assert_eq!(parse(""), Ok(Wanted::default()));
        for wrong in ["--shard", "--shard 5/4", "--fast"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_step_that_is_done_for_this_commit_is_not_run_again_unless_asked_for() {
        let bench = Bench::new();
        let all = Wanted::default();
        assert_eq!(bench.run(COMMIT, &all), (vec!["a", "b", "c"], 0));
        let figures = bench.figures();
        assert_eq!(bench.run(COMMIT, &all), (vec![], 0));
        assert_eq!(bench.figures(), figures, "a run that does nothing changes nothing");
        let again = Wanted { again: true, names: vec!["b".into()], ..Wanted::default() };
        assert_eq!(bench.run(COMMIT, &again), (vec!["b"], 0));
        assert_eq!(bench.run("another commit", &all), (vec!["a", "b", "c"], 0));
        assert_eq!(bench.figures().matches("another commit").count(), 3);
    }

    #[test]
    fn a_step_that_failed_is_run_again_and_the_rest_is_not_held_up() {
        let bench = Bench::new();
        bench.broken.set(Some("b"));
        assert_eq!(bench.run(COMMIT, &Wanted::default()), (vec!["a", "b", "c"], 1));
        assert!(bench.figures().contains("| b | the step | FAILED"), "{}", bench.figures());
        bench.broken.set(None);
        assert_eq!(bench.run(COMMIT, &Wanted::default()), (vec!["b"], 0));
        assert!(!bench.figures().contains("FAILED"), "{}", bench.figures());
    }

    /// What CI does: a fresh checkout has the state of a run before and not its figures.
    #[test]
    fn the_figures_of_a_step_that_was_done_before_come_back_into_a_fresh_file() {
        let bench = Bench::new();
        bench.run(COMMIT, &Wanted::default());
        let figures = bench.figures();
        fs::remove_file(bench.root.path().join(figures::FILE)).unwrap();
        assert_eq!(bench.run(COMMIT, &Wanted::default()), (vec![], 0));
        assert_eq!(bench.figures(), figures);
    }

    #[test]
    fn shares_of_several_machines_make_the_whole() {
        let bench = Bench::new();
        let share = |text: &str| Wanted { shard: text.parse().unwrap(), ..Wanted::default() };
        assert_eq!(bench.run(COMMIT, &share("1/2")), (vec!["a", "c"], 0));
        assert_eq!(bench.run(COMMIT, &share("2/2")), (vec!["b"], 0));
        assert_eq!(bench.run(COMMIT, &Wanted::default()), (vec![], 0));
    }

    #[test]
    fn a_tree_with_changes_is_always_run() {
        let bench = Bench::new();
        let changed = || Place { done: None, ..place(bench.root.path(), "0123 and changes") };
        for _ in 0..2 {
            let steps = steps(&bench.ran, &bench.broken);
            assert_eq!(run(&steps, &Wanted::default(), &changed(), &mut Vec::new()).unwrap(), 0);
        }
        assert_eq!(bench.ran.take().len(), 6);
        assert!(bench.figures().contains("0123 and changes"));
    }

    #[test]
    fn a_step_that_was_cut_off_does_not_count_as_done() {
        let bench = Bench::new();
        let place = place(bench.root.path(), COMMIT);
        let done = place.done.clone().unwrap();
        fs::create_dir_all(&done).unwrap();
        fs::write(done.join("a.partial"), "| a |").unwrap();
        assert_eq!(place.rows("a"), None);
        assert_eq!(bench.run(COMMIT, &Wanted::default()).0, ["a", "b", "c"]);
    }
}
