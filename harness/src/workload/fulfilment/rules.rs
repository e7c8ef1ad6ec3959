//! The rules that hold in every transaction, and the writes that the application must be able to do.

use crate::workload::{Invariant, WriteTrial};

pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        rule: "an order's total and line count are those of its lines",
        examined: "SELECT count(*) FROM app.orders",
        violations: "SELECT 'order ' || o.number || ' says ' || o.total || ' in ' || o.line_count || ' lines, has ' ||
                            coalesce(l.total, 0) || ' in ' || coalesce(l.lines, 0)
                     FROM app.orders o LEFT JOIN (SELECT order_number, sum(amount) AS total, count(*) AS lines
                                                  FROM app.order_lines GROUP BY 1) l ON l.order_number = o.number
                     WHERE o.total IS DISTINCT FROM l.total OR o.line_count IS DISTINCT FROM l.lines",
    },
    Invariant {
        rule: "an order line belongs to an order and a stock of its own tenant",
        examined: "SELECT count(*) FROM app.order_lines",
        violations: "SELECT 'line ' || l.line || ' of order ' || l.order_number
                     FROM app.order_lines l
                     LEFT JOIN app.orders o ON o.number = l.order_number AND o.tenant_id = l.tenant_id
                     LEFT JOIN app.stock s ON s.product_id = l.product_id AND s.warehouse = l.warehouse
                                           AND s.tenant_id = l.tenant_id
                     WHERE o.number IS NULL OR s.product_id IS NULL",
    },
    Invariant {
        rule: "stock is never negative, and what was received is on hand or in an order line",
        examined: "SELECT count(*) FROM app.stock",
        violations:
            "SELECT 'product ' || s.product_id || ' in warehouse ' || s.warehouse || ': received ' || s.received ||
                            ', on hand ' || s.on_hand || ', ordered ' || coalesce(l.quantity, 0)
                     FROM app.stock s LEFT JOIN (SELECT product_id, warehouse, sum(quantity) AS quantity
                                                 FROM app.order_lines GROUP BY 1, 2) l USING (product_id, warehouse)
                     WHERE s.on_hand < 0 OR s.received <> s.on_hand + coalesce(l.quantity, 0)",
    },
    Invariant {
        rule: "a shipment's status, its times and its order's status agree, and it moved only forward",
        examined: "SELECT count(*) FROM app.shipments",
        violations:
            "SELECT 'shipment ' || s.id || ' has status ' || s.status || ', its order ' || coalesce(o.status, 'none')
                     FROM app.shipments s LEFT JOIN app.orders o ON o.number = s.order_number
                     WHERE (s.status >= 1) <> (s.sent_at IS NOT NULL)
                        OR (s.status >= 2) <> (s.delivered_at IS NOT NULL)
                        OR o.status IS DISTINCT FROM (ARRAY['packed', 'sent', 'done'])[s.status + 1]",
    },
    Invariant {
        rule: "an order is open as long as it has no shipment",
        examined: "SELECT count(*) FROM app.orders",
        violations: "SELECT 'order ' || o.number || ' is ' || o.status
                     FROM app.orders o LEFT JOIN app.shipments s ON s.order_number = o.number
                     WHERE (o.status = 'open') <> (s.id IS NULL)",
    },
    Invariant {
        rule: "every operation that wrote a row also wrote to the audit log",
        examined: "SELECT (SELECT count(*) FROM app.orders) + (SELECT count(*) FROM app.shipments)
                        + (SELECT count(*) FROM app.stock) + (SELECT count(*) FROM app.customers)
                        + (SELECT count(*) FROM app.documents)",
        violations: "SELECT 'operation ' || op
                     FROM (SELECT op FROM app.orders UNION SELECT op FROM app.order_lines
                           UNION SELECT op FROM app.shipments UNION SELECT op FROM app.stock
                           UNION SELECT op FROM app.customers UNION SELECT op FROM app.documents) w
                     WHERE op <> 0 AND NOT EXISTS (SELECT FROM audit.log a WHERE a.op = w.op)",
    },
    Invariant {
        rule: "the materialized view holds what its definition says",
        examined: "SELECT count(*) FROM app.catalogue",
        violations: "WITH fresh AS (SELECT tenant_id, attributes ->> 'category' AS category, count(*) AS products,
                                           sum(price) AS prices, min(sku) AS first_sku
                                    FROM app.products GROUP BY 1, 2)
                     SELECT 'only in the view: ' || a::text FROM (TABLE app.catalogue EXCEPT TABLE fresh) a
                     UNION ALL
                     SELECT 'missing in the view: ' || b::text FROM (TABLE fresh EXCEPT TABLE app.catalogue) b",
    },
];

/// Tenant 1 is always there.
const AS_TENANT: &str = "SELECT set_config('app.tenant', '1', true)";

/// Several rows each, as a sequence that is behind may have its very next value free.
pub const WRITE_TRIALS: &[WriteTrial] = &[
    WriteTrial {
        what: "new customers, with the next ids",
        statements: &[
            AS_TENANT,
            "INSERT INTO app.customers (tenant_id, external, name, email, credit, joined_at, op)
             SELECT 1, gen_random_uuid(), 'trial', 'trial ' || n, 0, now(), 0 FROM generate_series(1, 5) n",
        ],
    },
    WriteTrial {
        what: "new products with stock, with the next ids",
        statements: &[
            AS_TENANT,
            "WITH product AS (
                 INSERT INTO app.products (tenant_id, sku, name, price, tags, attributes, available, op)
                 SELECT 1, 'trial ' || n, 'trial', 1, '{}', '{}', true, 0 FROM generate_series(1, 5) n RETURNING id)
             INSERT INTO app.stock (product_id, warehouse, tenant_id, received, on_hand, op)
             SELECT id, 1, 1, 1, 1, 0 FROM product",
        ],
    },
    WriteTrial {
        what: "new orders with lines and shipments, with the next numbers",
        statements: &[
            AS_TENANT,
            "INSERT INTO app.orders (id, tenant_id, customer_id, status, total, line_count, zone, op)
             SELECT gen_random_uuid(), 1, (SELECT min(id) FROM app.customers), 'packed', s.price, 1, 'trial', 0
             FROM (SELECT price FROM app.products ORDER BY id LIMIT 1) s, generate_series(1, 5)",
            "INSERT INTO app.order_lines (order_number, line, tenant_id, product_id, warehouse, quantity, price, amount, op)
             SELECT o.number, 1, 1, s.product_id, s.warehouse, 1, o.total, o.total, 0
             FROM app.orders o, (SELECT * FROM app.stock ORDER BY 1, 2 LIMIT 1) s WHERE o.zone = 'trial'",
            "INSERT INTO app.shipments (order_number, tenant_id, carrier, status, label, op)
             SELECT number, 1, 'trial', 0, '', 0 FROM app.orders WHERE zone = 'trial'",
            "UPDATE app.shipments SET status = 2 WHERE carrier = 'trial'",
            "DELETE FROM app.shipments WHERE carrier = 'trial'",
            "DELETE FROM app.order_lines l USING app.orders o WHERE o.number = l.order_number AND o.zone = 'trial'",
            "DELETE FROM app.orders WHERE zone = 'trial'",
        ],
    },
    WriteTrial {
        what: "goods received",
        statements: &[AS_TENANT, "UPDATE app.stock SET received = received + 1, on_hand = on_hand + 1"],
    },
    WriteTrial {
        what: "a document's large object written, and a new one made",
        statements: &[
            AS_TENANT,
            "SELECT lo_put(content, 0, '\\x00') FROM app.documents",
            "INSERT INTO app.documents (tenant_id, title, content, revision, op)
             SELECT 1, 'trial', lo_from_bytea(0, '\\x00ff'), 0, 0 FROM generate_series(1, 5)",
        ],
    },
    WriteTrial {
        what: "audit log entries, with the next ids",
        statements: &[
            AS_TENANT,
            "INSERT INTO audit.log (tenant_id, what, subject, op) SELECT 1, 'trial', 'trial', 0 FROM generate_series(1, 5)",
        ],
    },
];
