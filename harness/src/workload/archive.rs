//! The application of one client of a domain that keeps a row and an object for each document: some tenants, one operation at
//! a time, of which some belong together: an object is put, then the row that refers to it is written; a row goes, then its
//! object is removed. What that is in SQL, a [`Script`] says.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;

use super::{Application, Ending, ObjectStep, Operation, Random, Rows, Settings, Statement, Step, objects};
use crate::engine::fields::{self, Value};

/// Of a hundred operations that begin something, how many revise a document, and how many delete one; another few are
/// rolled back on purpose, and all others add one.
const REVISIONS: u64 = 20;
const DELETIONS: u64 = 20;
const ROLLBACKS: u64 = 5;
/// Objects of the initial load have lower numbers.
const FIRST_NUMBER: u64 = 1 << 40;

/// A document's row as an operation writes it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The operation.
    pub op: u64,
    /// Its tenant.
    pub tenant: u32,
    /// The number of its object.
    pub object: u64,
    /// The digest of that object's bytes.
    pub sha256: &'a [u8],
}

/// A domain's statements for what happens to a document. Each transaction leaves an entry in a log.
pub trait Script: Debug + Send + Sync {
    /// Every statement; steps refer to them by index.
    fn statements(&self) -> Vec<Statement>;

    /// How a transaction begins.
    fn begin(&self) -> &'static str;

    /// A tenant's documents whose object has at most this number: the id and the object of each.
    fn look(&self, tenant: u32, greatest: u64) -> Step;

    /// A document that is new.
    fn add(&self, row: Written<'_>) -> Vec<Step>;

    /// The document `id` with another object.
    fn revise(&self, id: i64, row: Written<'_>) -> Vec<Step>;

    /// The document `id` goes.
    fn delete(&self, id: i64, op: u64, tenant: u32) -> Vec<Step>;
}

/// A document whose object is of the initial load. Only these are revised and deleted, so that whatever goes while a backup
/// is taken was there before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Old {
    id: i64,
    object: u64,
}

/// What the operation in flight is, and so what follows once it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    PutNew { number: u64 },
    PutRevised { number: u64, old: Old },
    Add,
    Revise { old: Old },
    Delete { old: Old },
    Remove,
}

/// See the module.
#[derive(Debug)]
pub struct Archive {
    seed: u64,
    /// The greatest number of an object of the initial load.
    initial: u64,
    script: &'static dyn Script,
    statements: Vec<Statement>,
    tenants: Vec<u32>,
    old: BTreeMap<u32, VecDeque<Old>>,
    /// The operation planned last, of which tenant.
    planned: Option<(u32, Deed)>,
    /// The operation before it was acknowledged, and something follows.
    done: Option<(u32, Deed)>,
}

impl Archive {
    /// The objects of the initial load have the numbers from 1 to `initial`. Owns each tenant `t` for which `t % clients` is `client`.
    pub fn new(settings: &Settings, client: u32, initial: u64, script: &'static dyn Script) -> Self {
        let own = |tenant: &u32| tenant % settings.clients.max(1) == client;
        Self {
            seed: settings.seed,
            initial,
            script,
            statements: script.statements(),
            tenants: (1..=settings.tenants()).filter(own).collect(),
            old: BTreeMap::new(),
            planned: None,
            done: None,
        }
    }

    /// What follows on the deed that was done, if anything does.
    fn follow(&self, op: u64, tenant: u32, done: Deed) -> Option<(Deed, Operation)> {
        Some(match done {
            Deed::PutNew { number } => (Deed::Add, self.add(op, tenant, number, Ending::Commit)),
            Deed::PutRevised { number, old } => (Deed::Revise { old }, self.revise(op, tenant, number, old)),
            Deed::Revise { old } | Deed::Delete { old } => {
                (Deed::Remove, self.with_object(tenant, ObjectStep::Remove(old.object)))
            }
            Deed::Add | Deed::Remove => return None,
        })
    }

    fn begin(&mut self, op: u64) -> (u32, Deed, Operation) {
        let mut random = Random::of(&[self.seed, op]);
        let tenant = self.tenants[random.below(self.tenants.len() as u64) as usize];
        let number = FIRST_NUMBER + op;
        let choice = random.below(100);
        let changes = choice < REVISIONS + DELETIONS;
        let old = self.old.entry(tenant).or_default();
        if let Some(old) = if changes { old.pop_front() } else { None } {
            if choice < REVISIONS {
                return (tenant, Deed::PutRevised { number, old }, self.with_object(tenant, ObjectStep::Put(number)));
            }
            return (tenant, Deed::Delete { old }, self.delete(op, tenant, old));
        }
        if choice >= 100 - ROLLBACKS {
            return (tenant, Deed::Add, self.add(op, tenant, number, Ending::Rollback));
        }
        (tenant, Deed::PutNew { number }, self.with_object(tenant, ObjectStep::Put(number)))
    }

    /// The digest of an object that the operation whose number it has put.
    fn sha256(&self, number: u64) -> Vec<u8> {
        objects::sha256(&objects::object(self.seed, number, number - FIRST_NUMBER))
    }

    fn add(&self, op: u64, tenant: u32, number: u64, ending: Ending) -> Operation {
        let sha256 = self.sha256(number);
        let steps = self.script.add(Written { op, tenant, object: number, sha256: &sha256 });
        self.transaction(tenant, steps, ending)
    }

    fn revise(&self, op: u64, tenant: u32, number: u64, old: Old) -> Operation {
        let sha256 = self.sha256(number);
        let steps = self.script.revise(old.id, Written { op, tenant, object: number, sha256: &sha256 });
        self.transaction(tenant, steps, Ending::Commit)
    }

    fn delete(&self, op: u64, tenant: u32, old: Old) -> Operation {
        self.transaction(tenant, self.script.delete(old.id, op, tenant), Ending::Commit)
    }

    fn transaction(&self, tenant: u32, steps: Vec<Step>, ending: Ending) -> Operation {
        Operation { tenant, begin: self.script.begin().to_owned(), steps, ending, object: None }
    }

    fn with_object(&self, tenant: u32, object: ObjectStep) -> Operation {
        Operation { object: Some(object), ..self.transaction(tenant, Vec::new(), Ending::Commit) }
    }
}

impl Application for Archive {
    fn statements(&self) -> &[Statement] {
        &self.statements
    }

    fn tenants(&self) -> &[u32] {
        &self.tenants
    }

    fn look(&self, tenant: u32) -> Operation {
        self.transaction(tenant, vec![self.script.look(tenant, self.initial)], Ending::Rollback)
    }

    fn saw(&mut self, tenant: u32, answers: &[Rows]) {
        self.done = None;
        let old = |row: &Vec<u8>| {
            let (id, object) = (fields::integer_at(row, 0).ok()?, fields::integer_at(row, 1).ok()?);
            Some(Old { id, object: u64::try_from(object).ok()? })
        };
        self.old.insert(tenant, answers.iter().flatten().filter_map(old).collect());
    }

    fn next(&mut self, op: u64) -> Operation {
        let following = self.done.take().and_then(|(tenant, done)| Some((tenant, self.follow(op, tenant, done)?)));
        let (tenant, deed, operation) = match following {
            Some((tenant, (deed, operation))) => (tenant, deed, operation),
            None => self.begin(op),
        };
        self.planned = Some((tenant, deed));
        operation
    }

    fn acknowledged(&mut self, _answers: &[Rows]) {
        self.done = self.planned.take();
    }
}

/// The step of a statement that answers so many rows.
pub fn step(statement: usize, rows: usize, values: &[Value<'_>]) -> Step {
    let mut parameters = Vec::new();
    values.iter().for_each(|value| value.put(&mut parameters));
    Step { statement, parameters, rows: Some(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Archive {
        let settings = Settings { rows: 300, clients: 1, tenants: 1, ..Settings::default() };
        Archive::new(&settings, 0, 100, &crate::workload::documents::SCRIPT)
    }

    #[test]
    fn an_object_is_there_before_the_row_that_refers_to_it_and_goes_after_it() {
        let mut archive = archive();
        let rows: Rows = (1..=100_i64)
            .map(|id| {
                let mut row = Vec::new();
                [Value::Int8(id), Value::Int8(id)].iter().for_each(|value| value.put(&mut row));
                row
            })
            .collect();
        archive.saw(1, &[rows]);
        let mut kinds = std::collections::BTreeSet::new();
        let (mut put, mut gone) = (None, None);
        for op in 1..=400 {
            let operation = archive.next(op);
            let (_, deed) = archive.planned.unwrap();
            match (deed, &operation.object) {
                (Deed::PutNew { number } | Deed::PutRevised { number, .. }, Some(ObjectStep::Put(other))) => {
                    assert_eq!((number, number), (*other, FIRST_NUMBER + op));
                    put = Some(number);
                }
                (Deed::Add, None) if operation.ending == Ending::Rollback => {}
                (Deed::Add, None) => assert!(put.take().is_some()),
                (Deed::Revise { old }, None) => {
                    assert!(put.take().is_some());
                    gone = Some(old.object);
                }
                (Deed::Delete { old }, None) => gone = Some(old.object),
                (Deed::Remove, Some(ObjectStep::Remove(number))) => assert_eq!(gone.take(), Some(*number)),
                other => panic!("{other:?}"),
            }
            kinds.insert(format!("{deed:?}").split(' ').next().unwrap().to_owned());
            if operation.ending == Ending::Commit {
                archive.acknowledged(&[]);
            }
        }
        assert_eq!(kinds.len(), 6, "{kinds:?}");
    }

    #[test]
    fn what_was_not_acknowledged_has_no_sequel() {
        let mut archive = archive();
        archive.saw(1, &[Rows::new()]);
        for op in 1..=50 {
            let operation = archive.next(op);
            assert!(operation.object.is_some() || operation.ending == Ending::Rollback, "nothing is referred to");
        }
    }
}
