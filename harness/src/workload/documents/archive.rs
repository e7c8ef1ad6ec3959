//! The application of one client: some tenants, one operation at a time, of which some belong together: an object is put,
//! then the row that refers to it is written; a row goes, then its object is removed.

use std::collections::{BTreeMap, VecDeque};

use super::initial::{TITLES, documents};
use super::tables::{DOCUMENTS, LOG, TABLES};
use crate::engine::fields::{self, Value};
use crate::workload::{
    Application, Effects, Ending, ObjectStep, Operation, Random, Rows, Settings, Statement, Step, objects,
};

/// Of a hundred operations that begin something, how many revise a document, and how many delete one; another few are
/// rolled back on purpose, and all others add one.
const REVISIONS: u64 = 20;
const DELETIONS: u64 = 20;
const ROLLBACKS: u64 = 5;
/// Objects of the initial load have lower numbers.
const FIRST_NUMBER: u64 = 1 << 40;

/// A statement; its place is its index.
#[derive(Clone, Copy)]
enum Sql {
    Documents,
    Add,
    Revise,
    Delete,
    LogAdded,
    LogOther,
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
    statements: Vec<Statement>,
    tenants: Vec<u32>,
    old: BTreeMap<u32, VecDeque<Old>>,
    /// The operation planned last, of which tenant.
    planned: Option<(u32, Deed)>,
    /// The operation before it was acknowledged, and something follows.
    done: Option<(u32, Deed)>,
}

impl Archive {
    /// Owns each tenant `t` for which `t % clients` is `client`.
    pub fn new(settings: &Settings, client: u32) -> Self {
        let own = |tenant: &u32| tenant % settings.clients.max(1) == client;
        Self {
            seed: settings.seed,
            initial: documents(settings),
            statements: statements(),
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
                (Deed::Remove, with_object(tenant, ObjectStep::Remove(old.object)))
            }
            Deed::Add | Deed::Remove => return None,
        })
    }

    fn begin(&mut self, op: u64) -> (u32, Deed, Operation) {
        let mut random = Random::of(&[self.seed, op]);
        let tenant = self.tenants[random.below(self.tenants.len() as u64) as usize];
        let number = FIRST_NUMBER + op;
        let choice = random.below(100);
        let old = self.old.entry(tenant).or_default();
        if choice < REVISIONS + DELETIONS
            && let Some(old) = old.pop_front()
        {
            if choice < REVISIONS {
                return (tenant, Deed::PutRevised { number, old }, with_object(tenant, ObjectStep::Put(number)));
            }
            return (tenant, Deed::Delete { old }, self.delete(op, tenant, old));
        }
        if choice >= 100 - ROLLBACKS {
            return (tenant, Deed::Add, self.add(op, tenant, number, Ending::Rollback));
        }
        (tenant, Deed::PutNew { number }, with_object(tenant, ObjectStep::Put(number)))
    }

    /// The digest of an object that the operation whose number it has put.
    fn sha256(&self, number: u64) -> Vec<u8> {
        objects::sha256(&objects::object(self.seed, number, number - FIRST_NUMBER))
    }

    fn add(&self, op: u64, tenant: u32, number: u64, ending: Ending) -> Operation {
        let title = format!("{} of operation {op}", TITLES[(op % TITLES.len() as u64) as usize]);
        let sha256 = self.sha256(number);
        let (of, object, op) = (Value::Int4(tenant as i32), Value::Int8(number as i64), Value::Int8(op as i64));
        let add = step(Sql::Add, &[of, Value::Text(&title), object, Value::Bytes(&sha256), op]);
        let log = step(Sql::LogAdded, &[of, Value::Text("added"), object, op]);
        transaction(tenant, vec![add, log], ending)
    }

    fn revise(&self, op: u64, tenant: u32, number: u64, old: Old) -> Operation {
        let sha256 = self.sha256(number);
        let (id, op) = (Value::Int8(old.id), Value::Int8(op as i64));
        let revise = step(Sql::Revise, &[id, Value::Int8(number as i64), Value::Bytes(&sha256), op]);
        let log = step(Sql::LogOther, &[Value::Int4(tenant as i32), Value::Text("revised"), id, op]);
        transaction(tenant, vec![revise, log], Ending::Commit)
    }

    fn delete(&self, op: u64, tenant: u32, old: Old) -> Operation {
        let (id, op) = (Value::Int8(old.id), Value::Int8(op as i64));
        let log = step(Sql::LogOther, &[Value::Int4(tenant as i32), Value::Text("deleted"), id, op]);
        transaction(tenant, vec![step(Sql::Delete, &[id]), log], Ending::Commit)
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
        let mut look = step(Sql::Documents, &[Value::Int4(tenant as i32), Value::Int8(self.initial as i64)]);
        look.rows = None;
        transaction(tenant, vec![look], Ending::Rollback)
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

fn step(sql: Sql, values: &[Value<'_>]) -> Step {
    let mut parameters = Vec::new();
    values.iter().for_each(|value| value.put(&mut parameters));
    Step { statement: sql as usize, parameters, rows: Some(1) }
}

fn transaction(tenant: u32, steps: Vec<Step>, ending: Ending) -> Operation {
    Operation { tenant, begin: "BEGIN".to_owned(), steps, ending, object: None }
}

fn with_object(tenant: u32, object: ObjectStep) -> Operation {
    Operation { object: Some(object), ..transaction(tenant, Vec::new(), Ending::Commit) }
}

/// The statements, each at the place of its [`Sql`].
fn statements() -> Vec<Statement> {
    let written = |table: usize, sql: &str| Statement {
        sql: format!("{sql} RETURNING {}", TABLES[table].select_list()),
        effect: Effects::Written(table),
        parameters: &[],
    };
    vec![
        Statement {
            sql: "SELECT id, object FROM app.documents WHERE tenant_id = $1::integer AND object <= $2::bigint
                  ORDER BY id LIMIT 256"
                .to_owned(),
            effect: Effects::None,
            parameters: &[],
        },
        written(
            DOCUMENTS,
            "INSERT INTO app.documents (tenant_id, title, object, sha256, op)
             VALUES ($1::integer, $2::text, $3::bigint, $4::bytea, $5::bigint)",
        ),
        written(
            DOCUMENTS,
            "UPDATE app.documents SET object = $2::bigint, sha256 = $3::bytea, op = $4::bigint WHERE id = $1::bigint",
        ),
        Statement {
            sql: format!("DELETE FROM app.documents WHERE id = $1::bigint RETURNING {}", TABLES[DOCUMENTS].key_list()),
            effect: Effects::Deleted(DOCUMENTS),
            parameters: &[],
        },
        written(
            LOG,
            "INSERT INTO audit.log (tenant_id, what, document_id, op)
             SELECT $1::integer, $2::text, d.id, $4::bigint FROM app.documents d WHERE d.object = $3::bigint",
        ),
        written(
            LOG,
            "INSERT INTO audit.log (tenant_id, what, document_id, op)
             VALUES ($1::integer, $2::text, $3::bigint, $4::bigint)",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Archive {
        let settings = Settings { rows: 300, clients: 1, tenants: 1, ..Settings::default() };
        Archive::new(&settings, 0)
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

    #[test]
    fn every_statement_is_at_its_place() {
        let statements = statements();
        assert_eq!(statements.len(), Sql::LogOther as usize + 1);
        assert!(statements[Sql::Delete as usize].sql.starts_with("DELETE"));
        assert!(statements[Sql::LogAdded as usize].sql.contains("d.object = $3"));
    }
}
