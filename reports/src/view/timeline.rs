//! What happened, in order, without the beats and the counters.

use blackstart_record::event::Outcome;
use blackstart_record::time::Nanos;
use serde::Serialize;

use crate::material::Material;
use crate::words;

/// What is said of the moment at which the recovery time ends.
pub const RECOVERED: &str = "recovered: the service is stable again";

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When, from the first fault.
    pub when: String,
    /// What kind of thing (`fault`, `step`, `stage`, `good`, `bad`).
    pub class: &'static str,
    /// What.
    pub says: String,
    /// The same instant as the history has it.
    #[serde(skip)]
    pub at: Nanos,
}

pub(crate) fn timeline(material: &Material) -> Vec<Moment> {
    let mut moments = stages(material);
    moments.extend(faults(material));
    moments.extend(steps(material));
    moments.extend(application(material));
    moments.sort_by_key(|moment| moment.at);
    moments
}

fn moment(material: &Material, at: Nanos, class: &'static str, says: impl Into<String>) -> Moment {
    Moment { when: material.when(at), class, says: says.into(), at }
}

fn stages(material: &Material) -> Vec<Moment> {
    let story = &material.story;
    let mut moments = Vec::new();
    let mut add = |at, class, says: String| moments.push(moment(material, at, class, says));
    for (at, phase) in &story.phases {
        add(*at, "stage", words::phase(*phase).to_owned());
    }
    for (at, host, life) in &story.incarnations {
        add(*at, "stage", format!("{host} answers: {}, branch {}", life.identity, life.branch));
    }
    for backup in &story.backups {
        add(backup.durable, "stage", format!("backup {} is durable", backup.id));
    }
    if let Some((at, Outcome::Failed(why) | Outcome::Bound(why))) = &story.backup_failed {
        add(*at, "bad", format!("the backup failed: {}", why.message));
    }
    for run in &story.programs {
        let class = if run.code == Some(0) { "stage" } else { "bad" };
        let [output, errors] = &run.logs;
        let errors = if errors == output { String::new() } else { format!(" and logs/{errors}") };
        add(run.ended, class, format!("{run}; what it said is in logs/{output}{errors}"));
    }
    if let Some(stall) = story.stall {
        let says = format!("the harness holds the source up for {}, to calibrate the probes", stall.width());
        add(stall.lower, "stage", says);
    }
    if let Some((at, _)) = story.snapshot {
        add(at, "stage", "snapshot for the examinations".into());
    }
    if let Some(Ok((at, _))) = &story.fence {
        add(*at, "good", "the source is fenced".into());
    }
    if story.finished {
        add(story.last, "stage", "finished".into());
    } else {
        add(story.last, "bad", "the history ends here without its end: cut off".into());
    }
    for (phase, failure) in &story.setup_failed {
        add(story.last, "bad", format!("the harness failed while {}: {}", words::phase(*phase), failure.message));
    }
    if let Some(signal) = story.interrupted {
        add(story.last, "bad", format!("stopped by signal {signal}"));
    }
    moments
}

fn faults(material: &Material) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (index, fault) in &material.story.faults {
        let planned = material.record.scenario.faults.get(*index);
        let name = format!("fault {} ({})", index + 1, planned.map_or("", |fault| fault.name.as_str()));
        let mut add = |at, class, says| moments.push(moment(material, at, class, says));
        if let Some((at, says)) = &fault.intended {
            add(*at, "fault", format!("{name} is injected: {says}"));
        }
        if let Some((at, evidence)) = &fault.confirmed {
            add(*at, "fault", format!("{name} is confirmed: {evidence}"));
        }
        if let Some(at) = fault.healed {
            add(at, "fault", format!("{name} has ended"));
        }
    }
    moments
}

/// Each step where it ended, or where it began if it never did.
fn steps(material: &Material) -> Vec<Moment> {
    let story = &material.story;
    let ended = story.steps_ended.iter().map(|(at, step, outcome)| {
        let begun = story.steps_begun.iter().rfind(|(begun, name)| name == step && begun <= at);
        let after = begun.map(|(begun, _)| format!(" after {}", at.since(*begun))).unwrap_or_default();
        match outcome {
            Outcome::Done => moment(material, *at, "step", format!("{step} is done{after}")),
            Outcome::Failed(why) => moment(material, *at, "bad", format!("{step} failed{after}: {}", why.message)),
            Outcome::Bound(why) => {
                moment(material, *at, "bad", format!("{step} was stopped at its bound{after}: {}", why.message))
            }
        }
    });
    let open = story
        .steps_begun
        .iter()
        .filter(|(begun, step)| !story.steps_ended.iter().any(|(ended, name, _)| name == step && ended >= begun));
    let open = open.map(|(at, step)| moment(material, *at, "bad", format!("{step} begins, and has no end")));
    ended.chain(open).collect()
}

fn application(material: &Material) -> Vec<Moment> {
    let story = &material.story;
    let (started, stopped) = (story.started.iter(), story.stopped.iter());
    let started = started.map(|(at, epoch)| match epoch {
        0 => moment(material, *at, "stage", "the application writes"),
        _ => moment(material, *at, "stage", "the application writes to the restored copy"),
    });
    let stopped = stopped.map(|(at, _)| moment(material, *at, "stage", "the application is stopped"));
    let rta = material.verdict.measures.rta.as_ref();
    let recovered = rta.map(|rta| moment(material, rta.recovered.upper, "good", RECOVERED));
    started.chain(stopped).chain(recovered).collect()
}
