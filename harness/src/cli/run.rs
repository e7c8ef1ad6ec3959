//! `blackstart run`: drills, as many side by side as the machine bears, each judged and reported as soon as it has ended.

mod folders;
mod hosts;
mod jobs;
mod possible;
mod progress;
mod room;
mod signals;
mod turn;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use blackstart_record::record::Folder;
use blackstart_record::verdict::DrillVerdict;
use clap::Args;
use serde::Serialize;
use ulid::Ulid;

use super::exit::Exit;
use super::layout::count;
use super::needs::Machine;
use super::output::{self, Format, Paint};
use super::problem::{Problem, Result};
use super::select::Scenarios;
use super::verdict_text::{self, word};
use super::{judge, profile, report, ways};

pub use folders::RUNS;
use folders::RunFolder;
pub use hosts::Hosts;
use signals::Signals;
use turn::{Common, Ended, Turn};

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
    /// Of them, only what this profile of their plan drills (`[profiles.NAME]`): nightly, monthly, release ...
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
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
    /// How many drills run side by side; without it, as many as cores and memory give room for.
    ///
    /// A drill whose measurement this machine disturbed is run again, once and alone.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Start no other drill after the first that is not met.
    #[arg(long)]
    fail_fast: bool,
}

/// A run: its drills, of which some run side by side, and what they came to.
#[derive(Debug)]
pub struct Session {
    common: Arc<Common>,
    fail_fast: bool,
    /// Drills that nobody has started yet, in order.
    waiting: VecDeque<usize>,
    /// Drills that this machine disturbed: each is run once more when no other runs.
    disturbed: BTreeMap<usize, Judged>,
    running: usize,
    ends: (Sender<Ended>, Receiver<Ended>),
    exit: Exit,
    done: BTreeMap<usize, Done>,
}

/// A drill that was run, and its record.
#[derive(Debug)]
pub struct Drilled {
    turn: Turn,
    record: Folder,
    exit: Exit,
}

/// A drill that was judged; no verdict: it left no record to judge.
#[derive(Debug)]
pub struct Judged {
    turn: Turn,
    record: Folder,
    verdict: Option<DrillVerdict>,
    exit: Exit,
    /// Whether this is what the drill comes to: one that was disturbed is run again.
    counts: bool,
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
    let mut found = scenarios.select(&args.filters)?;
    if let Some(name) = &args.profile {
        found = profile::drills_of(scenarios, found, name)?;
    }
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
    drills.iter().try_for_each(|(found, loaded)| possible::check(&found.drill(), loaded, args, &hosts))?;
    let id = Ulid::new();
    let signals = Signals::watch().map_err(|error| Problem::new(Exit::Internal, error.to_string()))?;
    let folder = RunFolder::create(args.out.as_deref(), id)?;
    // 53 bits: a seed survives every JSON reader.
    let seed = args.seed.unwrap_or_else(|| u64::try_from(id.random() >> 27 & ((1 << 53) - 1)).unwrap_or_default());
    let jobs = args.jobs.unwrap_or_else(jobs::of_machine).get().min(drills.len());
    let Run { fail_fast, sabotage, crash_points, .. } = *args;
    let waiting = (0..drills.len()).collect();
    let profile = args.profile.clone();
    let common = Common { drills, folder, hosts, id, profile, seed, sabotage, crash_points, jobs, format, signals };
    Ok(Session {
        common: Arc::new(common),
        fail_fast,
        waiting,
        disturbed: BTreeMap::new(),
        running: 0,
        ends: mpsc::channel(),
        exit: Exit::Met,
        done: BTreeMap::new(),
    })
}

impl Session {
    /// Waits for the next drill that ends, and keeps as many running as are wanted; `None`: all have ended that are to be
    /// run. One that could not be started is told of and passed over.
    pub fn wait(&mut self) -> Option<Drilled> {
        loop {
            self.start_more();
            if self.running == 0 {
                return None;
            }
            let Ended { turn, outcome } = self.ends.1.recv().ok()?;
            self.running -= 1;
            match outcome {
                Ok((folder, exit)) => return Some(Drilled { turn, record: self.common.folder.shown(folder), exit }),
                Err(problem) => {
                    problem.tell();
                    self.exit = self.exit.and(problem.exit());
                }
            }
        }
    }

    fn start_more(&mut self) {
        while self.goes_on() && self.running < self.common.jobs {
            let Some(index) = self.waiting.pop_front() else { break };
            self.start(Turn { index, again: false });
        }
        if self.goes_on() && self.running == 0 {
            let again = self.disturbed.pop_first();
            again.into_iter().for_each(|(index, _)| self.start(Turn { index, again: true }));
        }
    }

    fn start(&mut self, turn: Turn) {
        turn::start(&self.common, turn, &self.ends.0);
        self.running += 1;
    }

    /// Nobody has asked to stop, and no drill so far has ended the run.
    fn goes_on(&self) -> bool {
        self.common.signals.received().is_none() && !(self.fail_fast && self.exit != Exit::Met)
    }

    /// Judges a record and stores the verdict. A drill that was disturbed for the first time is put by, to be run again.
    pub fn judge(&mut self, drilled: Drilled) -> Judged {
        let Drilled { turn, mut record, mut exit } = drilled;
        let verdict = match judge::judge(&record) {
            Ok((_, verdict)) => verdict,
            Err(problem) => {
                output::complain(&format!("the drill left no record to judge: {problem}"), None);
                let exit = exit.and(Exit::Inconclusive);
                return Judged { turn, record, verdict: None, exit, counts: true };
            }
        };
        exit = exit.and(Exit::of(&verdict));
        let mut counts = turn.again || verdict.disturbed.is_none();
        if !counts {
            match self.common.folder.set_aside(&record) {
                Ok(aside) => record = aside,
                Err(problem) => {
                    problem.tell();
                    counts = true;
                }
            }
        }
        if judge::store(&record, &verdict).is_none() {
            exit = exit.and(Exit::ReportNotWritten);
        }
        if !verdict.gates.is_empty() {
            self.tell_what_is_missing(turn.index);
        }
        Judged { turn, record, verdict: Some(verdict), exit, counts }
    }

    /// A drill that could not be set up may have lacked a program: then says which, and what installs it.
    fn tell_what_is_missing(&self, index: usize) {
        let (_, loaded) = &self.common.drills[index];
        for missing in Machine::default().lacks(loaded) {
            output::complain(&missing.to_string(), Some(&format!("install it: {}", missing.install_command)));
        }
    }

    /// Writes the reports of a judged record and shows the verdict, or why it is not the last word.
    ///
    /// # Errors
    /// Standard output failed.
    pub fn report(&mut self, judged: Judged) -> Result<()> {
        if judged.counts {
            return self.count(judged);
        }
        if let Some(why) = judged.verdict.as_ref().and_then(|verdict| verdict.disturbed.as_ref()) {
            let drill = self.common.drills[judged.turn.index].0.drill();
            output::note(&format!(
                "{drill} was {} ({why}): it is run again, alone; this record is kept in {}",
                Paint::stderr().doubt("disturbed"),
                judged.record.path().display(),
            ));
        }
        // No report yet: whoever collects them would take this record for a result.
        self.disturbed.insert(judged.turn.index, judged);
        Ok(())
    }

    fn count(&mut self, judged: Judged) -> Result<()> {
        let Judged { turn, record, verdict, exit, .. } = judged;
        let written = if verdict.is_some() { report::write(&record) } else { Some(Vec::new()) };
        self.exit = self.exit.and(exit);
        if written.is_none() {
            self.exit = self.exit.and(Exit::ReportNotWritten);
        }
        let done = Done { folder: record.path().to_owned(), verdict, reports: written.unwrap_or_default() };
        match (self.common.format, &done.verdict, record.load_record()) {
            (Format::Text, Some(verdict), Ok(loaded)) => {
                let shown =
                    verdict_text::Judged { verdict, plan: &loaded.plan, folder: record.path(), reports: &done.reports };
                output::data(&format!("\n{}\n", shown.text(Paint::stdout())))?;
            }
            (Format::Jsonl, ..) => output::json_line(&serde_json::json!({ "kind": "judged", "data": done }))?,
            _ => {}
        }
        self.done.insert(turn.index, done);
        Ok(())
    }

    /// Says how the run ended.
    ///
    /// # Errors
    /// Standard output failed.
    pub fn conclude(mut self) -> Result<Exit> {
        let left = self.waiting.len();
        if left > 0 {
            output::note(&format!("{} not run", count(left, "drill")));
        }
        // What was disturbed and could not be run again is all that there is of it.
        for (_, judged) in std::mem::take(&mut self.disturbed) {
            self.count(judged)?;
        }
        let reports = self.report_whole();
        let common = &self.common;
        let exit = common.signals.received().map_or(self.exit, |signal| self.exit.and(Exit::of_signal(signal)));
        common.folder.publish();
        let mut whole = serde_json::json!({
            "run": common.id.to_string(),
            "folder": common.folder.shown_path(),
            "seed": common.seed,
            "exit_code": exit.code(),
            "reports": reports,
        });
        let done: Vec<&Done> = self.done.values().collect();
        match common.format {
            Format::Text if done.len() > 1 => {
                output::data(&summary(&done, Paint::stdout()))?;
                output::data(&ways::text(&judge::drills_of_run(common.folder.shown_path()).unwrap_or_default()))?;
                let page = reports.iter().find(|path| path.extension().is_some_and(|kind| kind == "html"));
                page.map_or(Ok(()), |path| output::data(&format!("\nreport  {}\n", path.display())))?;
            }
            Format::Text => {}
            Format::Json => {
                whole["drills"] = serde_json::to_value(&done).unwrap_or_default();
                output::json(&whole)?;
            }
            Format::Jsonl => output::json_line(&serde_json::json!({ "kind": "ended", "data": whole }))?,
        }
        Ok(exit)
    }
}

impl Session {
    /// Writes the reports of the run itself, where it is one of several drills.
    fn report_whole(&mut self) -> Vec<PathBuf> {
        let place = self.common.folder.shown_path();
        let Some(drills) = judge::drills_of_run(place) else { return Vec::new() };
        let written = report::write_of_run(place, &drills);
        if written.is_none() {
            self.exit = self.exit.and(Exit::ReportNotWritten);
        }
        written.unwrap_or_default()
    }
}

/// One line per drill, for a run of several.
fn summary(done: &[&Done], paint: Paint) -> String {
    let row = |one: &&Done| match &one.verdict {
        Some(verdict) => vec![word(paint, verdict.verdict), verdict.drill.clone(), one.folder.display().to_string()],
        None => vec![paint.doubt("no record").into_owned(), one.folder.display().to_string()],
    };
    super::layout::columns(&done.iter().map(row).collect::<Vec<_>>(), 0)
}
