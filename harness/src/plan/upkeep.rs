//! What a plan asks for over time: drills by profile, each with its cadence, and figures over the recorded history.

use std::collections::{BTreeMap, BTreeSet};

use blackstart_record::plan::Sourced;
use blackstart_record::time::Nanos;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::cadence::Cadence;
use super::name::Name;
use super::pattern::glob;
use super::problems::Problems;
use super::sourced::Said;
use super::units::{Lapse, Share};

/// What a plan asks for over time.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    /// Profiles by name.
    pub profiles: BTreeMap<String, Profile>,
    /// The figures that the recorded history is held against.
    pub health: Health,
}

/// Drills that belong together: one command runs them all.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The plan's scenarios that it drills, in the order of their names.
    pub drills: Vec<String>,
    /// When they are due; `None`: whenever somebody asks for them.
    pub cadence: Option<Sourced<Cadence>>,
}

/// What the document says of all drills and backups together.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// The least share of backups that succeed.
    pub backup_success: Option<Sourced<Share>>,
    /// The most that a recovery takes on average.
    pub mean_recovery: Option<Sourced<Nanos>>,
    /// What no drill loses as much as.
    pub data_loss: Option<Sourced<Nanos>>,
    /// The least share of drills that are met.
    pub drill_success: Option<Sourced<Share>>,
}

impl Health {
    /// Whether the document names no figure.
    pub fn is_empty(&self) -> bool {
        let shares = self.backup_success.is_none() && self.drill_success.is_none();
        shares && self.mean_recovery.is_none() && self.data_loss.is_none()
    }
}

/// Drills that belong together, as `blackstart run --profile NAME` runs them and `blackstart due` asks for them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Profile")]
pub(super) struct ProfileFile {
    /// The plan's scenarios that it drills: names, or patterns with `*` and `?`.
    #[schemars(with = "Said<Vec<String>>")]
    drills: Said<Vec<Spanned<String>>>,
    /// When they are due. Left out: whenever somebody asks for them, as before a release.
    cadence: Option<Said<Cadence>>,
}

/// What the document says of all drills and backups together, which `blackstart health` holds the records against.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Health")]
pub(super) struct HealthFile {
    /// The least share of backups that succeed (`99.9%`).
    backup_success: Option<Said<Share>>,
    /// The most that a recovery takes on average.
    mean_recovery: Option<Said<Lapse>>,
    /// What no drill may lose as much as, in time.
    data_loss: Option<Said<Lapse>>,
    /// The least share of drills that are met.
    drill_success: Option<Said<Share>>,
}

/// `scenarios` are those of the plan's folder, by name.
pub(super) fn resolve<'a>(
    profiles: &BTreeMap<Name, ProfileFile>,
    health: &HealthFile,
    scenarios: impl IntoIterator<Item = &'a str>,
    problems: &mut Problems<'_>,
) -> Upkeep {
    let scenarios: Vec<&str> = scenarios.into_iter().collect();
    let profiles = profiles.iter().map(|(name, file)| (name.to_string(), profile(name, file, &scenarios, problems)));
    let share = |said: &Option<Said<Share>>| said.as_ref().map(|said| said.sourced(Share::clone));
    let lapse = |said: &Option<Said<Lapse>>| said.as_ref().map(|said| said.sourced(|lapse| lapse.0));
    Upkeep {
        profiles: profiles.collect(),
        health: Health {
            backup_success: share(&health.backup_success),
            mean_recovery: lapse(&health.mean_recovery),
            data_loss: lapse(&health.data_loss),
            drill_success: share(&health.drill_success),
        },
    }
}

fn profile(name: &Name, file: &ProfileFile, scenarios: &[&str], problems: &mut Problems<'_>) -> Profile {
    if file.drills.value.is_empty() {
        let message = format!("the profile `{name}` drills nothing");
        problems.add(file.drills.span.clone(), message, "name at least one of the plan's scenarios, or `*` for all");
    }
    let mut drills = BTreeSet::new();
    for pattern in &file.drills.value {
        let before = drills.len();
        let chosen = scenarios.iter().copied().filter(|scenario| glob(pattern.get_ref(), scenario));
        let chosen: Vec<&str> = chosen.collect();
        drills.extend(chosen.iter().map(|scenario| (*scenario).to_owned()));
        if chosen.is_empty() {
            problems.refer("scenario", pattern.get_ref(), pattern.span(), scenarios.iter().copied());
        } else if drills.len() == before {
            let message = format!("`{}` adds no drill to the profile `{name}`", pattern.get_ref());
            problems.add(pattern.span(), message, "all that it stands for is there already: leave it out");
        }
    }
    let cadence = file.cadence.as_ref().map(|said| said.sourced(Cadence::clone));
    Profile { drills: drills.into_iter().collect(), cadence }
}
