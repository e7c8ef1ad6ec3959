//! `blackstart run`: drills, one after the other, each judged and reported as soon as it has ended.

mod folders;
mod progress;
mod signals;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;

use blackstart_record::record::Folder;
use blackstart_record::verdict::DrillVerdict;
use clap::{Args, ValueEnum};
use serde::Serialize;
use ulid::Ulid;

use super::exit::Exit;
use super::layout::count;
use super::needs::Machine;
use super::output::{self, Format, Paint};
use super::problem::{Problem, Result};
use super::select::Scenarios;
use super::verdict_text::{Judged, word};
use super::{judge, report};
use crate::drill::{self, Registry, Request};
use crate::host::docker;
use crate::pipeline::Onto;
use crate::plan::{Found, Loaded};

use folders::RunFolder;
use signals::Signals;

/// Runs drills, and says how fast and with which data the system came back.
///
/// A drill starts real servers, breaks them as its scenario says, recovers them as its runbook says, and judges how fast
/// and with which acknowledged writes they came back. It starts all that it touches and touches nothing else. Its record lands in `blackstart-runs/`, with
/// `latest` pointing at the newest run. Ctrl-C heals, tears down within 10 s and keeps the record.
#[derive(Args, Debug)]
pub struct Run {
    /// Parts or patterns (`*`, `?`) of `plan/scenario`; without one, every scenario runs.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// What hosts are made of.
    #[arg(long, value_enum, default_value_t, env = "BLACKSTART_HOSTS")]
    hosts: Hosts,
    /// The seed of everything random; the same seed gives the same data and the same operations.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Put the run here, in a folder that is new or empty, instead of below `blackstart-runs`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Afterwards, restore from damaged copies of the backup too: what would this drill not have noticed?
    #[arg(long)]
    sabotage: bool,
    /// Afterwards, disturb a backup at each step that it takes: is it restorable wherever it reports success?
    #[arg(long)]
    crash_points: bool,
    /// Stop after the first drill that is not met.
    #[arg(long)]
    fail_fast: bool,
}

/// What hosts are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Hosts {
    /// Containers where an engine answers within 2 s and has the images, else native.
    #[default]
    Auto,
    /// Processes in namespaces of their own on this machine.
    Native,
    /// Containers on a network of their own.
    Docker,
}

impl Hosts {
    /// As it is written on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Docker => "docker",
        }
    }

    /// What hosts will be made of here.
    fn resolved(self) -> Result<drill::Hosts> {
        let docker = || docker::at_once(docker::available()).and_then(|found| found);
        match self {
            Self::Native => Ok(drill::Hosts::Native),
            Self::Auto => {
                Ok(docker().map_or(drill::Hosts::Native, |(engine, images)| drill::Hosts::Docker { engine, images }))
            }
            Self::Docker => {
                let found = docker().map(|(engine, images)| drill::Hosts::Docker { engine, images });
                found.map_err(|error| {
                    let problem = Problem::new(Exit::Inconclusive, error.to_string());
                    problem.help(
                        "`--hosts native` needs no container engine; `blackstart doctor` says what this machine can do",
                    )
                })
            }
        }
    }
}

/// A run: its drills, and where their records go.
#[derive(Debug)]
pub struct Session {
    drills: Vec<(Found, Loaded<Registry>)>,
    folder: RunFolder,
    hosts: drill::Hosts,
    id: Ulid,
    seed: u64,
    fail_fast: bool,
    sabotage: bool,
    crash_points: bool,
    format: Format,
    signals: Signals,
    exit: Exit,
    done: Vec<Done>,
}

/// A drill that has ended, as JSON says it.
#[derive(Debug, Serialize)]
struct Done {
    folder: PathBuf,
    verdict: Option<DrillVerdict>,
    reports: Vec<PathBuf>,
}

/// Everything that can be wrong with the command line and the plans, before anything is started or written.
///
/// # Errors
/// Nothing is selected, a plan or scenario is wrong, or the run's folder is in use.
pub fn prepare(args: &Run, scenarios: &Scenarios, format: Format) -> Result<Session> {
    let hosts = args.hosts.resolved()?;
    let found = scenarios.select(&args.filters)?;
    let mut drills = Vec::new();
    let mut wrong = Vec::new();
    for found in found {
        match scenarios.load(&found) {
            Ok(loaded) => drills.push((found, loaded)),
            Err(Problem::Configuration(diagnostics)) => wrong.extend(diagnostics),
            Err(other) => return Err(other),
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::Configuration(wrong.into_iter().collect()));
    }
    drills.iter().try_for_each(|(found, loaded)| possible(&found.drill(), loaded, args))?;
    let id = Ulid::new();
    let signals = Signals::watch().map_err(|error| Problem::new(Exit::Internal, error.to_string()))?;
    let folder = RunFolder::create(args.out.as_deref(), id)?;
    // 53 bits: a seed survives every JSON reader.
    let seed = args.seed.unwrap_or_else(|| u64::try_from(id.random() >> 27 & ((1 << 53) - 1)).unwrap_or_default());
    let done = Vec::new();
    let Run { fail_fast, sabotage, crash_points, .. } = *args;
    Ok(Session {
        drills,
        folder,
        hosts,
        id,
        seed,
        fail_fast,
        sabotage,
        crash_points,
        format,
        signals,
        exit: Exit::Met,
        done,
    })
}

/// Whether a drill can be done with the flags that were given.
fn possible(drill: &str, loaded: &Loaded<Registry>, args: &Run) -> Result<()> {
    let flag = match (args.sabotage, args.crash_points) {
        (true, _) => "--sabotage",
        (_, true) => "--crash-points",
        _ => return Ok(()),
    };
    let refused = |why: String, help: String| Err(Problem::new(Exit::Usage, format!("{flag} {why}")).help(help));
    let leave_out = format!("leave {drill} out");
    if restores_in_place(loaded) {
        let help = format!("{leave_out}, or give the scenario another `target` than \"{}\"", loaded.scenario.target);
        return refused(format!("restores on servers of its own, and {drill} restores on its source"), help);
    }
    if promotes(loaded) {
        return refused(format!("works on a backup, and {drill} promotes a replica"), leave_out);
    }
    if args.crash_points && loaded.environment.objects.is_some() {
        let why = format!("compares rows alone, and the application of {drill} keeps objects too");
        return Err(Problem::new(Exit::Usage, format!("--crash-points {why}")).help(leave_out));
    }
    Ok(())
}

fn restores_in_place(loaded: &Loaded<Registry>) -> bool {
    let pipeline = loaded.plan.pipelines.get(&loaded.pipeline.name);
    pipeline.is_some_and(|pipeline| pipeline.source == loaded.scenario.target)
}

fn promotes(loaded: &Loaded<Registry>) -> bool {
    loaded.pipeline.method.pipeline().restores_onto() == Onto::Replica
}

impl Session {
    /// How many drills there are.
    pub fn drills(&self) -> usize {
        self.drills.len()
    }

    /// Whether the drill of this index is still to be run: nobody has asked to stop, and none before it has ended it.
    pub fn goes_on(&self, index: usize) -> bool {
        let stopped = self.signals.received().is_some() || (self.fail_fast && self.exit != Exit::Met);
        if stopped && index < self.drills.len() {
            let left = self.drills.len() - index;
            output::note(&format!("{} not run", count(left, "drill")));
        }
        !stopped
    }

    /// Runs one drill to its end and gives its record; `None`: it could not be started, and that has been said.
    pub fn run(&mut self, index: usize) -> Option<Folder> {
        match self.start(index) {
            Ok((folder, exit)) => {
                self.exit = self.exit.and(exit);
                Some(self.folder.shown(folder))
            }
            Err(problem) => {
                problem.tell();
                self.exit = self.exit.and(problem.exit());
                None
            }
        }
    }

    fn start(&self, index: usize) -> Result<(Folder, Exit)> {
        let (found, loaded) = &self.drills[index];
        let folder = self.folder.drill(found)?;
        let request = Request {
            loaded: loaded.clone(),
            folder: folder.path().to_owned(),
            plan_folder: self.folder.absolute(found.path.parent().unwrap_or(&found.path))?,
            run: self.id.to_string(),
            id: Ulid::new().to_string(),
            seed: self.seed,
            previous: self.folder.previous(found),
            skipped: BTreeMap::new(),
            hosts: self.hosts.clone(),
            sabotage: self.sabotage,
            crash_points: self.crash_points,
        };
        let number = format!("drill {} of {}", index + 1, self.drills.len());
        output::note(&format!("{number}: {}, seed {}", Paint::stderr().strong(&found.drill()), self.seed));
        let exit = watch::run(&request, &self.signals, self.format)?;
        Ok((folder, exit))
    }

    /// Judges a record and stores the verdict; `None`: there is no record to judge, and that has been said.
    pub fn judge(&mut self, record: &Folder) -> Option<DrillVerdict> {
        match judge::judge(record) {
            Ok((_, verdict)) => {
                self.exit = self.exit.and(Exit::of(&verdict));
                if judge::store(record, &verdict).is_none() {
                    self.exit = self.exit.and(Exit::ReportNotWritten);
                }
                if !verdict.gates.is_empty() {
                    self.tell_what_is_missing(&verdict.drill);
                }
                Some(verdict)
            }
            Err(problem) => {
                output::complain(&format!("the drill left no record to judge: {problem}"), None);
                self.exit = self.exit.and(Exit::Inconclusive);
                None
            }
        }
    }

    /// A drill that could not be set up may have lacked a program: then says which, and what installs it.
    fn tell_what_is_missing(&self, drill: &str) {
        let loaded = self.drills.iter().find(|(found, _)| found.drill() == drill).map(|(_, loaded)| loaded);
        for missing in loaded.map(|loaded| Machine::default().lacks(loaded)).unwrap_or_default() {
            output::complain(&missing.to_string(), Some(&format!("install it: {}", missing.install_command)));
        }
    }

    /// Writes the reports of a judged record and shows the verdict.
    ///
    /// # Errors
    /// Standard output failed.
    pub fn report(&mut self, record: &Folder, verdict: Option<DrillVerdict>) -> Result<()> {
        let written = if verdict.is_some() { report::write(record) } else { Some(Vec::new()) };
        if written.is_none() {
            self.exit = self.exit.and(Exit::ReportNotWritten);
        }
        let done = Done { folder: record.path().to_owned(), verdict, reports: written.unwrap_or_default() };
        match (self.format, &done.verdict, record.load_record()) {
            (Format::Text, Some(verdict), Ok(loaded)) => {
                let shown = Judged { verdict, plan: &loaded.plan, folder: record.path(), reports: &done.reports };
                output::data(&format!("\n{}\n", shown.text(Paint::stdout())))?;
            }
            (Format::Jsonl, ..) => output::json_line(&serde_json::json!({ "kind": "judged", "data": done }))?,
            _ => {}
        }
        self.done.push(done);
        Ok(())
    }

    /// Says how the run ended.
    ///
    /// # Errors
    /// Standard output failed.
    pub fn conclude(self) -> Result<Exit> {
        let exit = self.signals.received().map_or(self.exit, |signal| self.exit.and(Exit::of_signal(signal)));
        self.folder.publish();
        let whole = serde_json::json!({
            "run": self.id.to_string(),
            "folder": self.folder.shown_path(),
            "seed": self.seed,
            "exit_code": exit.code(),
        });
        match self.format {
            Format::Text if self.done.len() > 1 => output::data(&summary(&self.done, Paint::stdout()))?,
            Format::Text => {}
            Format::Json => {
                let mut whole = whole;
                whole["drills"] = serde_json::to_value(&self.done).unwrap_or_default();
                output::json(&whole)?;
            }
            Format::Jsonl => output::json_line(&serde_json::json!({ "kind": "ended", "data": whole }))?,
        }
        Ok(exit)
    }
}

/// One line per drill, for a run of several.
fn summary(done: &[Done], paint: Paint) -> String {
    let row = |one: &Done| match &one.verdict {
        Some(verdict) => vec![word(paint, verdict.verdict), verdict.drill.clone(), one.folder.display().to_string()],
        None => vec![paint.doubt("no record").into_owned(), one.folder.display().to_string()],
    };
    super::layout::columns(&done.iter().map(row).collect::<Vec<_>>(), 0)
}
