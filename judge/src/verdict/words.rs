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
