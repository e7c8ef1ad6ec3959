//! WRITE: the application's role can write to the restored copy.

use blackstart_record::observation::WriteTrial;
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::words::{count, first_and_telling};

/// Writes by the application's role, the next id among them.
pub const CHECKER: Checker = Checker { name: "WRITE", check };

fn check(evidence: &Evidence) -> Finding {
    let trials: Vec<&WriteTrial> = evidence.writes().into_iter().flatten().collect();
    let compared = trials.len() as u64;
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if trials.is_empty() {
        return found(Verdict::Inconclusive, "no write was tried on the restored copy".into());
    }
    let refused: Vec<(String, &str)> =
        trials.iter().filter_map(|trial| Some((tried(trial), trial.error.as_deref()?))).collect();
    let restarted = trials.iter().filter(|trial| trial.restarted).count() as u64;
    let [(what, error), ..] = &refused[..] else {
        let again = format!(", {restarted} of them after the server was killed and started again");
        let again = if restarted > 0 { again } else { String::new() };
        let taken = count(compared, "write");
        return found(Verdict::Met, format!("{taken} by the application's role were taken{again}"));
    };
    let (first, telling) = first_and_telling(error);
    let first = telling.map_or(first.clone(), |telling| format!("{first} ({telling})"));
    let says = format!("{} of {compared} refused; the first: {what}: {first}", count(refused.len() as u64, "write"));
    let mut finding = found(Verdict::Missed, says);
    let started = trials.iter().any(|trial| !trial.restarted && trial.error.is_none());
    let only_restarted = trials.iter().all(|trial| trial.restarted || trial.error.is_none());
    finding.cause = Some(if started && only_restarted { LASTS_NOT } else { cause(error) }.into());
    finding.details = refused.iter().map(|(what, error)| format!("{what}: {error}")).collect();
    finding
}

/// What was tried, and when.
fn tried(trial: &WriteTrial) -> String {
    let when = if trial.restarted { " after the server was killed" } else { "" };
    format!("{}{when}", trial.what)
}

/// The cause where only the server's next life is refused.
const LASTS_NOT: &str = "the restored server runs on something that its next start does not find: a setting that waits for \
     a restart, or files where they do not stay";

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
