//! The domain as scripts for the command line client of a server that somebody started by hand.

use std::fmt::Write;
use std::path::Path;

use super::office_tests::{play, settings};
use super::tables::TABLES;
use super::{Logistics, canaries};
use crate::engine::fields::{ColumnType, Fields, Value, show};
use crate::workload::{Application, Domain, Ending, Step};
use blackstart_record::words::hex;

/// A value as SQL.
fn literal(kind: ColumnType, field: Option<&[u8]>) -> String {
    let Some(bytes) = field else { return "NULL".to_owned() };
    match kind {
        ColumnType::Text => format!("_utf8mb4 X'{}'", hex(bytes)),
        ColumnType::Json => format!("_utf8mb4 X'{}'", hex(&bytes[1..])),
        ColumnType::Bytes | ColumnType::Uuid => format!("X'{}'", hex(bytes)),
        ColumnType::Timestamp => format!("'{}'", show(kind, bytes).replace('T', " ").trim_end_matches('Z')),
        _ => show(kind, bytes),
    }
}

fn load(rows: u64) -> String {
    let generator = Logistics.generator(&settings(rows));
    let mut script = String::from("SET NAMES utf8mb4");
    for (index, table) in TABLES.iter().enumerate() {
        let columns = table.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        for row in 0..generator.count(index) {
            let mut fields = Vec::new();
            generator.fields(index, row, &mut fields);
            let values =
                table.columns.iter().zip(Fields::new(&fields)).map(|(column, field)| literal(column.kind, field));
            let values = values.collect::<Vec<_>>().join(", ");
            let start = if row % 200 == 0 {
                format!(";\nINSERT INTO {} ({columns}) VALUES\n", table.name)
            } else {
                ",".to_owned()
            };
            write!(script, "{start}({values})").unwrap();
        }
    }
    script + ";\n"
}

/// A statement with its parameters in place.
fn sql(statement: &crate::workload::Statement, step: &Step) -> String {
    let mut fields = Fields::new(&step.parameters).zip(statement.parameters);
    let parts: Vec<&str> = statement.sql.split('?').collect();
    let (last, others) = parts.split_last().unwrap();
    others.iter().fold(String::new(), |text, part| {
        let (field, kind) = fields.next().unwrap();
        text + part + &literal(*kind, field)
    }) + last
}

/// Each operation in its transaction, and after each read whether it answered as many rows as it had to.
fn work(rows: u64, count: u64) -> String {
    let mut script = String::from("SET NAMES utf8mb4;\n");
    let mut refusals = 0;
    play(&settings(rows), count, |op, office, operation| {
        writeln!(script, "{};", operation.begin).unwrap();
        for step in &operation.steps {
            let statement = &office.statements()[step.statement];
            let text = sql(statement, step);
            let line = if text.starts_with("SELECT") {
                let (expected, wrong) = (step.rows.unwrap(), format!("operation {op}, statement {}", step.statement));
                format!("SELECT IF((SELECT COUNT(*) FROM ({text}) answered) = {expected}, 'ok', '{wrong}');")
            } else {
                format!("{text};")
            };
            writeln!(script, "{line}").unwrap();
        }
        refusals += u64::from(operation.ending == Ending::Refusal);
        writeln!(script, "{};", if operation.ending == Ending::Commit { "COMMIT" } else { "ROLLBACK" }).unwrap();
    });
    writeln!(script, "SELECT '{refusals} errors are to be seen above, and nothing but ok';").unwrap();
    script
}

fn rules() -> String {
    let ask = |rule: &crate::workload::Invariant| {
        let name = rule.rule.replace('\'', "''");
        format!("SELECT '{name}', ({}), COUNT(*) FROM ({}) violations;\n", rule.examined, rule.violations)
    };
    Logistics.invariants().iter().map(ask).collect()
}

fn trials() -> String {
    let mut script = String::new();
    for trial in Logistics.write_trials() {
        script.push_str("START TRANSACTION;\n");
        for statement in trial.statements {
            let touched = format!("SELECT '{}', IF(ROW_COUNT() > 0, 'ok', 'touched no row');\n", trial.what);
            writeln!(script, "{statement};\n{touched}").unwrap();
        }
        script.push_str("ROLLBACK;\n");
    }
    script
}

fn planted() -> String {
    let mut script = String::from("SET NAMES utf8mb4;\n");
    for (index, canary) in Logistics.canaries().iter().enumerate() {
        let mut fields = Vec::new();
        canaries::fields(index as u64, &mut fields);
        let is_set = |(column, field): &(&crate::workload::Column, Option<&[u8]>)| {
            ["words", "bytes", "amount", "at", "doc"].contains(&column.name) && field.is_some()
        };
        let columns = TABLES[super::tables::CANARIES].columns;
        let expected = match columns.iter().zip(Fields::new(&fields)).find(is_set) {
            Some((column, field)) if matches!(column.kind, ColumnType::Numeric | ColumnType::Timestamp) => {
                format!("({}) = {}", canary.sql, literal(column.kind, field))
            }
            Some(_) => format!("HEX(({})) = '{}'", canary.sql, hex(canary.planted.as_deref().unwrap())),
            None => format!("({}) IS NULL", canary.sql),
        };
        writeln!(script, "SELECT '{}', IF({expected}, 'ok', 'changed');", canary.name).unwrap();
    }
    script
}

#[test]
#[ignore = "set BLACKSTART_SCRIPTS to a folder and run it by name: it writes load.sql, work.sql, rules.sql and more"]
fn the_domain_as_scripts() {
    let folder = std::env::var_os("BLACKSTART_SCRIPTS").expect("BLACKSTART_SCRIPTS names a folder");
    let write = |name: &str, script: String| std::fs::write(Path::new(&folder).join(name), script).unwrap();
    write("load.sql", load(5000));
    write("work.sql", work(5000, 3000));
    write("rules.sql", rules());
    write("trials.sql", trials());
    write("canaries.sql", planted());
}

#[test]
fn every_semicolon_ends_a_statement() {
    for script in [Logistics.schema(), Logistics.after_load()] {
        let (statements, after) = script.rsplit_once(';').unwrap();
        assert_eq!(after.trim(), "");
        for statement in statements.split(';') {
            let mut lines = statement.lines().filter(|line| !line.is_empty() && !line.starts_with("--"));
            let verb = lines.next().and_then(|line| line.split(' ').next());
            assert!(["ALTER", "ANALYZE", "CALL", "CREATE", "GRANT"].map(Some).contains(&verb), "{statement}");
        }
    }
}

#[test]
fn a_statement_with_its_parameters_in_place_is_one_that_a_person_can_run() {
    let mut parameters = Vec::new();
    let values = [Value::Int4(-1), Value::Text("a'b"), Value::Cents(-5), Value::Timestamp(-1), Value::Null];
    values.iter().for_each(|value| value.put(&mut parameters));
    let kinds = &[ColumnType::Integer, ColumnType::Text, ColumnType::Numeric, ColumnType::Timestamp, ColumnType::Json];
    let statement = crate::workload::Statement {
        sql: "VALUES (?, ?, ?, ?, ?)".to_owned(),
        effect: crate::workload::Effects::None,
        parameters: kinds,
    };
    let step = Step { statement: 0, parameters, rows: None };
    let expected = "VALUES (-1, _utf8mb4 X'612762', -0.05, '1999-12-31 23:59:59.999999', NULL)";
    assert_eq!(sql(&statement, &step), expected);
}
