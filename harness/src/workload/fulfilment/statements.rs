//! Every statement of the application.

use super::tables::{AUDIT, CUSTOMERS, DOCUMENTS, ORDER_LINES, ORDERS, SHIPMENTS, STOCK, TABLES};
use crate::workload::{Effects, Statement};

/// A statement; its place here is its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sql {
    // Looks at a tenant's state, in this order.
    Customers,
    Stock,
    Orders,
    Lines,
    Documents,
    // Writes.
    Log,
    Place,
    PlaceLines,
    TakeStock,
    Pack,
    SetOrderStatus,
    MoveShipment,
    ChangeLine,
    ChangeTotal,
    MoveStock,
    RestoreStock,
    DeleteLines,
    DeleteOrder,
    ChangeCustomer,
    Receive,
    PutDocument,
    ReviseDocument,
}

/// How many rows of a kind a client keeps in mind for each tenant.
macro_rules! window {
    () => {
        "128"
    };
}
/// The newest orders of a tenant; fewer, as each has lines.
macro_rules! newest_orders {
    () => {
        "SELECT number, id, status FROM app.orders WHERE tenant_id = $1::integer ORDER BY id DESC LIMIT 40"
    };
}

/// SQL without its `RETURNING`, which [`statements`] adds by the effect.
const STATEMENTS: &[(Sql, Effects, &str)] = &[
    (
        Sql::Customers,
        Effects::None,
        concat!("SELECT id FROM app.customers WHERE tenant_id = $1::integer ORDER BY id LIMIT ", window!()),
    ),
    (
        Sql::Stock,
        Effects::None,
        concat!(
            "SELECT s.product_id, s.warehouse, s.on_hand, (p.price * 100)::bigint
             FROM (SELECT id, price FROM app.products WHERE tenant_id = $1::integer ORDER BY id LIMIT ",
            window!(),
            ") p JOIN app.stock s ON s.product_id = p.id ORDER BY 1, 2",
        ),
    ),
    (
        Sql::Orders,
        Effects::None,
        concat!(
            "SELECT o.number, o.id, o.status, s.id, s.status FROM (",
            newest_orders!(),
            ") o LEFT JOIN app.shipments s ON s.order_number = o.number ORDER BY o.id",
        ),
    ),
    (
        Sql::Lines,
        Effects::None,
        concat!(
            "SELECT l.order_number, l.line, l.product_id, l.warehouse, l.quantity FROM (",
            newest_orders!(),
            ") o JOIN app.order_lines l ON l.order_number = o.number ORDER BY 1, 2",
        ),
    ),
    (
        Sql::Documents,
        Effects::None,
        concat!("SELECT id FROM app.documents WHERE tenant_id = $1::integer ORDER BY id LIMIT ", window!()),
    ),
    (
        Sql::Log,
        Effects::Written(AUDIT),
        "INSERT INTO audit.log (tenant_id, what, subject, detail, op)
         VALUES ($1::integer, $2::text, $3::text, $4::jsonb, $5::bigint)",
    ),
    (
        Sql::Place,
        Effects::Written(ORDERS),
        "INSERT INTO app.orders (id, tenant_id, customer_id, status, total, line_count, zone, promised_at, attributes,
                                 note, op)
         VALUES ($1::uuid, $2::integer, $3::bigint, 'open', $4::numeric, $5::smallint, $6::text, $7::text::timestamptz,
                 $8::jsonb, $9::text, $10::bigint)",
    ),
    (
        Sql::PlaceLines,
        Effects::Written(ORDER_LINES),
        "INSERT INTO app.order_lines (order_number, line, tenant_id, product_id, warehouse, quantity, price, amount, op)
         SELECT o.number, l.line, o.tenant_id, l.p, l.w, l.q, l.cents / 100.0, l.q * (l.cents / 100.0), $6::bigint
         FROM app.orders o,
              unnest($2::bigint[], $3::integer[], $4::integer[], $5::bigint[]) WITH ORDINALITY AS l (p, w, q, cents, line)
         WHERE o.id = $1::uuid",
    ),
    (
        Sql::TakeStock,
        Effects::Written(STOCK),
        "UPDATE app.stock SET on_hand = on_hand - l.q, op = $4::bigint
         FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS l (p, w, q) WHERE product_id = l.p AND warehouse = l.w",
    ),
    (
        Sql::Pack,
        Effects::Written(SHIPMENTS),
        "INSERT INTO app.shipments (order_number, tenant_id, carrier, status, label, op)
         VALUES ($1::bigint, $2::integer, $3::text, 0, $4::bytea, $5::bigint)",
    ),
    (
        Sql::SetOrderStatus,
        Effects::Written(ORDERS),
        "UPDATE app.orders SET status = $2::text, op = $3::bigint WHERE id = $1::uuid",
    ),
    (
        Sql::MoveShipment,
        Effects::Written(SHIPMENTS),
        "UPDATE app.shipments SET status = $2::smallint, op = $3::bigint WHERE id = $1::bigint",
    ),
    (
        Sql::ChangeLine,
        Effects::Written(ORDER_LINES),
        "UPDATE app.order_lines SET quantity = quantity + $3::integer, amount = (quantity + $3) * price, op = $4::bigint
         WHERE order_number = $1::bigint AND line = $2::smallint",
    ),
    (
        Sql::ChangeTotal,
        Effects::Written(ORDERS),
        "UPDATE app.orders SET total = app.order_total(number), note = $2::text, op = $3::bigint WHERE id = $1::uuid",
    ),
    (
        Sql::MoveStock,
        Effects::Written(STOCK),
        "UPDATE app.stock SET on_hand = on_hand + $3::integer, op = $4::bigint
         WHERE product_id = $1::bigint AND warehouse = $2::smallint",
    ),
    (
        Sql::RestoreStock,
        Effects::Written(STOCK),
        "UPDATE app.stock SET on_hand = on_hand + l.q, op = $2::bigint
         FROM (SELECT product_id AS p, warehouse AS w, sum(quantity)::integer AS q
               FROM app.order_lines WHERE order_number = $1::bigint GROUP BY 1, 2) l
         WHERE product_id = l.p AND warehouse = l.w",
    ),
    (Sql::DeleteLines, Effects::Deleted(ORDER_LINES), "DELETE FROM app.order_lines WHERE order_number = $1::bigint"),
    (Sql::DeleteOrder, Effects::Deleted(ORDERS), "DELETE FROM app.orders WHERE id = $1::uuid"),
    (
        Sql::ChangeCustomer,
        Effects::Written(CUSTOMERS),
        "UPDATE app.customers SET nickname = $2::text, preferences = coalesce(preferences, '{}') || $3::jsonb,
                credit = credit + $4::numeric, phones = $5::text[], op = $6::bigint
         WHERE id = $1::bigint",
    ),
    (
        Sql::Receive,
        Effects::Written(STOCK),
        "UPDATE app.stock SET received = received + $3::integer, on_hand = on_hand + $3, op = $4::bigint
         WHERE product_id = $1::bigint AND warehouse = $2::smallint",
    ),
    (
        Sql::PutDocument,
        Effects::None,
        "SELECT 1 FROM app.documents, lo_put(content, $2::bigint, $3::bytea) WHERE id = $1::bigint",
    ),
    (
        Sql::ReviseDocument,
        Effects::Written(DOCUMENTS),
        "UPDATE app.documents SET revision = revision + 1, op = $2::bigint WHERE id = $1::bigint",
    ),
];

/// The statements, each at the place of its [`Sql`].
pub fn statements() -> Vec<Statement> {
    let sql = |effect, sql: &str| match effect {
        Effects::None => sql.to_owned(),
        Effects::Written(table) => format!("{sql} RETURNING {}", TABLES[table].select_list()),
        Effects::Deleted(table) => format!("{sql} RETURNING {}", TABLES[table].key_list()),
    };
    let statement = |effect, text| Statement { sql: sql(effect, text), effect, parameters: &[] };
    STATEMENTS.iter().map(|(_, effect, text)| statement(*effect, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_at_its_place() {
        assert!(STATEMENTS.iter().enumerate().all(|(place, (sql, ..))| *sql as usize == place));
        assert_eq!(STATEMENTS.len(), Sql::ReviseDocument as usize + 1);
    }
}
