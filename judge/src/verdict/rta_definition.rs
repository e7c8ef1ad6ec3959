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
    /// No answer, or another life's.
    Bad,
    /// The expected life answered, late.
    Late,
    /// The prober was late, or sent nothing: nothing was seen.
    Nothing,
}

impl Look {
    fn is_bad(self) -> bool {
        matches!(self, Self::Bad | Self::Late)
    }
}

#[derive(Clone, Debug)]
struct Probe {
    stream: Stream,
    due: u64,
    sent: u64,
    ended: u64,
    login: bool,
    outcome: ProbeOutcome,
}

/// A drill's probes after the fault, each with what it saw, in order of sending.
struct Watch {
    probes: Vec<(Probe, Look)>,
    beat: u64,
    fresh_beat: u64,
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
    let life = |probe: &Probe| if let ProbeOutcome::Answered(life) = probe.outcome { Some(life) } else { None };
    let before = all.iter().filter(|probe| probe.ended < fault).filter_map(|probe| Some((probe.ended, life(probe)?)));
    let before = before.max().map(|(_, life)| ProbeOutcome::Answered(life));
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
        // A held stream that had to log in first has the time of a login.
        let allowed = if probe.login { patience.max(fresh_beat) } else { patience };
        match probe.outcome {
            ProbeOutcome::Dropped => Look::Nothing,
            _ if probe.outcome != expected => Look::Bad,
            _ if probe.ended - probe.sent > allowed => Look::Late,
            _ if probe.sent - probe.due > patience => Look::Nothing,
            _ => Look::Good,
        }
    };
    let seen =
        all.into_iter().filter(|probe| probe.ended >= fault).map(|probe| (probe.clone(), look(&probe))).collect();
    let watch = Watch { probes: seen, beat, fresh_beat, stability: scenario.probes.stability.max(1) as usize };
    if STREAMS.iter().any(|stream| watch.of(*stream).next().is_none()) {
        return Defined::Unmeasured;
    }
    let manual: u64 = scenario.runbook.iter().filter_map(|planned| Some(planned.manual.as_ref()?.value.0)).sum();
    let bad: Vec<u64> = watch.probes.iter().filter(|(_, look)| look.is_bad()).map(|(probe, _)| probe.sent).collect();
    let floor = bad.iter().min().copied().max(faults.iter().max().copied()).unwrap_or(fault);
    let Some(at) = watch.recovered(floor) else { return not_back(drill, &watch, fault, manual, &bad) };
    if bad.is_empty() && before == Some(expected) {
        return Defined::Back { lower: manual, upper: manual + watch.longest_blind().max(beat) };
    }
    let last_bad = watch.down(at).unwrap_or(0).max(fault);
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
        Event::Probe { stream, due, sent, ended, login, outcome } if ended.0 <= teardown => Some(Probe {
            stream: *stream,
            due: due.0,
            sent: sent.0,
            ended: ended.0,
            login: *login,
            outcome: outcome.clone(),
        }),
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
        fresh.all(|(probe, look)| probe.sent > until || !look.is_bad()).then_some(until)
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

    /// Where a stream breaks down after `after`: at least three bad looks and no good one, for the time of a window or
    /// until the end. What was not seen does not end it.
    fn breakdown(&self, stream: Stream, after: u64) -> Option<u64> {
        let window = self.stability as u64 * if stream == Stream::Fresh { self.fresh_beat } else { self.beat };
        let beat = window / self.stability as u64;
        let seen: Vec<_> = self.of(stream).filter(|(probe, _)| probe.sent > after).collect();
        let breaks = |first: usize| {
            let row: Vec<_> = seen[first..].iter().take_while(|(_, look)| *look != Look::Good).collect();
            let third = row.iter().enumerate().filter(|(_, (_, look))| look.is_bad()).map(|(index, _)| index).nth(2);
            let lasts = |last: &(Probe, Look)| last.0.due.saturating_sub(seen[first].0.due) + beat >= window;
            let to_the_end = first + row.len() == seen.len();
            third.is_some_and(|third| to_the_end || row[third..].iter().any(|last| lasts(last)))
        };
        let begins = |index: &usize| {
            let earlier = seen[..*index].iter().rev().find(|(_, look)| *look != Look::Nothing);
            seen[*index].1.is_bad() && earlier.is_none_or(|(_, look)| *look == Look::Good)
        };
        (0..seen.len()).filter(begins).find(|first| breaks(*first)).map(|first| seen[first].0.sent)
    }

    /// The last look until `at` that shows the service down. Bad looks between which both held streams saw it well are
    /// outages of their own; a later one of nothing but late answers, for less than a window, is a hiccup.
    fn down(&self, at: u64) -> Option<u64> {
        let mut outages: Vec<Vec<&(Probe, Look)>> = Vec::new();
        for bad in self.probes.iter().filter(|(probe, look)| probe.sent <= at && look.is_bad()) {
            let last = outages.last().and_then(|outage| outage.last()).map_or(0, |(probe, _)| probe.sent);
            let well = |stream| {
                let mut between = self.of(stream).filter(|(probe, _)| probe.sent > last && probe.sent < bad.0.sent);
                between.any(|(_, look)| *look == Look::Good)
            };
            match outages.last_mut().filter(|_| !(well(Stream::Read) && well(Stream::Write))) {
                Some(outage) => outage.push(bad),
                None => outages.push(vec![bad]),
            }
        }
        let window = self.beat * self.stability as u64;
        let is_hiccup = |outage: &[&(Probe, Look)]| {
            let ended = outage.iter().map(|(probe, _)| probe.ended).max().unwrap_or(0);
            ended - outage[0].0.sent < window && outage.iter().all(|(_, look)| *look == Look::Late)
        };
        let real = outages.iter().rposition(|outage| !is_hiccup(outage)).unwrap_or(0);
        self.down_in(outages.get(real)?)
    }

    /// The last look of an outage that shows the service down. A late answer shows it only if it was sent more than three
    /// beats before the service answered again, and more than its later answers took: after its last refusal, and not
    /// more than a window before the last late one.
    fn down_in(&self, outage: &[&(Probe, Look)]) -> Option<u64> {
        let all = |wanted: Look| outage.iter().filter(move |(_, look)| *look == wanted).map(|(probe, _)| probe);
        let refused = all(Look::Bad).map(|probe| probe.sent).max();
        let Some(last_late) = all(Look::Late).map(|probe| probe.ended).max() else { return refused };
        let began = refused.or(all(Look::Late).map(|probe| probe.sent).min())?;
        let after = began.max(last_late.saturating_sub(self.beat * self.stability as u64));
        let answers = |stream| {
            let answers = self.of(stream).filter(|(_, look)| matches!(look, Look::Good | Look::Late));
            let answers = answers.filter(|(probe, _)| probe.sent >= began && probe.ended > after);
            answers.map(|(probe, _)| probe.ended).min()
        };
        let back = answers(Stream::Read)?.max(answers(Stream::Write)?);
        let took = all(Look::Late).filter(|probe| probe.sent >= back).map(|probe| probe.ended - probe.sent);
        let pace = took.fold(3 * self.beat, u64::max);
        all(Look::Late).map(|probe| probe.sent).filter(|sent| sent + pace < back).max().max(refused)
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
    let refused = watch.probes.iter().filter(|(_, look)| *look == Look::Bad).map(|(probe, _)| probe.sent).max();
    let still_refused = refused.is_some_and(|refused| refused + window >= last);
    if done && still_refused && last.saturating_sub(since) >= 2 * window {
        Defined::NotBack { at_least }
    } else {
        Defined::Censored { at_least }
    }
}
