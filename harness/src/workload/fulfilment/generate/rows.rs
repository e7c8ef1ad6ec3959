//! The rows of each table, column by column.

use super::super::shares::{self, WAREHOUSES};
use super::super::words;
use super::{DAY, FIRST_ORDER, HOUR, InitialRows, SPAN, order_id};
use crate::engine::fields::Value;
use crate::workload::Random;

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

/// Tenants need nothing of the generator but their number.
pub fn tenant(index: u64, random: &mut Random, out: &mut Vec<u8>) {
    let name = format!("{} & {} {}", random.pick(words::FAMILY), random.pick(words::GIVEN), index + 1);
    let settings = format!("{{\"vat\": {}.0, \"locale\": \"de_DE\"}}", random.below(25));
    let zone = Value::Text(random.pick(words::ZONES));
    put(&[Value::Int4(index as i32 + 1), Value::Text(&name), zone, Value::Json(&settings)], out);
}

impl InitialRows {
    pub(super) fn customer(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
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

    pub(super) fn product(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
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

    pub(super) fn stock(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
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

    pub(super) fn order(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
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

    pub(super) fn order_line(&self, index: u64, out: &mut Vec<u8>) {
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

    pub(super) fn shipment(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
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

    pub(super) fn document(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let title = format!("{} {}", random.pick(words::NOTES), index + 1);
        // Longer than a page of a large object, and never a multiple of one.
        let length = 4097 + random.below(8000) as usize;
        let content = random.bytes(length);
        let tenant = tenant_id(index % self.shares.tenants);
        put(&[id(index), tenant, Value::Text(&title), Value::Bytes(&content), Value::Int4(1)], out);
    }

    pub(super) fn audit(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
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
