//! How many rows each table gets, and which rows belong together, in closed form: so any row can be made alone.
//!
//! Orders come in blocks of four with 1, 2, 3 and 4 lines; the first three of a block are shipped.

use super::{canaries, tables};
use crate::workload::Settings;

const BLOCK: u64 = 4;
const BLOCK_LINES: u64 = 10;
const BLOCK_SHIPMENTS: u64 = 3;
/// Warehouses, numbered from 1; each product is in every one.
pub const WAREHOUSES: u64 = 2;

/// Rows by table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    pub tenants: u64,
    pub customers: u64,
    pub products: u64,
    pub orders: u64,
    pub documents: u64,
    pub audit: u64,
}

impl Shares {
    /// Shares out the rows: everything has at least one row for each tenant, and the audit log takes what is over.
    pub fn of(settings: &Settings) -> Self {
        let tenants = u64::from(settings.tenants());
        let customers = tenants.max(settings.rows / 20);
        let products = tenants.max(settings.rows * 3 / 200);
        let documents = tenants.max(settings.rows / 5000);
        let fixed = tenants + customers + products * (1 + WAREHOUSES) + documents + canaries::count();
        let rest = settings.rows.saturating_sub(fixed);
        // A block is followed by as many audit rows as it has orders.
        let orders = rest * BLOCK / (2 * BLOCK + BLOCK_LINES + BLOCK_SHIPMENTS);
        let shares = Self { tenants, customers, products, orders, documents, audit: 0 };
        Self { audit: rest.saturating_sub(orders + shares.lines() + shares.shipments()), ..shares }
    }

    /// Order lines.
    pub fn lines(&self) -> u64 {
        let (blocks, odd) = (self.orders / BLOCK, self.orders % BLOCK);
        blocks * BLOCK_LINES + odd * (odd + 1) / 2
    }

    /// Shipments.
    pub fn shipments(&self) -> u64 {
        self.orders / BLOCK * BLOCK_SHIPMENTS + (self.orders % BLOCK).min(BLOCK_SHIPMENTS)
    }

    /// Rows of a table by its index.
    pub fn count(&self, table: usize) -> u64 {
        match table {
            tables::TENANTS => self.tenants,
            tables::CUSTOMERS => self.customers,
            tables::PRODUCTS => self.products,
            tables::STOCK => self.products * WAREHOUSES,
            tables::ORDERS => self.orders,
            tables::ORDER_LINES => self.lines(),
            tables::SHIPMENTS => self.shipments(),
            tables::DOCUMENTS => self.documents,
            tables::CANARIES => canaries::count(),
            tables::AUDIT => self.audit,
            _ => 0,
        }
    }

    /// The tenant (from 0) of an order. Whole blocks, so that every tenant has orders of every size.
    pub fn tenant_of(&self, order: u64) -> u64 {
        order / BLOCK % self.tenants
    }

    /// The `choice`-th (of any number) of a tenant's rows in a table whose `count` rows go round the tenants.
    pub fn of_tenant(&self, tenant: u64, count: u64, choice: u64) -> u64 {
        let own = (count - tenant).div_ceil(self.tenants);
        tenant + self.tenants * (choice % own)
    }
}

/// How many lines an order has.
pub fn lines_of(order: u64) -> u64 {
    1 + order % BLOCK
}

/// The order and the line (both from 0) of the `index`-th order line.
pub fn order_of_line(index: u64) -> (u64, u64) {
    let (block, rest) = (index / BLOCK_LINES, index % BLOCK_LINES);
    let (order, first) = match rest {
        0 => (0, 0),
        1..3 => (1, 1),
        3..6 => (2, 3),
        _ => (3, 6),
    };
    (block * BLOCK + order, rest - first)
}

/// The order (from 0) of the `index`-th shipment.
pub fn order_of_shipment(index: u64) -> u64 {
    index / BLOCK_SHIPMENTS * BLOCK + index % BLOCK_SHIPMENTS
}

/// Whether an order is shipped, and as which shipment (from 0).
pub fn shipment_of(order: u64) -> Option<u64> {
    let place = order % BLOCK;
    (place < BLOCK_SHIPMENTS).then_some(order / BLOCK * BLOCK_SHIPMENTS + place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_add_up_to_the_rows_asked_for() {
        for rows in [100, 101, 1000, 200_000, 3_000_000] {
            let shares = Shares::of(&Settings { rows, ..Settings::default() });
            let sum: u64 = (0..tables::TABLES.len()).map(|table| shares.count(table)).sum();
            assert_eq!(sum, rows);
        }
    }

    #[test]
    fn lines_and_shipments_find_their_orders() {
        for orders in 0..50 {
            let shares = Shares { tenants: 8, customers: 8, products: 8, orders, documents: 8, audit: 0 };
            let expected: Vec<_> = (0..orders).flat_map(|o| (0..lines_of(o)).map(move |line| (o, line))).collect();
            assert_eq!((0..shares.lines()).map(order_of_line).collect::<Vec<_>>(), expected);
            let shipped: Vec<_> = (0..orders).filter(|order| shipment_of(*order).is_some()).collect();
            assert_eq!((0..shares.shipments()).map(order_of_shipment).collect::<Vec<_>>(), shipped);
        }
    }
}
