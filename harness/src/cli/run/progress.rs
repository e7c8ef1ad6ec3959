//! What a drill is doing: a live line on a terminal, and a line for each turn of events everywhere.

use std::time::{Duration, Instant};

use blackstart_record::event::{Entry, Event, Failure, Outcome, Phase};
use blackstart_record::time::Nanos;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::layout::{self, grouped};
use crate::cli::output::{self, Paint};
use crate::drill::Registry;
use crate::plan::Loaded;

/// The live line moves this often.
const TICK: Duration = Duration::from_millis(100);

/// The column where an entry's text begins, after its time.
const TEXT: usize = 11;

/// Shows a drill's entries as they come.
pub(super) struct Progress {
    /// Before each line, where several drills are shown at once; there is no live line then.
    label: String,
    live: Option<ProgressBar>,
    paint: Paint,
    /// The tightest RTO that judges this drill, with its objective.
    deadline: Option<(String, Nanos)>,
    doing: String,
    operations: u64,
    /// When the first fault came, by this process's clock: the countdown goes on between two entries.
    since_fault: Option<Instant>,
    back: bool,
}

impl Progress {
    /// `label`: which drill it is, where others are shown at the same time.
    pub(super) fn new(loaded: &Loaded<Registry>, label: Option<&str>) -> Self {
        let live = (label.is_none() && output::is_live()).then(|| {
            let style = ProgressStyle::with_template("{spinner:.cyan} {elapsed_precise} {wide_msg}");
            let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(TICK);
            bar
        });
        if live.is_some() {
            output::set_live(live.clone());
        }
        let named = |name: &String| {
            let rto = loaded.plan.objectives.get(name)?.rto.as_ref()?;
            Some((name.clone(), rto.value))
        };
        let deadline = loaded.scenario.objectives.iter().filter_map(named).min_by_key(|(_, rto)| *rto);
        Self {
            label: label.map(|label| format!("{label}  ")).unwrap_or_default(),
            live,
            paint: Paint::stderr(),
            deadline,
            doing: "starting".to_owned(),
            operations: 0,
            since_fault: None,
            back: false,
        }
    }

    /// Shows one entry.
    pub(super) fn see(&mut self, entry: &Entry) {
        if let Some(line) = self.turn(&entry.event) {
            let at = format!("{:>7.1} s", entry.at.as_secs_f64());
            let indent = line.len() - line.trim_start().len();
            let text = layout::paragraph(&line, TEXT + indent, output::width());
            let text = text[at.len() + 2..].trim_end();
            output::note(&format!("{}{}  {text}", self.paint.faint(&self.label), self.paint.faint(&at)));
        }
        self.redraw();
    }

    /// Takes the live line away.
    pub(super) fn end(self) {
        if let Some(live) = self.live {
            output::set_live(None);
            live.finish_and_clear();
        }
    }

    /// Takes an event in; the line that tells it, if it is worth one.
    fn turn(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Phase(phase) => {
                self.doing = doing(*phase).to_owned();
                self.back |= *phase == Phase::Aftermath;
                Some(self.paint.strong(&self.doing).into_owned())
            }
            Event::Loaded { rows, bytes } => Some(format!("  {} rows, {}", grouped(*rows), layout::bytes(*bytes))),
            Event::BackedUp { id, begun, durable, bytes, .. } => {
                Some(format!("  backup {id}: {} in {}", layout::bytes(*bytes), durable.since(*begun)))
            }
            Event::BackupFailed { outcome: Outcome::Failed(failure) | Outcome::Bound(failure), .. } => {
                Some(self.failed("the backup failed:", failure))
            }
            Event::FaultIntended { says, .. } => {
                self.since_fault.get_or_insert_with(Instant::now);
                Some(format!("  {} {says}", self.paint.bad("fault:")))
            }
            Event::FaultConfirmed { evidence, .. } => Some(format!("  confirmed: {evidence}")),
            Event::FaultUnconfirmed { why, .. } => Some(format!("  {} {why}", self.paint.doubt("not confirmed:"))),
            Event::StepBegun { step, .. } => {
                self.doing = format!("recovery: {step}");
                None
            }
            Event::StepEnded { step, outcome, says, .. } => Some(match outcome {
                Outcome::Done if says.is_empty() => format!("  {step}"),
                Outcome::Done => format!("  {step}: {says}"),
                Outcome::Failed(failure) | Outcome::Bound(failure) => self.failed(&format!("{step} failed:"), failure),
            }),
            Event::SourceNotFenced { why } => Some(format!("  {} {why}", self.paint.doubt("source not fenced:"))),
            Event::SetupFailed { failure, .. } => Some(self.failed("failed:", failure)),
            Event::Interrupted { .. } => Some(format!("  {}", self.paint.doubt("stopped"))),
            Event::Tally { tally, .. } => {
                self.operations += tally.acknowledged;
                None
            }
            _ => None,
        }
    }

    /// What failed and why, with the tool's last lines below it.
    fn failed(&self, what: &str, failure: &Failure) -> String {
        let lines: String = failure.lines.iter().map(|line| format!("\n  {line}")).collect();
        format!("  {} {}{lines}", self.paint.bad(what), failure.message)
    }

    fn redraw(&self) {
        let Some(live) = &self.live else { return };
        let mut parts = vec![self.doing.clone()];
        if self.operations > 0 {
            parts.push(format!("{} operations", grouped(self.operations)));
        }
        if let (Some(since), Some((objective, rto)), false) = (self.since_fault, &self.deadline, self.back) {
            let used = Nanos::from_secs(since.elapsed().as_secs());
            parts.push(match rto.since(used) {
                Nanos::ZERO => format!("RTO of {objective} ({rto}) is over"),
                left => format!("RTO of {objective}: {left} left"),
            });
        }
        live.set_message(parts.join(" \u{b7} "));
    }
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Environment => "starting hosts and servers",
        Phase::Load => "loading the data set",
        Phase::Backup => "taking the backup",
        Phase::Workload => "starting the workload",
        Phase::Faults => "waiting for the faults",
        Phase::Recovery => "recovering",
        Phase::Examine => "examining what came back",
        Phase::Aftermath => "running on the recovered system",
        Phase::Failback => "going back to the host that failed",
        Phase::Teardown => "tearing down",
    }
}
