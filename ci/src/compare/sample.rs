//! Samples as `benches` prints them, and the rows that they become.
//!
//! Lines of fields between tabs: `row NAME UNIT AIM LIMIT AGAINST`, then `sample NAME VALUE` for each measurement, and
//! `note NAME TEXT`. A comparison of two programs prints the pair's ratio as the value.

use std::fmt::Write as _;

use super::spread::Spread;
use crate::figures::Figure;

/// What a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

impl Aim {
    /// An interval over the limit says neither.
    fn judge(self, spread: Spread) -> &'static str {
        let (good, bad) = match self {
            Self::AtMost(limit) => (spread.upper <= limit, spread.lower > limit),
            Self::AtLeast(limit) => (spread.lower >= limit, spread.upper < limit),
        };
        match (good, bad) {
            (true, _) => "met",
            (_, true) => "missed",
            _ => "inconclusive",
        }
    }

    fn show(self, unit: &str) -> String {
        match self {
            Self::AtMost(limit) => format!("<= {}", amount(limit, unit)),
            Self::AtLeast(limit) => format!(">= {}", amount(limit, unit)),
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    name: String,
    against: String,
    unit: String,
    aim: Aim,
    values: Vec<f64>,
    notes: Vec<String>,
}

impl Row {
    fn says(&self) -> (String, String) {
        let aim = self.aim.show(&self.unit);
        let Some(spread) = Spread::of(self.values.clone()) else { return ("not measured".to_owned(), aim) };
        let [median, lower, upper] = [spread.median, spread.lower, spread.upper].map(|v| amount(v, &self.unit));
        (
            format!("{median} ({lower} to {upper}, {} runs)", spread.samples),
            format!("{aim}: {}", self.aim.judge(spread)),
        )
    }

    /// Against what it is measured; nothing where its aim is its own.
    fn opponent(&self) -> String {
        if self.against == "-" { String::new() } else { format!(" against {}", self.against) }
    }

    /// For the table of figures.
    pub fn figure(&self) -> Figure {
        let (value, aim) = self.says();
        let notes: String = self.notes.iter().map(|note| format!("; {note}")).collect();
        Figure { name: format!("{}{}", self.name, self.opponent()), value: value + &notes, aim }
    }
}

/// Every row that was announced, with its samples.
#[derive(Debug, Default)]
pub struct Samples(Vec<Row>);

impl Samples {
    /// Takes one line of output.
    ///
    /// # Errors
    /// It is of none of the three kinds: the two programs do not belong together.
    pub fn take(&mut self, line: &str) -> Result<(), String> {
        let fields: Vec<&str> = line.split('\t').collect();
        let taken = match fields[..] {
            ["row", name, unit, aim, limit, against] => self.row(name, unit, aim, limit, against),
            ["sample", name, value] => self.sample(name, value),
            ["note", name, text] => self.find(name).map(|row| row.notes.push(text.to_owned())),
            _ => None,
        };
        taken.ok_or_else(|| format!("benches printed a line that is none of its own: {line:?}"))
    }

    fn row(&mut self, name: &str, unit: &str, aim: &str, limit: &str, against: &str) -> Option<()> {
        let limit = limit.parse().ok()?;
        let aim = match aim {
            "at-most" => Aim::AtMost(limit),
            "at-least" => Aim::AtLeast(limit),
            _ => return None,
        };
        let [name, unit, against] = [name, unit, against].map(str::to_owned);
        self.0.push(Row { name, against, unit, aim, values: Vec::new(), notes: Vec::new() });
        Some(())
    }

    fn sample(&mut self, name: &str, value: &str) -> Option<()> {
        let value = value.parse().ok()?;
        self.find(name)?.values.push(value);
        Some(())
    }

    fn find(&mut self, name: &str) -> Option<&mut Row> {
        self.0.iter_mut().find(|row| row.name == name)
    }

    /// The rows, in the order in which they were announced.
    pub fn rows(self) -> Vec<Row> {
        self.0
    }
}

/// The rows for people: a line each, its notes below.
pub fn table(rows: &[Row]) -> String {
    let wide = |cell: fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (names, values) = (wide(|row| row.name.len()), wide(|row| row.says().0.len()));
    let mut text = String::new();
    for row in rows {
        let (value, aim) = row.says();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:names$}  {value:values$}  aim {aim}{}", row.name, row.opponent());
        for note in &row.notes {
            let _ = writeln!(text, "{:names$}  {note}", "");
        }
    }
    text
}

/// A value in its unit: ratios to three places, counts without.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "x" => format!("{value:.3}"),
        "s" => format!("{value:.3} s"),
        "M/s" => format!("{value:.2} M/s"),
        unit => format!("{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(aim: &str, values: &[f64]) -> Vec<Row> {
        let mut samples = Samples::default();
        samples.take(&format!("row\tjunit\tx\t{aim}\tbare quick-junit")).unwrap();
        values.iter().for_each(|value| samples.take(&format!("sample\tjunit\t{value}")).unwrap());
        samples.rows()
    }

    #[test]
    fn an_interval_is_judged_whole() {
        for (aim, values, judged) in [
            ("at-most\t2", &[1.0, 1.5, 2.0][..], "met"),
            ("at-most\t2", &[1.0, 1.5, 2.1], "inconclusive"),
            ("at-most\t2", &[2.1, 2.2], "missed"),
            ("at-least\t0.95", &[0.95, 1.2], "met"),
            ("at-least\t0.95", &[0.9, 1.2], "inconclusive"),
            ("at-least\t0.95", &[0.9, 0.94], "missed"),
        ] {
            let figure = samples(aim, values)[0].figure();
            assert!(figure.aim.ends_with(&format!(": {judged}")), "{aim} {values:?}: {figure:?}");
        }
    }

    #[test]
    fn a_row_without_a_sample_is_not_met() {
        let figure = samples("at-most\t2", &[])[0].figure();
        assert_eq!((figure.value.as_str(), figure.aim.as_str()), ("not measured", "<= 2.000"));
    }

    #[test]
    fn a_row_shows_median_interval_runs_aim_and_notes() {
        let mut samples = Samples::default();
        samples.take("row\tverify\tx\tat-most\t1.15\tCOPY").unwrap();
        samples.take("sample\tverify\t1.1").unwrap();
        samples.take("sample\tverify\t1.05").unwrap();
        samples.take("note\tverify\t7 s against 6.7 s").unwrap();
        let said = table(&samples.rows());
        let expected =
            "verify  1.075 (1.050 to 1.100, 2 runs)  aim <= 1.150: met against COPY\n        7 s against 6.7 s\n";
        assert_eq!(said, expected);
    }

    #[test]
    fn a_line_of_another_kind_is_refused() {
        let mut samples = Samples::default();
        for line in
            ["", "hello", "sample\tunknown\t1", "row\ta\tx\tabout\t2\tb", "sample\ta", "row\ta\tx\tat-most\tb\tc"]
        {
            assert!(samples.take(line).is_err(), "{line:?}");
        }
    }
}
