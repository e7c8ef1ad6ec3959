//! The statements of the application. First it writes, then it reads what it wrote, by key and operation; a deleted row's key is
//! read before it goes.

use super::initial::KINDS;
use super::tables::{DOCUMENTS, LOG, TABLES};
use crate::engine::fields::ColumnType::{Bytes, Integer as Int, Text};
use crate::engine::fields::{ColumnType, Value};
use crate::workload::archive::{Script, Written, step};
use crate::workload::{Effects, Statement, Step};

/// A statement; its place is its index.
#[derive(Clone, Copy)]
enum Sql {
    Documents,
    Add,
    Revise,
    Delete,
    Log,
    ReadDocument,
    ReadKey,
    ReadLog,
}

/// Rows of the initial load have lower ids, and an operation adds one document at most.
const FIRST_ID: i64 = 1 << 40;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct InMysql;

impl Script for InMysql {
    fn statements(&self) -> Vec<Statement> {
        let statement = |effect, parameters: &'static [ColumnType], sql: String| Statement { sql, effect, parameters };
        let plain = |parameters, sql: &str| statement(Effects::None, parameters, sql.to_owned());
        let (document, log) = (&TABLES[DOCUMENTS], &TABLES[LOG]);
        vec![
            plain(
                &[Int, Int],
                "SELECT id, object FROM shipping_documents WHERE branch_id = ? AND object <= ? ORDER BY id LIMIT 256",
            ),
            plain(
                &[Int, Int, Text, Int, Bytes, Int],
                "INSERT INTO shipping_documents (id, branch_id, kind, object, sha256, op) VALUES (?, ?, ?, ?, ?, ?)",
            ),
            plain(&[Int, Bytes, Int, Int], "UPDATE shipping_documents SET object = ?, sha256 = ?, op = ? WHERE id = ?"),
            plain(&[Int], "DELETE FROM shipping_documents WHERE id = ?"),
            plain(
                &[Int, Text, Int, Int],
                "INSERT INTO document_log (branch_id, what, document_id, op) VALUES (?, ?, ?, ?)",
            ),
            statement(
                Effects::Written(DOCUMENTS),
                &[Int, Int],
                format!("SELECT {} FROM {} WHERE id = ? AND op = ?", document.select_list(), document.name),
            ),
            statement(
                Effects::Deleted(DOCUMENTS),
                &[Int],
                format!("SELECT {} FROM {} WHERE id = ?", document.key_list(), document.name),
            ),
            statement(
                Effects::Written(LOG),
                &[Int],
                format!("SELECT {} FROM {} WHERE op = ?", log.select_list(), log.name),
            ),
        ]
    }

    fn begin(&self) -> &'static str {
        "START TRANSACTION"
    }

    fn look(&self, tenant: u32, greatest: u64) -> Step {
        let look = read(Sql::Documents, &[Value::Int4(tenant as i32), Value::Int8(greatest as i64)]);
        Step { rows: None, ..look }
    }

    fn add(&self, row: Written<'_>) -> Vec<Step> {
        let (id, op) = (Value::Int8(FIRST_ID + row.op as i64), Value::Int8(row.op as i64));
        let (branch, kind) = (Value::Int4(row.tenant as i32), Value::Text(KINDS[(row.op % 2) as usize]));
        let values = [id, branch, kind, Value::Int8(row.object as i64), Value::Bytes(row.sha256), op];
        let mut steps = vec![write(Sql::Add, &values), write(Sql::Log, &[branch, Value::Text("added"), id, op])];
        steps.extend([read(Sql::ReadDocument, &[id, op]), read(Sql::ReadLog, &[op])]);
        steps
    }

    fn revise(&self, id: i64, row: Written<'_>) -> Vec<Step> {
        let (id, op, branch) = (Value::Int8(id), Value::Int8(row.op as i64), Value::Int4(row.tenant as i32));
        vec![
            write(Sql::Revise, &[Value::Int8(row.object as i64), Value::Bytes(row.sha256), op, id]),
            write(Sql::Log, &[branch, Value::Text("revised"), id, op]),
            read(Sql::ReadDocument, &[id, op]),
            read(Sql::ReadLog, &[op]),
        ]
    }

    fn delete(&self, id: i64, op: u64, tenant: u32) -> Vec<Step> {
        let (id, op) = (Value::Int8(id), Value::Int8(op as i64));
        vec![
            read(Sql::ReadKey, &[id]),
            write(Sql::Delete, &[id]),
            write(Sql::Log, &[Value::Int4(tenant as i32), Value::Text("deleted"), id, op]),
            read(Sql::ReadLog, &[op]),
        ]
    }
}

fn write(sql: Sql, values: &[Value<'_>]) -> Step {
    step(sql as usize, 0, values)
}

fn read(sql: Sql, values: &[Value<'_>]) -> Step {
    step(sql as usize, 1, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_at_its_place_and_has_as_many_parameters_as_types() {
        let statements = InMysql.statements();
        assert_eq!(statements.len(), Sql::ReadLog as usize + 1);
        assert!(statements[Sql::Delete as usize].sql.starts_with("DELETE"));
        for Statement { sql, effect, parameters } in statements {
            assert_eq!(sql.matches('?').count(), parameters.len(), "{sql}");
            assert!(effect == Effects::None || sql.starts_with("SELECT "), "{sql}");
        }
    }
}
