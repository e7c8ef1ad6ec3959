//! The document and the plan: every value with its origin, and where the document contradicts itself.

use serde::Serialize;

use super::Fact;
use crate::material::Material;
use crate::words;

/// A value of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueView {
    /// Its path in the plan.
    pub path: String,
    /// The value.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
    /// `document`, `assumed`, `substitutes` or `stated`.
    pub class: &'static str,
}

/// A place where the document disagrees with itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentFindingView {
    /// Its name.
    pub id: String,
    /// What is wrong.
    pub says: String,
    /// What each place says, and where it is.
    pub places: Vec<Fact>,
    /// What follows.
    pub consequence: String,
}

pub(super) fn document(material: &Material) -> Vec<Fact> {
    let plan = &material.record.plan;
    let mut facts = vec![Fact::new("Plan", format!("{} ({})", plan.title, plan.name))];
    match &plan.document {
        Some(document) => {
            facts.push(Fact::new("Document", &document.title));
            facts.push(Fact::new("SHA-256 of its text", &document.sha256));
        }
        None => facts.push(Fact::new("Document", "none")),
    }
    let production = plan.production_bytes.as_ref();
    let production =
        production.map(|stated| format!("{} ({})", words::bytes(stated.value), words::origin(&stated.origin)));
    facts.push(Fact::new("Production size", production.unwrap_or_else(|| "not stated".into())));
    facts
}

pub(super) fn values(material: &Material) -> Vec<ValueView> {
    let view = |(path, value): (&String, &blackstart_record::plan::Sourced<String>)| ValueView {
        path: path.clone(),
        value: value.value.clone(),
        origin: words::origin(&value.origin),
        class: words::origin_class(&value.origin),
    };
    material.record.plan.values.iter().map(view).collect()
}

pub(super) fn contradictions(material: &Material) -> String {
    match material.record.plan.findings.len() {
        0 => "The plan notes no place where the document contradicts itself".into(),
        1 => "In 1 place the document contradicts itself".into(),
        more => format!("In {more} places the document contradicts itself"),
    }
}

pub(super) fn findings(material: &Material) -> Vec<DocumentFindingView> {
    let view = |finding: &blackstart_record::plan::DocumentFinding| DocumentFindingView {
        id: finding.id.clone(),
        says: finding.says.clone(),
        places: finding.places.iter().map(|place| Fact::new(words::origin(&place.origin), &place.value)).collect(),
        consequence: finding.consequence.clone(),
    };
    material.record.plan.findings.iter().map(view).collect()
}
