//! That the rows agree with each other, with the tables and with the schema.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Logistics;
use super::super::tables::{
    AUDIT_TRAIL, BRANCHES, COD_ACCOUNTS, DRIVERS, FINANCIAL_RECORDS, MANIFEST_LINES, MANIFESTS, PAYMENTS, SCAN_EVENTS,
    SETTLEMENTS, SHIPMENTS, STAFF, TABLES,
};
use super::*;
use crate::engine::fields::{ColumnType, Fields};
use crate::workload::Domain;

/// A table's rows for people: column to value.
type Images = Vec<BTreeMap<String, Option<String>>>;

fn settings(rows: u64) -> Settings {
    Settings { rows, ..Settings::default() }
}

fn fields(generator: &dyn Generator, table: usize) -> Vec<Vec<u8>> {
    let row = |index| {
        let mut out = Vec::new();
        generator.fields(table, index, &mut out);
        out
    };
    (0..generator.count(table)).map(row).collect()
}

fn all(settings: &Settings) -> Vec<Vec<Vec<u8>>> {
    let generator = InitialRows::new(settings);
    (0..TABLES.len()).map(|table| fields(&generator, table)).collect()
}

fn images(rows: u64) -> Vec<Images> {
    let all = all(&settings(rows));
    all.iter().zip(TABLES).map(|(rows, table)| rows.iter().map(|row| table.image(row)).collect()).collect()
}

/// The values of a column, without NULL.
fn column<'a>(images: &'a [Images], table: usize, name: &str) -> Vec<&'a str> {
    images[table].iter().filter_map(|row| row[name].as_deref()).collect()
}

fn cents(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

#[test]
fn the_same_settings_make_the_same_rows_and_another_seed_makes_others() {
    assert_eq!(all(&settings(2000)), all(&settings(2000)));
    assert_ne!(all(&settings(2000)), all(&Settings { seed: 2, ..settings(2000) }));
}

#[test]
fn rows_have_all_columns_and_come_in_key_order() {
    for rows in [100, 5000] {
        for (rows, table) in all(&settings(rows)).iter().zip(TABLES) {
            let mut last = None;
            for row in rows {
                assert_eq!(Fields::new(row).count(), table.columns.len(), "{}", table.name);
                let key = table.row(row).unwrap().key;
                assert!(Some(key) > last, "{}", table.name);
                last = Some(key);
            }
        }
    }
}

#[test]
fn every_reference_is_to_a_row_of_the_same_branch() {
    let images = images(5000);
    let references = [
        (STAFF, "branch_id", BRANCHES),
        (DRIVERS, "branch_id", BRANCHES),
        (COD_ACCOUNTS, "branch_id", BRANCHES),
        (SHIPMENTS, "accepted_by", STAFF),
        (MANIFESTS, "driver_id", DRIVERS),
        (MANIFEST_LINES, "manifest_id", MANIFESTS),
        (MANIFEST_LINES, "shipment_id", SHIPMENTS),
        (SCAN_EVENTS, "shipment_id", SHIPMENTS),
        (PAYMENTS, "shipment_id", SHIPMENTS),
        (PAYMENTS, "driver_id", DRIVERS),
        (PAYMENTS, "settlement_id", SETTLEMENTS),
    ];
    for (table, name, other) in references {
        let branch = if other == BRANCHES { "id" } else { "branch_id" };
        let others: BTreeMap<_, _> = images[other].iter().map(|row| (&row["id"], &row[branch])).collect();
        let mut seen = 0;
        for row in images[table].iter().filter(|row| row[name].is_some()) {
            let of = others.get(&row[name]).copied();
            let own = if table == MANIFEST_LINES { of } else { row.get("branch_id") };
            assert!(of.is_some() && of == own, "{} {row:?}", TABLES[table].name);
            seen += 1;
        }
        assert!(seen > 0, "no {name} in {}", TABLES[table].name);
    }
    let on_manifest: BTreeMap<_, _> = images[MANIFESTS].iter().map(|row| (&row["id"], &row["branch_id"])).collect();
    let shipped: BTreeMap<_, _> = images[SHIPMENTS].iter().map(|row| (&row["id"], &row["branch_id"])).collect();
    assert!(images[MANIFEST_LINES].iter().all(|row| on_manifest[&row["manifest_id"]] == shipped[&row["shipment_id"]]));
    let once: BTreeSet<_> = column(&images, MANIFEST_LINES, "shipment_id").into_iter().collect();
    assert_eq!(once.len(), images[MANIFEST_LINES].len(), "no shipment is on two manifests");
}

#[test]
fn money_agrees_wherever_it_is_counted() {
    let images = images(5000);
    let sum = |table, name| column(&images, table, name).into_iter().map(cents).sum::<i64>();
    assert_eq!(sum(COD_ACCOUNTS, "collected"), sum(PAYMENTS, "amount"));
    assert_eq!(sum(COD_ACCOUNTS, "settled"), sum(SETTLEMENTS, "total"));
    let (mut lines, mut open) = (BTreeMap::new(), 0);
    for row in &images[PAYMENTS] {
        match &row["settlement_id"] {
            Some(id) => *lines.entry(id.clone()).or_insert(0) += cents(row["amount"].as_deref().unwrap()),
            None => open += 1,
        }
    }
    assert!(open > 0, "something is left to settle");
    let total = |row: &BTreeMap<String, Option<String>>| cents(row["total"].as_deref().unwrap());
    assert!(images[SETTLEMENTS].iter().all(|row| lines[row["id"].as_deref().unwrap()] == total(row)));
    let due: BTreeMap<_, _> = images[SHIPMENTS].iter().map(|row| (&row["id"], &row["cod_amount"])).collect();
    assert!(images[PAYMENTS].iter().all(|row| due[&row["shipment_id"]] == &row["amount"]));
    let records = sum(FINANCIAL_RECORDS, "amount");
    assert_eq!(records, sum(SHIPMENTS, "charge") + sum(PAYMENTS, "amount") + sum(SETTLEMENTS, "total"));
}

#[test]
fn every_financial_record_of_seven_years_is_audited_and_some_are_older() {
    for rows in [300, 1000, 5000] {
        let images = images(rows);
        let newest = column(&images, FINANCIAL_RECORDS, "booked_at").into_iter().max().unwrap();
        let year: i32 = newest[..4].parse().unwrap();
        let since = format!("{}{}", year - 7, &newest[4..]);
        let booked = |row: &&BTreeMap<String, Option<String>>| row["what"].as_deref() == Some("booked");
        let audited: BTreeSet<_> = images[AUDIT_TRAIL].iter().filter(booked).map(|row| &row["entity_id"]).collect();
        let (old, new): (Images, Images) =
            images[FINANCIAL_RECORDS].iter().cloned().partition(|row| row["booked_at"].as_deref() < Some(&*since));
        assert!(new.iter().all(|row| audited.contains(&row["id"])));
        assert!(rows == 300 || old.iter().any(|row| !audited.contains(&row["id"])));
    }
}

#[test]
fn tracking_numbers_hold_and_name_their_branch() {
    for row in &images(3000)[SHIPMENTS] {
        let number = row["tracking_number"].as_deref().unwrap();
        let digits: u64 = number.strip_prefix("BRK").unwrap().parse().unwrap();
        assert_eq!((number.len(), digits % 97), (20, 1), "{number}");
        assert_eq!(number[3..5].parse::<i64>().ok(), row["branch_id"].as_deref().unwrap().parse().ok());
    }
}

/// The type that a column of the schema has when it is read, and its width in bytes if it is an integer.
fn type_of(declared: &str) -> (ColumnType, Option<usize>) {
    match declared {
        "SMALLINT" => (ColumnType::Integer, Some(2)),
        "INT" => (ColumnType::Integer, Some(4)),
        "BIGINT" => (ColumnType::Integer, Some(8)),
        "TINYINT(1)" => (ColumnType::Bool, None),
        "DATETIME(6)" => (ColumnType::Timestamp, Some(8)),
        "JSON" => (ColumnType::Json, None),
        "BLOB" => (ColumnType::Bytes, None),
        "BINARY(16)" => (ColumnType::Uuid, Some(16)),
        "TEXT" => (ColumnType::Text, None),
        _ if declared.starts_with("VARCHAR(") => (ColumnType::Text, None),
        _ if declared.starts_with("DECIMAL(") => (ColumnType::Numeric, None),
        other => panic!("the type {other}"),
    }
}

#[test]
fn tables_and_rows_are_as_the_schema_declares_them() {
    let all = all(&settings(3000));
    for (rows, table) in all.iter().zip(TABLES) {
        let (_, body) = Logistics.schema().split_once(&format!("CREATE TABLE {} (\n", table.name)).unwrap();
        let body = body.split_once("\n)").unwrap().0;
        let is_column = |line: &&str| line.trim_start().starts_with(char::is_lowercase) && !line.contains("GENERATED");
        let declared: Vec<(&str, &str)> = body
            .lines()
            .filter(is_column)
            .map(|line| {
                let mut words = line.split_whitespace();
                (words.next().unwrap(), words.next().unwrap().trim_end_matches(','))
            })
            .collect();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(names, declared.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{}", table.name);
        for (column, (name, declared)) in table.columns.iter().zip(&declared) {
            let (kind, width) = type_of(declared);
            assert_eq!(column.kind, kind, "{}.{name}", table.name);
            let place = names.iter().position(|other| other == name).unwrap();
            for field in rows.iter().filter_map(|row| Fields::new(row).nth(place).flatten()) {
                assert!(width.is_none_or(|width| width == field.len()), "{}.{name}", table.name);
                let shown = crate::engine::fields::show(kind, field);
                assert!(!shown.ends_with("(not of its type)"), "{}.{name}: {shown}", table.name);
            }
        }
    }
}
