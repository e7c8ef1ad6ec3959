//! How numbers, sizes and names are written for people.

use blackstart_record::event::{Phase, Stream};
use blackstart_record::plan::Origin;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{ObjectiveKind, ObjectiveVerdict, Verdict};

pub use blackstart_record::words::{bytes, count, grouped, ordinal};

/// An instant as seen from another: `+9.3 s`, `-4.1 s`, `0 s`.
pub fn relative(at: Nanos, origin: Nanos) -> String {
    match at.cmp(&origin) {
        std::cmp::Ordering::Less => format!("\u{2212}{}", origin.since(at)),
        std::cmp::Ordering::Equal => "0 s".into(),
        std::cmp::Ordering::Greater => format!("+{}", at.since(origin)),
    }
}

/// A figure without needless digits.
pub fn figure(number: f64) -> String {
    if number.is_finite() && number.abs() >= 1000.0 {
        let sign = if number < 0.0 { "\u{2212}" } else { "" };
        return format!("{sign}{}", grouped(number.abs().round() as u64));
    }
    let text = format!("{number:.2}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share that never reads as nothing, nor as all, unless it is.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".into(),
        little if little < 1.0 => "< 1 %".into(),
        most if most > 99.0 && most < 100.0 => "> 99 %".into(),
        other => format!("{other:.0} %"),
    }
}

/// A sign beside the word, for those who cannot see the colour.
pub fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "\u{2713}",
        Verdict::Inconclusive => "?",
        Verdict::Missed => "\u{2717}",
    }
}

/// What was achieved against an objective.
pub fn achieved(judged: &ObjectiveVerdict) -> String {
    match (judged.achieved, judged.verdict, judged.kind) {
        (Some(achieved), ..) => achieved.to_string(),
        (None, Verdict::Missed, ObjectiveKind::Rto) => "not recovered".into(),
        (None, ..) => "not measured".into(),
    }
}

/// How a stream of probes reads in text.
pub fn stream(stream: Stream) -> &'static str {
    match stream {
        Stream::Read => "held session, read",
        Stream::Write => "held session, write",
        Stream::Fresh => "fresh connection",
    }
}

/// How a stage reads in text.
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Environment => "hosts, engines, stores and links are started",
        Phase::Load => "the initial data set is loaded",
        Phase::Backup => "the backup is taken",
        Phase::Workload => "the workload runs undisturbed",
        Phase::Faults => "faults are injected",
        Phase::Recovery => "the runbook runs",
        Phase::Examine => "the restored copy is examined",
        Phase::Aftermath => "the workload runs against the restored copy",
        Phase::Failback => "the application goes back to the host that failed",
        Phase::Teardown => "everything is ended",
    }
}

/// The class of an origin: a reader trusts them differently.
pub fn origin_class(origin: &Origin) -> &'static str {
    match origin {
        Origin::From { .. } => "document",
        Origin::Assumed(_) => "assumed",
        Origin::Substitutes(_) => "substitutes",
        Origin::Stated => "stated",
    }
}

/// Where a value comes from.
pub fn origin(origin: &Origin) -> String {
    match origin {
        Origin::From { section, line } => format!("\u{201c}{section}\u{201d}, line {line}"),
        other => other.to_string(),
    }
}

/// `text` cut to `longest` characters, with the number of those that are not shown.
pub fn cut(text: &str, longest: usize) -> String {
    let all = text.chars().count();
    if all <= longest {
        return text.to_owned();
    }
    let head: String = text.chars().take(longest).collect();
    format!("{head}\u{2026} ({} more characters)", grouped((all - longest) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(1_234_567, "row"), "1,234,567 rows");
        assert_eq!((bytes(999), bytes(48_210_000)), ("999 bytes".into(), "48.2 MB".into()));
        assert_eq!((figure(0.5), figure(12.0), figure(1234.6)), ("0.5".into(), "12".into(), "1,235".into()));
        assert_eq!(figure(f64::NAN), "NaN");
        assert_eq!(cut("abcdef", 4), "abcd\u{2026} (2 more characters)");
    }

    #[test]
    fn shares_never_round_to_nothing_or_to_all() {
        let texts = [0.0, 0.001, 0.344, 0.999, 1.0].map(percent);
        assert_eq!(texts, ["0 %", "< 1 %", "34 %", "> 99 %", "100 %"]);
    }

    #[test]
    fn instants_read_from_the_fault() {
        let at = Nanos::from_millis;
        assert_eq!(relative(at(9_300), at(5_000)), "+4.3 s");
        assert_eq!(relative(at(900), at(5_000)), "\u{2212}4.1 s");
        assert_eq!(relative(at(5_000), at(5_000)), "0 s");
    }
}
