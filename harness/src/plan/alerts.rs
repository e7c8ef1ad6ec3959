//! What the document wants to be told of at once: its alerts, each with the time from which on it is to sound.

use std::collections::BTreeMap;

use blackstart_record::alert::Alert;
use blackstart_record::plan::Sourced;
use blackstart_record::time::Nanos;
use schemars::JsonSchema;
use serde::Deserialize;

use super::problems::Problems;
use super::sourced::Said;
use super::units::Lapse;

/// What is to sound an alarm, and from when on; `"0s"` is at once. A drill compresses these times as it does its delays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Alerts")]
pub(super) struct AlertsFile {
    /// A backup ended badly: `"0s"`.
    backup_failed: Option<Said<Lapse>>,
    /// A replica lacks what its source acknowledged longer ago than this.
    replication_lag: Option<Said<Lapse>>,
    /// The replica that is to take over has not answered for this long.
    standby_gone: Option<Said<Lapse>>,
    /// A business rule of the application's has been broken for this long.
    integrity: Option<Said<Lapse>>,
}

pub(super) fn resolve(file: &AlertsFile, problems: &mut Problems<'_>) -> BTreeMap<Alert, Sourced<Nanos>> {
    let AlertsFile { backup_failed, replication_lag, standby_gone, integrity } = file;
    if let Some(late) = backup_failed.as_ref().filter(|said| said.value.0 > Nanos::ZERO) {
        let help = "write `\"0s\"`: how old a backup may become is its pipeline's `schedule`";
        problems.add(late.span.clone(), "a backup fails in one moment, and no drill waits after it", help);
    }
    let all = [
        (Alert::BackupFailed, backup_failed),
        (Alert::ReplicationLag, replication_lag),
        (Alert::StandbyGone, standby_gone),
        (Alert::Integrity, integrity),
    ];
    let named = all.into_iter().filter_map(|(alert, said)| Some((alert, said.as_ref()?)));
    named.map(|(alert, said)| (alert, said.sourced(|lapse| lapse.0))).collect()
}
