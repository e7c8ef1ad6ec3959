//! WRITE: the application's role can write to the restored copy.

use blackstart_record::observation::WriteTrial;
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::words::count;

/// Writes by the application's role, the next id among them.
pub const CHECKER: Checker = Checker { name: "WRITE", check };

fn check(evidence: &Evidence) -> Finding {
    let trials: Vec<&WriteTrial> = evidence.writes().into_iter().flatten().collect();
    let compared = trials.len() as u64;
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if trials.is_empty() {
        return found(Verdict::Inconclusive, "no write was tried on the restored copy".into());
    }
    let refused: Vec<(&str, &str)> =
        trials.iter().filter_map(|trial| Some((trial.what.as_str(), trial.error.as_deref()?))).collect();
    let [(what, error), ..] = refused[..] else {
        return found(Verdict::Met, format!("{} by the application's role were taken", count(compared, "write")));
    };
    let says = format!("{} of {compared} refused; the first: {what}: {error}", count(refused.len() as u64, "write"));
    let mut finding = found(Verdict::Missed, says);
    finding.cause = Some(cause(error).into());
    finding.details = refused.iter().map(|(what, error)| format!("{what}: {error}")).collect();
    finding
}

fn cause(error: &str) -> &'static str {
    let error = error.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if says(&["duplicate key", "duplicate entry", "23505"]) {
        "sequences or counters were restored behind the data: the next id is taken"
    } else if says(&["read-only", "read only", "25006", "recovery is in progress"]) {
        "the restored copy was not promoted, or is still set read-only"
    } else if says(&["permission denied", "access denied", "42501", "row-level security", "must be owner"]) {
        "roles, grants or owners were not restored"
    } else if says(&["password", "authentication", "does not exist", "28p01", "28000"]) {
        "the application's role, its password or an object it needs was not restored"
    } else {
        "the restored copy is not usable by the application as it is"
    }
}
