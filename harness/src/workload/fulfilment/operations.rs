//! The operations: what a shop does to its data, one transaction each.

use super::generate::order_id;
use super::model::{Change, Goods, Line, Order, Place, Tenant};
use super::statements::Sql;
use super::words;
use crate::engine::fields::Value;
use crate::workload::{Random, Step};

/// Orders of the initial load have lower indexes, so that no order has the uuid of another.
const FIRST_INDEX: u64 = 1 << 40;
/// Below this, goods are not sold but ordered anew.
const LOW_STOCK: i32 = 10;

/// An operation as it is being planned.
#[derive(Debug)]
pub struct Draft<'a> {
    pub op: u64,
    pub tenant: i32,
    pub state: &'a Tenant,
    pub random: Random,
    pub steps: Vec<Step>,
}

impl Draft<'_> {
    /// Plans one operation, of a kind that the state allows, with its entry in the audit log.
    pub fn plan(&mut self) -> Change {
        let choice = self.random.below(100);
        let change = match choice {
            0..40 => None,
            40..55 => self.pack(),
            55..70 => self.move_on(),
            70..80 => self.change_order(),
            80..88 => self.cancel(),
            88..96 => self.change_customer(),
            96..99 => self.receive(),
            _ => self.revise_document(),
        };
        let change = change.or_else(|| self.place()).or_else(|| self.receive()).unwrap_or(Change::Nothing);
        let what = match &change {
            Change::Nothing => "changed",
            Change::Placed(_) => "placed",
            Change::Packed { .. } => "packed",
            Change::Moved { .. } => "moved",
            Change::Changed { .. } => "order changed",
            Change::Cancelled { .. } => "cancelled",
            Change::Received { .. } => "received",
        };
        self.log(what);
        change
    }

    /// Plans what the server must refuse: a shipment that moves back. Nothing, if there is none to move.
    pub fn plan_refusal(&mut self) -> Option<()> {
        let moved = |order: &&Order| order.shipment.is_some_and(|(_, status)| status > 0);
        let (shipment, _) = self.pick_order(moved)?.shipment?;
        self.log("moved back");
        self.step(Sql::MoveShipment, 1, &[Value::Int8(shipment), Value::Int2(0), self.op()]);
        Some(())
    }

    fn op(&self) -> Value<'static> {
        Value::Int8(self.op as i64)
    }

    fn step(&mut self, sql: Sql, rows: usize, values: &[Value<'_>]) {
        let mut parameters = Vec::new();
        values.iter().for_each(|value| value.put(&mut parameters));
        self.steps.push(Step { statement: sql as usize, parameters, rows: Some(rows) });
    }

    fn log(&mut self, what: &str) {
        let subject = format!("operation {}", self.op);
        // Not in the server's normal form: the server makes it so, and says how by RETURNING.
        let detail = format!("{{\"weight\":1.50, \"by\" : \"{}\"}}", self.tenant);
        let detail = if self.random.chance(90) { Value::Json(&detail) } else { Value::Null };
        let values = [Value::Int4(self.tenant), Value::Text(what), Value::Text(&subject), detail, self.op()];
        self.step(Sql::Log, 1, &values);
    }

    fn pick_order(&mut self, which: impl Fn(&&Order) -> bool) -> Option<Order> {
        let orders: Vec<&Order> = self.state.orders.iter().filter(which).collect();
        let choice = self.random.below(orders.len().max(1) as u64) as usize;
        orders.get(choice).copied().cloned()
    }

    fn place(&mut self) -> Option<Change> {
        let customer = *pick(&mut self.random, &self.state.customers)?;
        let in_stock: Vec<(Place, Goods)> =
            self.state.stock.iter().filter(|(_, goods)| goods.on_hand >= LOW_STOCK).map(|(p, g)| (*p, *g)).collect();
        let first = self.random.below(in_stock.len().max(1) as u64) as usize;
        let count = (1 + self.random.below(4) as usize).min(in_stock.len());
        let chosen: Vec<(Place, Goods)> = in_stock.iter().cycle().skip(first).take(count).copied().collect();
        if chosen.is_empty() {
            return None;
        }
        let lines: Vec<Line> = chosen
            .iter()
            .zip(1..)
            .map(|((place, _), line)| Line { line, place: *place, quantity: 1 + self.random.below(5) as i32 })
            .collect();
        let total = lines.iter().zip(&chosen).map(|(line, (_, goods))| i64::from(line.quantity) * goods.price).sum();
        let id = order_id(FIRST_INDEX + self.op);
        self.place_order(id, customer, total, count as i16);
        let products: Vec<i64> = lines.iter().map(|line| line.place.0).collect();
        let warehouses: Vec<i32> = lines.iter().map(|line| line.place.1).collect();
        let quantities: Vec<i32> = lines.iter().map(|line| line.quantity).collect();
        let prices: Vec<i64> = chosen.iter().map(|(_, goods)| goods.price).collect();
        let (p, w, q) = (Value::Int8s(&products), Value::Int4s(&warehouses), Value::Int4s(&quantities));
        self.step(Sql::PlaceLines, count, &[Value::Uuid(id), p, w, q, Value::Int8s(&prices), self.op()]);
        self.step(Sql::TakeStock, count, &[p, w, q, self.op()]);
        Some(Change::Placed(Order { number: 0, id, shipment: None, lines }))
    }

    fn place_order(&mut self, id: u128, customer: i64, total: i64, count: i16) {
        let zone = self.random.pick(words::ZONES);
        // Summer time ends in some of the zones in one of these hours, which the server resolves.
        let promised = format!("2027-10-31 {:02}:30:00.000001 {zone}", self.random.below(24));
        let promised = if self.random.chance(80) { Value::Text(&promised) } else { Value::Null };
        let attributes = format!("{{\"channel\":\"app\",\"gift\":{}, \"gift\":true}}", self.random.below(10));
        let attributes = if self.random.chance(60) { Value::Json(&attributes) } else { Value::Null };
        let note = if self.random.chance(50) { Value::Text(self.random.pick(words::NOTES)) } else { Value::Null };
        let values = [
            Value::Uuid(id),
            Value::Int4(self.tenant),
            Value::Int8(customer),
            Value::Cents(total),
            Value::Int2(count),
            Value::Text(zone),
            promised,
            attributes,
            note,
            self.op(),
        ];
        self.step(Sql::Place, 1, &values);
    }

    fn pack(&mut self) -> Option<Change> {
        let order = self.pick_order(|order| order.shipment.is_none())?;
        let label = self.random.bytes(24);
        let carrier = Value::Text(self.random.pick(words::CARRIERS));
        let (number, tenant) = (Value::Int8(order.number), Value::Int4(self.tenant));
        self.step(Sql::Pack, 1, &[number, tenant, carrier, Value::Bytes(&label), self.op()]);
        self.step(Sql::SetOrderStatus, 1, &[Value::Uuid(order.id), Value::Text("packed"), self.op()]);
        Some(Change::Packed { order: order.number })
    }

    fn move_on(&mut self) -> Option<Change> {
        let order = self.pick_order(|order| order.shipment.is_some_and(|(_, status)| status < 2))?;
        let (shipment, status) = order.shipment?;
        let order_status = if status == 0 { "sent" } else { "done" };
        self.step(Sql::MoveShipment, 1, &[Value::Int8(shipment), Value::Int2(status + 1), self.op()]);
        self.step(Sql::SetOrderStatus, 1, &[Value::Uuid(order.id), Value::Text(order_status), self.op()]);
        Some(Change::Moved { order: order.number })
    }

    fn change_order(&mut self) -> Option<Change> {
        let order = self.pick_order(|order| order.shipment.is_none())?;
        let line = *pick(&mut self.random, &order.lines)?;
        let on_hand = self.state.stock.get(&line.place).map_or(0, |goods| goods.on_hand);
        let more = if line.quantity > 1 && self.random.chance(50) { -1 } else { 1 };
        if on_hand < LOW_STOCK {
            return None;
        }
        let (number, op) = (Value::Int8(order.number), self.op());
        self.step(Sql::ChangeLine, 1, &[number, Value::Int2(line.line), Value::Int4(more), op]);
        let note = Value::Text(self.random.pick(words::NOTES));
        self.step(Sql::ChangeTotal, 1, &[Value::Uuid(order.id), note, op]);
        let (product, warehouse) = line.place;
        self.step(Sql::MoveStock, 1, &[Value::Int8(product), Value::Int2(warehouse as i16), Value::Int4(-more), op]);
        Some(Change::Changed { order: order.number, line: line.line, more })
    }

    fn cancel(&mut self) -> Option<Change> {
        let order = self.pick_order(|order| order.shipment.is_none())?;
        let places: std::collections::BTreeSet<Place> = order.lines.iter().map(|line| line.place).collect();
        let number = Value::Int8(order.number);
        self.step(Sql::RestoreStock, places.len(), &[number, self.op()]);
        self.step(Sql::DeleteLines, order.lines.len(), &[number]);
        self.step(Sql::DeleteOrder, 1, &[Value::Uuid(order.id)]);
        Some(Change::Cancelled { order: order.number })
    }

    fn change_customer(&mut self) -> Option<Change> {
        let customer = *pick(&mut self.random, &self.state.customers)?;
        let nickname = if self.random.chance(60) { Value::Text(self.random.pick(words::NOTES)) } else { Value::Null };
        let preferences = format!("{{ \"seen\": {}.0, \"z\": null }}", self.op);
        let number = format!("+43 1 {:07}", self.random.below(10_000_000));
        let phones: [&[Option<&str>]; 3] = [&[], &[None], &[Some(&number), None, Some("")]];
        let phones = Value::Texts(phones[self.random.below(3) as usize]);
        let credit = Value::Cents(self.random.below(2001) as i64 - 1000);
        let values = [Value::Int8(customer), nickname, Value::Json(&preferences), credit, phones, self.op()];
        self.step(Sql::ChangeCustomer, 1, &values);
        Some(Change::Nothing)
    }

    fn receive(&mut self) -> Option<Change> {
        let (place, _) = self.state.stock.iter().min_by_key(|(_, goods)| goods.on_hand)?;
        let (place, quantity) = (*place, 100 + self.random.below(400) as i32);
        let values = [Value::Int8(place.0), Value::Int2(place.1 as i16), Value::Int4(quantity), self.op()];
        self.step(Sql::Receive, 1, &values);
        Some(Change::Received { place, quantity })
    }

    fn revise_document(&mut self) -> Option<Change> {
        let document = Value::Int8(*pick(&mut self.random, &self.state.documents)?);
        let (at, patch) = (self.random.below(3000) as i64, self.random.bytes(200));
        self.step(Sql::PutDocument, 1, &[document, Value::Int8(at), Value::Bytes(&patch)]);
        self.step(Sql::ReviseDocument, 1, &[document, self.op()]);
        Some(Change::Nothing)
    }
}

fn pick<'a, T>(random: &mut Random, items: &'a [T]) -> Option<&'a T> {
    let choice = random.below(items.len().max(1) as u64) as usize;
    items.get(choice)
}
