//! What was done to the backup to see whether anybody notices: trials of the sabotage, and disturbed backups. What is
//! bad comes first; otherwise each stands where it was tried.

use blackstart_record::observation::{CrashPoints, CrashStep, Observation, SabotageKind};
use blackstart_record::verdict::{CRASH, JudgedPoint, JudgedTrial, Noticed, PointEnd, SABOTAGE, TrialEnd, Verdict};
use serde::Serialize;

use crate::material::Material;
use crate::words;

/// Longer words of a tool are cut: the record has them all.
const LONGEST: usize = 240;
/// More keys than this are counted.
const KEYS: usize = 6;

/// One trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrialView {
    /// What was done to it, and where; or the step that was disturbed.
    pub what: String,
    /// The keys of the artifacts that were touched, and how many more there are.
    pub touched: Vec<String>,
    /// How that step was disturbed; of the sabotage nothing.
    pub how: &'static str,
    /// What came of it; or what the backup reported.
    pub outcome: String,
    /// Whether that backup can be restored; of the sabotage nothing.
    pub restorable: &'static str,
    /// Why, in one line.
    pub why: String,
    /// What a program said of it, where that is another line.
    pub telling: String,
}

/// Trials that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// What they have in common.
    pub title: &'static str,
    /// `missed`, `inconclusive`, or nothing where all is as it has to be.
    pub class: &'static str,
    /// The trials.
    pub rows: Vec<TrialView>,
}

/// All trials of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrialsView {
    /// The name of its section.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What a row is.
    pub intro: &'static str,
    /// How many came to what.
    pub summary: String,
    /// Groups that are shown with the checker's finding, because that is not met for them.
    #[serde(skip)]
    pub bad: Vec<GroupView>,
    /// Whether there are any of these.
    pub has_bad: bool,
    /// The other groups.
    pub groups: Vec<GroupView>,
    /// How many trials are in those.
    pub shown: usize,
}

/// What there is to try: the checker that sums it up, and the words of its section.
struct Kind {
    checker: &'static str,
    id: &'static str,
    title: &'static str,
    intro: &'static str,
}

const OF_SABOTAGE: Kind = Kind {
    checker: SABOTAGE,
    id: "sabotage",
    title: "Sabotage",
    intro: "Each row is one more restore, on a host of its own, from a damaged copy of the backup that was just proved good, \
            or over a disturbed way to it. Damage has to be refused, noticed or harmless; a perturbed restore has to come \
            out the same or be given up.",
};
const OF_CRASH_POINTS: Kind = Kind {
    checker: CRASH,
    id: "crash-points",
    title: "Crash points",
    intro: "Each row is one more backup, disturbed at one of its steps. Whatever then reports success has to be restorable.",
};

/// What trials may have in common, the worst first: its title, and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group(&'static str, &'static str);

const SURVIVORS: Group = Group("Not noticed: this drill would have called it a good restore", "missed");
const WRONG: Group = Group("Reported done, and what came back is wrong", "missed");
const UNFAITHFUL: Group = Group("The undamaged copy did not come out the same", "inconclusive");
const BROKEN: Group = Group("Reported success, and cannot be restored", "missed");
const UNKNOWN: Group = Group("Not known", "inconclusive");
const DAMAGE: Group = Group("Damage", "");
const PERTURBATION: Group = Group("Perturbations", "");
const CONTROL: Group = Group("Control", "");
const REQUESTS: Group = Group("Requests to the store", "");
const PROGRAMS: Group = Group("Child processes", "");

/// In the order in which they are shown.
const GROUPS: [Group; 10] =
    [SURVIVORS, WRONG, UNFAITHFUL, BROKEN, UNKNOWN, DAMAGE, PERTURBATION, CONTROL, REQUESTS, PROGRAMS];

/// The trials of the sabotage; `None`: there was none.
pub(super) fn sabotage(material: &Material) -> Option<TrialsView> {
    let trials = &material.verdict.sabotage;
    view(material, &OF_SABOTAGE, summary(trials), trials.iter().map(|trial| (group(trial), trial_view(trial))))
}

/// The disturbed backups; `None`: there is none.
pub(super) fn crash_points(material: &Material) -> Option<TrialsView> {
    let points = &material.verdict.crash_points;
    let summary = format!("{}{}", points_summary(points), of_all(material, points.len()));
    view(material, &OF_CRASH_POINTS, summary, points.iter().map(|point| (point_group(point), point_view(point))))
}

fn view(
    material: &Material,
    kind: &Kind,
    summary: String,
    rows: impl Iterator<Item = (Group, TrialView)>,
) -> Option<TrialsView> {
    let rows: Vec<(Group, TrialView)> = rows.collect();
    let of = |group: Group| GroupView {
        title: group.0,
        class: group.1,
        rows: rows.iter().filter(|(of, _)| *of == group).map(|(_, row)| row.clone()).collect(),
    };
    let groups = GROUPS.into_iter().map(of).filter(|group| !group.rows.is_empty());
    let findings = &material.verdict.findings;
    let is_told = findings.iter().any(|finding| finding.checker == kind.checker && finding.verdict != Verdict::Met);
    let (bad, groups): (Vec<_>, Vec<_>) = groups.partition(|group| is_told && !group.class.is_empty());
    let shown = groups.iter().map(|group| group.rows.len()).sum();
    let Kind { id, title, intro, .. } = *kind;
    let has_bad = !bad.is_empty();
    (!rows.is_empty()).then_some(TrialsView { id, title, intro, summary, has_bad, bad, groups, shown })
}

fn group(trial: &JudgedTrial) -> Group {
    match (&trial.end, trial.kind) {
        (TrialEnd::Unknown { .. }, _) => UNKNOWN,
        (TrialEnd::Same, SabotageKind::Control) => CONTROL,
        (_, SabotageKind::Control) => UNFAITHFUL,
        (TrialEnd::Survived, _) => SURVIVORS,
        (TrialEnd::Noticed { .. }, SabotageKind::Perturbation) => WRONG,
        (_, SabotageKind::Perturbation) => PERTURBATION,
        (_, SabotageKind::Damage) => DAMAGE,
    }
}

fn trial_view(trial: &JudgedTrial) -> TrialView {
    let (outcome, why, telling) = match &trial.end {
        TrialEnd::Refused { step, says, telling } => (format!("refused at {step}"), says.clone(), telling.clone()),
        TrialEnd::Noticed { by } => (format!("noticed by {}", names(by)), reasons(by), None),
        TrialEnd::Same => {
            let outcome = if trial.kind == SabotageKind::Damage { "harmless" } else { "came out the same" };
            let why = if trial.kind == SabotageKind::Damage { "the very same rows came back" } else { "" };
            (outcome.to_owned(), why.to_owned(), None)
        }
        TrialEnd::Survived => ("NOT NOTICED".to_owned(), "other rows came back, and no check minds".to_owned(), None),
        TrialEnd::Unknown { why } => ("not known".to_owned(), why.clone(), None),
    };
    TrialView {
        what: trial.what.clone(),
        touched: keys(&trial.touched),
        how: "",
        outcome,
        restorable: "",
        why: words::cut(&why, LONGEST),
        telling: words::cut(&telling.unwrap_or_default(), LONGEST),
    }
}

fn keys(touched: &[String]) -> Vec<String> {
    let more = touched.len().saturating_sub(KEYS);
    let more = (more > 0).then(|| format!("and {} more", words::grouped(more as u64)));
    touched.iter().take(KEYS).map(|key| words::cut(key, LONGEST)).chain(more).collect()
}

/// What a trial shows, and in one sentence what came of it.
pub(crate) fn conclusion(trial: &JudgedTrial) -> (Verdict, String) {
    let verdict = match group(trial).1 {
        "" => Verdict::Met,
        "missed" if trial.end != TrialEnd::Survived => Verdict::Missed,
        _ => Verdict::Inconclusive,
    };
    let row = trial_view(trial);
    (verdict, sentence(row.outcome.clone(), &row))
}

/// What a disturbed backup shows, and what came of it; `None`: it was not disturbed.
pub(crate) fn point_conclusion(point: &JudgedPoint) -> (Option<Verdict>, String) {
    let (verdict, says) = match &point.end {
        PointEnd::Failed { .. } => (Some(Verdict::Met), "the backup said that it failed"),
        PointEnd::Restored => (Some(Verdict::Met), "the backup reported success and came back"),
        PointEnd::Broken { .. } => (Some(Verdict::Missed), "the backup reported success and cannot be restored"),
        PointEnd::NotReached => (None, "nothing came of it"),
        PointEnd::NotTried { .. } => (Some(Verdict::Inconclusive), "it is not known what comes of it"),
    };
    (verdict, sentence(says.to_owned(), &point_view(point)))
}

fn sentence(says: String, row: &TrialView) -> String {
    let parts = [says, row.why.clone(), row.telling.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

fn names(by: &[Noticed]) -> String {
    let name = |by: &Noticed| by.checker.clone().unwrap_or_else(|| "the look at what came back".to_owned());
    by.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn reasons(by: &[Noticed]) -> String {
    let reason = |one: &Noticed| match &one.checker {
        Some(checker) if by.len() > 1 => format!("{checker}: {}", one.says),
        _ => one.says.clone(),
    };
    by.iter().map(reason).collect::<Vec<_>>().join("; ")
}

/// What trials and backups are counted as, in the order in which a summary names them.
const COUNTED: [&str; 11] = [
    "NOT NOTICED",
    "reported done and WRONG",
    "REPORTED SUCCESS AND CANNOT BE RESTORED",
    "refused by the restore",
    "noticed by a check",
    "came out the same",
    "harmless",
    "said that they failed",
    "reported success and came back",
    "ended before their step",
    "not known",
];

/// How many of each there are; what there is none of is not named.
fn tally(ends: &[&'static str]) -> String {
    let number = |counted: &&str| ends.iter().filter(|end| *end == counted).count();
    let named = COUNTED.iter().filter(|counted| number(counted) > 0);
    named.map(|counted| format!("{} {counted}", number(counted))).collect::<Vec<_>>().join(", ")
}

fn counted(trial: &JudgedTrial) -> &'static str {
    match (&trial.end, trial.kind) {
        (TrialEnd::Survived, _) => "NOT NOTICED",
        (TrialEnd::Noticed { .. }, SabotageKind::Perturbation) => "reported done and WRONG",
        (TrialEnd::Noticed { .. }, _) => "noticed by a check",
        (TrialEnd::Refused { .. }, _) => "refused by the restore",
        (TrialEnd::Same, SabotageKind::Damage) => "harmless",
        (TrialEnd::Same, _) => "came out the same",
        (TrialEnd::Unknown { .. }, _) => "not known",
    }
}

fn summary(trials: &[JudgedTrial]) -> String {
    let of = |kind| -> Vec<&'static str> { trials.iter().filter(|trial| trial.kind == kind).map(counted).collect() };
    let (damage, disturbed) = (of(SabotageKind::Damage), of(SabotageKind::Perturbation));
    let mut summary = match damage.len() as u64 {
        0 => "no kind of damage was tried".to_owned(),
        number => format!("{} of damage: {}", words::count(number, "kind"), tally(&damage)),
    };
    let open = |end: &&str| matches!(*end, "NOT NOTICED" | "not known");
    if !damage.is_empty() && !damage.iter().any(open) {
        summary.push_str("; none survived");
    }
    if !disturbed.is_empty() {
        let number = words::count(disturbed.len() as u64, "perturbation");
        summary.push_str(&format!(". {number} of the way: {}", tally(&disturbed)));
    }
    format!("{summary}.")
}

fn point_group(point: &JudgedPoint) -> Group {
    match (&point.end, &point.at) {
        (PointEnd::Broken { .. }, _) => BROKEN,
        (PointEnd::NotTried { .. }, _) => UNKNOWN,
        (_, CrashStep::Request { .. } | CrashStep::From { .. }) => REQUESTS,
        (_, CrashStep::Program { .. }) => PROGRAMS,
    }
}

fn point_view(point: &JudgedPoint) -> TrialView {
    let (what, how) = match &point.at {
        CrashStep::Request { number } => (format!("request {number}"), "connection broken"),
        CrashStep::From { request } => (format!("request {request}"), "store gone from it on"),
        CrashStep::Program { number: 1, name } => (name.clone(), "killed at its start"),
        CrashStep::Program { number, name } => (format!("{} {name}", words::ordinal(*number)), "killed at its start"),
    };
    let (outcome, restorable, why, telling) = match &point.end {
        PointEnd::Failed { says, telling } => ("failure", "not claimed", says.as_str(), telling.as_deref()),
        PointEnd::Restored => ("success", "yes, to the row", "", None),
        PointEnd::Broken { says, telling } => ("success", "NO", says.as_str(), telling.as_deref()),
        PointEnd::NotReached => ("nothing", "", "the backup did not come to it", None),
        PointEnd::NotTried { why } => ("not known", "not known", why.as_str(), None),
    };
    TrialView {
        what,
        touched: Vec::new(),
        how,
        outcome: outcome.to_owned(),
        restorable,
        why: words::cut(why, LONGEST),
        telling: words::cut(telling.unwrap_or_default(), LONGEST),
    }
}

fn points_counted(point: &JudgedPoint) -> &'static str {
    match &point.end {
        PointEnd::Failed { .. } => "said that they failed",
        PointEnd::Restored => "reported success and came back",
        PointEnd::Broken { .. } => "REPORTED SUCCESS AND CANNOT BE RESTORED",
        PointEnd::NotReached => "ended before their step",
        PointEnd::NotTried { .. } => "not known",
    }
}

fn points_summary(points: &[JudgedPoint]) -> String {
    let ends: Vec<&'static str> = points.iter().map(points_counted).collect();
    format!("{}: {}.", words::count(points.len() as u64, "disturbed backup"), tally(&ends))
}

/// Of how many steps these are a sample, where they are one.
fn of_all(material: &Material, tried: usize) -> String {
    let seen = material.observations.values().find_map(|observation| match observation {
        Observation::CrashPoints(seen) => Some(seen),
        _ => None,
    });
    let all = seen.map_or(0, CrashPoints::number_of_steps);
    if all <= tried as u64 {
        return String::new();
    }
    format!(" They are an even sample of the {} that could be disturbed.", words::grouped(all))
}
