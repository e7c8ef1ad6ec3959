//! The operations: what a branch does, one transaction each. First it writes, then it reads what it wrote.

use super::model::{ACCEPTED, BOOKED, Branch, Change, LOADED, Shipment};
use super::statements::Sql;
use super::words;
use crate::engine::fields::Value;
use crate::workload::{Random, Step};

/// Rows of the initial load have lower ids, and an operation makes no two rows of a table with an id of its own.
const FIRST_ID: i64 = 1 << 40;
/// The most shipments on a manifest.
const LINES: u64 = 4;

/// An operation as it is being planned.
#[derive(Debug)]
pub struct Draft<'a> {
    pub op: u64,
    pub branch: i32,
    pub state: &'a Branch,
    pub random: Random,
    pub steps: Vec<Step>,
}

impl Draft<'_> {
    /// Plans one operation, of a kind that the state allows. Each leaves an entry in the audit trail.
    pub fn plan(&mut self) -> Change {
        let choice = self.random.below(100);
        let change = match choice {
            0..25 => None,
            25..35 => Some(self.book()),
            35..50 => self.scan(),
            50..63 => self.load(),
            63..85 => self.deliver(),
            85..88 => self.settle(),
            88..95 => self.change_address(),
            _ => self.cancel(),
        };
        change.unwrap_or_else(|| self.accept())
    }

    /// Plans what the server must refuse: a tracking number that is taken, or a scan of a shipment that is not there.
    pub fn plan_refusal(&mut self) -> Change {
        self.log("refused", "shipments", self.own_id());
        match self.pick_shipment(|_| true) {
            Some(other) if self.random.chance(50) => {
                self.add(ACCEPTED, other.id);
            }
            _ => self.write_scan(0),
        }
        Change::Nothing
    }

    fn op(&self) -> Value<'static> {
        Value::Int8(self.op as i64)
    }

    /// The id of whatever this operation adds.
    fn own_id(&self) -> i64 {
        FIRST_ID + self.op as i64
    }

    fn own(&self) -> Value<'static> {
        Value::Int8(self.own_id())
    }

    fn here(&self) -> Value<'static> {
        Value::Int4(self.branch)
    }

    /// A statement that answers this many rows: none, if it writes.
    fn step(&mut self, sql: Sql, rows: usize, values: &[Value<'_>]) {
        let mut parameters = Vec::new();
        values.iter().for_each(|value| value.put(&mut parameters));
        self.steps.push(Step { statement: sql as usize, parameters, rows: Some(rows) });
    }

    fn write(&mut self, sql: Sql, values: &[Value<'_>]) {
        self.step(sql, 0, values);
    }

    /// Where no trigger does it.
    fn log(&mut self, what: &str, entity: &str, id: i64) {
        let detail =
            format!("{{\"by\": \"{}\", \"seen\": {}}}", self.random.pick(words::GOODS), self.random.below(100));
        let detail = if self.random.chance(80) { Value::Json(&detail) } else { Value::Null };
        let values = [self.here(), Value::Text(what), Value::Text(entity), Value::Int8(id), detail, self.op()];
        self.write(Sql::Log, &values);
    }

    fn pick_shipment(&mut self, which: impl Fn(&Shipment) -> bool) -> Option<Shipment> {
        let shipments: Vec<Shipment> = self.state.shipments.iter().copied().filter(which).collect();
        pick(&mut self.random, &shipments)
    }

    fn person(&mut self) -> String {
        format!("{} {}", self.random.pick(words::GIVEN), self.random.pick(words::FAMILY))
    }

    /// Adds a shipment whose tracking number is that of `numbered`.
    fn add(&mut self, status: i16, numbered: i64) -> Shipment {
        let random = &mut self.random;
        let public_id = u128::from(random.bits()) << 64 | u128::from(random.bits());
        let staff = pick(random, &self.state.staff).map_or(Value::Null, Value::Int8);
        let address = format!("{} {}", random.below(200), random.pick(words::ADDRESSES));
        let detail = format!("{{\"kind\": \"{}\", \"pieces\": {}}}", random.pick(words::GOODS), 1 + random.below(9));
        let detail = if random.chance(70) { Value::Json(&detail) } else { Value::Null };
        let length = random.below(100) as usize;
        let label = random.bytes(length);
        let (grams, charge) = (50 + random.below(30_000) as i32, 500 + random.below(20_000) as i64);
        let cash = if random.chance(70) { 100 + random.below(5_000_000) as i64 } else { 0 };
        let fragile = random.chance(20);
        let (sender, recipient) = (self.person(), self.person());
        let values = [
            self.own(),
            self.here(),
            self.here(),
            Value::Int8(numbered),
            Value::Uuid(public_id),
            Value::Int2(status),
            staff,
            Value::Text(&sender),
            Value::Text(&recipient),
            Value::Text(&address),
            Value::Int4(grams),
            Value::Cents(charge),
            Value::Cents(cash),
            Value::Bool(fragile),
            detail,
            Value::Bytes(&label),
            self.op(),
        ];
        self.write(Sql::Add, &values);
        Shipment { id: self.own_id(), status, has_cash: cash > 0 }
    }

    fn accept(&mut self) -> Change {
        let shipment = self.add(ACCEPTED, self.own_id());
        self.write_scan_of_status(shipment.id, "accepted");
        self.write(Sql::BookCharge, &[self.own(), self.op(), self.own()]);
        self.step(Sql::ReadShipment, 1, &[self.own(), self.op()]);
        self.step(Sql::ReadScans, 1, &[self.op()]);
        self.step(Sql::ReadRecord, 1, &[self.own(), self.op()]);
        self.step(Sql::ReadAudit, 1, &[self.op()]);
        Change::Added(shipment)
    }

    fn book(&mut self) -> Change {
        let shipment = self.add(BOOKED, self.own_id());
        self.log("booked", "shipments", shipment.id);
        self.step(Sql::ReadShipment, 1, &[self.own(), self.op()]);
        self.step(Sql::ReadAudit, 1, &[self.op()]);
        Change::Added(shipment)
    }

    fn write_scan(&mut self, shipment: i64) {
        let place =
            format!("{{\"lat\": {}, \"long\": {}}}", self.random.below(90_000_000), self.random.below(180_000_000));
        let place = if self.random.chance(60) { Value::Json(&place) } else { Value::Null };
        let device = Value::Text(self.random.pick(words::DEVICES));
        let values = [self.here(), Value::Int8(shipment), Value::Text("sorted"), device, place, self.op()];
        self.write(Sql::Scan, &values);
    }

    fn write_scan_of_status(&mut self, shipment: i64, kind: &str) {
        let device = Value::Text(self.random.pick(words::DEVICES));
        self.write(Sql::ScanStatus, &[Value::Text(kind), device, self.op(), Value::Int8(shipment)]);
    }

    fn scan(&mut self) -> Option<Change> {
        let shipment = self.pick_shipment(|shipment| shipment.status != BOOKED)?;
        self.write_scan(shipment.id);
        self.log("scanned", "shipments", shipment.id);
        self.step(Sql::ReadScans, 1, &[self.op()]);
        self.step(Sql::ReadAudit, 1, &[self.op()]);
        Some(Change::Nothing)
    }

    fn load(&mut self) -> Option<Change> {
        let waiting = self.state.shipments.iter().filter(|shipment| shipment.status == ACCEPTED);
        let ids: Vec<i64> = waiting.map(|shipment| shipment.id).take(1 + self.random.below(LINES) as usize).collect();
        let driver = pick(&mut self.random, &self.state.drivers).filter(|_| !ids.is_empty())?;
        let (own, op) = (self.own(), self.op());
        self.write(Sql::AddManifest, &[own, self.here(), Value::Int8(driver), op]);
        for (id, line) in ids.iter().zip(1..) {
            self.write(Sql::AddLine, &[own, Value::Int2(line), Value::Int8(*id), op]);
        }
        let device = Value::Text(self.random.pick(words::DEVICES));
        self.write(Sql::ScanManifest, &[device, op, own]);
        self.write(Sql::LoadShipments, &[op, own]);
        self.step(Sql::ReadManifest, 1, &[own, op]);
        self.step(Sql::ReadLines, ids.len(), &[own, op]);
        self.step(Sql::ReadScans, ids.len(), &[op]);
        self.step(Sql::ReadLoaded, ids.len(), &[own, op]);
        self.step(Sql::ReadAudit, ids.len(), &[op]);
        Some(Change::Loaded(ids))
    }

    fn deliver(&mut self) -> Option<Change> {
        let shipment = self.pick_shipment(|shipment| shipment.status == LOADED)?;
        let (id, own, op) = (Value::Int8(shipment.id), self.own(), self.op());
        self.write(Sql::Deliver, &[op, id]);
        self.write_scan_of_status(shipment.id, "delivered");
        if shipment.has_cash {
            self.write(Sql::Collect, &[own, op, id]);
            self.write(Sql::BookCash, &[own, op, own]);
            self.write(Sql::AddToCollected, &[own, op, self.here()]);
            self.step(Sql::ReadPayment, 1, &[own, op]);
            self.step(Sql::ReadRecord, 1, &[own, op]);
            self.step(Sql::ReadAccount, 1, &[self.here(), op]);
        }
        self.step(Sql::ReadShipment, 1, &[id, op]);
        self.step(Sql::ReadScans, 1, &[op]);
        self.step(Sql::ReadAudit, 1 + usize::from(shipment.has_cash), &[op]);
        Some(Change::Delivered(shipment))
    }

    fn settle(&mut self) -> Option<Change> {
        let payments = Some(self.state.unsettled).filter(|payments| *payments > 0)?;
        let (here, own, op) = (self.here(), self.own(), self.op());
        self.write(Sql::Settle, &[own, op, here]);
        self.write(Sql::SettlePayments, &[own, op, here]);
        self.write(Sql::BookSettlement, &[own, op, own]);
        self.write(Sql::AddToSettled, &[own, op, here]);
        self.step(Sql::ReadSettlement, 1, &[own, op]);
        self.step(Sql::ReadSettled, payments, &[own, op]);
        self.step(Sql::ReadRecord, 1, &[own, op]);
        self.step(Sql::ReadAccount, 1, &[here, op]);
        self.step(Sql::ReadAudit, 1, &[op]);
        Some(Change::Settled)
    }

    fn change_address(&mut self) -> Option<Change> {
        let shipment = self.pick_shipment(|_| true)?;
        let address = format!("{} {}", self.random.below(200), self.random.pick(words::ADDRESSES));
        let detail = format!("{{\"kind\": \"{}\", \"moved\": true}}", self.random.pick(words::GOODS));
        let (id, op) = (Value::Int8(shipment.id), self.op());
        self.write(Sql::ChangeAddress, &[Value::Text(&address), Value::Json(&detail), op, id]);
        self.step(Sql::ReadShipment, 1, &[id, op]);
        self.step(Sql::ReadAudit, 1, &[op]);
        Some(Change::Nothing)
    }

    fn cancel(&mut self) -> Option<Change> {
        let shipment = self.pick_shipment(|shipment| shipment.status == BOOKED)?;
        let id = Value::Int8(shipment.id);
        self.step(Sql::ReadDraft, 1, &[id]);
        self.write(Sql::DeleteDraft, &[id]);
        self.step(Sql::FindShipment, 0, &[id]);
        self.log("cancelled", "shipments", shipment.id);
        self.step(Sql::ReadAudit, 1, &[self.op()]);
        Some(Change::Cancelled(shipment.id))
    }
}

fn pick<T: Copy>(random: &mut Random, items: &[T]) -> Option<T> {
    let choice = random.below(items.len().max(1) as u64) as usize;
    items.get(choice).copied()
}
