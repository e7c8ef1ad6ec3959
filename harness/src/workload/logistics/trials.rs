//! The writes that the application must be able to do.

use crate::workload::WriteTrial;

/// Several rows each where the server counts, as a counter that is behind may have its very next value free.
pub const WRITE_TRIALS: &[WriteTrial] = &[
    WriteTrial {
        what: "audit trail entries, with the next ids",
        statements: &["INSERT INTO audit_trail (branch_id, what, entity, entity_id, detail, op)
                       SELECT id, 'trial', 'branches', id, '{}', 0 FROM branches"],
    },
    WriteTrial {
        what: "scan events, with the next ids",
        statements: &["INSERT INTO scan_events (branch_id, shipment_id, kind, device, scanned_at, op)
                       SELECT branch_id, id, 'trial', 'trial', UTC_TIMESTAMP(6), 0 FROM shipments ORDER BY id LIMIT 5"],
    },
    WriteTrial {
        what: "a shipment accepted, loaded, delivered, paid and settled, with its records and their audit",
        statements: &[
            "INSERT INTO shipments (id, branch_id, tracking_number, public_id, status, sender, recipient, address, grams,
                                    charge, cod_amount, fragile, label, created_at, op)
             VALUES (9000000000001, 1, make_tracking_number(1, 9000000000001), X'00ff00ff00ff00ff00ff00ff00ff00ff', 1,
                     'trial', 'trial', 'trial', 1, 0.10, 0.20, 0, X'00ff', UTC_TIMESTAMP(6), 0)",
            "INSERT INTO financial_records (id, branch_id, kind, reference, amount, booked_at, op)
             SELECT id, branch_id, 'charge', id, charge, created_at, 0 FROM shipments WHERE id = 9000000000001",
            "INSERT INTO manifests (id, branch_id, driver_id, created_at, op)
             SELECT 9000000000001, branch_id, id, UTC_TIMESTAMP(6), 0 FROM drivers WHERE branch_id = 1
             ORDER BY id LIMIT 1",
            "INSERT INTO manifest_lines (manifest_id, line, shipment_id, op) VALUES (9000000000001, 1, 9000000000001, 0)",
            "UPDATE shipments SET status = 2 WHERE id = 9000000000001",
            "UPDATE shipments SET status = 3 WHERE id = 9000000000001",
            // Its time is the trigger's to say, and it must not be NULL.
            "INSERT INTO payments (id, branch_id, shipment_id, driver_id, amount, collected_at, op)
             SELECT m.id, m.branch_id, s.id, m.driver_id, s.cod_amount, s.delivered_at, 0
             FROM shipments s JOIN manifests m ON m.id = s.id WHERE s.id = 9000000000001",
            "UPDATE cod_accounts SET collected = collected + 0.20 WHERE branch_id = 1",
            "INSERT INTO settlements (id, branch_id, total, payments, settled_at, op)
             VALUES (9000000000001, 1, 0.20, 1, UTC_TIMESTAMP(6), 0)",
            "UPDATE payments SET settlement_id = 9000000000001 WHERE id = 9000000000001",
            "UPDATE cod_accounts SET settled = settled + 0.20 WHERE branch_id = 1",
            // Each has an id of the server's, which was the triggers' to write.
            "INSERT INTO audit_trail (branch_id, what, entity, entity_id, op)
             SELECT 1, 'trial', 'audit_trail', MAX(id), 0 FROM audit_trail
             WHERE entity IN ('shipments', 'financial_records') AND entity_id = 9000000000001 HAVING COUNT(*) = 3",
        ],
    },
    WriteTrial {
        what: "a draft booked, changed and cancelled",
        statements: &[
            "INSERT INTO shipments (id, branch_id, tracking_number, public_id, status, sender, recipient, address, grams,
                                    charge, cod_amount, fragile, detail, created_at, op)
             VALUES (9000000000002, 2, make_tracking_number(2, 9000000000002), X'ff00ff00ff00ff00ff00ff00ff00ff00', 0,
                     'trial', 'trial', 'trial', 1, 0.10, 0, 1, '{\"kind\": \"trial\"}', UTC_TIMESTAMP(6), 0)",
            "UPDATE shipments SET address = 'tried', detail = NULL WHERE id = 9000000000002",
            "DELETE FROM shipments WHERE id = 9000000000002",
        ],
    },
    WriteTrial { what: "the dashboard made anew by its procedure", statements: &["CALL refresh_dashboard()"] },
];
