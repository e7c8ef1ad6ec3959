//! What people are told of an incident, as far as the drill's record tells it: colleagues, customers, and those who review it
//! afterwards. What only people know is left open, marked `[to be filled in: ..]`.
//!
//! Nothing is claimed that the drill has not shown: `claim` is the one place that decides what may be said.

mod claim;
#[cfg(test)]
mod tests;
mod view;

use minijinja::context;
use minijinja::value::Serde;

use crate::html::render;
use crate::material::Material;
use crate::{Report, ReportError, escape};

use view::Notice;

const INCIDENT_FILE: &str = "incident-notification.md";
const CUSTOMERS_FILE: &str = "customer-notice.md";
const REVIEW_FILE: &str = "post-incident-review.md";

/// For colleagues, while it lasts.
pub const INCIDENT: Report = Report {
    file: INCIDENT_FILE,
    make: |material| make(material, INCIDENT_FILE, include_str!("../../templates/notices/incident.md")),
};

/// For customers.
pub const CUSTOMERS: Report = Report {
    file: CUSTOMERS_FILE,
    make: |material| make(material, CUSTOMERS_FILE, include_str!("../../templates/notices/customers.md")),
};

/// For those who look back at it.
pub const REVIEW: Report = Report {
    file: REVIEW_FILE,
    make: |material| make(material, REVIEW_FILE, include_str!("../../templates/notices/review.md")),
};

/// What the templates have in common: a blank that a person fills in.
const MACROS: &str = "{%- macro blank(what) -%}**[to be filled in: {{ what }}]**{%- endmacro -%}\n";

fn make(material: &Material, report: &'static str, template: &str) -> Result<String, ReportError> {
    let context = context! { notice => Serde(Notice::of(material)) };
    let text = render(&format!("{MACROS}{template}"), escape::markdown, context);
    text.map_err(|why| ReportError::Make { report, why: why.to_string() })
}
