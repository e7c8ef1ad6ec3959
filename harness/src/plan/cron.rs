//! Cron lines, as far as a schedule needs them: the longest time between two runs.

use blackstart_record::time::Nanos;

/// Days of the Gregorian cycle: after 400 years dates and weekdays repeat together, so one cycle is all there is.
const CYCLE_DAYS: i64 = 146_097;
const MINUTES_OF_A_DAY: u64 = 24 * 60;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Abbreviations that cron knows, for the line that they stand for.
const MACROS: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// A cron line of five fields: minute, hour, day of month, month, day of week. In UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both days fields are restricted: a day matches if either does, as in every cron since Vixie's.
    either_day: bool,
}

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of month", least: 1, most: 31, names: &[] },
    Field { name: "month", least: 1, most: 12, names: &MONTHS },
    // 7 is Sunday too.
    Field { name: "day of week", least: 0, most: 7, names: &WEEKDAYS },
];

impl Cron {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let example = "a cron line is `minute hour day-of-month month day-of-week`, such as `0 2 * * *`";
        let line = text.trim();
        let line = match MACROS.iter().find(|(name, _)| *name == line) {
            Some((_, meaning)) => meaning,
            None if line.starts_with('@') => return Err(format!("cron does not know `{line}`\n{example}")),
            None => line,
        };
        let fields: Vec<&str> = line.split_whitespace().collect();
        let Ok([minutes, hours, days, months, weekdays]) = <[&str; 5]>::try_from(fields) else {
            let count = line.split_whitespace().count();
            return Err(format!("a cron line has 5 fields, \"{text}\" has {count}\n{example}"));
        };
        let set = |index: usize, field: &str| {
            set_of(&FIELDS[index], field).map_err(|why| format!("{why} in the cron line \"{text}\"\n{example}"))
        };
        let weekday_set = set(4, weekdays)?;
        let cron = Self {
            minutes: set(0, minutes)?,
            hours: set(1, hours)?,
            days: set(2, days)?,
            months: set(3, months)?,
            weekdays: weekday_set | (weekday_set >> 7 & 1),
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        };
        if cron.run_days().next().is_none() {
            return Err(format!("the cron line \"{text}\" never runs: no year has such a day\n{example}"));
        }
        Ok(cron)
    }

    /// The longest time between two runs in a row, over all the years that there are.
    pub(super) fn longest_gap(&self) -> Nanos {
        let times: Vec<u64> = (0..MINUTES_OF_A_DAY)
            .filter(|minute| has(self.hours, minute / 60) && has(self.minutes, minute % 60))
            .collect();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return Nanos::ZERO };
        let within = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let days: Vec<i64> = self.run_days().collect();
        let wrapped = days.first().map(|day| day + CYCLE_DAYS);
        let following = days.iter().copied().skip(1).chain(wrapped);
        let apart = days.iter().zip(following).map(|(day, next)| (next - day).unsigned_abs()).max().unwrap_or(1);
        let between = apart * MINUTES_OF_A_DAY - last + first;
        Nanos::from_secs(60 * within.max(between))
    }

    /// The days of one cycle on which it runs, counted from 1 January 2000 (a Saturday).
    fn run_days(&self) -> impl Iterator<Item = i64> + '_ {
        const SATURDAY: u64 = 6;
        let mut date = (2000_i64, 1_u64, 1_u64);
        (0..CYCLE_DAYS).filter(move |day| {
            let (_, month, day_of_month) = date;
            let by_date = has(self.days, day_of_month);
            let by_weekday = has(self.weekdays, (SATURDAY + day.unsigned_abs()) % 7);
            let day_matches = if self.either_day { by_date || by_weekday } else { by_date && by_weekday };
            date = next_day(date);
            has(self.months, month) && day_matches
        })
    }
}

fn has(set: u64, value: u64) -> bool {
    set >> value & 1 == 1
}

fn next_day((year, month, day): (i64, u64, u64)) -> (i64, u64, u64) {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    match (day < length, month < 12) {
        (true, _) => (year, month, day + 1),
        (false, true) => (year, month + 1, 1),
        (false, false) => (year + 1, 1, 1),
    }
}

/// The values that a field allows, one bit each: a list of values, ranges and steps.
fn set_of(field: &Field, text: &str) -> Result<u64, String> {
    let mut set = 0;
    for item in text.split(',') {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (field.least, field.most),
            Some((low, high)) => (value_of(field, low)?, value_of(field, high)?),
            // `5/15` means from 5 on.
            None if step.is_some() => (value_of(field, range)?, field.most),
            None => (value_of(field, range)?, value_of(field, range)?),
        };
        if low > high {
            return Err(format!("the range `{range}` runs backwards ({})", field.name));
        }
        let step = match step.map(str::parse::<usize>) {
            None => 1,
            Some(Ok(step)) if step > 0 => step,
            Some(_) => return Err(format!("the step of `{item}` is no number above 0 ({})", field.name)),
        };
        set |= (low..=high).step_by(step).fold(0, |set, value| set | 1_u64 << value);
    }
    Ok(set)
}

fn value_of(field: &Field, text: &str) -> Result<u32, String> {
    let by_name = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    if let Some(index) = by_name.and_then(|index| u32::try_from(index).ok()) {
        return Ok(index + field.least);
    }
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(value) if all_digits && (field.least..=field.most).contains(&value) => Ok(value),
        _ => Err(format!("`{text}` is no {} from {} to {}", field.name, field.least, field.most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_the_worst_wait_between_two_runs() {
        const HOUR: u64 = 60;
        const DAY: u64 = 24 * HOUR;
        for (line, minutes) in [
            ("* * * * *", 1),
            ("*/15 * * * *", 15),
            ("*/7 * * * *", 7),
            ("5/20 * * * *", 20),
            ("0 * * * *", HOUR),
            ("0 2 * * *", DAY),
            ("@daily", DAY),
            ("0 */6 * * *", 6 * HOUR),
            ("0 */5 * * *", 5 * HOUR),
            ("0 8-18 * * *", 14 * HOUR),
            ("30 9,17 * * *", 16 * HOUR),
            ("0 2 * * 0", 7 * DAY),
            ("0 2 * * 7", 7 * DAY),
            ("0 2 * * sun", 7 * DAY),
            ("0 2 * * 1-5", 3 * DAY),
            ("0 8-18/2 * * mon-fri", 2 * DAY + 14 * HOUR),
            ("0 2 1 * *", 31 * DAY),
            ("0 2 31 * *", 61 * DAY),
            ("0 0 1 1 *", 366 * DAY),
            // Two restricted day fields: the 1st or a Sunday, never more than a week apart.
            ("0 2 1 * 0", 7 * DAY),
            // From 2096 to 2104: 2100 is no leap year.
            ("0 0 29 2 *", 2921 * DAY),
        ] {
            assert_eq!(Cron::parse(line).unwrap().longest_gap(), Nanos::from_secs(60 * minutes), "{line}");
        }
    }

    #[test]
    fn a_bad_line_says_which_field() {
        for (line, expected) in [
            ("0 2 * *", "has 5 fields, \"0 2 * *\" has 4"),
            ("60 2 * * *", "`60` is no minute from 0 to 59"),
            ("0 24 * * *", "`24` is no hour"),
            ("0 0 0 * *", "`0` is no day of month from 1 to 31"),
            ("0 0 * 13 *", "`13` is no month"),
            ("0 0 * * 8", "`8` is no day of week"),
            ("0 0 * * foo", "`foo` is no day of week"),
            ("0 5-1 * * *", "runs backwards"),
            ("*/0 * * * *", "no number above 0"),
            ("+5 * * * *", "`+5` is no minute"),
            (", * * * *", "`` is no minute"),
            ("0 0 31 2 *", "never runs"),
            ("@sometimes", "does not know `@sometimes`"),
        ] {
            let said = Cron::parse(line).unwrap_err();
            assert!(said.contains(expected), "{line}: {said}");
        }
    }
}
