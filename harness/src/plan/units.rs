//! Durations, sizes and shares as people write them in TOML: `"15m"`, `"512MiB"`, `"99.9%"`.

use std::borrow::Cow;

use blackstart_record::time::Nanos;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, de};

use super::nearest::nearest;

/// Unit, nanoseconds, other ways to write it (only ever suggested).
const DURATIONS: &[(&str, u64, &[&str])] = &[
    ("ms", 1_000_000, &["msec", "msecs", "millis", "millisecond", "milliseconds"]),
    ("s", 1_000_000_000, &["sec", "secs", "second", "seconds"]),
    ("m", 60_000_000_000, &["min", "mins", "minute", "minutes"]),
    ("h", 3_600_000_000_000, &["hr", "hrs", "hour", "hours"]),
    ("d", 86_400_000_000_000, &["day", "days"]),
    ("w", 604_800_000_000_000, &["week", "weeks"]),
];

/// Unit, bytes, other ways to write it (only ever suggested).
const SIZES: &[(&str, u64, &[&str])] = &[
    ("B", 1, &["b", "byte", "bytes"]),
    ("kB", 1_000, &["KB", "kb"]),
    ("MB", 1_000_000, &["mb", "M"]),
    ("GB", 1_000_000_000, &["gb", "G"]),
    ("TB", 1_000_000_000_000, &["tb", "T"]),
    ("KiB", 1 << 10, &["kib", "K", "k"]),
    ("MiB", 1 << 20, &["mib"]),
    ("GiB", 1 << 30, &["gib"]),
    ("TiB", 1 << 40, &["tib"]),
];

/// A duration: whole numbers with units, the greatest first (`"1h"`, `"1h30m"`, `"250ms"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lapse(pub Nanos);

/// A size in bytes: a whole number with its unit (`"512MiB"`, `"2GB"`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

/// A share, in per cent (`"99.9%"`).
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    text: String,
    /// From 0 to 1.
    pub of_one: f64,
}

impl Share {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write a share as `95%` or `99.9%`";
        let number = text.trim().strip_suffix('%').map(str::trim_end);
        let number = number.ok_or_else(|| format!("\"{text}\" is no share: it lacks its `%`\n{example}"))?;
        let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        // Not divided: 99.9 % is the number nearest to 0.999.
        match format!("{number}e-2").parse::<f64>() {
            Ok(of_one) if plain && of_one <= 1.0 => Ok(Self { text: format!("{number} %"), of_one }),
            _ => Err(format!("\"{text}\" is no number from 0 to 100 per cent\n{example}")),
        }
    }
}

/// As it was written.
impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Lapse {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let example = "write a duration as `90s`, `15m`, `1h30m` or `7d`";
        if text.trim_start().starts_with('-') {
            return Err(format!("a duration cannot be negative: \"{text}\"\n{example}"));
        }
        let mut total: u64 = 0;
        for (number, unit) in amounts(text, example)? {
            let size = unit_of(text, unit, DURATIONS, example)?;
            let part = number.checked_mul(size);
            total = part
                .and_then(|part| total.checked_add(part))
                .ok_or_else(|| format!("\"{text}\" is too long: durations end at 500 years\n{example}"))?;
        }
        Ok(Self(Nanos(total)))
    }
}

impl Size {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let example = "write a size as `512MiB`, `20GB` or `4096B`";
        if text.trim_start().starts_with('-') {
            return Err(format!("a size cannot be negative: \"{text}\"\n{example}"));
        }
        let mut total: u64 = 0;
        for (number, unit) in amounts(text, example)? {
            let size = unit_of(text, unit, SIZES, example)?;
            let part = number.checked_mul(size);
            total = part
                .and_then(|part| total.checked_add(part))
                .ok_or_else(|| format!("\"{text}\" is too large: sizes end at 16777216TiB\n{example}"))?;
        }
        Ok(Self(total))
    }
}

/// As people write it, in the greatest unit that it is a whole number of.
impl Serialize for Lapse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = |(_, size, _): &&(&str, u64, &[&str])| self.0.0 > 0 && self.0.0.is_multiple_of(*size);
        let (unit, size, _) = DURATIONS.iter().rev().find(whole).unwrap_or(&DURATIONS[0]);
        serializer.collect_str(&format_args!("{}{unit}", self.0.0 / size))
    }
}

/// Splits `1h30m` into its numbers and units.
fn amounts<'a>(text: &'a str, example: &str) -> Result<Vec<(u64, &'a str)>, String> {
    let mut rest = text.trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if after.starts_with(['.', ',']) {
            return Err(format!("\"{text}\" is no whole number: take a smaller unit\n{example}"));
        }
        let after = after.trim_start();
        let end = after.find(|letter: char| letter.is_ascii_digit() || letter.is_whitespace()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        if number.is_empty() {
            return Err(format!("\"{text}\" does not begin with a number\n{example}"));
        }
        let number = number.parse().map_err(|_| format!("\"{text}\" is too large a number\n{example}"))?;
        if unit.is_empty() {
            return Err(format!("\"{text}\" has no unit\n{example}"));
        }
        found.push((number, unit));
        rest = next.trim_start();
    }
    if found.is_empty() { Err(format!("nothing is written here\n{example}")) } else { Ok(found) }
}

fn unit_of(text: &str, unit: &str, units: &[(&str, u64, &[&str])], example: &str) -> Result<u64, String> {
    if let Some((_, size, _)) = units.iter().find(|(name, ..)| *name == unit) {
        return Ok(*size);
    }
    let alias = units.iter().find(|(_, _, aliases)| aliases.contains(&unit)).map(|(name, ..)| *name);
    let long_names = || units.iter().flat_map(|(name, _, aliases)| aliases.iter().map(move |alias| (*alias, *name)));
    let near = || {
        let alias = nearest(unit, long_names().map(|(alias, _)| alias).filter(|alias| alias.len() > 3))?;
        long_names().find(|(other, _)| *other == alias).map(|(_, name)| name)
    };
    let meant = alias.or_else(near).map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    let names: Vec<String> = units.iter().map(|(name, ..)| format!("`{name}`")).collect();
    Err(format!("unknown unit `{unit}` in \"{text}\"\n{meant}units are {}; {example}", names.join(", ")))
}

/// Deserializes from a string by `parse`; the type's schema is a string of `pattern`.
macro_rules! text_value {
    ($type:ident, $expecting:literal, $pattern:literal, $describes:literal) => {
        impl<'de> de::Deserialize<'de> for $type {
            fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl de::Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        $type::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $describes })
            }
        }
    };
}
pub(super) use text_value;

text_value!(
    Lapse,
    "a duration such as \"15m\"",
    r"^\s*([0-9]+\s*(ms|s|m|h|d|w)\s*)+$",
    "A duration: whole numbers with units ms, s, m, h, d, w, such as `15m` or `1h30m`."
);
text_value!(
    Size,
    "a size such as \"512MiB\"",
    r"^\s*([0-9]+\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*)+$",
    "A size in bytes: a whole number with its unit, such as `512MiB` or `20GB`."
);
text_value!(
    Share,
    "a share such as \"99.9%\"",
    r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$",
    "A share in per cent, such as `95%` or `99.9%`."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_written() {
        for (text, millis) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("15m", 900_000),
            ("15 m", 900_000),
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1d", 86_400_000),
            ("2w", 1_209_600_000),
            ("0s", 0),
        ] {
            let lapse = Lapse(Nanos::from_millis(millis));
            assert_eq!(Lapse::parse(text), Ok(lapse), "{text}");
            let written = serde_json::to_string(&lapse).unwrap();
            assert_eq!(serde_json::from_str::<Lapse>(&written).unwrap(), lapse, "{text} is written as {written}");
        }
    }

    #[test]
    fn what_is_no_duration_is_explained() {
        for (text, message, help) in [
            ("15 parsecs", "unknown unit `parsecs` in \"15 parsecs\"", "units are `ms`"),
            ("15 minutes", "unknown unit `minutes`", "did you mean `m`?"),
            ("15 minuets", "unknown unit `minuets`", "did you mean `m`?"),
            ("15", "\"15\" has no unit", "write a duration as"),
            ("-1h", "a duration cannot be negative", "write a duration as"),
            ("1.5h", "\"1.5h\" is no whole number", "smaller unit"),
            ("", "nothing is written here", "write a duration as"),
            ("soon", "\"soon\" does not begin with a number", "write a duration as"),
            ("999999999999d", "\"999999999999d\" is too long", "500 years"),
            ("99999999999999999999s", "is too large a number", "write a duration as"),
        ] {
            let said = Lapse::parse(text).unwrap_err();
            let (first, second) = said.split_once('\n').unwrap();
            assert!(first.contains(message), "{text}: {first}");
            assert!(said.contains(help), "{text}: {second}");
        }
    }

    #[test]
    fn shares_are_read_as_written() {
        for (text, of_one, shown) in
            [("99.9%", 0.999, "99.9 %"), ("95 %", 0.95, "95 %"), ("0%", 0.0, "0 %"), ("100%", 1.0, "100 %")]
        {
            let share = Share::parse(text).unwrap();
            assert_eq!((share.of_one, share.to_string().as_str()), (of_one, shown), "{text}");
        }
        for (text, says) in [
            ("95", "lacks its `%`"),
            ("101%", "from 0 to 100"),
            ("-1%", "from 0 to 100"),
            ("inf%", "from 0 to 100"),
            ("%", "from 0 to 100"),
        ] {
            let said = Share::parse(text).unwrap_err();
            assert!(said.contains(says) && said.contains("\nwrite a share as"), "{text}: {said}");
        }
    }

    #[test]
    fn sizes_are_read_as_written() {
        for (text, bytes) in [("512MiB", 512 << 20), ("20GB", 20_000_000_000), ("4096B", 4096), ("1 TiB", 1 << 40)] {
            assert_eq!(Size::parse(text), Ok(Size(bytes)), "{text}");
        }
        assert!(Size::parse("512mb").unwrap_err().contains("did you mean `MB`?"));
        assert!(Size::parse("99999999999TiB").unwrap_err().contains("is too large"));
    }
}
