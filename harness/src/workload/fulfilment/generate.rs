//! The initial rows, each made alone from the seed, its table and its place.

use super::shares::{self, Shares, WAREHOUSES};
use super::{canaries, tables};
use crate::workload::{Generator, Random, Settings};

mod rows;

/// 2024-02-26 UTC in microseconds since 2000: the first order. Later ones cross both changes to summer time.
const FIRST_ORDER: i64 = 762_220_800_000_000;
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// The dates of the initial orders are spread over this long.
const SPAN: i64 = 400 * DAY;

/// The generator.
#[derive(Debug)]
pub struct InitialRows {
    seed: u64,
    shares: Shares,
    /// Goods in order lines, by stock row.
    ordered: Vec<u32>,
}

/// An order line, as far as other rows depend on it.
struct Line {
    /// Index of the stock row; its product is this by warehouses.
    stock: u64,
    quantity: i32,
    price: i64,
}

impl Line {
    fn amount(&self) -> i64 {
        i64::from(self.quantity) * self.price
    }
}

impl InitialRows {
    /// Shares out the rows and sums up what the orders take from stock.
    pub fn new(settings: &Settings) -> Self {
        let shares = Shares::of(settings);
        let mut rows = Self { seed: settings.seed, shares, ordered: Vec::new() };
        let mut ordered = vec![0_u32; (shares.products * WAREHOUSES) as usize];
        for order in 0..shares.orders {
            for line in (0..shares::lines_of(order)).map(|line| rows.line(order, line)) {
                ordered[line.stock as usize] += line.quantity.unsigned_abs();
            }
        }
        rows.ordered = ordered;
        rows
    }

    fn random(&self, table: usize, index: u64) -> Random {
        Random::of(&[self.seed, table as u64, index])
    }

    fn price(&self, product: u64) -> i64 {
        1 + Random::of(&[self.seed, product]).below(50_000) as i64
    }

    fn line(&self, order: u64, line: u64) -> Line {
        // One draw for the order, then neighbours: no product twice where a tenant has at least four.
        let first = self.random(tables::ORDER_LINES, order).below(u64::from(u32::MAX));
        let mut random = Random::of(&[self.seed, order, line]);
        let product = self.shares.of_tenant(self.shares.tenant_of(order), self.shares.products, first + line);
        let stock = product * WAREHOUSES + random.below(WAREHOUSES);
        Line { stock, quantity: 1 + random.below(5) as i32, price: self.price(product) }
    }

    /// The status of an order's shipment, if it has one.
    fn shipped(&self, order: u64) -> Option<u64> {
        shares::shipment_of(order).map(|shipment| self.random(tables::SHIPMENTS, shipment).below(3))
    }

    fn placed_at(&self, order: u64) -> i64 {
        let step = SPAN / (self.shares.orders as i64).max(1);
        FIRST_ORDER + order as i64 * step + (self.random(tables::ORDERS, order).bits() % 1_000_000) as i64
    }
}

impl Generator for InitialRows {
    fn count(&self, table: usize) -> u64 {
        self.shares.count(table)
    }

    fn fields(&self, table: usize, index: u64, out: &mut Vec<u8>) {
        let mut random = self.random(table, index);
        match table {
            tables::TENANTS => rows::tenant(index, &mut random, out),
            tables::CUSTOMERS => self.customer(index, &mut random, out),
            tables::PRODUCTS => self.product(index, &mut random, out),
            tables::STOCK => self.stock(index, &mut random, out),
            tables::ORDERS => self.order(index, &mut random, out),
            tables::ORDER_LINES => self.order_line(index, out),
            tables::SHIPMENTS => self.shipment(index, &mut random, out),
            tables::DOCUMENTS => self.document(index, &mut random, out),
            tables::CANARIES => canaries::fields(index, out),
            _ => self.audit(index, &mut random, out),
        }
    }
}

/// The uuid (version 8) of an order: its index in the first 48 bits, so that keys sort as orders were placed.
pub fn order_id(index: u64) -> u128 {
    let noise = Random::of(&[index]).bits();
    let (high, low) = (index << 16 | 0x8000 | noise >> 52, noise & (u64::MAX >> 2) | 1 << 63);
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Domain, domain};
    use blackstart_record::rows::Key;

    fn all_rows(settings: &Settings) -> Vec<Vec<u8>> {
        let generator = InitialRows::new(settings);
        let row = |table, index| {
            let mut out = Vec::new();
            generator.fields(table, index, &mut out);
            out
        };
        (0..tables::TABLES.len())
            .flat_map(|t| (0..generator.count(t)).map(move |i| (t, i)))
            .map(|(t, i)| row(t, i))
            .collect()
    }

    #[test]
    fn the_same_settings_make_the_same_rows_and_another_seed_makes_others() {
        let settings = Settings { rows: 2000, ..Settings::default() };
        assert_eq!(all_rows(&settings), all_rows(&settings));
        assert_ne!(all_rows(&settings), all_rows(&Settings { seed: 2, ..settings }));
    }

    #[test]
    fn rows_have_all_columns_and_come_in_key_order() {
        let domain: &dyn Domain = domain("fulfilment").unwrap();
        for rows in [100, 5000] {
            let generator = domain.generator(&Settings { rows, ..Settings::default() });
            for (index, table) in domain.tables().iter().enumerate() {
                let mut last = None;
                for row in 0..generator.count(index) {
                    let mut fields = Vec::new();
                    generator.fields(index, row, &mut fields);
                    assert_eq!(table.image(&fields).len(), table.columns.len(), "{}", table.name);
                    let key: Key = table.row(&fields).unwrap().key;
                    assert!(Some(key) > last, "{} row {row}", table.name);
                    last = Some(key);
                }
            }
        }
    }

    #[test]
    fn order_ids_are_uuids_of_version_8_in_the_order_of_their_indexes() {
        let ids: Vec<_> = [0, 1, 2, 1 << 20, (1 << 48) - 1].map(order_id).to_vec();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id >> 76 & 0xf == 8 && id >> 62 & 3 == 2));
    }
}
