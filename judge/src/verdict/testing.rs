//! A whole drill for tests: healthy as it is made, and every part of it open to be spoilt.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use blackstart_record::event::{
    Entry, Event, Incarnation, Outcome, Phase, ProbeOutcome, Processes, ProgramRun, Stage, Stream, Tally,
};
use blackstart_record::history;
use blackstart_record::ledger::Completion;
use blackstart_record::observation::{
    Agreement, Attack, Canary, CleanRestore, Credential, Fence, Identity, IndexLook, Invariant, Inventory, Observation,
    Overheard, Rows, SabotageOutcome, WriteTrial,
};
use blackstart_record::plan::{Origin, Sourced, Step};
use blackstart_record::record::{Folder, Record};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{DrillVerdict, Finding};

use super::evidence::Evidence;
use super::judge::{gather, judge};
use crate::oracle::testing::{Data, cut, row};

mod plan;

use plan::record;

/// A millisecond on the drill's clock.
pub(super) const fn ms(at: u64) -> Nanos {
    Nanos::from_millis(at)
}

/// When the first fault of a healthy drill is injected, and when its service is back.
pub(super) const FAULT: Nanos = ms(10_000);
pub(super) const BACK: Nanos = ms(21_500);
/// Between which instants the source is held up to calibrate the probes.
pub(super) const STALL: (Nanos, Nanos) = (ms(5_500), ms(5_800));

/// A drill's record in memory.
#[derive(Clone, Debug)]
pub(super) struct Drill {
    pub(super) record: Record,
    pub(super) events: Vec<Entry>,
    pub(super) data: Data,
    pub(super) observations: BTreeMap<String, Observation>,
    /// Files that the folder lacks.
    pub(super) without: Vec<&'static str>,
}

pub(super) fn sourced<T>(value: T) -> Sourced<T> {
    Sourced { value, origin: Origin::From { section: "Objectives".into(), line: 6 } }
}

/// The same restore, done well on a clean host.
pub(super) fn clean_restore() -> CleanRestore {
    CleanRestore {
        without: vec!["primary".into(), "recovery".into()],
        artifacts: 12,
        bytes: 48_210_000,
        outcome: SabotageOutcome::Restored,
        rows: 190,
        same: Some(true),
        overheard: Overheard::Heard { connections: 17, reached: Vec::new() },
    }
}

pub(super) fn life(number: u32) -> Incarnation {
    Incarnation { identity: "7001".into(), branch: format!("{}", number + 1), started: format!("start {number}") }
}

impl Drill {
    /// A drill in which everything went well: a bad deploy and a damaged page, recovered in 11.5 s, 3 s of tail.
    pub(super) fn healthy() -> Self {
        static HEALTHY: LazyLock<Drill> = LazyLock::new(Drill::build);
        HEALTHY.clone()
    }

    fn build() -> Self {
        let data = data();
        let mut drill =
            Self { record: record(&data), events: Vec::new(), data, observations: BTreeMap::new(), without: vec![] };
        drill.tell();
        drill.probe_as(
            |at| {
                if at < ms(13_000) {
                    up(0)
                } else if at < BACK {
                    down()
                } else {
                    up(1)
                }
            },
            ms(5_000),
            ms(27_000),
        );
        drill.observe();
        drill
    }

    /// Adds an event, noted at `at`.
    pub(super) fn add(&mut self, at: Nanos, event: Event) {
        self.events.push(Entry { at, wall: "2026-01-01T00:00:00Z".into(), event });
    }

    /// Removes events.
    pub(super) fn forget(&mut self, forgets: impl Fn(&Event) -> bool) {
        self.events.retain(|entry| !forgets(&entry.event));
    }

    /// Changes events where they are.
    pub(super) fn change(&mut self, mut changes: impl FnMut(&mut Event)) {
        self.events.iter_mut().for_each(|entry| changes(&mut entry.event));
    }

    fn tell(&mut self) {
        self.add(ms(0), Event::Phase(Phase::Environment));
        self.add(ms(900), Event::Incarnation { host: "primary".into(), incarnation: life(0) });
        self.add(ms(1_000), Event::Loaded { rows: self.data.initial.len() as u64, bytes: 48_200_000 });
        let (pipeline, id) = ("archive".to_owned(), "20260101T000000".to_owned());
        let backup =
            Event::BackedUp { pipeline: pipeline.clone(), id, begun: ms(2_000), durable: ms(4_000), bytes: 1_000 };
        self.add(ms(3_900), Event::ProgramEnded(program("backup", 0)));
        self.add(ms(4_000), backup);
        let lag = blackstart_record::time::Interval { lower: ms(100), upper: ms(700) };
        self.add(ms(4_700), Event::ShippingLag { pipeline, lag });
        self.add(ms(5_000), Event::ApplicationStarted { epoch: 0 });
        let thawed = blackstart_record::time::Interval { lower: STALL.1, upper: STALL.1.plus(Nanos(20_000)) };
        self.add(
            thawed.upper.plus(ms(1_200)),
            Event::Calibrated { before: STALL.0, frozen: STALL.0.plus(ms(2)), thawed },
        );
        for fault in 0..2 {
            let at = FAULT.plus(ms(500 * fault as u64));
            self.add(at, Event::FaultIntended { fault, at, says: "spoil it".into() });
            let at = at.plus(ms(200));
            self.add(at, Event::FaultConfirmed { fault, at, evidence: "spoilt".into() });
        }
        let ends = [
            (Step::Detect, 11_500),
            (Step::Decide, 12_000),
            (Step::StopApplication, 13_100),
            (Step::Fetch, 15_000),
            (Step::Restore, 17_000),
            (Step::Replay, 20_000),
            (Step::Promote, 21_000),
            (Step::Switch, 21_400),
            (Step::Verify, 21_900),
        ];
        let mut begun = ms(11_000);
        for (step, end) in ends {
            self.add(begun, Event::StepBegun { step, at: begun.plus(ms(10)) });
            match step {
                Step::StopApplication => {
                    self.add(ms(13_000), Event::ApplicationStopped { epoch: 0 });
                    self.add(ms(13_050), Event::SourceFenced { at: ms(13_050), evidence: "connection refused".into() });
                }
                Step::Replay => self.add(ms(19_000), Event::RecoveryPoint(self.data.cut.clone())),
                Step::Switch => {
                    self.add(ms(21_050), Event::Incarnation { host: "standby".into(), incarnation: life(1) });
                    self.add(ms(21_060), Event::SnapshotTaken { at: ms(21_060), incarnation: 1 });
                }
                _ => {}
            }
            let (outcome, bytes) = (Outcome::Done, (step == Step::Fetch).then_some(1_000));
            self.add(ms(end), Event::StepEnded { step, at: ms(end), outcome, bytes, says: format!("{step} done") });
            begun = ms(end);
        }
        for second in 6..=27 {
            let (from, until) = (ms(second * 1_000 - 1_000), ms(second * 1_000));
            let acknowledged = self.data.acknowledged_between(from, until);
            self.add(until, Event::Tally { until, tally: Tally { acknowledged, ..Tally::default() } });
        }
        self.add(ms(27_500), Event::ApplicationStopped { epoch: 1 });
        self.add(ms(30_000), Event::Phase(Phase::Teardown));
        self.add(ms(30_100), Event::Finished);
    }

    /// Replaces all probes by what a prober would see of a service that answers `state` at an instant.
    pub(super) fn probe_as(&mut self, state: impl Fn(Nanos) -> State, from: Nanos, until: Nanos) {
        self.forget(|event| matches!(event, Event::Probe { .. }));
        let plan = self.record.scenario.probes;
        for (stream, beat) in [(Stream::Read, plan.beat), (Stream::Write, plan.beat), (Stream::Fresh, plan.fresh_beat)]
        {
            let mut due = from;
            while due < until {
                let sent = due.plus(Nanos(300_000));
                let held_up = sent >= STALL.0 && sent < STALL.1;
                let state = if held_up { State::Frozen(0, STALL.1.since(sent)) } else { state(sent) };
                let (outcome, took) = state.answer(plan.timeout);
                self.add_probe(stream, due, sent, sent.plus(took), outcome);
                due = due.plus(beat);
            }
        }
    }

    pub(super) fn add_probe(&mut self, stream: Stream, due: Nanos, sent: Nanos, ended: Nanos, outcome: ProbeOutcome) {
        let login = stream == Stream::Fresh;
        let event = Event::Probe { stream, due, sent, ended, login, outcome };
        let before_the_end = self.events.len().saturating_sub(2);
        self.events.insert(before_the_end, Entry { at: ended, wall: String::new(), event });
    }

    fn observe(&mut self) {
        let read = |table: u8| self.data.restored.iter().filter(|(t, _)| *t == table).count() as u64;
        let read = (0..self.data.tables.len() as u8).map(|table| (format!("app.t{table}"), read(table))).collect();
        let rows = Rows { read, bytes: 1000, ..Rows::default() };
        let objects =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), format!("create {name}"))).collect();
        let before: BTreeMap<_, _> =
            [("role".to_owned(), objects(&["app", "reader"])), ("index".to_owned(), objects(&["app.t0_pkey"]))].into();
        let rule = |rule: &str| Invariant { rule: rule.into(), examined: 50, violations: Some(0), first: vec![] };
        let canary = |name: &str, value: Option<&str>| {
            let value = value.map(str::to_owned);
            Canary { name: name.into(), planted: value.clone(), restored: value, found: true }
        };
        let trial = |what: &str| WriteTrial { what: what.into(), restarted: false, error: None };
        let identity = Identity {
            nonce_expected: "n0nce".into(),
            nonce_found: Some("n0nce".into()),
            poison_found: false,
            source: life(0),
            restored: Some(life(1)),
        };
        self.observations = [
            ("rows", Observation::Rows(rows)),
            ("inventory", Observation::Inventory(Inventory { after: before.clone(), before })),
            (
                "invariants",
                Observation::Invariants(vec![rule("an order is the sum of its lines"), rule("stock is conserved")]),
            ),
            ("canaries", Observation::Canaries(vec![canary("every byte", Some("00ff")), canary("a NULL", None)])),
            ("writes", Observation::Writes(vec![trial("insert an order"), trial("take the next id")])),
            ("identity", Observation::Identity(identity)),
            ("fence", Observation::Fence(Fence { archived: 12, ..Fence::default() })),
            (
                "attack",
                Observation::Attack(Attack { credential: "pipeline".into(), artifacts: 12, ..Attack::default() }),
            ),
            ("clean-restore", Observation::CleanRestore(clean_restore())),
            ("indexes", Observation::Indexes(vec![index("app.t0_pkey"), index("app.t1_pkey")])),
        ]
        .map(|(name, observation)| (name.to_owned(), observation))
        .into();
        let names: Vec<String> = self.observations.keys().cloned().collect();
        for name in names {
            let at = self.events.len().saturating_sub(2);
            self.events.insert(at, Entry { at: ms(29_000), wall: String::new(), event: Event::Observed { name } });
        }
    }

    /// Acknowledgements that the clients counted.
    pub(super) fn counted(&self) -> u64 {
        let counted =
            |entry: &Entry| if let Event::Tally { tally, .. } = &entry.event { tally.acknowledged } else { 0 };
        self.events.iter().map(counted).sum()
    }

    /// Makes the rows observation say what is in `data.restored`.
    pub(super) fn recount(&mut self) {
        for (index, table) in self.data.tables.iter().enumerate() {
            let number = self.data.restored.iter().filter(|(t, _)| usize::from(*t) == index).count() as u64;
            if let Some(Observation::Rows(rows)) = self.observations.get_mut("rows") {
                rows.read.insert(table.name.clone(), number);
            }
        }
    }

    pub(super) fn write(&self, folder: &Folder) {
        folder.store(&folder.record(), &self.record).unwrap();
        let mut writer = history::Writer::create(&folder.history()).unwrap();
        self.events.iter().for_each(|entry| writer.append(entry).unwrap());
        self.data.write(folder);
        for (name, observation) in &self.observations {
            folder.store(&folder.observation(name), observation).unwrap();
        }
        self.without.iter().for_each(|name| std::fs::remove_file(folder.path().join(name)).unwrap());
    }

    pub(super) fn judge(&self) -> DrillVerdict {
        self.in_folder(|folder| judge(folder).unwrap())
    }

    pub(super) fn evidence(&self) -> Evidence {
        self.in_folder(|folder| gather(folder, folder.load_record().unwrap()).evidence)
    }

    fn in_folder<T>(&self, use_it: impl Fn(&Folder) -> T) -> T {
        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::new(directory.path());
        self.write(&folder);
        use_it(&folder)
    }
}

/// A credential of an intruder, tried.
pub(super) fn credential(of: &str, lets_in: Option<bool>) -> Credential {
    Credential { of: of.into(), lets_in, says: "refused".into() }
}

/// What a service is doing at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// This incarnation answers, after so long.
    Up(u32, Nanos),
    /// It refuses.
    Down,
    /// It is frozen until then, and goes on as that incarnation.
    Frozen(u32, Nanos),
}

pub(super) fn up(life: u32) -> State {
    State::Up(life, Nanos(900_000))
}

pub(super) fn down() -> State {
    State::Down
}

impl State {
    fn answer(self, timeout: Nanos) -> (ProbeOutcome, Nanos) {
        match self {
            Self::Up(life, took) => (ProbeOutcome::Answered(life), took),
            Self::Down => (ProbeOutcome::Failed("connect".into()), Nanos(400_000)),
            Self::Frozen(_, left) if left > timeout => (ProbeOutcome::TimedOut, timeout),
            Self::Frozen(life, left) => (ProbeOutcome::Answered(life), left.plus(Nanos(900_000))),
        }
    }
}

/// 50 loaded rows in each of two tables; updates, inserts and deletions of both; 60 writes after R.
fn data() -> Data {
    let mut data = Data::new(2, cut(9_999_000_000, 10_001_000_000)).loaded(0, 0..50).loaded(1, 0..50);
    data.loaded_at = ms(1_000);
    let acked = Some(Completion::Acknowledged);
    for op in 1..=90_u64 {
        let (at, key) = (5_000_000_000 + op * 50_000_000, u128::from(op));
        data.operation(op, 0, (at, at + 2_000_000), acked, &[(0, key % 50, true), (1, 100 + key, true)]);
        data.restore(row(op, 0, key % 50));
        data.restore(row(op, 1, 100 + key));
    }
    for op in 91..=150_u64 {
        let at = FAULT.0 + (op - 90) * 49_000_000;
        data.operation(op, 0, (at, at + 2_000_000), acked, &[(1, 1_000 + u128::from(op), true)]);
    }
    for op in 151..=400_u64 {
        let at = 22_000_000_000 + (op - 150) * 20_000_000;
        data.operation(op, 1, (at, at + 2_000_000), acked, &[(1, 2_000 + u128::from(op), true)]);
    }
    data
}

/// The finding of a checker.
pub(super) fn finding<'a>(verdict: &'a DrillVerdict, checker: &str) -> &'a Finding {
    verdict.findings.iter().find(|finding| finding.checker == checker).unwrap()
}

/// A run of a program of a pipeline, `backup | gzip`, that ended with `code`.
pub(super) fn program(name: &str, code: i32) -> ProgramRun {
    let stage = |name: &str, into: Option<&str>| {
        let piped_into = into.map(str::to_owned);
        (Stage { name: name.into(), code: Some(0), signal: None, piped_into }, 1)
    };
    ProgramRun {
        program: name.into(),
        host: "primary".into(),
        begun: ms(2_100),
        ended: ms(3_900),
        code: Some(code),
        signal: None,
        logs: ["out.log".into(), "err.log".into()],
        processes: Processes::Watched(vec![stage("pg_dump", Some("gzip")), stage("gzip", None)]),
        complaints: Vec::new(),
    }
}

/// An index that agrees with its table.
pub(super) fn index(name: &str) -> IndexLook {
    let found = Agreement::Agrees { by: "amcheck".into() };
    IndexLook { index: name.into(), table: name.trim_end_matches("_pkey").into(), found }
}
