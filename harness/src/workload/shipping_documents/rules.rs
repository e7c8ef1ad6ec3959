//! The rules that hold in every transaction, and the writes that the application must be able to do.

use crate::workload::{Invariant, WriteTrial};

pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        rule: "every operation that wrote a shipping document also wrote to the log",
        examined: "SELECT COUNT(*) FROM shipping_documents",
        violations: "SELECT CONCAT('operation ', d.op) AS what FROM shipping_documents d
                     LEFT JOIN document_log l ON l.op = d.op AND l.document_id = d.id
                     WHERE d.op <> 0 AND l.id IS NULL",
    },
    Invariant {
        rule: "a shipping document is of the branch that the log says",
        examined: "SELECT COUNT(*) FROM document_log",
        violations: "SELECT CONCAT('document ', d.id) AS what FROM shipping_documents d
                     JOIN document_log l ON l.document_id = d.id WHERE l.branch_id <> d.branch_id",
    },
];

pub const WRITE_TRIALS: &[WriteTrial] = &[
    WriteTrial {
        what: "a label added, changed and removed",
        statements: &[
            "INSERT INTO shipping_documents (id, branch_id, kind, object, sha256, op)
             VALUES (9000000000001, 1, 'label', 9000000000001, X'00ff', 0)",
            "UPDATE shipping_documents SET kind = 'proof of delivery' WHERE id = 9000000000001",
            "DELETE FROM shipping_documents WHERE id = 9000000000001",
        ],
    },
    // Several, as a counter that is behind may have its very next value free.
    WriteTrial {
        what: "entries of the log, with the next ids",
        statements: &["INSERT INTO document_log (branch_id, what, document_id, op)
                       SELECT branch_id, 'trial', id, 0 FROM shipping_documents ORDER BY id LIMIT 5"],
    },
];
