//! The rules that hold in every transaction.

use crate::workload::Invariant;

pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        rule: "there are sixteen branches, each with its code",
        examined: "SELECT COUNT(*) FROM branches",
        violations: "SELECT CONCAT('there are ', n, ' branches') AS what
                     FROM (SELECT COUNT(*) AS n FROM branches) counted WHERE n <> 16
                     UNION ALL
                     SELECT CONCAT('branch ', id, ' has the code ', COALESCE(code, 'NULL')) FROM branches
                     WHERE code IS NULL OR code NOT IN ('SAH', 'ADE', 'RUH', 'JED', 'DXB', 'AMM', 'CAI', 'IST',
                                                        'NBO', 'KTM', 'PEK', 'HKG', 'HAN', 'WAW', 'BOG', 'KEF')",
    },
    Invariant {
        rule: "a tracking number is there, names its branch and shipment, and its check digits hold",
        examined: "SELECT COUNT(*) FROM shipments",
        violations: "SELECT CONCAT('shipment ', id, ' has the number ', COALESCE(tracking_number, 'NULL')) AS what
                     FROM shipments
                     WHERE tracking_number IS NULL OR tracking_number NOT REGEXP '^BRK[0-9]{17}$'
                        OR CAST(SUBSTRING(tracking_number, 4) AS UNSIGNED) % 97 <> 1
                        OR CAST(SUBSTRING(tracking_number, 4, 2) AS UNSIGNED) <> branch_id
                        OR CAST(SUBSTRING(tracking_number, 6, 13) AS UNSIGNED) <> id",
    },
    // Today is the newest day that there is, so that this is as true tomorrow.
    Invariant {
        rule: "the shipments of a day are those that were accepted on it, today's too",
        examined: "SELECT COUNT(*) FROM scan_events
                   WHERE kind = 'accepted' AND CAST(scanned_at AS DATE) =
                         (SELECT CAST(MAX(scanned_at) AS DATE) FROM scan_events WHERE kind = 'accepted')",
        violations: "SELECT CONCAT('shipment ', e.shipment_id, ' was accepted on ', CAST(e.scanned_at AS DATE)) AS what
                     FROM scan_events e LEFT JOIN shipments s ON s.id = e.shipment_id AND s.status >= 1
                                                             AND s.created_on = CAST(e.scanned_at AS DATE)
                     WHERE e.kind = 'accepted' AND s.id IS NULL
                     UNION ALL
                     SELECT CONCAT('shipment ', s.id, ' was never accepted')
                     FROM shipments s LEFT JOIN scan_events e ON e.shipment_id = s.id AND e.kind = 'accepted'
                     WHERE s.status >= 1 AND e.id IS NULL",
    },
    Invariant {
        rule: "a branch's cash on delivery is the sum of its payments, collected and settled",
        examined: "SELECT COUNT(*) FROM branches",
        violations: "SELECT CONCAT('branch ', b.id, ' says ', COALESCE(a.collected, 'NULL'), ' collected, ',
                                   COALESCE(a.settled, 'NULL'), ' settled, has ', COALESCE(p.collected, 0), ' and ',
                                   COALESCE(p.settled, 0)) AS what
                     FROM branches b LEFT JOIN cod_accounts a ON a.branch_id = b.id
                     LEFT JOIN (SELECT branch_id, SUM(amount) AS collected,
                                       SUM(IF(settlement_id IS NULL, 0, amount)) AS settled
                                FROM payments GROUP BY branch_id) p ON p.branch_id = b.id
                     WHERE NOT (a.collected <=> COALESCE(p.collected, 0)) OR NOT (a.settled <=> COALESCE(p.settled, 0))",
    },
    Invariant {
        rule: "a delivered shipment was paid what it had to be, and no other was",
        examined: "SELECT COUNT(*) FROM shipments",
        violations: "SELECT CONCAT('shipment ', s.id, ' of status ', s.status, ' has ', s.cod_amount, ' to pay, paid ',
                                   COALESCE(p.amount, 'nothing')) AS what
                     FROM shipments s LEFT JOIN payments p ON p.shipment_id = s.id
                     WHERE NOT (p.amount <=> IF(s.status = 3 AND s.cod_amount > 0, s.cod_amount, NULL))
                     UNION ALL
                     SELECT CONCAT('payment ', p.id, ' is for no shipment of its branch')
                     FROM payments p LEFT JOIN shipments s ON s.id = p.shipment_id AND s.branch_id = p.branch_id
                     WHERE s.id IS NULL",
    },
    Invariant {
        rule: "a settlement's total and count are those of its payments",
        examined: "SELECT COUNT(*) FROM settlements",
        violations: "SELECT CONCAT('settlement ', t.id, ' says ', t.total, ' in ', t.payments, ' payments, has ',
                                   COALESCE(p.total, 0), ' in ', COALESCE(p.payments, 0)) AS what
                     FROM settlements t LEFT JOIN (SELECT settlement_id, SUM(amount) AS total, COUNT(*) AS payments
                                                   FROM payments GROUP BY settlement_id) p ON p.settlement_id = t.id
                     WHERE NOT (t.total <=> p.total) OR NOT (t.payments <=> p.payments)
                     UNION ALL
                     SELECT CONCAT('payment ', p.id, ' is in settlement ', p.settlement_id, ', which its branch has not')
                     FROM payments p LEFT JOIN settlements t ON t.id = p.settlement_id AND t.branch_id = p.branch_id
                     WHERE p.settlement_id IS NOT NULL AND t.id IS NULL",
    },
    Invariant {
        rule: "every charge, payment and settlement has its financial record, and every record is of one",
        examined: "SELECT COUNT(*) FROM financial_records",
        violations: "SELECT CONCAT('the charge of shipment ', s.id, ' is ', s.charge) AS what
                     FROM shipments s LEFT JOIN financial_records r ON r.kind = 'charge' AND r.reference = s.id
                     WHERE s.status >= 1 AND NOT (r.amount <=> s.charge)
                     UNION ALL
                     SELECT CONCAT('payment ', p.id, ' is ', p.amount)
                     FROM payments p LEFT JOIN financial_records r ON r.kind = 'cash' AND r.reference = p.id
                     WHERE NOT (r.amount <=> p.amount)
                     UNION ALL
                     SELECT CONCAT('settlement ', t.id, ' is ', t.total)
                     FROM settlements t LEFT JOIN financial_records r ON r.kind = 'settlement' AND r.reference = t.id
                     WHERE NOT (r.amount <=> t.total)
                     UNION ALL
                     SELECT CONCAT('record ', r.id, ' is of nothing')
                     FROM financial_records r
                     LEFT JOIN shipments s ON r.kind = 'charge' AND s.id = r.reference
                     LEFT JOIN payments p ON r.kind = 'cash' AND p.id = r.reference
                     LEFT JOIN settlements t ON r.kind = 'settlement' AND t.id = r.reference
                     WHERE s.id IS NULL AND p.id IS NULL AND t.id IS NULL",
    },
    Invariant {
        rule: "every financial record of the last seven years has its entry in the audit trail",
        examined: "SELECT COUNT(*) FROM financial_records
                   WHERE booked_at >= (SELECT MAX(booked_at) FROM financial_records) - INTERVAL 7 YEAR",
        violations: "SELECT CONCAT('record ', r.id, ' of ', r.booked_at) AS what
                     FROM financial_records r
                     LEFT JOIN audit_trail a ON a.entity = 'financial_records' AND a.entity_id = r.id
                     WHERE r.booked_at >= (SELECT MAX(booked_at) FROM financial_records) - INTERVAL 7 YEAR
                       AND a.id IS NULL",
    },
    Invariant {
        rule: "a manifest carries shipments of its branch that have left, all of them, by a driver of its branch",
        examined: "SELECT COUNT(*) FROM manifest_lines",
        violations: "SELECT CONCAT('line ', l.line, ' of manifest ', l.manifest_id) AS what
                     FROM manifest_lines l
                     LEFT JOIN manifests m ON m.id = l.manifest_id
                     LEFT JOIN shipments s ON s.id = l.shipment_id AND s.branch_id = m.branch_id AND s.status >= 2
                     LEFT JOIN drivers d ON d.id = m.driver_id AND d.branch_id = m.branch_id
                     WHERE s.id IS NULL OR d.id IS NULL
                     UNION ALL
                     SELECT CONCAT('shipment ', s.id, ' is on no manifest')
                     FROM shipments s LEFT JOIN manifest_lines l ON l.shipment_id = s.id
                     WHERE s.status >= 2 AND l.line IS NULL",
    },
    Invariant {
        rule: "a shipment has the time of its delivery, and a scan of that time, once it is delivered",
        examined: "SELECT COUNT(*) FROM shipments",
        violations: "SELECT CONCAT('shipment ', s.id, ' has status ', s.status, ', delivered at ',
                                   COALESCE(s.delivered_at, 'no time'), ', scanned at ',
                                   COALESCE(e.scanned_at, 'no time')) AS what
                     FROM shipments s LEFT JOIN scan_events e ON e.shipment_id = s.id AND e.kind = 'delivered'
                     WHERE (s.status = 3) <> (s.delivered_at IS NOT NULL) OR NOT (s.delivered_at <=> e.scanned_at)",
    },
    // Asked by other words than those of their definitions, which an optimizer may take for the column.
    Invariant {
        rule: "a generated column holds what its definition says",
        examined: "SELECT (SELECT COUNT(*) FROM shipments) + (SELECT COUNT(*) FROM cod_accounts)
                        + (SELECT COUNT(*) FROM financial_records)",
        violations: "SELECT CONCAT('shipment ', id, ': ', created_on, ', ', amount_due) AS what FROM shipments
                     WHERE NOT (DATEDIFF(created_on, created_at) <=> 0) OR NOT (amount_due - charge <=> cod_amount)
                     UNION ALL
                     SELECT CONCAT('account ', branch_id, ': ', outstanding) FROM cod_accounts
                     WHERE NOT (outstanding + settled <=> collected)
                     UNION ALL
                     SELECT CONCAT('record ', id, ': ', keep_until) FROM financial_records
                     WHERE NOT (DATEDIFF(keep_until, DATE_ADD(booked_at, INTERVAL 84 MONTH)) <=> 0)",
    },
    Invariant {
        rule: "every operation that wrote a row also wrote to the audit trail",
        examined: "SELECT (SELECT COUNT(*) FROM shipments) + (SELECT COUNT(*) FROM manifests)
                        + (SELECT COUNT(*) FROM scan_events) + (SELECT COUNT(*) FROM payments)
                        + (SELECT COUNT(*) FROM settlements) + (SELECT COUNT(*) FROM financial_records)",
        violations: "SELECT CONCAT('operation ', w.op) AS what
                     FROM (SELECT op FROM shipments UNION SELECT op FROM manifests UNION SELECT op FROM manifest_lines
                           UNION SELECT op FROM scan_events UNION SELECT op FROM payments
                           UNION SELECT op FROM settlements UNION SELECT op FROM financial_records
                           UNION SELECT op FROM cod_accounts) w
                     LEFT JOIN audit_trail a ON a.op = w.op
                     WHERE w.op <> 0 AND a.id IS NULL",
    },
];

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn the_known_codes_are_those_of_the_branches() {
        let listed = INVARIANTS[0].violations.split_once("NOT IN (").unwrap().1.split('\'').skip(1).step_by(2);
        assert!(listed.eq(words::BRANCHES.iter().map(|(code, ..)| *code)));
    }
}
