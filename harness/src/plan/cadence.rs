//! When the drills of a profile are due: a cron line that knows the first Monday, and time zones.

use std::borrow::Cow;

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions, parse_crontab_with};
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, de};

use super::units::text_value;

const EXAMPLE: &str = "a cadence is `minute hour day-of-month month day-of-week`, with `Mon#1` for the first Monday and \
                       a time zone at its end where it is not UTC: `0 2 * * Mon#1`, `0 2 1 */3 * Africa/Nairobi`";

const FIELDS: [&str; 5] = ["minute", "hour", "day of month", "month", "day of week"];

/// The least that two times of a cron line are apart.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// A time that does not come within four years is none that `cronexpr` finds.
const LONGEST: SignedDuration = SignedDuration::from_hours(4 * 366 * 24);

/// A cron line of five fields, and a time zone where it is not UTC.
#[derive(Clone, Debug)]
pub struct Cadence {
    text: String,
    cron: Crontab,
}

impl Cadence {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let cron = parse_crontab_with(text, options)
            .map_err(|error| format!("\"{text}\" is no cadence: {}\n{EXAMPLE}", reason(&error.to_string())))?;
        let cadence = Self { text: text.to_owned(), cron };
        let never = || format!("the cadence \"{text}\" never comes: no year has such a day\n{EXAMPLE}");
        cadence.next(Timestamp::UNIX_EPOCH).ok_or_else(never)?;
        Ok(cadence)
    }

    /// The first time after `after`.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.cron.find_next(MakeTimestamp(after)).ok().map(|found| found.timestamp())
    }

    /// The last time up to and with `until`.
    pub fn last(&self, until: Timestamp) -> Option<Timestamp> {
        // Looked for in a window that grows until something is in it, so that a yearly cadence costs no more than one a minute.
        let mut window = MINUTE;
        while window <= LONGEST {
            let mut found = self.next(until.checked_sub(window).ok()?).filter(|at| *at <= until);
            while let Some(at) = found {
                let next = self.next(at).filter(|next| *next <= until);
                if next.is_none() {
                    return Some(at);
                }
                found = next;
            }
            window *= 2;
        }
        None
    }
}

/// What `cronexpr` says shows the line again, and below it a caret and what is wrong: that, and the field where the caret is.
fn reason(said: &str) -> String {
    let mut lines = said.lines().rev();
    let (marked, shown) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let (before, why) = marked.split_once("^ ").unwrap_or(("", marked));
    let why = why.split_once("; for a list").map_or(why, |(why, _)| why);
    // A caret behind the line marks what is missing there.
    let field = shown.get(..before.len()).filter(|field| field.len() < shown.len());
    let field = field.and_then(|before| FIELDS.get(before.matches(' ').count()));
    field.map_or_else(|| why.to_owned(), |field| format!("{field}: {why}"))
}

impl std::fmt::Display for Cadence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Cadence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

text_value!(
    Cadence,
    "a cron line such as \"0 2 * * Mon#1\"",
    r"\S",
    "A cron line of five fields, which knows `Mon#1` (the first Monday), `5L` and `15W`, in UTC or in the time zone at its end."
);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_cadence_comes_when_its_line_says() {
        // The line, a moment, the last time up to it, the next after it.
        for (line, moment, last, next) in [
            ("0 2 * * Mon#1", "2026-11-29T12:00:00Z", "2026-11-02T02:00:00Z", "2026-12-07T02:00:00Z"),
            ("0 2 * * Mon#1", "2026-12-07T02:00:00Z", "2026-12-07T02:00:00Z", "2027-01-04T02:00:00Z"),
            ("0 2 * * Mon#1", "2026-12-07T01:59:59Z", "2026-11-02T02:00:00Z", "2026-12-07T02:00:00Z"),
            ("0 2 * * Mon", "2026-11-29T12:00:00Z", "2026-11-23T02:00:00Z", "2026-11-30T02:00:00Z"),
            ("0 2 * * *", "2026-11-29T12:00:00Z", "2026-11-29T02:00:00Z", "2026-11-30T02:00:00Z"),
            ("* * * * *", "2026-11-29T12:00:30Z", "2026-11-29T12:00:00Z", "2026-11-29T12:01:00Z"),
            ("0 2 1 1,4,7,10 *", "2026-11-29T12:00:00Z", "2026-10-01T02:00:00Z", "2027-01-01T02:00:00Z"),
            ("0 2 29 2 *", "2026-11-29T12:00:00Z", "2024-02-29T02:00:00Z", "2028-02-29T02:00:00Z"),
            ("0 2 * * Mon#1 Africa/Nairobi", "2026-11-29T12:00:00Z", "2026-11-01T23:00:00Z", "2026-12-06T23:00:00Z"),
            // An hour that a clock skips in spring comes when it is over.
            ("0 2 * * * Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-28T01:00:00Z", "2026-03-30T00:00:00Z"),
        ] {
            let cadence = Cadence::parse(line).unwrap();
            let found = (cadence.last(at(moment)), cadence.next(at(moment)));
            assert_eq!(found, (Some(at(last)), Some(at(next))), "{line} at {moment}");
        }
    }

    #[test]
    fn what_is_no_cadence_is_explained() {
        for (line, says) in [
            ("0 25 * * Mon#1", "hour: value must be in range 0..=23; found 25"),
            ("0 2 * * Mon#6", "day of week: "),
            ("0 2 * *", "is no cadence: missing days of week"),
            ("first Monday", "minute: "),
            ("@monthly", "minute: "),
            ("", "cannot be empty"),
            ("0 2 * * Mon Mars/Olympus", "failed to find timezone Mars/Olympus"),
            ("0 2 31 2 *", "never comes"),
        ] {
            let said = Cadence::parse(line).unwrap_err();
            let (first, help) = said.split_once('\n').unwrap();
            assert!(first.contains(says) && !first.ends_with(": "), "{line}: {said}");
            assert!(help.starts_with("a cadence is `minute hour"), "{line}: {said}");
        }
    }
}
