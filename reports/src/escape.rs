//! Names and values come from databases, tools and documents: none of them may become markup, or change how the text
//! around it reads.

use std::fmt::Write;

/// `text` with everything that has no picture of its own (control characters, marks that turn the direction of text)
/// written out as `\u{...}`; line breaks and tabs become spaces.
pub fn visible(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => clean.push(' '),
            hidden if is_hidden(hidden) => {
                // Writing to a string does not fail.
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(hidden));
            }
            other => clean.push(other),
        }
    }
    clean
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// For text and attributes of HTML and SVG.
pub fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// For running text and table cells of GitHub's Markdown: nothing in it is emphasis, a link, a mention, a cell's end,
/// a formula or HTML.
pub fn markdown(text: &str) -> String {
    let text: Vec<char> = visible(text).chars().collect();
    let mut safe = String::with_capacity(text.len());
    for (index, &character) in text.iter().enumerate() {
        let joins = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|c| c.is_alphanumeric());
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.push_str("&#64;"),
            '$' => safe.push_str("&#36;"),
            '_' if joins(index.checked_sub(1)) && joins(Some(index + 1)) => safe.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_stays_hidden() {
        assert_eq!(visible("a\u{0}b\u{202e}c\nd\u{1b}[31m"), "a\\u{0}b\\u{202e}c d\\u{1b}[31m");
        assert_eq!(visible("Grüße \u{1f980} e\u{301}"), "Grüße \u{1f980} e\u{301}");
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(html("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(
            markdown("a|b `c` *d* [e](f) app.order_lines _g_"),
            "a\\|b \\`c\\` \\*d\\* \\[e\\](f) app.order_lines \\_g\\_"
        );
        assert_eq!(markdown("<img> @all $x$"), "&lt;img&gt; &#64;all &#36;x&#36;");
    }
}
