//! The document's alerts, as the drill would have sounded them, and the lag of the replica that took over.

use blackstart_record::time::Nanos;
use blackstart_record::verdict::AlertMeasure;
use serde::Serialize;

use super::Fact;
use crate::material::Material;
use crate::words;

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// Its name.
    pub name: String,
    /// From when on the document has it sound, and where it says so.
    pub documented: String,
    /// What became of it.
    pub says: String,
}

/// What monitoring told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertsView {
    /// Every alert of the plan.
    pub alerts: Vec<AlertView>,
    /// The lag, where a replica was looked at.
    pub lag: Vec<Fact>,
}

/// `None`: the plan has no alert, and no replica was looked at.
pub(crate) fn alerts(material: &Material) -> Option<AlertsView> {
    let measures = &material.verdict.measures;
    let alerts: Vec<AlertView> = measures.alerts.iter().map(alert).collect();
    let lag: Vec<Fact> =
        measures.lag.iter().map(|lag| Fact::new("Replication lag, seen from outside", lag.says.clone())).collect();
    (!alerts.is_empty() || !lag.is_empty()).then_some(AlertsView { alerts, lag })
}

fn alert(measure: &AlertMeasure) -> AlertView {
    let AlertMeasure { threshold, .. } = measure;
    let when = if threshold.value == Nanos::ZERO { "at once".to_owned() } else { threshold.value.to_string() };
    AlertView {
        name: measure.alert.to_string(),
        documented: format!("{when} ({})", words::origin(&threshold.origin)),
        says: measure.says.clone(),
    }
}
