//! Generated final states: the records of drills with random defects in them, each told by one number.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use blackstart_record::event::{Event, Processes, ProgramRun};
use blackstart_record::observation::{
    Agreement, Attack, Canary, CleanRestore, Credential, Fence, Identity, IndexLook, Invariant, Inventory, Observation,
    Overheard, Reached, Rows, SabotageOutcome, WriteTrial,
};
use blackstart_record::plan::Damage;
use blackstart_record::time::{Interval, Nanos};

use super::testing::{Drill, index, life, program, sourced};
use crate::oracle::generated::{Dice, generate};

/// Everything but what a state is about: the plan, the scenario, the machine.
static FRAME: LazyLock<Drill> = LazyLock::new(|| {
    let mut frame = Drill::healthy();
    frame.events.clear();
    frame.observations.clear();
    frame
});

/// A final state. Its probes are not generated: no checker looks at them.
pub(super) fn state(seed: u64) -> Drill {
    let mut drill = FRAME.clone();
    let dice = &mut Dice(seed);
    let (operations, damages) = (1 + dice.roll(25), if dice.chance(50) { 0 } else { dice.roll(4) });
    drill.data = generate(dice.roll(u64::MAX), operations, damages, true);
    if dice.chance(5) {
        (drill.data.initial, drill.data.restored) = (vec![], vec![]);
        if dice.chance(70) {
            drill.data.ledger.clear();
        }
    }
    if dice.chance(2) {
        std::mem::swap(&mut drill.data.cut.earliest, &mut drill.data.cut.latest);
    }
    drill.record.tables = drill.data.tables.clone();
    drill.record.scenario.expendable = drill.data.expendable.clone();
    drill.record.scenario.erasures = drill.data.erasures.clone();
    let span = operations * 10;
    scenario(dice, &mut drill, span);
    events(dice, &mut drill, span);
    observations(dice, &mut drill);
    drill.record.plan.pipelines.get_mut("archive").unwrap().repairs = dice.chance(10);
    drill
}

/// Objectives, schedules and faults of the same small times as the generated histories.
fn scenario(dice: &mut Dice, drill: &mut Drill, span: u64) {
    let small = |dice: &mut Dice| Nanos(dice.roll(span));
    let scenario = &mut drill.record.scenario;
    if dice.chance(10) {
        scenario.runbook.clear();
    }
    for planned in &mut scenario.runbook {
        planned.manual = dice.chance(10).then(|| sourced(small(dice)));
    }
    for fault in &mut scenario.faults {
        let kinds = [Damage::Logical, Damage::PhysicalReadable, Damage::PhysicalLost, Damage::Availability];
        fault.damage = kinds[dice.roll(4) as usize];
    }
    if dice.chance(3) {
        scenario.pipeline = "unheard-of".into();
    }
    if dice.chance(15) {
        scenario.workload.clients = 0;
    }
    if dice.chance(8) {
        let names =
            ["LOST", "GHOST", "ATOM", "BYTES", "INV", "WRITE", "IDENT", "INDEX", "STAGE", "ATTACK", "FENCE", "CLOSURE"];
        drill.record.isolation.cannot_prove = vec![names[dice.roll(12) as usize].into()];
    }
    let pipeline = drill.record.plan.pipelines.get_mut("archive").unwrap();
    pipeline.ships_remainder = dice.chance(50);
    pipeline.schedule.interval = dice.chance(80).then(|| sourced(small(dice)));
    let objective = drill.record.plan.objectives.get_mut("database").unwrap();
    objective.rpo = Some(sourced(small(dice)));
    objective.tolerance = if dice.chance(20) { small(dice) } else { Nanos::ZERO };
}

fn events(dice: &mut Dice, drill: &mut Drill, span: u64) {
    let (loaded, cut) = (drill.data.initial.len() as u64, drill.data.cut.clone());
    let mut add = |event| drill.add(Nanos(1), event);
    add(Event::Incarnation { host: "primary".into(), incarnation: life(0) });
    if dice.chance(97) {
        add(Event::Incarnation { host: "standby".into(), incarnation: life(1) });
    }
    if dice.chance(97) {
        let rows = loaded + u64::from(dice.chance(3));
        add(Event::Loaded { rows, bytes: 1 });
    }
    for fault in 0..dice.roll(3) as usize {
        add(Event::FaultIntended { fault, at: Nanos(dice.roll(span)), says: String::new() });
    }
    for _ in 0..dice.roll(3) {
        let (begun, took) = (dice.roll(span), dice.roll(20));
        let pipeline = if dice.chance(90) { "archive" } else { "another" };
        let (begun, durable) = (Nanos(begun), Nanos(begun + took));
        add(Event::BackedUp { pipeline: pipeline.into(), id: "id".into(), begun, durable, bytes: 1 });
        let lag = Interval { lower: Nanos::ZERO, upper: Nanos(dice.roll(20)) };
        add(Event::ShippingLag { pipeline: pipeline.into(), lag });
    }
    for _ in 0..if dice.chance(90) { 2 } else { dice.roll(3) } {
        add(Event::ProgramEnded(program_run(dice)));
    }
    if dice.chance(97) {
        add(Event::RecoveryPoint(cut));
    }
    if dice.chance(97) {
        add(Event::SnapshotTaken { at: Nanos(1), incarnation: if dice.chance(95) { 1 } else { dice.roll(3) as u32 } });
    }
    for _ in 0..if dice.chance(90) { 1 } else { dice.roll(3) } {
        add(match dice.roll(25) {
            0 => Event::SourceNotFenced { why: "took a row".into() },
            1 => Event::SourceLeftRunning { at: Nanos(1), evidence: "took a row".into() },
            _ => Event::SourceFenced { at: Nanos(1), evidence: "refused".into() },
        });
    }
}

fn program_run(dice: &mut Dice) -> ProgramRun {
    let mut run = program("backup", if dice.chance(95) { 0 } else { 1 });
    if dice.chance(3) {
        run.processes = Processes::Unseen { why: "no tracing".into() };
    } else if let Processes::Watched(stages) = &mut run.processes {
        for (stage, times) in stages.iter_mut() {
            *times = 1 + dice.roll(3);
            if dice.chance(7) {
                (stage.code, stage.signal) =
                    [(Some(1), None), (None, Some(9)), (None, Some(13)), (Some(141), None)][dice.roll(4) as usize];
            }
        }
    }
    run
}

/// Each kind mostly once, sometimes twice or not at all.
fn observations(dice: &mut Dice, drill: &mut Drill) {
    let kinds: [fn(&mut Dice, &Drill) -> Observation; 11] = [
        |dice, drill| Observation::Rows(rows(dice, drill)),
        |dice, _| Observation::Inventory(inventory(dice)),
        |dice, _| Observation::Invariants((0..dice.roll(4)).map(|number| invariant(dice, number)).collect()),
        |dice, _| Observation::Canaries((0..dice.roll(7)).map(|number| canary(dice, number)).collect()),
        |dice, _| Observation::Writes((0..dice.roll(4)).map(|number| trial(dice, number)).collect()),
        |dice, _| Observation::Identity(identity(dice)),
        |dice, _| Observation::Fence(fence(dice)),
        |dice, _| Observation::Attack(attack(dice)),
        |dice, _| Observation::CleanRestore(clean_restore(dice)),
        |dice, _| Observation::Credentials((0..dice.roll(4)).map(|_| credential(dice)).collect()),
        |dice, _| Observation::Indexes((0..dice.roll(5)).map(|number| index_look(dice, number)).collect()),
    ];
    for (kind, make) in kinds.iter().enumerate() {
        let times = [0, 1, 2][if dice.chance(92) { 1 } else { dice.roll(3) as usize }];
        for time in 0..times {
            let seen = make(dice, drill);
            drill.observations.insert(format!("{kind}-{time}"), seen);
        }
    }
}

fn rows(dice: &mut Dice, drill: &Drill) -> Rows {
    let mut seen = Rows::default();
    for (index, table) in drill.data.tables.iter().enumerate() {
        let number = drill.data.restored.iter().filter(|(t, _)| usize::from(*t) == index).count() as u64;
        if dice.chance(97) {
            seen.read.insert(table.name.clone(), number + u64::from(dice.chance(2)));
        }
        if dice.chance(5) {
            seen.unreadable.insert(table.name.clone(), "bad page".into());
        }
    }
    seen
}

fn inventory(dice: &mut Dice) -> Inventory {
    let mut before: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for number in 0..dice.roll(8) {
        let kind = ["role", "index", "function"][dice.roll(3) as usize];
        before.entry(kind.into()).or_default().insert(format!("object {number}"), "as made".into());
    }
    let mut after = before.clone();
    if dice.chance(30) {
        let kind = ["role", "index", "function", "trigger"][dice.roll(4) as usize];
        match (dice.roll(4), after.get_mut(kind)) {
            (0, _) => drop(after.remove(kind)),
            (1, Some(objects)) => drop(objects.pop_first()),
            (2, Some(objects)) => objects.values_mut().for_each(|definition| definition.push('!')),
            _ => drop(after.entry(kind.into()).or_default().insert("intruder".into(), "new".into())),
        }
    }
    Inventory { before, after }
}

fn invariant(dice: &mut Dice, number: u64) -> Invariant {
    let examined = if dice.chance(15) { 0 } else { dice.roll(30) };
    let violations = match dice.roll(100) {
        0..90 => Some(0),
        90..95 => Some(1 + dice.roll(5)),
        _ => None,
    };
    Invariant { rule: format!("rule {number}"), examined, violations, first: vec!["the first".into()] }
}

fn canary(dice: &mut Dice, number: u64) -> Canary {
    let value = |dice: &mut Dice| match dice.roll(3) {
        0 => None,
        1 => Some(String::new()),
        _ => Some(format!("{:02x}", dice.roll(256))),
    };
    let planted = value(dice);
    let restored = if dice.chance(95) { planted.clone() } else { value(dice) };
    Canary { name: format!("canary {number}"), planted, restored, found: dice.chance(97) }
}

fn trial(dice: &mut Dice, number: u64) -> WriteTrial {
    let errors = ["duplicate key value", "permission denied", "read-only transaction", "no room", ""];
    let error = dice.chance(8).then(|| errors[dice.roll(5) as usize].to_owned());
    WriteTrial { what: format!("write {number}"), restarted: dice.roll(2) == 0, error }
}

fn names(dice: &mut Dice) -> Vec<String> {
    (0..if dice.chance(97) { 0 } else { 1 + dice.roll(5) }).map(|number| format!("artifact {number}")).collect()
}

fn fence(dice: &mut Dice) -> Fence {
    Fence {
        archived: if dice.chance(97) { 1 + dice.roll(20) } else { 0 },
        added: names(dice),
        changed: names(dice),
        removed: names(dice),
        attempts: if dice.chance(97) { 0 } else { dice.roll(3) },
        second_writer: dice.chance(3).then(|| "the source takes writes".into()),
    }
}

fn credential(dice: &mut Dice) -> Credential {
    let lets_in = [None, Some(true), Some(false)][if dice.chance(92) { 2 } else { dice.roll(3) as usize }];
    super::testing::credential("the old password", lets_in)
}

fn attack(dice: &mut Dice) -> Attack {
    let artifacts = if dice.chance(97) { 1 + dice.roll(20) } else { 0 };
    let (lost, hidden, disarmed) = (names(dice), names(dice), names(dice));
    Attack { credential: "pipeline".into(), artifacts, lost, hidden, disarmed }
}

fn clean_restore(dice: &mut Dice) -> CleanRestore {
    let mut look = super::testing::clean_restore();
    look.rows = if dice.chance(97) { dice.roll(200) } else { 0 };
    look.same = [None, Some(false), Some(true)][if dice.chance(92) { 2 } else { dice.roll(3) as usize }];
    let says = "no such key".to_owned();
    match dice.roll(100) {
        0..4 => look.outcome = SabotageOutcome::Refused { step: blackstart_record::plan::Step::Restore, says },
        4..7 => look.outcome = SabotageOutcome::Unusable { says },
        7..10 => look.outcome = SabotageOutcome::NotTried { why: says },
        _ => {}
    }
    let reached = |port| Reached { to: "host primary".into(), port, by: "tcp".into() };
    look.overheard = match dice.roll(100) {
        0..4 => Overheard::Deaf { why: "not permitted".into() },
        4..40 => {
            Overheard::Heard { connections: dice.roll(3), reached: (0..dice.roll(3) as u16).map(reached).collect() }
        }
        _ => Overheard::Heard { connections: dice.roll(9), reached: Vec::new() },
    };
    look
}

fn index_look(dice: &mut Dice, number: u64) -> IndexLook {
    let mut look = index(&format!("app.t{number}_pkey"));
    let why = "item order invariant violated".to_owned();
    match dice.roll(100) {
        0..4 => look.found = Agreement::Disagrees { why },
        4..7 => look.found = Agreement::Unknown { why },
        _ => {}
    }
    look
}

fn identity(dice: &mut Dice) -> Identity {
    let nonce = |dice: &mut Dice| if dice.chance(96) { "n0nce" } else { "an older one" }.to_owned();
    let mut restored = life(if dice.chance(95) { 1 } else { dice.roll(3) as u32 });
    if dice.chance(4) {
        restored.branch = life(0).branch;
    }
    if dice.chance(4) {
        restored.started = life(0).started;
    }
    if dice.chance(4) {
        restored.identity = "9009".into();
    }
    Identity {
        nonce_expected: "n0nce".into(),
        nonce_found: dice.chance(97).then(|| nonce(dice)),
        poison_found: dice.chance(3),
        source: life(0),
        restored: dice.chance(97).then_some(restored),
    }
}
