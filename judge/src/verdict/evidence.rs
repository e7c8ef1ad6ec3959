//! What the checkers may look at: the record, the history, the observations and the comparison. Nothing else.

use std::collections::BTreeMap;

use blackstart_record::observation::{
    Attack, Canary, CleanRestore, CrashPoints, Credential, Fence, Identity, IndexLook, Invariant, Inventory,
    Observation, Rows, SabotageTrial, WriteTrial,
};
use blackstart_record::plan::{Pace, Step};
use blackstart_record::record::Record;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Difference, DifferenceKind, Finding, Verdict};

use super::story::Story;
use crate::oracle::{Comparison, TableCount};

/// The fault that takes a whole site.
const SITE_LOST: &str = "site-lost";
/// Faults that are done with a key to the store.
const BY_AN_ATTACKER: [&str; 2] = ["object-deleted", "object-encrypted-in-place"];

/// The fault by which somebody has accounts and passwords.
const ROGUE_ACCOUNT: &str = "rogue-account";

/// Everything that a drill left to judge.
#[derive(Debug)]
pub struct Evidence {
    /// `record.json`.
    pub record: Record,
    /// The history by subject.
    pub story: Story,
    /// Observations by name.
    pub observations: BTreeMap<String, Observation>,
    /// Expected state against restored state, or why there is none.
    pub comparison: Result<Comparison, String>,
}

/// Defines how all observations of one kind are found, whatever their names.
macro_rules! observed {
    ($($(#[$doc:meta])* $name:ident: $kind:ident -> $type:ty;)*) => {
        impl Evidence {$(
            $(#[$doc])*
            pub fn $name(&self) -> Vec<&$type> {
                self.observations
                    .values()
                    .filter_map(|observation| match observation {
                        Observation::$kind(seen) => Some(seen),
                        _ => None,
                    })
                    .collect()
            }
        )*}
    };
}

observed! {
    /// What was read of the restored rows.
    rows: Rows -> Rows;
    /// Inventories.
    inventories: Inventory -> Inventory;
    /// Business rules.
    invariants: Invariants -> Vec<Invariant>;
    /// Planted values.
    canaries: Canaries -> Vec<Canary>;
    /// Write trials.
    writes: Writes -> Vec<WriteTrial>;
    /// Identities.
    identities: Identity -> Identity;
    /// Looks at indexes.
    indexes: Indexes -> Vec<IndexLook>;
    /// Looks at what is around the restored copy.
    fences: Fence -> Fence;
    /// What an intruder had got hold of, tried.
    credentials: Credentials -> Vec<Credential>;
    /// Attacks on the artifacts.
    attacks: Attack -> Attack;
    /// Restores on a clean host.
    clean_restores: CleanRestore -> CleanRestore;
    /// Trials of the sabotage.
    sabotages: Sabotage -> Vec<SabotageTrial>;
    /// Backups that were disturbed.
    crash_points: CrashPoints -> CrashPoints;
}

impl Evidence {
    /// Whether the runbook brings data back at all. A drill that restores nothing is judged on the data where it is.
    pub fn restores(&self) -> bool {
        let brings_back = |step| matches!(step, Step::Fetch | Step::Restore | Step::Replay | Step::Promote);
        self.record.scenario.runbook.iter().any(|planned| brings_back(planned.step))
            || self.story.steps.iter().any(|run| brings_back(run.step))
    }

    /// Whether what the runbook brings back comes out of artifacts.
    pub fn uses_artifacts(&self) -> bool {
        let mut steps = self.record.scenario.runbook.iter().map(|planned| planned.step);
        steps.any(|step| matches!(step, Step::Fetch | Step::Restore))
    }

    /// Whether the data comes back on another host than the one that the pipeline saves.
    pub fn restores_elsewhere(&self) -> bool {
        let scenario = &self.record.scenario;
        self.record.plan.pipelines.get(&scenario.pipeline).is_none_or(|saved| saved.source != scenario.target)
    }

    /// Whether the pipeline repairs the damaged data where it is, which stays the same data.
    pub fn repairs(&self) -> bool {
        self.record.plan.pipelines.get(&self.record.scenario.pipeline).is_some_and(|pipeline| pipeline.repairs)
    }

    /// Whether a replica takes over, which leaves two that can write unless its source is kept from it.
    pub fn promotes_a_replica(&self) -> bool {
        self.restores() && !self.uses_artifacts()
    }

    /// How far behind its source the pipeline's replica is by intent.
    pub fn pace(&self) -> Pace {
        let pipeline = self.record.plan.pipelines.get(&self.record.scenario.pipeline);
        pipeline.map(|pipeline| pipeline.pace).unwrap_or_default()
    }

    /// Whether somebody broke in, who must be out when all is over.
    pub fn was_broken_into(&self) -> bool {
        self.record.scenario.faults.iter().any(|fault| fault.name == ROGUE_ACCOUNT)
    }

    /// Whether the plan promises that nobody can remove an artifact of the scenario's pipeline.
    pub fn promises_immutability(&self) -> bool {
        let pipeline = self.record.plan.pipelines.get(&self.record.scenario.pipeline);
        pipeline.is_some_and(|pipeline| pipeline.immutable_days.is_some())
    }

    /// Whether the scenario loses a site.
    pub fn loses_a_site(&self) -> bool {
        self.record.scenario.faults.iter().any(|fault| fault.name == SITE_LOST)
    }

    /// Whether somebody who has a key to the store uses it against what is kept there.
    pub fn has_an_attacker(&self) -> bool {
        self.record.scenario.faults.iter().any(|fault| BY_AN_ATTACKER.contains(&fault.name.as_str()))
    }

    /// Declared manual time over all steps of the runbook.
    pub fn manual_total(&self) -> Nanos {
        let planned = self.record.scenario.runbook.iter().filter_map(|planned| planned.manual.as_ref());
        planned.fold(Nanos::ZERO, |total, manual| total.plus(manual.value))
    }

    /// The declared manual time of one step.
    pub fn manual_of(&self, step: Step) -> Nanos {
        let planned = self.record.scenario.runbook.iter().filter(|planned| planned.step == step);
        let planned = planned.filter_map(|planned| planned.manual.as_ref());
        planned.fold(Nanos::ZERO, |total, manual| total.plus(manual.value))
    }

    /// Whether the database was empty from the start, is owed empty and was found empty, each of them seen:
    /// the one case in which nothing compared is a result.
    pub fn is_rightly_empty(&self) -> bool {
        self.story.load.is_some_and(|load| load.rows == 0)
            && self.comparison.as_ref().is_ok_and(|found| found.owed() == 0 && found.read() == 0)
            && !self.rows().is_empty()
    }

    /// Why the server could not give all rows of `table`, if it could not.
    pub fn unreadable(&self, table: &str) -> Option<&str> {
        self.rows().into_iter().find_map(|rows| rows.unreadable.get(table)).map(String::as_str)
    }

    /// Whether the examination asked for the table's rows and got an answer, if only that there are none to be had.
    pub fn was_looked_at(&self, table: &TableCount) -> bool {
        table.read.is_some() || self.unreadable(&table.table).is_some()
    }

    /// Rows that are owed and were looked for.
    pub fn owed_and_looked_at(&self) -> u64 {
        let Ok(comparison) = &self.comparison else { return 0 };
        comparison.tables.iter().filter(|table| self.was_looked_at(table)).map(|table| table.owed).sum()
    }

    /// Why row differences cannot be told, if they cannot.
    pub fn no_comparison(&self) -> Option<String> {
        let comparison = match &self.comparison {
            Ok(comparison) => comparison,
            Err(why) => return Some(format!("the rows could not be compared: {why}")),
        };
        let rows = self.rows();
        if rows.is_empty() {
            return Some("no examination read the restored rows".into());
        }
        let Some(load) = self.story.load else {
            return Some("the history does not say how many rows were loaded".into());
        };
        let initial: u64 = comparison.tables.iter().map(|table| table.initial).sum();
        if initial < load.rows {
            let missing = super::words::count(load.rows - initial, "row");
            return Some(format!("initial.rows lacks {missing} of those that were loaded, so they cannot be owed"));
        }
        comparison.tables.iter().find_map(|count| {
            let (table, held) = (&count.table, count.read.unwrap_or(0));
            let claimed = rows.iter().filter_map(|rows| rows.read.get(table)).find(|claimed| **claimed != held)?;
            Some(format!("{table}: the examination says it read {claimed} rows, restored.rows holds {held}"))
        })
    }

    /// Differences of the given kinds.
    pub fn differences(&self, kinds: &[DifferenceKind]) -> Vec<Difference> {
        let Ok(comparison) = &self.comparison else { return Vec::new() };
        comparison
            .differences
            .iter()
            .filter(|found| kinds.contains(&found.kind))
            .map(|found| found.difference())
            .collect()
    }
}

/// The sum of what a file claims; a damaged one can claim anything, and no sum of it may come out small.
pub fn total(numbers: impl IntoIterator<Item = u64>) -> u64 {
    numbers.into_iter().fold(0, u64::saturating_add)
}

/// A finding without differences.
pub fn finding(checker: &str, verdict: Verdict, compared: u64, says: impl Into<String>) -> Finding {
    Finding {
        checker: checker.into(),
        verdict,
        says: says.into(),
        cause: None,
        compared,
        details: Vec::new(),
        differences: Vec::new(),
    }
}
