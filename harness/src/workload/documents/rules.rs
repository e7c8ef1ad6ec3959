//! The rules that hold in every transaction, and the writes that the application must be able to do.

use crate::workload::{Invariant, WriteTrial};

pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        rule: "every operation that wrote a document also wrote to the audit log",
        examined: "SELECT count(*) FROM app.documents",
        violations: "SELECT 'operation ' || op FROM app.documents d
                     WHERE op <> 0 AND NOT EXISTS (SELECT FROM audit.log a WHERE a.op = d.op AND a.document_id = d.id)",
    },
    Invariant {
        rule: "a document is of the tenant that the audit log says",
        examined: "SELECT count(*) FROM audit.log",
        violations: "SELECT 'document ' || d.id FROM app.documents d JOIN audit.log a ON a.document_id = d.id
                     WHERE a.tenant_id <> d.tenant_id",
    },
];

/// Several rows each, as a sequence that is behind may have its very next value free.
pub const WRITE_TRIALS: &[WriteTrial] = &[
    WriteTrial {
        what: "new documents, with the next ids",
        statements: &[
            "INSERT INTO app.documents (tenant_id, title, object, sha256, op)
             SELECT 1, 'trial', (1::bigint << 60) + n, '', 0 FROM generate_series(1, 5) n",
            "UPDATE app.documents SET title = 'tried' WHERE title = 'trial'",
            "DELETE FROM app.documents WHERE title = 'tried'",
        ],
    },
    WriteTrial {
        what: "audit log entries, with the next ids",
        statements: &[
            "INSERT INTO audit.log (tenant_id, what, document_id, op) SELECT 1, 'trial', 1, 0 FROM generate_series(1, 5)",
        ],
    },
];
