//! A second oracle of the checkers: what each must say of a final state, by its definition and from the raw record.
//!
//! Slow and plain on purpose. Of the code that judges it uses nothing: rows are compared by `oracle::brute`, events
//! and observations are read one by one.

use std::collections::BTreeMap;

use blackstart_record::event::{Event, Incarnation};
use blackstart_record::observation::{
    Agreement, Canary, Identity, IndexLook, Invariant, Inventory, Observation, Rows, WriteTrial,
};
use blackstart_record::plan::{Damage, Step};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DifferenceKind::{self, *};
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};

use super::testing::Drill;
use crate::oracle::brute::{Findings, brute};

/// What a checker must say.
#[derive(Debug, PartialEq)]
pub(super) struct Word {
    pub(super) checker: String,
    pub(super) verdict: Verdict,
    pub(super) compared: u64,
    /// Row differences by table and kind.
    pub(super) differences: BTreeMap<(String, DifferenceKind), u64>,
    /// How many things it must name as wrong, where it names each.
    pub(super) wrong: Option<u64>,
}

/// Everything that the definitions say of a state.
pub(super) struct Truth<'a> {
    pub(super) drill: &'a Drill,
    /// The brute-force comparison, where a recovery point allows one.
    found: Option<Findings>,
}

macro_rules! seen {
    ($self:ident, $kind:ident -> $type:ty) => {{
        let of_kind = |seen: &'a Observation| if let Observation::$kind(seen) = seen { Some(seen) } else { None };
        $self.drill.observations.values().filter_map(of_kind).collect::<Vec<&'a $type>>()
    }};
}

pub(super) use seen;

impl<'a> Truth<'a> {
    pub(super) fn of(drill: &'a Drill) -> Self {
        let claimed = drill.events.iter().any(|entry| matches!(entry.event, Event::RecoveryPoint(_)));
        let possible = claimed && drill.data.cut.earliest <= drill.data.cut.latest;
        Self { drill, found: possible.then(|| brute(&drill.data)) }
    }

    /// What each checker must say, in the order of reports.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut words = vec![
            self.lost(),
            self.ghost(),
            self.atom(),
            self.bytes(),
            self.inv(),
            self.write(),
            self.index(),
            self.ident(),
            self.stage(),
            self.art(),
            self.closure(),
            self.fence(),
            self.attack(),
            self.breach(),
        ];
        let unprovable = &self.drill.record.isolation.cannot_prove;
        for word in &mut words {
            // Content with nothing, or where the hosts cannot prove it: not believed.
            let nothing = word.compared == 0 && !self.rightly_empty();
            if word.verdict == Met && (nothing || unprovable.contains(&word.checker)) {
                word.verdict = Inconclusive;
            }
        }
        let unknown: Vec<&String> =
            unprovable.iter().filter(|name| words.iter().all(|word| word.checker != **name)).collect();
        words.extend(unknown.into_iter().map(|name| word(name, Inconclusive, 0)));
        words
    }

    pub(super) fn events<T>(&self, pick: impl Fn(&'a Event) -> Option<T>) -> Vec<T> {
        self.drill.events.iter().filter_map(|entry| pick(&entry.event)).collect()
    }

    fn loaded(&self) -> Option<u64> {
        self.events(|event| if let Event::Loaded { rows, .. } = event { Some(*rows) } else { None }).pop()
    }

    pub(super) fn brings_back(&self) -> bool {
        let steps = [Step::Fetch, Step::Restore, Step::Replay, Step::Promote];
        self.drill.record.scenario.runbook.iter().any(|planned| steps.contains(&planned.step))
    }

    fn repairs(&self) -> bool {
        let record = &self.drill.record;
        record.plan.pipelines.get(&record.scenario.pipeline).is_some_and(|pipeline| pipeline.repairs)
    }

    fn rows(&self) -> Vec<&'a Rows> {
        seen!(self, Rows -> Rows)
    }

    /// Tables that are judged: index, name.
    fn tables(&self) -> Vec<(usize, &'a str)> {
        let all = self.drill.data.tables.iter().map(|table| table.name.as_str()).enumerate();
        all.filter(|(_, name)| !self.drill.record.scenario.expendable.iter().any(|other| other == name)).collect()
    }

    fn is_in_file(&self, table: usize) -> bool {
        !self.drill.data.absent.iter().any(|absent| usize::from(*absent) == table)
    }

    fn restored(&self, table: usize) -> u64 {
        self.drill.data.restored.iter().filter(|(other, _)| usize::from(*other) == table).count() as u64
    }

    fn unreadable(&self, name: &str) -> bool {
        self.rows().iter().any(|rows| rows.unreadable.contains_key(name))
    }

    /// The comparison, if what it compared is all there and is what the examination read.
    fn known(&self) -> Option<&Findings> {
        let load_is_whole = self.drill.data.initial.len() as u64 >= self.loaded()?;
        let is_true = |rows: &&Rows| {
            let names = self.drill.data.tables.iter().enumerate();
            names
                .filter_map(|(index, table)| Some((index, rows.read.get(&table.name)?)))
                .all(|(i, n)| self.restored(i) == *n)
        };
        let rows = self.rows();
        let trusted = load_is_whole && !rows.is_empty() && rows.iter().all(is_true);
        self.found.as_ref().filter(|_| trusted)
    }

    /// Loaded empty, owed empty, found empty, and each of that was seen.
    fn rightly_empty(&self) -> bool {
        let empty = |found: &Findings| {
            found.owed.iter().sum::<u64>() == 0 && self.tables().iter().all(|(index, _)| self.restored(*index) == 0)
        };
        self.loaded() == Some(0) && self.found.as_ref().is_some_and(empty) && !self.rows().is_empty()
    }

    /// Every table that counts was read to its end.
    fn read_whole(&self) -> bool {
        self.tables().iter().all(|(index, name)| self.is_in_file(*index) && !self.unreadable(name))
    }

    fn differences(&self, kinds: &[DifferenceKind]) -> BTreeMap<(String, DifferenceKind), u64> {
        let found = self.found.iter().flat_map(|found| &found.kinds).filter(|((_, kind), _)| kinds.contains(kind));
        found.map(|((t, kind), n)| ((self.drill.data.tables[usize::from(*t)].name.clone(), *kind), *n)).collect()
    }

    fn lost(&self) -> Word {
        let Some(found) = self.known() else { return word("LOST", Inconclusive, 0) };
        let owed: u64 = found.owed.iter().sum();
        let looked_at = |(index, name): &&(usize, &str)| self.is_in_file(*index) || self.unreadable(name);
        let sought = self.tables().iter().filter(looked_at).map(|(index, _)| found.owed[*index]).sum();
        if owed > 0 && sought == 0 {
            return word("LOST", Inconclusive, 0);
        }
        let holes = self.differences(&[Missing, Changed, Stale]);
        let verdict = match (holes.is_empty(), self.read_whole() && (owed > 0 || self.rightly_empty())) {
            (false, _) => Missed,
            (true, whole) => met_if(whole),
        };
        Word { differences: holes, ..word("LOST", verdict, sought) }
    }

    fn ghost(&self) -> Word {
        if self.known().is_none() {
            return word("GHOST", Inconclusive, 0);
        }
        let read = self.tables().iter().map(|(index, _)| self.restored(*index)).sum();
        let ghosts = self.differences(&[Duplicate, Resurrected, RolledBack, AfterCut, Unexplained]);
        let identities = seen!(self, Identity -> Identity);
        let poisoned = identities.iter().any(|look| look.poison_found && look.restored.as_ref() != Some(&look.source));
        let verdict = match (ghosts.is_empty() && !poisoned, self.read_whole() && (read > 0 || self.rightly_empty())) {
            (false, _) => Missed,
            (true, whole) => met_if(whole),
        };
        Word { differences: ghosts, ..word("GHOST", verdict, read) }
    }

    fn atom(&self) -> Word {
        let looks = seen!(self, Invariants -> Vec<Invariant>);
        let rules: Vec<&Invariant> = looks.iter().flat_map(|look| look.iter()).collect();
        let examined: u64 = rules.iter().map(|rule| rule.examined).sum();
        let (torn, either, unverifiable) =
            self.known().map_or((0, 0, 0), |found| (found.torn, found.either, found.unverifiable));
        let asked = !looks.is_empty() && rules.iter().all(|rule| rule.violations.is_some());
        let verdict = if torn > 0 || rules.iter().any(|rule| rule.violations.is_some_and(|broken| broken > 0)) {
            Missed
        } else {
            let told = self.known().is_some() && unverifiable == 0;
            met_if(told && asked && (examined > 0 || self.rightly_empty()))
        };
        let differences = if torn > 0 { self.differences(&[Torn]) } else { BTreeMap::new() };
        Word { differences, ..word("ATOM", verdict, examined + either) }
    }

    fn bytes(&self) -> Word {
        let looks = seen!(self, Canaries -> Vec<Canary>);
        let all: Vec<&Canary> = looks.iter().flat_map(|look| look.iter()).collect();
        let right = |canary: &&&Canary| canary.found && canary.restored == canary.planted;
        let wrong = all.len() - all.iter().filter(right).count();
        let verdict = match wrong {
            0 => met_if(!looks.is_empty() && (!all.is_empty() || self.rightly_empty())),
            _ => Missed,
        };
        Word { wrong: Some(wrong as u64), ..word("BYTES", verdict, all.len() as u64) }
    }

    fn inv(&self) -> Word {
        let looks = seen!(self, Inventory -> Inventory);
        let (mut compared, mut wrong) = (0, 0);
        for look in &looks {
            let flat = |all: &'a BTreeMap<String, BTreeMap<String, String>>| -> BTreeMap<(&str, &str), &str> {
                let objects = all.iter().flat_map(|(kind, of)| of.iter().map(move |(name, text)| ((kind, name), text)));
                objects.map(|((kind, name), text)| ((kind.as_str(), name.as_str()), text.as_str())).collect()
            };
            let (before, after) = (flat(&look.before), flat(&look.after));
            compared += before.len() as u64;
            wrong += before.iter().filter(|(name, text)| after.get(*name) != Some(text)).count();
            wrong += after.keys().filter(|name| !before.contains_key(*name)).count();
        }
        let verdict = match (compared, wrong) {
            (0, _) => Inconclusive,
            (_, 0) => Met,
            _ => Missed,
        };
        Word { wrong: (compared > 0).then_some(wrong as u64), ..word("INV", verdict, compared) }
    }

    fn write(&self) -> Word {
        let looks = seen!(self, Writes -> Vec<WriteTrial>);
        let all: Vec<&WriteTrial> = looks.iter().flat_map(|look| look.iter()).collect();
        let wrong = all.iter().filter(|trial| trial.error.is_some()).count() as u64;
        let verdict = if wrong > 0 { Missed } else { met_if(!all.is_empty()) };
        Word { wrong: Some(wrong), ..word("WRITE", verdict, all.len() as u64) }
    }

    fn ident(&self) -> Word {
        let looks = seen!(self, Identity -> Identity);
        let compared = looks.len() as u64;
        let lives: Vec<&Incarnation> = self
            .events(|event| if let Event::Incarnation { incarnation, .. } = event { Some(incarnation) } else { None });
        if looks.is_empty() {
            let judged_in_place = !self.brings_back() && !lives.is_empty();
            return word("IDENT", met_if(judged_in_place), if judged_in_place { lives.len() as u64 } else { 0 });
        }
        let is_copy = |look: &&Identity| {
            look.restored.as_ref().is_some_and(|copy| {
                let own_life = copy.branch != look.source.branch && copy.started != look.source.started;
                !look.poison_found
                    && look.nonce_found.as_ref() == Some(&look.nonce_expected)
                    && (copy.identity != look.source.identity || own_life || self.repairs())
            })
        };
        if !looks.iter().all(is_copy) {
            return word("IDENT", Missed, compared);
        }
        let snapshot =
            self.events(
                |event| if let Event::SnapshotTaken { incarnation, .. } = event { Some(*incarnation) } else { None },
            );
        let examined = snapshot.last().and_then(|index| lives.get(*index as usize)).copied();
        let same = examined.is_some() && looks.iter().all(|look| look.restored.as_ref() == examined);
        let fences = self.events(|event| match event {
            Event::SourceFenced { .. } => Some(true),
            Event::SourceLeftRunning { .. } | Event::SourceNotFenced { .. } => Some(false),
            _ => None,
        });
        word("IDENT", met_if(same && fences.last() == Some(&true)), compared)
    }

    fn index(&self) -> Word {
        let looks: Vec<&IndexLook> = seen!(self, Indexes -> Vec<IndexLook>).into_iter().flatten().collect();
        let number = |is: fn(&Agreement) -> bool| looks.iter().filter(|look| is(&look.found)).count() as u64;
        let unknown = number(|found| matches!(found, Agreement::Unknown { .. }));
        let wrong = number(|found| matches!(found, Agreement::Disagrees { .. }));
        let compared = looks.len() as u64 - unknown;
        let verdict = if wrong > 0 { Missed } else { met_if(!looks.is_empty() && unknown == 0) };
        Word { wrong: Some(wrong), ..word("INDEX", verdict, compared) }
    }

    /// The achieved recovery point: its parts before and after the fault, and declared time; `None`: not known.
    pub(super) fn rpa(&self) -> Option<(Nanos, Nanos, Nanos)> {
        let found = self.known()?;
        let scenario = &self.drill.record.scenario;
        let Some(last) = found.last_acked else {
            let nothing_to_lose = scenario.workload.clients == 0 && found.first_gone.is_none();
            return nothing_to_lose.then_some((Nanos::ZERO, Nanos::ZERO, Nanos::ZERO));
        };
        let fault = self.events(|event| if let Event::FaultIntended { at, .. } = event { Some(at.0) } else { None });
        let fault = fault.into_iter().min().unwrap_or(u64::MAX);
        let gone = found.first_gone.unwrap_or(last);
        let lost = gone..last;
        let (before, after) = (lost.clone().filter(|at| *at < fault).count(), lost.filter(|at| *at >= fault).count());
        let declares = |step| matches!(step, Step::Detect | Step::Decide);
        let declared = scenario.runbook.iter().filter(|planned| declares(planned.step));
        let declared = declared.filter_map(|planned| Some(planned.manual.as_ref()?.value.0)).sum();
        let logical = scenario.faults.iter().any(|fault| fault.damage == Damage::Logical);
        let kept = self.repairs() && found.first_gone.is_none();
        Some((Nanos(before as u64), Nanos(after as u64), Nanos(if logical && !kept { declared } else { 0 })))
    }

    /// What the schedule allows at worst; `Err`: not known; `None`: it bounds nothing here.
    fn exposure(&self) -> Result<Option<u64>, ()> {
        let scenario = &self.drill.record.scenario;
        let pipeline = self.drill.record.plan.pipelines.get(&scenario.pipeline).ok_or(())?;
        let readable = |damage| matches!(damage, Damage::Logical | Damage::PhysicalReadable);
        let all_readable = !scenario.faults.is_empty() && scenario.faults.iter().all(|fault| readable(fault.damage));
        if !self.brings_back() || (pipeline.ships_remainder && all_readable) {
            return Ok(None);
        }
        let interval = pipeline.schedule.interval.as_ref().ok_or(())?.value.0;
        let durable = self.events(|event| match event {
            Event::BackedUp { pipeline, begun, durable, .. } if *pipeline == scenario.pipeline => {
                Some(durable.0 - begun.0)
            }
            _ => None,
        });
        let lag = self.events(|event| match event {
            Event::ShippingLag { pipeline, lag } if *pipeline == scenario.pipeline => Some(lag.upper.0),
            _ => None,
        });
        Ok(Some(interval + durable.into_iter().max().ok_or(())? + lag.into_iter().max().unwrap_or(0)))
    }

    /// The verdict on the RPO: the worse of what was lost and what the schedule allows.
    pub(super) fn rpo(&self) -> Verdict {
        let objective = &self.drill.record.plan.objectives["database"];
        let allowed = objective.rpo.as_ref().unwrap().value.0 + objective.tolerance.0;
        let lost = self.rpa().map(|(before, after, manual)| before.0 + after.0 + manual.0);
        let exposed = self.exposure();
        let over = |time: Option<u64>| time.is_some_and(|time| time > allowed);
        match (over(lost) || over(exposed.ok().flatten()), lost.is_some() && exposed.is_ok()) {
            (true, _) => Missed,
            (false, all_known) => met_if(all_known),
        }
    }
}

pub(super) fn word(checker: &str, verdict: Verdict, compared: u64) -> Word {
    Word { checker: checker.into(), verdict, compared, differences: BTreeMap::new(), wrong: None }
}

pub(super) fn met_if(shown: bool) -> Verdict {
    if shown { Met } else { Inconclusive }
}
