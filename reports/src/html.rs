//! `report.html`: one self-contained file, for people who were woken up by it.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value, context};

use crate::chart::{self, CHARTS};
use crate::material::Material;
use crate::view::View;
use crate::{Report, ReportError, escape};

const FILE: &str = "report.html";

/// `report.html`.
pub const REPORT: Report = Report { file: FILE, make };

fn make(material: &Material) -> Result<String, ReportError> {
    let mut charts = std::collections::BTreeMap::new();
    for chart in CHARTS {
        let name = chart.file.trim_start_matches("charts/").trim_end_matches(".svg").replace('-', "_");
        charts.insert(name, Value::from_safe_string(chart.draw(material)?.inline()));
    }
    let style = format!("{}{}", include_str!("../templates/report.css"), chart::style());
    let context = context! { report => Serde(View::of(material)), charts, style => Value::from_safe_string(style) };
    render(include_str!("../templates/report.html"), escape::html, context)
        .map_err(|why| ReportError::Make { report: FILE, why: why.to_string() })
}

/// Renders a template in which every value passes through `escape` unless it is marked as safe.
pub(crate) fn render(template: &str, escape: fn(&str) -> String, context: Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("report".into()));
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    environment.set_syntax(syntax);
    environment.set_formatter(move |out, _, value| {
        let text = if value.is_safe() { value.to_string() } else { escape(&value.to_string()) };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    environment.render_str(template, context)
}
