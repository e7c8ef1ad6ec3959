//! `report.md`: the brief, for a CI job's summary.

use minijinja::context;
use minijinja::value::Serde;

use crate::html::render;
use crate::material::Material;
use crate::view::View;
use crate::{Report, ReportError, escape};

const FILE: &str = "report.md";
/// A job's summary may have 1 MiB.
const MOST_BYTES: usize = 1_000_000;

/// `report.md`.
pub const REPORT: Report = Report { file: FILE, make };

fn make(material: &Material) -> Result<String, ReportError> {
    let context = context! { report => Serde(View::of(material)) };
    let text = render(include_str!("../templates/report.md"), escape::markdown, context)
        .map_err(|why| ReportError::Make { report: FILE, why: why.to_string() })?;
    Ok(shortened(text))
}

/// Cut at the end of a line, and saying so.
pub(crate) fn shortened(mut text: String) -> String {
    if text.len() <= MOST_BYTES {
        return text;
    }
    let mut end = MOST_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.truncate(text.rfind('\n').map_or(end, |line| line + 1));
    text.push_str("\n(Cut here: a job summary holds no more. `report.html` has the rest.)\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_brief_is_cut_at_a_line_and_says_so() {
        let short = "a line\n".to_owned();
        assert_eq!(shortened(short.clone()), short);
        let long = shortened("ünïcödé line\n".repeat(200_000));
        assert!(long.len() < 1 << 20);
        assert!(long.ends_with("has the rest.)\n") && long.contains("line\n\n(Cut here"));
    }
}
