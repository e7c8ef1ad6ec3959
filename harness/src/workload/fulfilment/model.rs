//! What a client keeps in mind of a tenant: enough to plan operations that make sense, bounded in size.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::fields::{self, Fields, Malformed};
use crate::workload::Rows;

/// Orders in mind; the oldest is forgotten first.
const ORDERS: usize = 64;

/// A tenant's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tenant {
    pub customers: Vec<i64>,
    pub stock: BTreeMap<Place, Goods>,
    pub orders: VecDeque<Order>,
    pub documents: Vec<i64>,
}

/// Where goods are: product and warehouse.
pub type Place = (i64, i32);

/// Goods at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goods {
    pub on_hand: i32,
    /// Price of one, in cents.
    pub price: i64,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub number: i64,
    pub id: u128,
    /// Its shipment and that one's status, once there is one.
    pub shipment: Option<(i64, i16)>,
    pub lines: Vec<Line>,
}

/// A line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub line: i16,
    pub place: Place,
    pub quantity: i32,
}

/// What an operation changes in the model, once it is acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Nothing that is kept in mind.
    Nothing,
    /// An order was placed; its number is the server's to say.
    Placed(Order),
    /// An order got a shipment; its id is the server's to say.
    Packed { order: i64 },
    /// An order's shipment moved on.
    Moved { order: i64 },
    /// A line of an order got this much more, which came from stock.
    Changed { order: i64, line: i16, more: i32 },
    /// An order was deleted, its goods are back.
    Cancelled { order: i64 },
    /// Goods came in.
    Received { place: Place, quantity: i32 },
}

impl Tenant {
    /// From the answers to the looks, in their order.
    ///
    /// # Errors
    /// [`Malformed`] if they are not what the looks ask for.
    pub fn from_answers(answers: &[Rows]) -> Result<Self, Malformed> {
        let [customers, stock, orders, lines, documents] = answers else {
            return Err(Malformed("another number of answers than of looks"));
        };
        let ids = |rows: &Rows| rows.iter().map(|row| fields::integer_at(row, 0)).collect::<Result<Vec<_>, _>>();
        let mut tenant = Self { customers: ids(customers)?, documents: ids(documents)?, ..Self::default() };
        for row in stock {
            let goods = Goods { on_hand: small(row, 2)?, price: fields::integer_at(row, 3)? };
            tenant.stock.insert((fields::integer_at(row, 0)?, small(row, 1)?), goods);
        }
        for row in orders {
            let shipment = match Fields::new(row).nth(3).flatten() {
                Some(id) => Some((fields::integer(id)?, small(row, 4)?)),
                None => None,
            };
            let (number, id) = (fields::integer_at(row, 0)?, uuid(row, 1)?);
            tenant.orders.push_back(Order { number, id, shipment, lines: Vec::new() });
        }
        for row in lines {
            let number = fields::integer_at(row, 0)?;
            let place = (fields::integer_at(row, 2)?, small(row, 3)?);
            if let Some(order) = tenant.order(number) {
                order.lines.push(Line { line: small(row, 1)?, place, quantity: small(row, 4)? });
            }
        }
        Ok(tenant)
    }

    /// An order by its number.
    fn order(&mut self, number: i64) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.number == number)
    }

    fn move_stock(&mut self, place: Place, quantity: i32) {
        // Stock of a product that is not kept in mind was counted by the server.
        if let Some(goods) = self.stock.get_mut(&place) {
            goods.on_hand += quantity;
        }
    }

    /// Applies an acknowledged change. `answers` are those of its operation, the first being that of the row which
    /// the change is about.
    ///
    /// # Errors
    /// [`Malformed`] if the server's own value cannot be read from them.
    pub fn apply(&mut self, change: Change, answers: &[Rows]) -> Result<(), Malformed> {
        let first = answers.first().and_then(|rows| rows.first()).ok_or(Malformed("no row in an answer"));
        match change {
            Change::Nothing => {}
            Change::Placed(order) => {
                order.lines.iter().for_each(|line| self.move_stock(line.place, -line.quantity));
                self.orders.push_back(Order { number: fields::integer_at(first?, 1)?, ..order });
                if self.orders.len() > ORDERS {
                    self.orders.pop_front();
                }
            }
            Change::Packed { order } => {
                let shipment = fields::integer_at(first?, 0)?;
                self.order(order).into_iter().for_each(|order| order.shipment = Some((shipment, 0)));
            }
            Change::Moved { order } => {
                let shipment = self.order(order).and_then(|order| order.shipment.as_mut());
                shipment.into_iter().for_each(|(_, status)| *status += 1);
            }
            Change::Changed { order, line, more } => {
                let lines = self.order(order).map(|order| order.lines.as_mut_slice()).unwrap_or_default();
                if let Some(line) = lines.iter_mut().find(|other| other.line == line) {
                    line.quantity += more;
                    let place = line.place;
                    self.move_stock(place, -more);
                }
            }
            Change::Cancelled { order } => {
                if let Some(at) = self.orders.iter().position(|other| other.number == order)
                    && let Some(order) = self.orders.remove(at)
                {
                    order.lines.iter().for_each(|line| self.move_stock(line.place, line.quantity));
                }
            }
            Change::Received { place, quantity } => self.move_stock(place, quantity),
        }
        Ok(())
    }
}

fn small<T: TryFrom<i64>>(fields: &[u8], column: usize) -> Result<T, Malformed> {
    T::try_from(fields::integer_at(fields, column)?).map_err(|_| Malformed("an integer out of its range"))
}

fn uuid(fields: &[u8], column: usize) -> Result<u128, Malformed> {
    Ok(fields::key(blackstart_record::rows::KeyKind::Uuid, fields, &[column])?.0)
}
