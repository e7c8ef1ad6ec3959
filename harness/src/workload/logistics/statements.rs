//! Every statement of the application.

use super::tables::{
    AUDIT_TRAIL, COD_ACCOUNTS, FINANCIAL_RECORDS, MANIFEST_LINES, MANIFESTS, PAYMENTS, SCAN_EVENTS, SETTLEMENTS,
    SHIPMENTS, TABLES,
};
use crate::engine::fields::ColumnType::{self, Bool, Bytes, Integer as Int, Json, Numeric, Text, Uuid};
use crate::workload::{Effects, Statement};

/// A statement; its place here is its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sql {
    // Looks at a branch's state, in this order.
    Staff,
    Drivers,
    Open,
    Unsettled,
    // Writes.
    Log,
    Add,
    Scan,
    ScanStatus,
    ScanManifest,
    AddManifest,
    AddLine,
    LoadShipments,
    Deliver,
    ChangeAddress,
    DeleteDraft,
    Collect,
    Settle,
    SettlePayments,
    BookCharge,
    BookCash,
    BookSettlement,
    AddToCollected,
    AddToSettled,
    // Reads of what was written, or is to be deleted.
    ReadShipment,
    ReadLoaded,
    ReadDraft,
    FindShipment,
    ReadManifest,
    ReadLines,
    ReadScans,
    ReadPayment,
    ReadSettled,
    ReadSettlement,
    ReadRecord,
    ReadAccount,
    ReadAudit,
}

/// A row by its id, if the operation wrote it.
const OWN: &str = "WHERE id = ? AND op = ?";
/// The same of a shipment that can be scanned.
const OWN_SHIPMENT: &str = "WHERE id = ? AND op = ? AND tracking_number IS NOT NULL";

type Entry = (Sql, Effects, &'static [ColumnType], &'static str);

/// The looks answer nothing but integers, so that an answer tells its own types. A shipment without a number is one that nobody
/// can scan: it is not looked for, and what is done to it is found nowhere and rolled back.
const LOOKS: &[Entry] = &[
    (Sql::Staff, Effects::None, &[Int], "SELECT id FROM staff WHERE branch_id = ? ORDER BY id LIMIT 16"),
    (Sql::Drivers, Effects::None, &[Int], "SELECT id FROM drivers WHERE branch_id = ? ORDER BY id LIMIT 16"),
    (
        Sql::Open,
        Effects::None,
        &[Int],
        "SELECT id, status, CAST(cod_amount * 100 AS SIGNED) FROM shipments
         WHERE branch_id = ? AND status < 3 AND tracking_number IS NOT NULL ORDER BY id DESC LIMIT 64",
    ),
    (
        Sql::Unsettled,
        Effects::None,
        &[Int],
        "SELECT COUNT(*) FROM payments WHERE branch_id = ? AND settlement_id IS NULL",
    ),
];

/// Amounts are never parameters of arithmetic, which would make floats of them.
const WRITES: &[Entry] = &[
    (
        Sql::Log,
        Effects::None,
        &[Int, Text, Text, Int, Json, Int],
        "INSERT INTO audit_trail (branch_id, what, entity, entity_id, detail, op) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    (
        Sql::Add,
        Effects::None,
        &[
            Int, Int, Int, Int, Uuid, Int, Int, Text, Text, Text, Int, Numeric, Numeric, Bool, Json, Bytes, Int,
        ],
        "INSERT INTO shipments (id, branch_id, tracking_number, public_id, status, accepted_by, sender, recipient, address,
                                grams, charge, cod_amount, fragile, detail, label, created_at, op)
         VALUES (?, ?, make_tracking_number(?, ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), ?)",
    ),
    (
        Sql::Scan,
        Effects::None,
        &[Int, Int, Text, Text, Json, Int],
        "INSERT INTO scan_events (branch_id, shipment_id, kind, device, place, scanned_at, op)
         VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6), ?)",
    ),
    (
        Sql::ScanStatus,
        Effects::None,
        &[Text, Text, Int, Int],
        "INSERT INTO scan_events (branch_id, shipment_id, kind, device, scanned_at, op)
         SELECT branch_id, id, ?, ?, COALESCE(delivered_at, created_at), ? FROM shipments WHERE id = ?",
    ),
    (
        Sql::ScanManifest,
        Effects::None,
        &[Text, Int, Int],
        "INSERT INTO scan_events (branch_id, shipment_id, kind, device, scanned_at, op)
         SELECT m.branch_id, l.shipment_id, 'loaded', ?, m.created_at, ?
         FROM manifests m JOIN manifest_lines l ON l.manifest_id = m.id WHERE m.id = ? ORDER BY l.line",
    ),
    (
        Sql::AddManifest,
        Effects::None,
        &[Int, Int, Int, Int],
        "INSERT INTO manifests (id, branch_id, driver_id, created_at, op) VALUES (?, ?, ?, UTC_TIMESTAMP(6), ?)",
    ),
    (
        Sql::AddLine,
        Effects::None,
        &[Int, Int, Int, Int],
        "INSERT INTO manifest_lines (manifest_id, line, shipment_id, op) VALUES (?, ?, ?, ?)",
    ),
    (
        Sql::LoadShipments,
        Effects::None,
        &[Int, Int],
        "UPDATE shipments s JOIN manifest_lines l ON l.shipment_id = s.id SET s.status = 2, s.op = ?
         WHERE l.manifest_id = ?",
    ),
    (Sql::Deliver, Effects::None, &[Int, Int], "UPDATE shipments SET status = 3, op = ? WHERE id = ?"),
    (
        Sql::ChangeAddress,
        Effects::None,
        &[Text, Json, Int, Int],
        "UPDATE shipments SET address = ?, detail = ?, op = ? WHERE id = ?",
    ),
    (Sql::DeleteDraft, Effects::None, &[Int], "DELETE FROM shipments WHERE id = ? AND status = 0"),
    (
        Sql::Collect,
        Effects::None,
        &[Int, Int, Int],
        "INSERT INTO payments (id, branch_id, shipment_id, driver_id, amount, collected_at, op)
         SELECT ?, s.branch_id, s.id, m.driver_id, s.cod_amount, s.delivered_at, ?
         FROM shipments s JOIN manifest_lines l ON l.shipment_id = s.id JOIN manifests m ON m.id = l.manifest_id
         WHERE s.id = ?",
    ),
    (
        Sql::Settle,
        Effects::None,
        &[Int, Int, Int],
        "INSERT INTO settlements (id, branch_id, total, payments, settled_at, op)
         SELECT ?, branch_id, SUM(amount), COUNT(*), UTC_TIMESTAMP(6), ? FROM payments
         WHERE branch_id = ? AND settlement_id IS NULL GROUP BY branch_id",
    ),
    (
        Sql::SettlePayments,
        Effects::None,
        &[Int, Int, Int],
        "UPDATE payments SET settlement_id = ?, op = ? WHERE branch_id = ? AND settlement_id IS NULL",
    ),
    (
        Sql::BookCharge,
        Effects::None,
        &[Int, Int, Int],
        "INSERT INTO financial_records (id, branch_id, kind, reference, amount, booked_at, op)
         SELECT ?, branch_id, 'charge', id, charge, created_at, ? FROM shipments WHERE id = ?",
    ),
    (
        Sql::BookCash,
        Effects::None,
        &[Int, Int, Int],
        "INSERT INTO financial_records (id, branch_id, kind, reference, amount, booked_at, op)
         SELECT ?, branch_id, 'cash', id, amount, collected_at, ? FROM payments WHERE id = ?",
    ),
    (
        Sql::BookSettlement,
        Effects::None,
        &[Int, Int, Int],
        "INSERT INTO financial_records (id, branch_id, kind, reference, amount, booked_at, op)
         SELECT ?, branch_id, 'settlement', id, total, settled_at, ? FROM settlements WHERE id = ?",
    ),
    (
        Sql::AddToCollected,
        Effects::None,
        &[Int, Int, Int],
        "UPDATE cod_accounts SET collected = collected + (SELECT amount FROM payments WHERE id = ?), op = ?
         WHERE branch_id = ?",
    ),
    (
        Sql::AddToSettled,
        Effects::None,
        &[Int, Int, Int],
        "UPDATE cod_accounts SET settled = settled + (SELECT total FROM settlements WHERE id = ?), op = ?
         WHERE branch_id = ?",
    ),
];

/// With an effect: only what comes after the columns and the table, which [`statements`] puts before it. That the
/// operation is asked for too keeps a row which it did not write from being taken for one that it did.
const READS: &[Entry] = &[
    (Sql::ReadShipment, Effects::Written(SHIPMENTS), &[Int, Int], OWN_SHIPMENT),
    (
        Sql::ReadLoaded,
        Effects::Written(SHIPMENTS),
        &[Int, Int],
        "WHERE id IN (SELECT shipment_id FROM manifest_lines WHERE manifest_id = ?) AND op = ?
           AND tracking_number IS NOT NULL",
    ),
    (Sql::ReadDraft, Effects::Deleted(SHIPMENTS), &[Int], "WHERE id = ? AND status = 0"),
    (Sql::FindShipment, Effects::None, &[Int], "SELECT id FROM shipments WHERE id = ?"),
    (Sql::ReadManifest, Effects::Written(MANIFESTS), &[Int, Int], OWN),
    (Sql::ReadLines, Effects::Written(MANIFEST_LINES), &[Int, Int], "WHERE manifest_id = ? AND op = ?"),
    (Sql::ReadScans, Effects::Written(SCAN_EVENTS), &[Int], "WHERE op = ?"),
    (Sql::ReadPayment, Effects::Written(PAYMENTS), &[Int, Int], OWN),
    (Sql::ReadSettled, Effects::Written(PAYMENTS), &[Int, Int], "WHERE settlement_id = ? AND op = ?"),
    (Sql::ReadSettlement, Effects::Written(SETTLEMENTS), &[Int, Int], OWN),
    (Sql::ReadRecord, Effects::Written(FINANCIAL_RECORDS), &[Int, Int], OWN),
    (Sql::ReadAccount, Effects::Written(COD_ACCOUNTS), &[Int, Int], "WHERE branch_id = ? AND op = ?"),
    (Sql::ReadAudit, Effects::Written(AUDIT_TRAIL), &[Int], "WHERE op = ?"),
];

/// The statements, each at the place of its [`Sql`].
pub fn statements() -> Vec<Statement> {
    let statement = |&(_, effect, parameters, text): &Entry| {
        let sql = match effect {
            Effects::None => text.to_owned(),
            Effects::Written(table) => {
                format!("SELECT {} FROM {} {text}", TABLES[table].select_list(), TABLES[table].name)
            }
            Effects::Deleted(table) => {
                format!("SELECT {} FROM {} {text}", TABLES[table].key_list(), TABLES[table].name)
            }
        };
        Statement { sql, effect, parameters }
    };
    [LOOKS, WRITES, READS].concat().iter().map(statement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_at_its_place_and_has_as_many_parameters_as_types() {
        let entries = [LOOKS, WRITES, READS].concat();
        assert!(entries.iter().enumerate().all(|(place, (sql, ..))| *sql as usize == place));
        assert_eq!(entries.len(), Sql::ReadAudit as usize + 1);
        for Statement { sql, parameters, .. } in statements() {
            assert_eq!(sql.matches('?').count(), parameters.len(), "{sql}");
        }
    }

    #[test]
    fn what_has_an_effect_reads_the_columns_of_its_table_in_their_order() {
        for Statement { sql, effect, .. } in statements() {
            let (table, list) = match effect {
                Effects::None => continue,
                Effects::Written(table) => (table, TABLES[table].select_list()),
                Effects::Deleted(table) => (table, TABLES[table].key_list()),
            };
            let read = sql.strip_prefix("SELECT ").and_then(|sql| sql.split_once(" FROM ")).unwrap();
            assert_eq!(read.0, list, "{sql}");
            assert!(read.1.starts_with(&format!("{} WHERE ", TABLES[table].name)), "{sql}");
        }
    }

    #[test]
    fn nothing_but_reads_has_an_effect_and_nothing_is_asked_that_only_one_engine_knows() {
        for Statement { sql, effect, .. } in statements() {
            assert!(effect == Effects::None || sql.starts_with("SELECT "), "{sql}");
            assert!(!sql.contains("RETURNING") && !sql.contains("||"), "{sql}");
        }
    }
}
