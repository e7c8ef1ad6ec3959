//! The application of one client: some tenants, one operation at a time.

use std::collections::BTreeMap;

use super::model::{Change, Tenant};
use super::operations::Draft;
use super::statements::{Sql, statements};
use crate::engine::fields::Value;
use crate::workload::{Application, Ending, Operation, Random, Rows, Settings, Statement, Step};

/// Of a hundred operations, how many are rolled back on purpose, and how many the server must refuse.
const ROLLBACKS: u64 = 5;
const REFUSALS: u64 = 1;

/// See the module.
#[derive(Debug)]
pub struct Shop {
    seed: u64,
    statements: Vec<Statement>,
    tenants: Vec<u32>,
    states: BTreeMap<u32, Tenant>,
    /// The tenant of the operation planned last, and what it changes.
    planned: Option<(u32, Change)>,
}

impl Shop {
    /// Owns each tenant `t` for which `t % clients` is `client`.
    pub fn new(settings: &Settings, client: u32) -> Self {
        let own = |tenant: &u32| tenant % settings.clients.max(1) == client;
        let tenants: Vec<u32> = (1..=settings.tenants()).filter(own).collect();
        Self { seed: settings.seed, statements: statements(), tenants, states: BTreeMap::new(), planned: None }
    }
}

fn begin(tenant: u32) -> String {
    format!("BEGIN; SELECT set_config('app.tenant', '{tenant}', true)")
}

impl Application for Shop {
    fn statements(&self) -> &[Statement] {
        &self.statements
    }

    fn tenants(&self) -> &[u32] {
        &self.tenants
    }

    fn look(&self, tenant: u32) -> Operation {
        let mut parameters = Vec::new();
        Value::Int4(tenant as i32).put(&mut parameters);
        let step = |sql: Sql| Step { statement: sql as usize, parameters: parameters.clone(), rows: None };
        let steps = [Sql::Customers, Sql::Stock, Sql::Orders, Sql::Lines, Sql::Documents].map(step).to_vec();
        Operation { tenant, begin: begin(tenant), steps, ending: Ending::Rollback, object: None }
    }

    fn saw(&mut self, tenant: u32, answers: &[Rows]) {
        // Answers that cannot be read leave nothing to plan with: then only the audit log is written.
        self.states.insert(tenant, Tenant::from_answers(answers).unwrap_or_default());
    }

    fn next(&mut self, op: u64) -> Operation {
        let mut random = Random::of(&[self.seed, op]);
        let tenant = self.tenants[random.below(self.tenants.len() as u64) as usize];
        let (rollback, refusal) = (random.chance(ROLLBACKS), random.chance(REFUSALS));
        let state = self.states.entry(tenant).or_default();
        let mut draft = Draft { op, tenant: tenant as i32, state, random, steps: Vec::new() };
        let refused = refusal && draft.plan_refusal().is_some();
        let change = if refused { Change::Nothing } else { draft.plan() };
        let steps = draft.steps;
        self.planned = Some((tenant, change));
        let ending = match (refused, rollback) {
            (true, _) => Ending::Refusal,
            (false, true) => Ending::Rollback,
            (false, false) => Ending::Commit,
        };
        Operation { tenant, begin: begin(tenant), steps, ending, object: None }
    }

    fn acknowledged(&mut self, answers: &[Rows]) {
        let Some((tenant, change)) = self.planned.take() else { return };
        let state = self.states.entry(tenant).or_default();
        if state.apply(change, answers).is_err() {
            // The next look puts it right; until then there is nothing to do wrong.
            *state = Tenant::default();
        }
    }
}
