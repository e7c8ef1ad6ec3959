//! The application of one client: some branches, one operation at a time.

use std::collections::BTreeMap;

use super::model::{Branch, Change};
use super::operations::Draft;
use super::shares::BRANCHES;
use super::statements::{Sql, statements};
use crate::engine::fields::Value;
use crate::workload::{Application, Ending, Operation, Random, Rows, Settings, Statement, Step};

/// Of a hundred operations, how many are rolled back on purpose, and how many the server must refuse.
const ROLLBACKS: u64 = 5;
const REFUSALS: u64 = 2;

/// See the module.
#[derive(Debug)]
pub struct Office {
    seed: u64,
    statements: Vec<Statement>,
    /// None for a client after the sixteenth, since no branch has two: it only reads.
    branches: Vec<u32>,
    states: BTreeMap<u32, Branch>,
    /// The branch of the operation planned last, and what it changes.
    planned: Option<(u32, Change)>,
}

impl Office {
    /// Owns each branch `b` for which `b % clients` is `client`.
    pub fn new(settings: &Settings, client: u32) -> Self {
        let clients = settings.clients.clamp(1, BRANCHES as u32);
        let branches: Vec<u32> = (1..=BRANCHES as u32).filter(|branch| branch % clients == client).collect();
        Self { seed: settings.seed, statements: statements(), branches, states: BTreeMap::new(), planned: None }
    }
}

impl Application for Office {
    fn statements(&self) -> &[Statement] {
        &self.statements
    }

    fn tenants(&self) -> &[u32] {
        &self.branches
    }

    fn look(&self, tenant: u32) -> Operation {
        let mut parameters = Vec::new();
        Value::Int4(tenant as i32).put(&mut parameters);
        let step = |sql: Sql| Step { statement: sql as usize, parameters: parameters.clone(), rows: None };
        let steps = [Sql::Staff, Sql::Drivers, Sql::Open, Sql::Unsettled].map(step).to_vec();
        transaction(tenant, steps, Ending::Rollback)
    }

    fn saw(&mut self, tenant: u32, answers: &[Rows]) {
        // Answers that cannot be read leave nothing to plan with: then shipments are only accepted.
        self.states.insert(tenant, Branch::from_answers(answers).unwrap_or_default());
    }

    fn next(&mut self, op: u64) -> Operation {
        let mut random = Random::of(&[self.seed, op]);
        let choice = random.below(self.branches.len().max(1) as u64) as usize;
        let Some(branch) = self.branches.get(choice).copied() else { return self.look(1) };
        let (rollback, refusal) = (random.chance(ROLLBACKS), random.chance(REFUSALS));
        let state = self.states.entry(branch).or_default();
        let mut draft = Draft { op, branch: branch as i32, state, random, steps: Vec::new() };
        let change = if refusal { draft.plan_refusal() } else { draft.plan() };
        let steps = draft.steps;
        self.planned = Some((branch, change));
        let ending = match (refusal, rollback) {
            (true, _) => Ending::Refusal,
            (false, true) => Ending::Rollback,
            (false, false) => Ending::Commit,
        };
        transaction(branch, steps, ending)
    }

    fn acknowledged(&mut self, _answers: &[Rows]) {
        if let Some((branch, change)) = self.planned.take() {
            self.states.entry(branch).or_default().apply(change);
        }
    }
}

fn transaction(tenant: u32, steps: Vec<Step>, ending: Ending) -> Operation {
    Operation { tenant, begin: "START TRANSACTION".to_owned(), steps, ending, object: None }
}
