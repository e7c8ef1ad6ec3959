//! The statements of the application, in PostgreSQL's SQL.

use super::initial::TITLES;
use super::tables::{DOCUMENTS, LOG, TABLES};
use crate::engine::fields::Value;
use crate::workload::archive::{Script, Written, step};
use crate::workload::{Effects, Statement, Step};

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

/// See the module. Each statement answers the row that it wrote.
#[derive(Clone, Copy, Debug)]
pub struct InPostgres;

impl Script for InPostgres {
    fn statements(&self) -> Vec<Statement> {
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
                sql: format!(
                    "DELETE FROM app.documents WHERE id = $1::bigint RETURNING {}",
                    TABLES[DOCUMENTS].key_list()
                ),
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

    fn begin(&self) -> &'static str {
        "BEGIN"
    }

    fn look(&self, tenant: u32, greatest: u64) -> Step {
        let look = one(Sql::Documents, &[Value::Int4(tenant as i32), Value::Int8(greatest as i64)]);
        Step { rows: None, ..look }
    }

    fn add(&self, row: Written<'_>) -> Vec<Step> {
        let title = format!("{} of operation {}", TITLES[(row.op % TITLES.len() as u64) as usize], row.op);
        let (of, object) = (Value::Int4(row.tenant as i32), Value::Int8(row.object as i64));
        let op = Value::Int8(row.op as i64);
        let add = one(Sql::Add, &[of, Value::Text(&title), object, Value::Bytes(row.sha256), op]);
        vec![add, one(Sql::LogAdded, &[of, Value::Text("added"), object, op])]
    }

    fn revise(&self, id: i64, row: Written<'_>) -> Vec<Step> {
        let (id, op) = (Value::Int8(id), Value::Int8(row.op as i64));
        let revise = one(Sql::Revise, &[id, Value::Int8(row.object as i64), Value::Bytes(row.sha256), op]);
        vec![revise, one(Sql::LogOther, &[Value::Int4(row.tenant as i32), Value::Text("revised"), id, op])]
    }

    fn delete(&self, id: i64, op: u64, tenant: u32) -> Vec<Step> {
        let (id, op) = (Value::Int8(id), Value::Int8(op as i64));
        let log = one(Sql::LogOther, &[Value::Int4(tenant as i32), Value::Text("deleted"), id, op]);
        vec![one(Sql::Delete, &[id]), log]
    }
}

fn one(sql: Sql, values: &[Value<'_>]) -> Step {
    step(sql as usize, 1, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_at_its_place() {
        let statements = InPostgres.statements();
        assert_eq!(statements.len(), Sql::LogOther as usize + 1);
        assert!(statements[Sql::Delete as usize].sql.starts_with("DELETE"));
        assert!(statements[Sql::LogAdded as usize].sql.contains("d.object = $3"));
    }
}
