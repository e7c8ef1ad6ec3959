//! A second RTA, slow and plain: from the raw events, by the definition, trying every instant.

use std::collections::BTreeSet;

use blackstart_record::event::{Event, Phase, ProbeOutcome, Stream};
use blackstart_record::plan::Step;

use super::testing::Drill;

const STREAMS: [Stream; 3] = [Stream::Read, Stream::Write, Stream::Fresh];

/// What became of the service, in nanoseconds from the fault with declared manual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defined {
    Back { lower: u64, upper: u64 },
    NotBack { at_least: u64 },
    Censored { at_least: u64 },
    Unmeasured,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The expected life answered, within three beats of a probe that was sent within three beats.
    Good,
    /// No answer, another life's answer, or a late one.
    Bad,
    /// The prober was late, or sent nothing: nothing was seen.
    Nothing,
}

#[derive(Clone, Debug)]
struct Probe {
    stream: Stream,
    due: u64,
    sent: u64,
    ended: u64,
    outcome: ProbeOutcome,
}

/// A drill's probes after the fault, each with what it saw, in order of sending.
struct Watch {
    probes: Vec<(Probe, Look)>,
    beat: u64,
    stability: usize,
}

/// The RTA of a drill by its definition.
pub(super) fn define(drill: &Drill) -> Defined {
    let scenario = &drill.record.scenario;
    let faults: Vec<u64> = pick(drill, |event| match event {
        Event::FaultIntended { at, .. } => Some(at.0),
        _ => None,
    });
    let Some(fault) = faults.iter().min().copied() else { return Defined::Unmeasured };
    let all = probes(drill);
    let before = all.iter().rfind(|probe| {
        probe.stream == Stream::Read && probe.ended < fault && matches!(probe.outcome, ProbeOutcome::Answered(_))
    });
    let before = before.map(|probe| probe.outcome.clone());
    let brings_back = [Step::Fetch, Step::Restore, Step::Replay, Step::Promote];
    let restores = scenario.runbook.iter().any(|planned| brings_back.contains(&planned.step));
    let snapshot = pick(drill, |event| match event {
        Event::SnapshotTaken { incarnation, .. } => Some(ProbeOutcome::Answered(*incarnation)),
        _ => None,
    });
    let expected = snapshot.last().cloned().or(before.clone().filter(|_| !restores));
    let Some(expected) = expected else { return Defined::Unmeasured };
    let (beat, fresh_beat) = (scenario.probes.beat.0, scenario.probes.fresh_beat.0);
    let look = |probe: &Probe| {
        let patience = 3 * if probe.stream == Stream::Fresh { fresh_beat } else { beat };
        match probe.outcome {
            ProbeOutcome::Dropped => Look::Nothing,
            _ if probe.outcome != expected || probe.ended - probe.sent > patience => Look::Bad,
            _ if probe.sent - probe.due > patience => Look::Nothing,
            _ => Look::Good,
        }
    };
    let seen =
        all.into_iter().filter(|probe| probe.ended >= fault).map(|probe| (probe.clone(), look(&probe))).collect();
    let watch = Watch { probes: seen, beat, stability: scenario.probes.stability.max(1) as usize };
    if STREAMS.iter().any(|stream| watch.of(*stream).next().is_none()) {
        return Defined::Unmeasured;
    }
    let manual: u64 = scenario.runbook.iter().filter_map(|planned| Some(planned.manual.as_ref()?.value.0)).sum();
    let bad: Vec<u64> =
        watch.probes.iter().filter(|(_, look)| *look == Look::Bad).map(|(probe, _)| probe.sent).collect();
    let floor = bad.iter().min().copied().max(faults.iter().max().copied()).unwrap_or(fault);
    let Some(at) = watch.recovered(floor) else { return not_back(drill, &watch, fault, manual, &bad) };
    if bad.is_empty() && before == Some(expected) {
        return Defined::Back { lower: manual, upper: manual + watch.longest_blind().max(beat) };
    }
    let last_bad = bad.iter().filter(|sent| **sent <= at).max().copied().unwrap_or(0).max(fault);
    let firsts = STREAMS.map(|stream| watch.of(stream).find(|(probe, _)| probe.sent > at).map_or(0, |(p, _)| p.ended));
    let upper = firsts.into_iter().max().unwrap_or(0);
    Defined::Back { lower: last_bad - fault + manual, upper: upper - fault + manual }
}

fn pick<T>(drill: &Drill, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
    drill.events.iter().filter_map(|entry| pick(&entry.event)).collect()
}

/// All probes that ended before the teardown, in order of sending.
fn probes(drill: &Drill) -> Vec<Probe> {
    let is_teardown = |event: &Event| matches!(event, Event::Phase(Phase::Teardown));
    let teardown = drill.events.iter().find(|entry| is_teardown(&entry.event)).map_or(u64::MAX, |entry| entry.at.0);
    let mut probes = pick(drill, |event| match event {
        Event::Probe { stream, due, sent, ended, outcome } if ended.0 <= teardown => {
            Some(Probe { stream: *stream, due: due.0, sent: sent.0, ended: ended.0, outcome: outcome.clone() })
        }
        _ => None,
    });
    probes.sort_by_key(|probe| (probe.sent, probe.due));
    probes
}

impl Watch {
    fn of(&self, stream: Stream) -> impl Iterator<Item = &(Probe, Look)> {
        self.probes.iter().filter(move |(probe, _)| probe.stream == stream)
    }

    /// If the service is stable right after `at`: until when its stability window reaches.
    fn stable(&self, at: u64) -> Option<u64> {
        let mut until = 0;
        for stream in [Stream::Read, Stream::Write] {
            let window: Vec<_> = self.of(stream).filter(|(probe, _)| probe.sent > at).take(self.stability).collect();
            let good = window.iter().all(|(_, look)| *look == Look::Good);
            let joined = window.windows(2).all(|pair| pair[1].0.sent - pair[0].0.sent <= 4 * self.beat);
            if window.len() < self.stability || !good || !joined {
                return None;
            }
            until = until.max(window.last().map_or(0, |(probe, _)| probe.ended));
        }
        let mut fresh = self.of(Stream::Fresh).filter(|(probe, _)| probe.sent > at);
        let (first, _) = fresh.next().filter(|(_, look)| *look == Look::Good)?;
        until = until.max(first.ended);
        fresh.all(|(probe, look)| probe.sent > until || *look != Look::Bad).then_some(until)
    }

    /// The instant after which the service is stable and stays so, at `floor` or later.
    fn recovered(&self, floor: u64) -> Option<u64> {
        let instants: BTreeSet<u64> = self.probes.iter().map(|(probe, _)| probe.sent).chain([floor]).collect();
        let (at, until) = instants.range(floor..).find_map(|at| Some((*at, self.stable(*at)?)))?;
        match STREAMS.iter().filter_map(|stream| self.breakdown(*stream, until)).min() {
            Some(again) => self.recovered(again),
            None => Some(at),
        }
    }

    /// Where a stream breaks down after `after`: a window of bad looks in a row, or three at the very end. What was
    /// not seen neither ends such a row nor counts.
    fn breakdown(&self, stream: Stream, after: u64) -> Option<u64> {
        let seen = self.of(stream).filter(|(probe, look)| probe.sent > after && *look != Look::Nothing);
        let seen: Vec<_> = seen.collect();
        let begins = |index: usize| {
            let row = seen[index..].iter().take_while(|(_, look)| *look == Look::Bad).count();
            row >= self.stability || (row >= 3 && index + row == seen.len())
        };
        (0..seen.len()).find(|index| begins(*index)).map(|index| seen[index].0.sent)
    }

    /// The longest time between two good looks of a held session, in which an outage could have hidden.
    fn longest_blind(&self) -> u64 {
        let of = |stream| {
            let good: Vec<&Probe> = self.of(stream).filter(|(_, look)| *look == Look::Good).map(|(p, _)| p).collect();
            good.windows(2).map(|pair| pair[1].ended.saturating_sub(pair[0].sent)).max().unwrap_or(0)
        };
        of(Stream::Read).max(of(Stream::Write))
    }
}

/// A service that was not seen stable: shown not to come back only by a proper look after the whole runbook.
fn not_back(drill: &Drill, watch: &Watch, fault: u64, manual: u64, bad: &[u64]) -> Defined {
    let Some(last_bad) = bad.iter().max() else { return Defined::Unmeasured };
    let at_least = last_bad - fault.min(*last_bad) + manual;
    let last = watch.probes.iter().map(|(probe, _)| probe.sent).max().unwrap_or(0);
    let ended: Vec<(Step, u64)> = pick(drill, |event| match event {
        Event::StepEnded { step, at, .. } => Some((*step, at.0)),
        _ => None,
    });
    let done = drill.record.scenario.runbook.iter().all(|planned| ended.iter().any(|(step, _)| *step == planned.step));
    let since = ended.iter().map(|(_, at)| *at).max().unwrap_or(fault);
    let window = watch.beat * watch.stability as u64;
    if done && last_bad + window >= last && last.saturating_sub(since) >= 2 * window {
        Defined::NotBack { at_least }
    } else {
        Defined::Censored { at_least }
    }
}
