//! BYTES: values that backups like to change came back to the byte.

use blackstart_record::observation::Canary;
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::words::{count, list};

/// Canary values to the byte.
pub const CHECKER: Checker = Checker { name: "BYTES", check };

fn check(evidence: &Evidence) -> Finding {
    let canaries: Vec<&Canary> = evidence.canaries().into_iter().flatten().collect();
    let compared = canaries.len() as u64;
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if evidence.canaries().is_empty() {
        return found(Verdict::Inconclusive, "no examination looked at the planted values".into());
    }
    if canaries.is_empty() && !evidence.is_rightly_empty() {
        return found(Verdict::Inconclusive, "no value was planted".into());
    }
    let wrong: Vec<&&Canary> =
        canaries.iter().filter(|canary| !canary.found || canary.planted != canary.restored).collect();
    if wrong.is_empty() {
        return found(Verdict::Met, format!("{} came back to the byte", count(compared, "planted value")));
    }
    let names: Vec<String> = wrong.iter().take(3).map(|canary| canary.name.clone()).collect();
    let more = if wrong.len() > 3 { ", ..." } else { "" };
    let says = format!(
        "{} of {compared} did not come back: {}{more}",
        count(wrong.len() as u64, "planted value"),
        list(&names)
    );
    let mut finding = found(Verdict::Missed, says);
    let missing = wrong.iter().filter(|canary| !canary.found).count();
    finding.cause = Some(
        if missing == wrong.len() {
            "the rows or large objects were left out of the artifact"
        } else {
            "another encoding, time zone or type on the way, or every value was overwritten before the backup"
        }
        .into(),
    );
    finding.details = wrong.iter().map(|canary| describe(canary)).collect();
    finding
}

fn describe(canary: &Canary) -> String {
    let shown = |value: &Option<String>| value.as_ref().map_or("NULL".to_owned(), |hex| short(hex));
    if canary.found {
        format!("{}: planted {}, restored {}", canary.name, shown(&canary.planted), shown(&canary.restored))
    } else {
        format!("{}: planted {}, not found", canary.name, shown(&canary.planted))
    }
}

fn short(hex: &str) -> String {
    match hex.get(..64) {
        Some(head) if hex.len() > 64 => format!("0x{head}... ({} bytes)", hex.len() / 2),
        _ => format!("0x{hex}"),
    }
}
