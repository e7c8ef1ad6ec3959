//! The initial rows, each made alone from the seed, its table and its place.

use super::shares::{self, Shares, WAREHOUSES};
use super::{canaries, tables, words};
use crate::engine::postgres::binary::Value;
use crate::workload::{Generator, Random, Settings};

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
            tables::TENANTS => tenant(index, &mut random, out),
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

/// Appends values as fields, and last the operation of the initial load.
fn put(values: &[Value<'_>], out: &mut Vec<u8>) {
    values.iter().for_each(|value| value.put(out));
    Value::Int8(0).put(out);
}

/// A key as the server counts: from 1.
fn id(index: u64) -> Value<'static> {
    Value::Int8(index as i64 + 1)
}

fn tenant_id(tenant: u64) -> Value<'static> {
    Value::Int4(tenant as i32 + 1)
}

fn maybe<'a>(value: Option<Value<'a>>) -> Value<'a> {
    value.unwrap_or(Value::Null)
}

fn tenant(index: u64, random: &mut Random, out: &mut Vec<u8>) {
    let name = format!("{} & {} {}", random.pick(words::FAMILY), random.pick(words::GIVEN), index + 1);
    let settings = format!("{{\"vat\": {}.0, \"locale\": \"de_DE\"}}", random.below(25));
    let zone = Value::Text(random.pick(words::ZONES));
    put(&[Value::Int4(index as i32 + 1), Value::Text(&name), zone, Value::Json(&settings)], out);
}

impl InitialRows {
    fn customer(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let external = u128::from(random.bits()) << 64 | u128::from(random.bits());
        let name = format!("{} {}", random.pick(words::GIVEN), random.pick(words::FAMILY));
        let nickname = random.chance(60).then(|| Value::Text(random.pick(words::NOTES)));
        let email = format!("Customer.{}@Example.test", index + 1);
        let number = format!("+49 30 {:07}", random.below(10_000_000));
        let phones: [&[Option<&str>]; 4] = [&[], &[Some(&number)], &[None, Some(&number)], &[Some(""), None]];
        let phones = random.chance(80).then(|| Value::Texts(phones[random.below(4) as usize]));
        let preferences = format!("{{\"mail\": {}, \"limit\": {}.50}}", random.chance(50), random.below(1000));
        let preferences = random.chance(70).then_some(Value::Json(&preferences));
        let length = random.below(60) as usize;
        let portrait = random.bytes(length);
        let portrait = random.chance(50).then_some(Value::Bytes(&portrait));
        let values = [
            id(index),
            tenant_id(index % self.shares.tenants),
            Value::Uuid(external),
            Value::Text(&name),
            maybe(nickname),
            Value::Text(&email),
            maybe(phones),
            maybe(preferences),
            maybe(portrait),
            Value::Cents(random.below(2_000_000) as i64 - 500_000),
            Value::Timestamp(FIRST_ORDER - random.below(2000 * DAY as u64) as i64),
        ];
        put(&values, out);
    }

    fn product(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let sku = format!("P-{:07}", index + 1);
        let name = format!("{} {}", random.pick(words::GOODS), random.below(1000));
        let (colour, category) = (random.pick(words::COLOURS), random.pick(words::CATEGORIES));
        let (size, weight) = (random.below(100), random.below(100_000));
        // Keys as the server sorts them: by length, then by bytes.
        let attributes = format!(
            "{{\"size\": {size}, \"color\": \"{colour}\", \"weight\": {}.{:02}, \"category\": \"{category}\"}}",
            weight / 100,
            weight % 100,
        );
        let tags: [&[Option<&str>]; 4] =
            [&[], &[Some(colour)], &[Some("new"), None, Some("")], &[Some("a,b"), Some("\"")]];
        let length = random.below(200) as usize;
        let thumbnail = random.bytes(length);
        let thumbnail = random.chance(80).then_some(Value::Bytes(&thumbnail));
        let values = [
            id(index),
            tenant_id(index % self.shares.tenants),
            Value::Text(&sku),
            Value::Text(&name),
            Value::Cents(self.price(index)),
            Value::Texts(tags[random.below(4) as usize]),
            Value::Json(&attributes),
            maybe(thumbnail),
            Value::Bool(random.chance(90)),
        ];
        put(&values, out);
    }

    fn stock(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let (product, warehouse) = (index / WAREHOUSES, index % WAREHOUSES);
        let on_hand = 200 + random.below(800) as i32;
        let values = [
            id(product),
            Value::Int2(warehouse as i16 + 1),
            tenant_id(product % self.shares.tenants),
            Value::Int4(on_hand + self.ordered[index as usize] as i32),
            Value::Int4(on_hand),
        ];
        put(&values, out);
    }

    fn order(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let tenant = self.shares.tenant_of(index);
        let customer = self.shares.of_tenant(tenant, self.shares.customers, random.below(1 << 40));
        let status = self.shipped(index).map_or("open", |status| ["packed", "sent", "done"][status as usize]);
        let count = shares::lines_of(index);
        let placed_at = self.placed_at(index);
        let promised_at = random.chance(80).then(|| Value::Timestamp(placed_at + random.below(9) as i64 * DAY));
        let attributes = format!("{{\"gift\": {}, \"channel\": \"web\"}}", random.chance(20));
        let attributes = random.chance(60).then_some(Value::Json(&attributes));
        let note = random.chance(50).then(|| Value::Text(random.pick(words::NOTES)));
        let values = [
            Value::Uuid(order_id(index)),
            id(index),
            tenant_id(tenant),
            id(customer),
            Value::Text(status),
            Value::Cents((0..count).map(|line| self.line(index, line).amount()).sum()),
            Value::Int2(count as i16),
            Value::Text(random.pick(words::ZONES)),
            Value::Timestamp(placed_at),
            maybe(promised_at),
            maybe(attributes),
            maybe(note),
        ];
        put(&values, out);
    }

    fn order_line(&self, index: u64, out: &mut Vec<u8>) {
        let (order, place) = shares::order_of_line(index);
        let line = self.line(order, place);
        let values = [
            id(order),
            Value::Int2(place as i16 + 1),
            tenant_id(self.shares.tenant_of(order)),
            id(line.stock / WAREHOUSES),
            Value::Int2((line.stock % WAREHOUSES) as i16 + 1),
            Value::Int4(line.quantity),
            Value::Cents(line.price),
            Value::Cents(line.amount()),
        ];
        put(&values, out);
    }

    fn shipment(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let order = shares::order_of_shipment(index);
        let status = self.shipped(order).unwrap_or(0);
        let packed_at = self.placed_at(order) + HOUR;
        let label = random.bytes(24);
        let values = [
            id(index),
            id(order),
            tenant_id(self.shares.tenant_of(order)),
            Value::Text(random.pick(words::CARRIERS)),
            Value::Int2(status as i16),
            Value::Timestamp(packed_at),
            maybe((status >= 1).then_some(Value::Timestamp(packed_at + 5 * HOUR))),
            maybe((status >= 2).then_some(Value::Timestamp(packed_at + 2 * DAY))),
            Value::Bytes(&label),
        ];
        put(&values, out);
    }

    fn document(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let title = format!("{} {}", random.pick(words::NOTES), index + 1);
        // Longer than a page of a large object, and never a multiple of one.
        let length = 4097 + random.below(8000) as usize;
        let content = random.bytes(length);
        let tenant = tenant_id(index % self.shares.tenants);
        put(&[id(index), tenant, Value::Text(&title), Value::Bytes(&content), Value::Int4(1)], out);
    }

    fn audit(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let order = index % self.shares.orders.max(1);
        let subject = format!("order {}", order + 1);
        let detail = format!("{{\"by\": \"import\", \"row\": {}}}", index + 1);
        let detail = random.chance(90).then_some(Value::Json(&detail));
        let values = [
            id(index),
            tenant_id(self.shares.tenant_of(order)),
            Value::Text("imported"),
            Value::Text(&subject),
            maybe(detail),
            Value::Timestamp(FIRST_ORDER + SPAN + index as i64),
        ];
        put(&values, out);
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
