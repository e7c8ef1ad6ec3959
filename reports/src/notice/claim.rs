//! What may be said of a drill's end: only what it has shown.

use blackstart_record::verdict::{Rpa, Rta, Verdict};

use crate::material::Material;

/// Checkers that say whether the data is what it should be; the others look at the way there.
const OF_DATA: [&str; 6] = ["LOST", "GHOST", "ATOM", "BYTES", "INV", "INDEX"];
/// The one without which nothing was compared.
const COMPARES: &str = OF_DATA[0];

/// What became of the service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Service<'a> {
    /// Nothing was ever broken.
    Undisturbed,
    /// It was answered again, stably, by the restored copy.
    Back(&'a Rta),
    /// It was not, for as long as anybody watched.
    Gone,
    /// The drill does not show it.
    Unknown,
}

/// What became of acknowledged writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Data<'a> {
    /// Nothing was ever broken.
    Undisturbed,
    /// Nothing is gone, and all else is as it should be.
    Whole,
    /// What came after the recovery point is gone, and nothing else is wrong.
    Tail(&'a Rpa),
    /// It is shown to be wrong.
    Wrong,
    /// Nothing was brought back.
    Gone,
    /// The drill does not show it.
    Unknown,
}

pub(super) fn service(material: &Material) -> Service<'_> {
    match (material.verdict.verdict, &material.verdict.measures.rta) {
        _ if !material.has_fault() => Service::Undisturbed,
        (Verdict::Inconclusive, _) | (Verdict::Met, None) => Service::Unknown,
        (Verdict::Met | Verdict::Missed, Some(rta)) => Service::Back(rta),
        (Verdict::Missed, None) => Service::Gone,
    }
}

pub(super) fn data(material: &Material) -> Data<'_> {
    let (verdict, measures) = (&material.verdict, &material.verdict.measures);
    let findings = || verdict.findings.iter().filter(|finding| OF_DATA.contains(&finding.checker.as_str()));
    let wrong = findings().any(|finding| finding.verdict == Verdict::Missed);
    let compared = findings().any(|finding| finding.checker == COMPARES);
    let judged = compared && findings().all(|finding| finding.verdict == Verdict::Met);
    match (service(material), &measures.rpa) {
        (Service::Undisturbed, _) => Data::Undisturbed,
        (Service::Unknown, _) => Data::Unknown,
        _ if wrong => Data::Wrong,
        (_, Some(rpa)) if rpa.hole_operations + rpa.hole_rows > 0 => Data::Wrong,
        (Service::Gone, _) => Data::Gone,
        (Service::Back(_), Some(rpa)) if judged && rpa.tail_operations > 0 => Data::Tail(rpa),
        (Service::Back(_), Some(_)) if judged => Data::Whole,
        (Service::Back(_), _) => Data::Unknown,
    }
}
