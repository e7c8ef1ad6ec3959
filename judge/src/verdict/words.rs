//! How counts and sizes are written in sentences.

pub use blackstart_record::words::{bytes, count, grouped};

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The line of a program's last ones that says most of why it failed: the last that calls itself an error, else the last.
pub fn telling(lines: &[String]) -> Option<&String> {
    const MARKS: [&str; 5] = ["PANIC:", "FATAL:", "ERROR:", "error:", "fatal:"];
    // What a server answers whoever knocks too early, the harness among them.
    const NOT_YET: &str = "FATAL:  the database system is";
    let complains = |line: &&String| !line.contains(NOT_YET) && MARKS.iter().any(|mark| line.contains(mark));
    lines.iter().rfind(complains).or(lines.last())
}

/// What an error says first; what a tool said besides is below it.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

/// What an error says first and, of the lines below it, the one that says most of why.
pub fn first_and_telling(text: &str) -> (String, Option<String>) {
    let below: Vec<String> = text.lines().skip(1).map(|line| line.trim().to_owned()).collect();
    let below: Vec<String> = below.into_iter().filter(|line| !line.is_empty()).collect();
    (first_line(text).to_owned(), telling(&below).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_line_is_the_last_error_and_else_the_last() {
        let lines = [
            "LOG: starting",
            "FATAL:  no checkpoint record",
            "FATAL:  the database system is in recovery mode",
            "LOG: shut down",
        ]
        .map(String::from);
        assert_eq!(telling(&lines), Some(&lines[1]));
        assert_eq!(telling(&lines[2..]), Some(&lines[3]));
        assert_eq!(telling(&[]), None);
    }

    #[test]
    fn an_error_is_told_by_its_first_line_and_the_telling_one_below_it() {
        let cases = [
            ("", "", None),
            ("exited with 1", "exited with 1", None),
            ("exited with 1\n\n  ", "exited with 1", None),
            ("exited with 4\n  ERROR: bad checksum\n  see the log", "exited with 4", Some("ERROR: bad checksum")),
            ("has ended\n  LOG: starting\n  LOG: shut down", "has ended", Some("LOG: shut down")),
        ];
        for (text, first, telling) in cases {
            assert_eq!(first_and_telling(text), (first.to_owned(), telling.map(str::to_owned)), "{text:?}");
        }
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(0, "row"), "0 rows");
        assert_eq!(count(1_234_567, "row"), "1,234,567 rows");
        assert_eq!(
            (bytes(999), bytes(48_210_000), bytes(2_000_000_000_000)),
            ("999 bytes".into(), "48.2 MB".into(), "2.0 TB".into())
        );
        let items = ["a", "b", "c"].map(String::from);
        assert_eq!(
            (list(&items), list(&items[..2]), list(&[])),
            ("a, b and c".into(), "a and b".into(), String::new())
        );
    }
}
