//! Text laid out for a terminal: columns, and paragraphs with a margin.

pub use blackstart_record::words::grouped;

/// `text` broken into lines of at most `width`, each after `margin` spaces. A word that is longer stays whole.
pub fn paragraph(text: &str, margin: usize, width: usize) -> String {
    let indent = " ".repeat(margin);
    let room = width.saturating_sub(margin).max(20);
    let mut out = String::new();
    for line in text.lines() {
        let mut length = 0;
        for word in line.split_whitespace() {
            let size = shown(word);
            if length == 0 {
                out.push_str(&indent);
            } else if length + 1 + size > room {
                out.push('\n');
                out.push_str(&indent);
                length = 0;
            } else {
                out.push(' ');
                length += 1;
            }
            out.push_str(word);
            length += size;
        }
        out.push('\n');
    }
    out
}

/// Rows as columns, two spaces apart, after `margin` spaces; the last column is as wide as it is.
pub fn columns(rows: &[Vec<String>], margin: usize) -> String {
    columns_within(rows, margin, usize::MAX)
}

/// The same, the last column broken into lines so that none is longer than `width`.
pub fn columns_within(rows: &[Vec<String>], margin: usize, width: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| shown(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(widest).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(margin);
        for (column, cell) in row.iter().enumerate() {
            if column + 1 < row.len() {
                line.push_str(cell);
                line.push_str(&" ".repeat(widths[column] - shown(cell) + 2));
            } else {
                line.push_str(paragraph(cell, shown(&line), width).trim());
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// How wide `text` is shown: colours take no room.
fn shown(text: &str) -> usize {
    let mut width = 0;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(|end| *end == 'm');
        } else {
            width += 1;
        }
    }
    width
}

/// `1 drill`, `2 drills`.
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Bytes in a unit that people read (`43.9 MB`); for the eye only.
pub fn bytes(number: u64) -> String {
    match number {
        0..10_000 => format!("{} bytes", grouped(number)),
        10_000..1_000_000 => format!("{} kB", number / 1_000),
        1_000_000..100_000_000 => format!("{}.{} MB", number / 1_000_000, number / 100_000 % 10),
        _ => format!("{} MB", grouped(number / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_colour() {
        let rows = [["a", "long", "x"], ["\u{1b}[32mgreen\u{1b}[0m", "b", ""]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows, 1), " a      long  x\n \u{1b}[32mgreen\u{1b}[0m  b\n");
    }

    #[test]
    fn the_last_column_goes_on_below_itself() {
        let rows = [vec!["a".to_owned(), "one two three four five six".to_owned()]];
        assert_eq!(columns_within(&rows, 0, 26), "a  one two three four five\n   six\n");
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        for (number, text) in
            [(9_999, "9,999 bytes"), (43_000, "43 kB"), (43_999_000, "43.9 MB"), (5_000_000_000, "5,000 MB")]
        {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn a_paragraph_keeps_its_margin() {
        assert_eq!(paragraph("one two three four five six seven", 2, 20), "  one two three four\n  five six seven\n");
        assert_eq!(paragraph("a\nb", 1, 80), " a\n b\n");
    }
}
