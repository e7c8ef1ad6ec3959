//! Generated watches: what probes saw of a service of which the truth is known, each told by one number.

use std::sync::LazyLock;

use blackstart_record::event::{Event, Outcome, Phase, ProbeOutcome, Stream};
use blackstart_record::plan::{ProbePlan, Step};
use blackstart_record::time::Nanos;

use super::testing::{Drill, life, sourced};
use crate::oracle::generated::Dice;

/// The plan, the scenario, the machine; no event.
static FRAME: LazyLock<Drill> = LazyLock::new(|| {
    let mut frame = Drill::healthy();
    frame.events.clear();
    frame
});

/// The beat of the held sessions; the times of a generated watch are small, so that brute force is quick.
const BEAT: u64 = 20;

/// What a service does for a while.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Answers as this life, after so long.
    Up(u32, u64),
    /// Refuses.
    Down,
    /// Is frozen, and goes on as that life when the while is over.
    Frozen(u32),
}

/// How much of what a prober does goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    /// Percentage of beats that are dropped, sent late, or not even noted.
    pub(super) prober: u64,
    /// Percentage of answers that are bad or late though the service is up.
    pub(super) service: u64,
}

/// A watch, and the instant at which the service was really back for good.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) drill: Drill,
    pub(super) back: Nanos,
}

/// A service that has up to four outages after its fault, with less than a window between two, and stays up then.
/// Each is longer than a window and the patience of a probe: less need not be seen, or need not undo a recovery.
pub(super) fn outages(seed: u64, noise: Noise) -> Watched {
    let dice = &mut Dice(seed);
    let (mut drill, restores) = frame(dice);
    let window = BEAT * u64::from(drill.record.scenario.probes.stability);
    let fault = 400 + dice.roll(200);
    let after = u32::from(restores);
    let mut states = vec![(fault, State::Up(0, 1 + dice.roll(15)))];
    let mut at = fault;
    for outage in 0..1 + dice.roll(4) {
        if outage > 0 {
            at += 1 + dice.roll(window - 1);
            states.push((at, State::Up(after, 1 + dice.roll(15))));
        }
        at += window + 8 * BEAT + dice.roll(500);
        let wrong_life = if restores { State::Up(0, 1 + dice.roll(15)) } else { State::Down };
        states.push((at, [State::Down, State::Frozen(after), wrong_life][dice.roll(3) as usize]));
    }
    let until = at + 4 * window + 1_000;
    states.push((until, State::Up(after, 1 + dice.roll(15))));
    recount(dice, &mut drill, restores, &[fault]);
    probe(dice, &mut drill, &states, noise);
    Watched { drill, back: Nanos(at) }
}

/// Anything at all: outages and good times of any length, several faults, steps without end, watches that end early.
pub(super) fn anything(seed: u64) -> Drill {
    let dice = &mut Dice(seed);
    let (mut drill, restores) = frame(dice);
    let mut states = Vec::new();
    let mut at = 0;
    let expected = u32::from(restores);
    for _ in 0..1 + dice.roll(8) {
        at += 1 + dice.roll(600);
        let state = match dice.roll(100) {
            0..50 => State::Up(expected, 1 + dice.roll(40)),
            50..60 => State::Up(dice.roll(3) as u32, 1 + dice.roll(15)),
            60..70 => State::Up(expected, 50 + dice.roll(30)),
            70..85 => State::Down,
            _ => State::Frozen(expected),
        };
        states.push((at, state));
    }
    let faults: Vec<u64> = (0..dice.roll(4)).map(|_| dice.roll(at)).collect();
    recount(dice, &mut drill, restores, &faults);
    let noise = |dice: &mut Dice| [0, 1, 10][dice.roll(3) as usize];
    let noise = Noise { prober: noise(dice), service: noise(dice) };
    probe(dice, &mut drill, &states, noise);
    if dice.chance(5) {
        let gone = [Stream::Read, Stream::Write, Stream::Fresh][dice.roll(3) as usize];
        drill.forget(|event| matches!(event, Event::Probe { stream, .. } if *stream == gone));
    }
    if dice.chance(20) {
        drill.add(Nanos(dice.roll(at + 100)), Event::Phase(Phase::Teardown));
    }
    drill
}

/// The plan of a watch, and whether its runbook restores anything: then another life is expected afterwards.
fn frame(dice: &mut Dice) -> (Drill, bool) {
    let mut drill = FRAME.clone();
    let stability = 1 + dice.roll(8) as u32;
    drill.record.scenario.probes =
        ProbePlan { beat: Nanos(BEAT), fresh_beat: Nanos(BEAT * 5), timeout: Nanos(BEAT * 10), stability };
    let restores = dice.chance(70);
    if !restores {
        drill.record.scenario.runbook.clear();
    }
    (drill, restores)
}

/// Faults, steps and lives.
fn recount(dice: &mut Dice, drill: &mut Drill, restores: bool, faults: &[u64]) {
    for (fault, at) in faults.iter().enumerate() {
        drill.add(Nanos(*at), Event::FaultIntended { fault, at: Nanos(*at), says: String::new() });
    }
    for index in 0..3 {
        drill.add(Nanos(1), Event::Incarnation { host: "host".into(), incarnation: life(index) });
    }
    let steps: Vec<Step> = drill.record.scenario.runbook.iter().map(|planned| planned.step).collect();
    let mut at = faults.iter().min().copied().unwrap_or(0);
    for step in steps {
        drill.add(Nanos(at), Event::StepBegun { step, at: Nanos(at) });
        at += dice.roll(60);
        if dice.chance(99) {
            let ended = Event::StepEnded { step, at: Nanos(at), outcome: Outcome::Done, bytes: None, says: "".into() };
            drill.add(Nanos(at), ended);
        }
    }
    for planned in &mut drill.record.scenario.runbook {
        planned.manual = dice.chance(10).then(|| sourced(Nanos(dice.roll(1_000))));
    }
    if restores && dice.chance(98) {
        drill.add(Nanos(at), Event::SnapshotTaken { at: Nanos(at), incarnation: 1 });
    }
}

/// What a prober notes of a service that is in each of `states` until its instant.
fn probe(dice: &mut Dice, drill: &mut Drill, states: &[(u64, State)], noise: Noise) {
    let plan = drill.record.scenario.probes;
    let until = states.last().map_or(0, |(until, _)| *until);
    for (stream, beat) in [(Stream::Read, plan.beat), (Stream::Write, plan.beat), (Stream::Fresh, plan.fresh_beat)] {
        let first = dice.roll(beat.0);
        let mut held = stream != Stream::Fresh;
        for due in (first..until).step_by(beat.0 as usize) {
            let (mut sent, mut dropped) = (due + dice.roll(4), false);
            if dice.chance(noise.prober) {
                match dice.roll(4) {
                    0 => dropped = true,
                    1 => sent = due + dice.roll(3 * beat.0),
                    2 => sent = due + 3 * beat.0 + dice.roll(20),
                    _ => continue,
                }
            }
            let state = states.iter().find(|(until, _)| sent < *until).or(states.last());
            let Some((state_ends, state)) = state else { continue };
            let (mut outcome, mut took) = answer(*state, state_ends.saturating_sub(sent), plan.timeout.0);
            if dice.chance(noise.service) {
                (outcome, took) = match dice.roll(3) {
                    0 => (ProbeOutcome::Failed("closed".into()), 1),
                    1 => (ProbeOutcome::TimedOut, plan.timeout.0),
                    _ => (outcome, took + 2 * beat.0 + dice.roll(2 * beat.0)),
                };
            }
            if dropped {
                (outcome, took) = (ProbeOutcome::Dropped, 0);
            }
            let (login, due, sent, ended) = (!held, Nanos(due), Nanos(sent), Nanos(sent + took));
            held = stream != Stream::Fresh && matches!(outcome, ProbeOutcome::Answered(_));
            drill.add(ended, Event::Probe { stream, due, sent, ended, login, outcome });
        }
    }
}

fn answer(state: State, left: u64, timeout: u64) -> (ProbeOutcome, u64) {
    match state {
        State::Up(life, took) => (ProbeOutcome::Answered(life), took),
        State::Down => (ProbeOutcome::Failed("connect".into()), 2),
        State::Frozen(_) if left > timeout => (ProbeOutcome::TimedOut, timeout),
        State::Frozen(life) => (ProbeOutcome::Answered(life), left + 3),
    }
}
