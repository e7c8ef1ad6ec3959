//! `cargo ci defects`: drills with something wrong in them, each of which a named check has to catch.
//!
//! Every folder of `fixtures/known_bad/` is a defect: a healthy twin and the smallest change that plants it. The twins
//! themselves, and the controls, which look suspicious and are right, must raise nothing.

pub mod clean;
mod compose;
mod drill;
mod flavour;
mod known;
mod outcome;
mod side_by_side;
mod table;

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::RwLock;

use crate::engine::Engine;
use crate::figures::Figure;
use crate::{images, output};
use known::Case;
use outcome::Outcome;
use table::Row;

/// What was asked for on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    ids: Vec<String>,
    seeds: u64,
    on_mysql: bool,
    in_containers: bool,
}

impl Wanted {
    /// Every defect, twin and control, `seeds` times.
    pub fn all(seeds: u64) -> Self {
        Self { ids: Vec::new(), seeds, on_mysql: false, in_containers: false }
    }

    /// Those of these names, once.
    pub fn named(ids: &[&str]) -> Self {
        Self { ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Self::all(1) }
    }

    /// Every one that can run on MySQL, on it, once.
    pub fn on_mysql() -> Self {
        Self { on_mysql: true, ..Self::all(1) }
    }

    /// Reads `[ID..] [--seeds N] [--mysql] [--containers]`.
    ///
    /// # Errors
    /// What is wrong with them, for a person.
    pub fn parse(arguments: &[&str]) -> Result<Self, String> {
        let mut wanted = Self::all(1);
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match *argument {
                "--seeds" => {
                    let number = arguments.next().and_then(|number| number.parse().ok()).filter(|seeds| *seeds > 0);
                    wanted.seeds = number.ok_or("--seeds needs a number of at least 1")?;
                }
                "--mysql" => wanted.on_mysql = true,
                "--containers" => wanted.in_containers = true,
                other if other.starts_with('-') => return Err(format!("`{other}` is no option of defects")),
                id => wanted.ids.push(id.to_owned()),
            }
        }
        Ok(wanted)
    }

    /// The cases that it names; all of them where it names none. On MySQL: of those that can run on it.
    fn of(&self, mut all: Vec<Case>) -> Result<Vec<Case>, String> {
        if self.on_mysql {
            all.retain(Case::can_run_on_mysql);
            all.iter_mut().for_each(|case| case.on_mysql = true);
        }
        for id in &self.ids {
            if !all.iter().any(|case| case.is_called(id)) {
                let known: Vec<&str> = all.iter().map(|case| case.id.as_str()).collect();
                return Err(format!("there is no defect, twin or control {id}; there are {}", known.join(", ")));
            }
        }
        Ok(all.into_iter().filter(|case| self.ids.is_empty() || self.ids.iter().any(|id| case.is_called(id))).collect())
    }
}

/// What the matrix came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Drills that went as they have to.
    pub right: u64,
    /// All of them.
    pub drills: u64,
}

impl Summary {
    /// Whether there was something to show, and all of it was as it has to be.
    pub fn passed(&self) -> bool {
        self.drills > 0 && self.right == self.drills
    }

    /// For the table of figures.
    pub fn figure(&self) -> Figure {
        let name = "drills of planted defects, twins and controls that went as they have to";
        Figure::new(name, format!("{} of {}", self.right, self.drills))
    }
}

/// Runs the command; its exit code.
///
/// # Errors
/// When the output can't be written, the fixtures not be read, or Blackstart not be built.
pub fn run(root: &Path, wanted: &Wanted, out: &mut dyn Write) -> io::Result<u8> {
    match wanted.of(cases(root)?) {
        Ok(cases) if wanted.in_containers => {
            let engine = images::stocked_for_all(root, out)?;
            Ok(u8::from(!matrix(root, &cases, 1..=wanted.seeds, Some(&engine), out)?.passed()))
        }
        Ok(cases) => Ok(u8::from(!matrix(root, &cases, 1..=wanted.seeds, None, out)?.passed())),
        Err(problem) => {
            writeln!(out, "cargo ci defects: {problem}")?;
            Ok(2)
        }
    }
}

/// Every defect, twin and control of the repository at `root`, with this seed.
///
/// # Errors
/// As [`run`].
pub fn all(root: &Path, seed: u64, out: &mut dyn Write) -> io::Result<Summary> {
    matrix(root, &cases(root)?, seed..=seed, None, out)
}

/// Those that are wanted, once, on hosts in containers of `engine`.
///
/// # Errors
/// As [`run`].
pub fn in_containers(root: &Path, wanted: &Wanted, engine: &Engine, out: &mut dyn Write) -> io::Result<Summary> {
    let cases = wanted.of(cases(root)?).map_err(io::Error::other)?;
    matrix(root, &cases, 1..=1, Some(engine), out)
}

fn cases(root: &Path) -> io::Result<Vec<Case>> {
    known::read(&root.join("fixtures/known_bad"))
}

/// The twin of this name, laid out in `folder`; `blackstart run` with everything that it needs, but for the hosts.
///
/// # Errors
/// There is none, or as [`run`].
pub(crate) fn twin(root: &Path, id: &str, folder: &Path) -> io::Result<(Command, PathBuf)> {
    let cases = cases(root)?;
    let case = cases.iter().find(|case| case.is_called(id));
    let case = case.ok_or_else(|| io::Error::other(format!("there is no twin {id}")))?;
    let name = compose::compose(case, folder)?;
    let mut blackstart = Command::new(built(root)?);
    blackstart.envs(output::disks()).arg("run");
    let record = drill::ask(&mut blackstart, &name, folder);
    Ok((blackstart, record))
}

fn matrix(
    root: &Path,
    cases: &[Case],
    seeds: RangeInclusive<u64>,
    engine: Option<&Engine>,
    out: &mut dyn Write,
) -> io::Result<Summary> {
    let (program, work) = (built(root)?, output::target_dir(root).join("defects"));
    let mut summary = Summary::default();
    // What this machine lacks is told, and counts for nothing.
    let mut tried = Vec::new();
    for case in cases {
        match case.lacks().filter(|_| engine.is_none()) {
            Some(lacking) => writeln!(out, "{}, which is not tried: {lacking}", case.id)?,
            None => tried.push(case.clone()),
        }
    }
    writeln!(out, "{}", table::head())?;
    let side_by_side = RwLock::new(());
    let drills = |case: &Case| {
        let seeds = seeds.clone();
        seeds.map(|seed| Ok((seed, once(case, seed, (&program, engine), &work, &side_by_side)?))).collect()
    };
    // Docker 20.10 stands still for ever when one drill's network goes while another's comes.
    let width = if engine.is_some() { 1 } else { side_by_side::cores() };
    let mut wrong = Vec::new();
    side_by_side::each(&tried, width, drills, |case, tried: io::Result<Vec<(u64, Tried)>>| {
        let mut row = Row::of(case);
        for (seed, tried) in tried? {
            row.add(seed, &tried);
            summary.drills += 1;
        }
        summary.right += row.right();
        wrong.extend((!row.is_right()).then(|| row.to_string()));
        writeln!(out, "{row}")?;
        out.flush()
    })?;
    // Whoever has only the end of a long output sees them too.
    wrong.iter().try_for_each(|row| writeln!(out, "NOT AS IT HAS TO BE: {row}"))?;
    let Summary { right, drills } = &summary;
    writeln!(out, "{right} of {drills} drills went as they have to; their records are in {}", work.display())?;
    Ok(summary)
}

/// Blackstart's command, built.
///
/// # Errors
/// It could not be built.
pub fn built(root: &Path) -> io::Result<PathBuf> {
    // As tests build it: without what they depend on, or for one package alone, the heaviest dependencies have other features
    // and are built once more.
    let tests = ["test", "--quiet", "--no-run", "--workspace", "--test", "cli"];
    if !output::cargo(root).args(tests).status()?.success() {
        return Err(io::Error::other("blackstart could not be built"));
    }
    Ok(output::target_dir(root).join("debug/blackstart"))
}

/// A machine that is too busy to measure says nothing about a defect; more often than this nobody waits.
const TRIES: u32 = 3;

/// One drill; where the machine was too busy for it, again, with none of the others that hold `side_by_side` beside it.
fn once(
    case: &Case,
    seed: u64,
    (program, engine): (&Path, Option<&Engine>),
    work: &Path,
    side_by_side: &RwLock<()>,
) -> io::Result<Tried> {
    let folder = work.join(format!("{}-{seed}", case.id));
    let name = compose::compose(case, &folder)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let mut blackstart = Command::new(program);
        blackstart.envs(output::disks()).envs(engine.into_iter().flat_map(Engine::environment));
        blackstart.args(["run", "--hosts", if engine.is_some() { "docker" } else { "native" }]);
        let _beside = (tries == 1).then(|| side_by_side.read());
        let _alone = (tries > 1).then(|| side_by_side.write());
        let drilled = drill::run(blackstart, &name, &folder, seed)?;
        let outcome = outcome::of(case, drilled.verdict.as_ref().map_err(String::as_str));
        if !matches!(outcome, Outcome::Busy(_)) || tries == TRIES {
            let again = drilled.again || tries > 1;
            return Ok(Tried { outcome, verdict: drilled.word(), seconds: drilled.seconds, again });
        }
    }
}

/// A drill, and whether it had to be run again.
#[derive(Debug)]
struct Tried {
    outcome: Outcome,
    verdict: String,
    seconds: f64,
    again: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_seeds_are_read_and_anything_else_is_refused() {
        assert_eq!(Wanted::parse(&[]), Ok(Wanted::all(1)));
        let some = Wanted::parse(&["G01", "--seeds", "20", "dump"]).unwrap();
        assert_eq!(some, Wanted { ids: vec!["G01".into(), "dump".into()], ..Wanted::all(20) });
        assert!(Wanted::parse(&["G01", "--containers"]).unwrap().in_containers);
        for wrong in [&["--seeds"][..], &["--seeds", "0"], &["--seeds", "many"], &["--all"]] {
            assert!(Wanted::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_that_nothing_has_is_an_error_and_no_name_is_everything() {
        let cases = || vec![Case::twin("dump"), Case::twin("archive")];
        assert_eq!(Wanted::all(1).of(cases()).unwrap().len(), 2);
        let one = Wanted { ids: vec!["DUMP".into()], ..Wanted::all(1) };
        assert_eq!(one.of(cases()).unwrap().len(), 1);
        let none = Wanted { ids: vec!["G77".into()], ..Wanted::all(1) };
        assert!(none.of(cases()).unwrap_err().contains("G77"));
    }

    #[test]
    fn nothing_drilled_is_nothing_shown() {
        assert!(!Summary::default().passed());
        assert!(!Summary { right: 1, drills: 2 }.passed());
        assert!(Summary { right: 2, drills: 2 }.passed());
    }
}
