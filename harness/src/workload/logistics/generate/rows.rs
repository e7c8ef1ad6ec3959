//! The rows of each table, column by column.

use super::super::shares::{self, BLOCK, BRANCHES, LOADED, PAID};
use super::super::{tracking, words};
use super::{DAY, FIRST, HOUR, InitialRows, SPAN};
use crate::engine::fields::Value;
use crate::workload::Random;

/// What a scan says, by the status that it leads to.
const KINDS: [&str; 4] = ["", "accepted", "loaded", "delivered"];

/// Appends values as fields, and last the operation of the initial load.
fn put(values: &[Value<'_>], out: &mut Vec<u8>) {
    values.iter().for_each(|value| value.put(out));
    Value::Int8(0).put(out);
}

/// Ids count from 1.
fn id(index: u64) -> Value<'static> {
    Value::Int8(index as i64 + 1)
}

fn branch_id(branch: u64) -> Value<'static> {
    Value::Int4(branch as i32 + 1)
}

fn branch_of(shipment: u64) -> u64 {
    shares::branch_of_block(shipment / BLOCK)
}

fn person(random: &mut Random) -> String {
    format!("{} {}", random.pick(words::GIVEN), random.pick(words::FAMILY))
}

/// A branch needs nothing of the generator but its number, and so do people, who go round the branches.
pub fn branch(index: u64, random: &mut Random, out: &mut Vec<u8>) {
    let (code, name, zone) = words::BRANCHES[index as usize];
    // Keys as MySQL sorts them: by length, then by bytes.
    let settings = format!("{{\"vat\": {}, \"lanes\": [1, 2], \"currency\": \"﷼\"}}", random.below(25));
    let opened_at = Value::Timestamp(FIRST - random.below(3000 * DAY as u64) as i64);
    let (code, name, zone) = (Value::Text(code), Value::Text(name), Value::Text(zone));
    put(&[branch_id(index), code, name, zone, Value::Json(&settings), opened_at], out);
}

pub fn staff(index: u64, random: &mut Random, out: &mut Vec<u8>) {
    let (name, job) = (person(random), random.pick(words::JOBS));
    let email = format!("staff.{}@example.test", index + 1);
    let active = Value::Bool(random.chance(90));
    let hired_at = Value::Timestamp(FIRST + random.below(SPAN as u64) as i64);
    let branch = branch_id(index % BRANCHES);
    put(&[id(index), branch, Value::Text(&name), Value::Text(&email), Value::Text(job), active, hired_at], out);
}

pub fn driver(index: u64, random: &mut Random, out: &mut Vec<u8>) {
    let name = person(random);
    let phone = format!("+967 1 {:06}", random.below(1_000_000));
    let phone = if random.chance(80) { Value::Text(&phone) } else { Value::Null };
    let vehicle = format!("{{\"plate\": \"ب ج {}\", \"capacity\": {}}}", random.below(10_000), random.below(2000));
    let length = random.below(60) as usize;
    let portrait = random.bytes(length);
    let portrait = if random.chance(50) { Value::Bytes(&portrait) } else { Value::Null };
    let branch = branch_id(index % BRANCHES);
    put(&[id(index), branch, Value::Text(&name), phone, Value::Json(&vehicle), portrait], out);
}

pub fn manifest_line(index: u64, out: &mut Vec<u8>) {
    let line = Value::Int2((index % LOADED) as i16 + 1);
    put(&[id(index / LOADED), line, id(shares::shipment_of_line(index))], out);
}

impl InitialRows {
    pub(super) fn cod_account(&self, index: u64, out: &mut Vec<u8>) {
        let (collected, settled) = self.accounts[index as usize];
        put(&[branch_id(index), Value::Cents(collected), Value::Cents(settled)], out);
    }

    pub(super) fn shipment(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let branch = branch_of(index);
        let number = tracking::number(branch + 1, index + 1);
        let public_id = u128::from(random.bits()) << 64 | u128::from(random.bits());
        let staff = shares::of_branch(branch, self.shares.staff, random.bits() >> 1);
        let staff = if random.chance(90) { id(staff) } else { Value::Null };
        let (sender, recipient) = (person(random), person(random));
        let address = format!("{} {}", random.below(200), random.pick(words::ADDRESSES));
        let detail = format!("{{\"kind\": \"{}\", \"pieces\": {}}}", random.pick(words::GOODS), 1 + random.below(9));
        let detail = if random.chance(70) { Value::Json(&detail) } else { Value::Null };
        let length = random.below(100) as usize;
        let label = random.bytes(length);
        let label = if random.chance(80) { Value::Bytes(&label) } else { Value::Null };
        let status = shares::status(index);
        let delivered_at = if status == 3 { Value::Timestamp(self.delivered_at(index)) } else { Value::Null };
        let values = [
            id(index),
            branch_id(branch),
            Value::Text(&number),
            Value::Uuid(public_id),
            Value::Int2(status as i16),
            staff,
            Value::Text(&sender),
            Value::Text(&recipient),
            Value::Text(&address),
            Value::Int4(50 + random.below(30_000) as i32),
            Value::Cents(self.charge(index)),
            Value::Cents(self.cash(index)),
            Value::Bool(random.chance(20)),
            detail,
            label,
            Value::Timestamp(self.created_at(index)),
            delivered_at,
        ];
        put(&values, out);
    }

    pub(super) fn manifest(&self, index: u64, out: &mut Vec<u8>) {
        let branch = branch_id(shares::branch_of_block(index));
        put(&[id(index), branch, id(self.driver(index)), Value::Timestamp(self.loaded_at(index))], out);
    }

    pub(super) fn scan_event(&self, index: u64, random: &mut Random, out: &mut Vec<u8>) {
        let (shipment, status) = shares::scan(index);
        let scanned_at = match status {
            1 => self.created_at(shipment),
            2 => self.loaded_at(shipment / BLOCK),
            _ => self.delivered_at(shipment),
        };
        let place = format!("{{\"lat\": {}, \"long\": {}}}", random.below(90_000_000), random.below(180_000_000));
        let place = if random.chance(60) { Value::Json(&place) } else { Value::Null };
        let values = [
            id(index),
            branch_id(branch_of(shipment)),
            id(shipment),
            Value::Text(KINDS[status as usize]),
            Value::Text(random.pick(words::DEVICES)),
            place,
            Value::Timestamp(scanned_at),
        ];
        put(&values, out);
    }

    pub(super) fn settlement(&self, index: u64, out: &mut Vec<u8>) {
        let branch = branch_id(shares::branch_of_block(index));
        let (total, payments) = (Value::Cents(self.total(index)), Value::Int4(PAID as i32));
        put(&[id(index), branch, total, payments, Value::Timestamp(self.settled_at(index))], out);
    }

    pub(super) fn payment(&self, index: u64, out: &mut Vec<u8>) {
        let (block, shipment) = (index / PAID, shares::shipment_of_payment(index));
        let values = [
            id(index),
            branch_id(branch_of(shipment)),
            id(shipment),
            id(self.driver(block)),
            Value::Cents(self.cash(shipment)),
            Value::Timestamp(self.delivered_at(shipment)),
            if block < self.shares.settled() { id(block) } else { Value::Null },
        ];
        put(&values, out);
    }

    pub(super) fn financial_record(&self, index: u64, out: &mut Vec<u8>) {
        let (branch, kind, reference, amount, at) = self.record(index);
        let values = [
            id(index),
            branch_id(branch),
            Value::Text(kind),
            id(reference),
            Value::Cents(amount),
            Value::Timestamp(at),
        ];
        put(&values, out);
    }

    /// First what the triggers would have written, then what the import of old shipments did.
    pub(super) fn audit_entry(&self, index: u64, out: &mut Vec<u8>) {
        if let Some(record) = self.shares.audited_record(index) {
            let (branch, kind, _, amount, at) = self.record(record);
            let detail = format!("{{\"kind\": \"{kind}\", \"cents\": {amount}}}");
            let (what, entity) = (Value::Text("booked"), Value::Text("financial_records"));
            let (detail, at) = (Value::Json(&detail), Value::Timestamp(at));
            return put(&[id(index), branch_id(branch), what, entity, id(record), detail, at], out);
        }
        let shipment = index % (self.shares.blocks * BLOCK);
        let at = Value::Timestamp(FIRST + SPAN + HOUR + index as i64);
        let (what, entity) = (Value::Text("imported"), Value::Text("shipments"));
        put(&[id(index), branch_id(branch_of(shipment)), what, entity, id(shipment), Value::Null, at], out);
    }
}
