//! A run in words, for its two templates and the terminal.

use blackstart_record::plan::{FaultPlan, Objective};
use blackstart_record::verdict::{ObjectiveKind, Verdict};
use serde::Serialize;

use super::way::{Figure, Way, objective};
use super::{Drilled, Run};
use crate::view::{Fact, whole_seconds};
use crate::words;

/// One thing, of each way of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What.
    pub name: String,
    /// What belongs to that.
    pub beside: String,
    /// For each way.
    pub cells: Vec<Figure>,
}

/// Drills of one disaster under the same objectives: the ways to recover from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// What they recover from.
    pub disaster: String,
    /// The plan's title.
    pub plan: String,
    /// The faults, in words.
    pub faults: String,
    /// The ways, in order of their names.
    pub ways: Vec<Way>,
    /// What each came to against each objective.
    pub objectives: Vec<Row>,
    /// Checks that are not met by all of them.
    pub checks: Vec<Row>,
    /// The shares of the recovery time.
    pub shares: Vec<Row>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunView {
    /// The worst verdict of all.
    pub verdict: String,
    /// The same as a sign.
    pub sign: &'static str,
    /// How many drills came to what.
    pub says: String,
    /// The run (ULID); empty: its drills are of several, or cannot be read.
    pub run: String,
    /// When its first drill began.
    pub started: String,
    /// Every drill, in order of names.
    pub drills: Vec<Way>,
    /// Those of which nothing is known.
    pub unreadable: Vec<Fact>,
    /// Disasters that were recovered from in more than one way.
    pub groups: Vec<Group>,
    /// Drills that were skipped, and why.
    pub skipped: Vec<Fact>,
}

impl RunView {
    pub(super) fn of(run: &Run) -> Self {
        let drills = &run.drills;
        let unknown = (!run.unreadable.is_empty()).then_some(Verdict::Inconclusive);
        let worst = drills.iter().map(|drilled| drilled.verdict.verdict).chain(unknown).max();
        let worst = worst.unwrap_or(Verdict::Inconclusive);
        let mut runs: Vec<&str> = drills.iter().map(|drilled| drilled.record.run.as_str()).collect();
        runs.dedup();
        let started = drills.iter().map(|drilled| drilled.record.started.as_str()).min();
        let skipped = drills.first().map(|drilled| &drilled.record.skipped);
        let groups = groups(drills);
        Self {
            verdict: worst.to_string(),
            sign: words::sign(worst),
            says: says(run),
            run: if let [one] = runs[..] { one.to_owned() } else { String::new() },
            started: started.map(whole_seconds).unwrap_or_default(),
            drills: drills.iter().map(Way::of).collect(),
            unreadable: run.unreadable.iter().map(|(folder, why)| Fact::new(folder, why)).collect(),
            groups: groups.iter().filter(|of| of.len() > 1).map(|of| Group::of(of)).collect(),
            skipped: skipped.into_iter().flatten().map(|(drill, why)| Fact::new(drill, why)).collect(),
        }
    }
}

/// How many drills came to what, the worst first.
fn says(run: &Run) -> String {
    let number = |verdict| run.drills.iter().filter(|drilled| drilled.verdict.verdict == verdict).count();
    let counted =
        [Verdict::Missed, Verdict::Inconclusive, Verdict::Met].map(|verdict| (number(verdict), verdict.to_string()));
    let unreadable = (run.unreadable.len(), "without a record that can be read".to_owned());
    let all = counted.into_iter().chain([unreadable]).filter(|(number, _)| *number > 0);
    let parts: Vec<String> = all.map(|(number, what)| format!("{number} {what}")).collect();
    let total = (run.drills.len() + run.unreadable.len()) as u64;
    format!("{}: {}", words::count(total, "drill"), parts.join(", "))
}

/// Drills that recover from the same thing: the same faults, whenever they come, under the same objectives of one plan.
fn groups(drills: &[Drilled]) -> Vec<Vec<&Drilled>> {
    let mut groups: Vec<Vec<&Drilled>> = Vec::new();
    for drilled in drills {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| is_same(first, drilled))) {
            Some(group) => group.push(drilled),
            None => groups.push(vec![drilled]),
        }
    }
    groups
}

fn is_same(one: &Drilled, other: &Drilled) -> bool {
    let objectives = |drilled: &Drilled| -> Vec<(String, Option<Objective>)> {
        let named = drilled.record.scenario.objectives.iter();
        let mut named: Vec<_> =
            named.map(|name| (name.clone(), drilled.record.plan.objectives.get(name).cloned())).collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        named
    };
    let is_same_fault = |(one, other): (&FaultPlan, &FaultPlan)| one.name == other.name && one.params == other.params;
    let (faults, others) = (&one.record.scenario.faults, &other.record.scenario.faults);
    one.record.plan.name == other.record.plan.name
        && objectives(one) == objectives(other)
        && faults.len() == others.len()
        && faults.iter().zip(others).all(is_same_fault)
}

impl Group {
    fn of(drills: &[&Drilled]) -> Self {
        let ways: Vec<Way> = drills.iter().map(|drilled| Way::of(drilled)).collect();
        let first = drills.first().map(|drilled| &drilled.record);
        Self {
            disaster: disaster(drills),
            plan: first.map(|record| record.plan.title.clone()).unwrap_or_default(),
            faults: first.map(|record| faults(&record.scenario.faults)).unwrap_or_default(),
            objectives: objectives(drills),
            checks: checks(&ways),
            shares: shares(&ways),
            ways,
        }
    }
}

/// What they recover from: what all of their titles begin with, or else the faults.
fn disaster(drills: &[&Drilled]) -> String {
    let clauses: Vec<&str> =
        drills.iter().filter_map(|drilled| drilled.record.scenario.title.split(", ").next()).collect();
    match clauses[..] {
        [first, ref rest @ ..] if rest.iter().all(|other| *other == first) => uncapitalised(first),
        _ => drills.first().map(|drilled| faults(&drilled.record.scenario.faults)).unwrap_or_default(),
    }
}

/// In the middle of a sentence; what begins with two capitals is a name.
fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// `2 x faulty-release, page-corruption`.
fn faults(faults: &[FaultPlan]) -> String {
    let mut named: Vec<(&str, usize)> = Vec::new();
    for fault in faults {
        match named.iter_mut().find(|(name, _)| *name == fault.name) {
            Some((_, times)) => *times += 1,
            None => named.push((&fault.name, 1)),
        }
    }
    let shown = named.into_iter().map(|(name, times)| match times {
        1 => name.to_owned(),
        times => format!("{times} \u{d7} {name}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn objectives(drills: &[&Drilled]) -> Vec<Row> {
    let mut named: Vec<(&str, ObjectiveKind, String)> = Vec::new();
    for judged in drills.iter().flat_map(|drilled| &drilled.verdict.objectives) {
        if named.iter().all(|(name, kind, _)| (*name, *kind) != (judged.objective.as_str(), judged.kind)) {
            named.push((&judged.objective, judged.kind, judged.limit.value.to_string()));
        }
    }
    let absent = || Figure { value: "not judged".to_owned(), ..Figure::default() };
    let row = |(name, kind, limit): (&str, ObjectiveKind, String)| Row {
        name: format!("{name} {kind}"),
        beside: limit,
        cells: drills.iter().map(|drilled| objective(drilled, name, kind).unwrap_or_else(absent)).collect(),
    };
    named.into_iter().map(row).collect()
}

/// A row for each check that some way does not meet.
fn checks(ways: &[Way]) -> Vec<Row> {
    let met = Verdict::Met.to_string();
    let not_met = ways.iter().flat_map(|way| &way.checks).filter(|check| check.figure.verdict != met);
    let cell = |way: &Way, name: &str| {
        let told = way.checks.iter().find(|check| check.checker == name).map(|check| check.figure.clone());
        told.unwrap_or_else(|| Figure { value: "does not count here".to_owned(), ..Figure::default() })
    };
    let row = |name: &str| Row {
        name: name.to_owned(),
        beside: String::new(),
        cells: ways.iter().map(|way| cell(way, name)).collect(),
    };
    in_order(not_met.map(|check| check.checker.as_str())).into_iter().map(row).collect()
}

fn shares(ways: &[Way]) -> Vec<Row> {
    let names = merged(ways.iter().map(|way| way.shares.iter().map(|share| share.name.as_str()).collect()));
    let cell = |way: &Way, name: &str| {
        let took = way.shares.iter().find(|share| share.name == name).map(|share| share.took.clone());
        Figure { value: took.unwrap_or_default(), ..Figure::default() }
    };
    let row = |name: &str| Row {
        name: name.to_owned(),
        beside: String::new(),
        cells: ways.iter().map(|way| cell(way, name)).collect(),
    };
    names.into_iter().map(row).collect()
}

/// Each name once.
fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut each: Vec<&str> = Vec::new();
    for name in names {
        if !each.contains(&name) {
            each.push(name);
        }
    }
    each
}

/// Each name once, after those that come before it in its own list.
fn merged<'a>(lists: impl Iterator<Item = Vec<&'a str>>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for list in lists {
        let mut after = 0;
        for name in list {
            match all.iter().position(|other| *other == name) {
                Some(at) => after = at + 1,
                None => {
                    all.insert(after, name);
                    after += 1;
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn what_only_one_way_does_stands_where_that_way_does_it() {
        let lists = [vec!["detect", "replay", "switch"], vec!["detect", "restore", "switch", "verify"], vec!["fetch"]];
        assert_eq!(merged(lists.into_iter()), ["fetch", "detect", "restore", "replay", "switch", "verify"]);
    }
}
