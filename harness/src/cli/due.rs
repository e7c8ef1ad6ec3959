//! `blackstart due`: which drills the plans' own cadence asks for, from the records of the past.

mod state;

use std::collections::BTreeMap;

use blackstart_record::plan::{Plan, Scenario, Sourced};
use blackstart_record::verdict::Verdict;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::exit::Exit;
use super::layout::{columns, paragraph};
use super::output::{self, Format, Paint};
use super::past::{Past, Runs};
use super::problem::{Problem, Result};
use super::profile::{drills_of, upkeep_of};
use super::select::Scenarios;
use super::verdict_text::{said, word};
use crate::drill::Registry;
use crate::plan::{Cadence, Found, Loaded};

use state::{State, Times, times};

/// Tables of a plan that say nothing about how a drill of it runs.
const NOT_DRILLED: [&str; 5] = ["title", "document", "profiles", "health", "facts"];

/// Says which drills are due or overdue by the cadence of their profile.
///
/// A drill is done if it was run since its time last came: whichever way it was asked for, and whether it was met or missed.
/// One that was inconclusive has shown nothing and does not count; nor does one whose scenario has changed since, or what it
/// depends on of its plan: values and programs.
/// Ends with exit code 99 if anything is due: `blackstart due --profile NAME || blackstart run --profile NAME`.
#[derive(Args, Debug)]
pub struct Due {
    /// Parts or patterns (`*`, `?`) of `plan/scenario`; without one, everything is asked about.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// Of them, only what this profile of their plan drills.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    runs: Runs,
}

/// A drill of a profile.
#[derive(Debug, Serialize)]
struct Line {
    plan: String,
    profile: String,
    cadence: Sourced<Cadence>,
    drill: String,
    #[serde(flatten)]
    times: Times,
    /// The last run that counts.
    last: Option<Ran>,
    /// Runs since then that do not.
    not_counted: Vec<Ran>,
}

/// A drill as it was run.
#[derive(Clone, Debug, Serialize)]
struct Ran {
    started: Timestamp,
    verdict: Verdict,
    /// The profile by which it was run.
    profile: Option<String>,
    folder: String,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

/// Runs `blackstart due`.
///
/// # Errors
/// Nothing is selected, no profile of it has a cadence, or a plan or scenario is wrong.
pub fn run(args: &Due, scenarios: &Scenarios, format: Format) -> Result<Exit> {
    let mut found = scenarios.select(&args.filters)?;
    if let Some(name) = &args.profile {
        found = drills_of(scenarios, found, name)?;
    }
    let upkeep = upkeep_of(scenarios, &found)?;
    let past = args.runs.read()?;
    let now = args.runs.at();
    let mut drilled = BTreeMap::new();
    for found in &found {
        drilled.insert(found.drill(), Drilled::of(&past, found, &scenarios.load(found)?));
    }
    let mut lines = Vec::new();
    for (plan, upkeep) in &upkeep {
        let asked_for = |name: &String| args.profile.as_ref().is_none_or(|wanted| wanted == name);
        for (profile, asked) in upkeep.profiles.iter().filter(|(name, _)| asked_for(name)) {
            let Some(cadence) = &asked.cadence else { continue };
            let drills = asked.drills.iter().map(|scenario| format!("{plan}/{scenario}"));
            let selected = drills.filter_map(|drill| drilled.get_key_value(&drill));
            lines.extend(selected.map(|(drill, drilled)| line(plan, profile, cadence, drill, drilled, now)));
        }
    }
    if lines.is_empty() {
        let problem = Problem::new(Exit::NothingSelected, "no profile with a cadence drills what is selected");
        return Err(problem.help("add `[profiles.monthly]` with `drills` and `cadence` to plan.toml"));
    }
    match format {
        Format::Text => output::data(&text(&lines, Paint::stdout()))?,
        Format::Json => output::json(&lines)?,
        Format::Jsonl => lines.iter().try_for_each(output::json_line)?,
    }
    let all_done = lines.iter().all(|line| line.times.state == State::Done);
    Ok(if all_done { Exit::Met } else { Exit::ObjectiveMissed })
}

/// What the records tell of one drill.
struct Drilled {
    last: Option<Ran>,
    not_counted: Vec<Ran>,
}

impl Drilled {
    fn of(past: &[Past], found: &Found, loaded: &Loaded<Registry>) -> Self {
        let mut drilled = Self { last: None, not_counted: Vec::new() };
        for past in past.iter().filter(|past| past.drill() == found.drill()) {
            let ran = Ran {
                started: past.started,
                verdict: past.came_to(),
                profile: past.record.profile.clone(),
                folder: past.folder.path().display().to_string(),
                why: does_not_count(past, found, loaded),
            };
            if ran.why.is_some() {
                drilled.not_counted.push(ran);
            } else {
                drilled = Self { last: Some(ran), not_counted: Vec::new() };
            }
        }
        drilled
    }
}

fn does_not_count(past: &Past, found: &Found, loaded: &Loaded<Registry>) -> Option<&'static str> {
    if past.verdict.is_none() {
        return Some("it was not judged");
    }
    if past.came_to() == Verdict::Inconclusive {
        return Some("it was inconclusive");
    }
    let scenario = &loaded.scenario;
    let as_today = past.record.scenario == *scenario
        && as_drilled(&past.record.plan, scenario).eq(as_drilled(&loaded.plan, scenario));
    if !as_today {
        return Some("its scenario, or what it depends on of its plan, has changed since");
    }
    let programs = found.path.parent().map(|folder| loaded.programs(folder)).unwrap_or_default();
    (past.record.programs != programs).then_some("a program of its plan has changed since, or its record does not tell")
}

/// The values of a plan that a drill of `scenario` depends on: of objectives and pipelines only those that it names.
fn as_drilled<'a>(plan: &'a Plan, scenario: &'a Scenario) -> impl Iterator<Item = (&'a str, &'a str)> {
    let counts = |path: &str| {
        let mut names = path.split('.');
        let (table, name) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        match table {
            "objectives" => scenario.objectives.iter().any(|named| named == name),
            "pipelines" => scenario.pipeline == name,
            _ => !NOT_DRILLED.contains(&table),
        }
    };
    let values = plan.values.iter().map(|(path, said)| (path.as_str(), said.value.as_str()));
    values.filter(move |(path, _)| counts(path))
}

fn line(plan: &str, profile: &str, cadence: &Sourced<Cadence>, drill: &str, drilled: &Drilled, now: Timestamp) -> Line {
    Line {
        plan: plan.to_owned(),
        profile: profile.to_owned(),
        cadence: cadence.clone(),
        drill: drill.to_owned(),
        times: times(&cadence.value, drilled.last.as_ref().map(|ran| ran.started), now),
        last: drilled.last.clone(),
        not_counted: drilled.not_counted.clone(),
    }
}

fn text(lines: &[Line], paint: Paint) -> String {
    let width = output::width();
    let mut out = String::new();
    for group in lines.chunk_by(|one, other| (&one.plan, &one.profile) == (&other.plan, &other.profile)) {
        let Some(Line { plan, profile, cadence, .. }) = group.first() else { continue };
        let title = format!("{} {plan}", paint.strong(profile));
        out += &paragraph(&format!("{title}: {} ({})", cadence.value, said(&cadence.origin)), 0, width);
        let head = ["drill", "state", "due since", "next", "last run", ""].map(|title| paint.faint(title).into_owned());
        let rows = std::iter::once(head.to_vec()).chain(group.iter().map(|line| row(line, paint)));
        out += &columns(&rows.collect::<Vec<_>>(), 2);
        for line in group {
            for ran in &line.not_counted {
                let why = ran.why.unwrap_or_default();
                let says = format!("the run of {} does not count: {why} ({})", minute(ran.started), ran.folder);
                out += &paragraph(&says, 4, width);
            }
        }
        out.push('\n');
    }
    let of = |state: State| lines.iter().filter(|line| line.times.state == state).count();
    out + &format!("{} overdue, {} due, {} done\n", of(State::Overdue), of(State::Due), of(State::Done))
}

fn row(line: &Line, paint: Paint) -> Vec<String> {
    let state = line.times.state.word();
    let state = match line.times.state {
        State::Done => paint.good(state),
        State::Due => paint.doubt(state),
        State::Overdue => paint.bad(state),
    };
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), minute);
    let (last, verdict) = match &line.last {
        Some(ran) => (minute(ran.started), word(paint, ran.verdict)),
        None => ("never".to_owned(), String::new()),
    };
    vec![line.drill.clone(), state.into_owned(), at(line.times.since), at(line.times.next), last, verdict]
}

/// `2026-12-07 02:00 UTC`.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
