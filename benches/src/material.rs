//! Reports of any size, made from a sample of the reports' own tests.

use blackstart_record::record::Folder;
use blackstart_record::verdict::{Finding, Verdict};
use blackstart_reports::Material;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::Result;

#[path = "../../reports/tests/support/mod.rs"]
#[allow(dead_code, reason = "the reports' tests need more of it")]
mod support;

/// The material of a drill with this many findings; every tenth is missed.
///
/// # Errors
/// The sample could not be written or loaded.
pub fn with_findings(count: usize) -> Result<Material> {
    let place = tempfile::tempdir()?;
    let folder: Folder = support::write(support::Sample::Healthy, place.path())?;
    let mut material = Material::load(&folder)?;
    material.verdict.findings = (0..count).map(finding).collect();
    Ok(material)
}

fn finding(index: usize) -> Finding {
    Finding {
        checker: format!("CHECK-{index}"),
        verdict: if index.is_multiple_of(10) { Verdict::Missed } else { Verdict::Met },
        says: format!("{index} rows of 202,190 owed are not as acknowledged"),
        cause: Some("damaged pages, or a bad change that the restore did not leave behind".to_owned()),
        compared: 202_190,
        details: vec!["app.orders: 14 rows changed: 1042, ...".to_owned()],
        differences: Vec::new(),
    }
}

/// The same findings as a suite, straight into quick-junit, as a program would that only wants that file.
///
/// # Errors
/// It could not be written.
pub fn bare_junit(material: &Material) -> Result<String> {
    let mut suite = TestSuite::new("bare");
    for finding in &material.verdict.findings {
        let mut status = TestCaseStatus::success();
        if finding.verdict != Verdict::Met {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(&finding.says).set_type(&finding.checker).set_description(finding.details.join("\n"));
        }
        let mut case = TestCase::new(&finding.checker, status);
        case.set_classname("fulexo.database-corruption");
        case.add_property(("compared", finding.compared.to_string().as_str()));
        if finding.verdict == Verdict::Met {
            case.set_system_out(&finding.says);
        }
        suite.add_test_case(case);
    }
    let mut report = quick_junit::Report::new("bare");
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}
