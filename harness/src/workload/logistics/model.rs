//! What a client keeps in mind of a branch: enough to plan operations that make sense, bounded in size.

use std::collections::VecDeque;

use crate::engine::fields::{self, Malformed};
use crate::workload::Rows;

/// Shipments in mind; the oldest is forgotten first.
const SHIPMENTS: usize = 64;

/// A branch's state. Nothing of it is the server's to say, so that an operation's answers are not needed to keep it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Branch {
    pub staff: Vec<i64>,
    pub drivers: Vec<i64>,
    /// Those that are not delivered.
    pub shipments: VecDeque<Shipment>,
    /// How many payments are in no settlement.
    pub unsettled: usize,
}

/// A shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipment {
    pub id: i64,
    pub status: i16,
    /// Whether its recipient has to pay.
    pub has_cash: bool,
}

/// The statuses of a shipment.
pub const BOOKED: i16 = 0;
pub const ACCEPTED: i16 = 1;
pub const LOADED: i16 = 2;

/// What an operation changes in the model, once it is acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Nothing that is kept in mind.
    Nothing,
    /// A shipment came.
    Added(Shipment),
    /// Shipments were put on a manifest.
    Loaded(Vec<i64>),
    /// A shipment reached its recipient, and if there was something to pay, it was paid.
    Delivered(Shipment),
    /// All open payments were settled.
    Settled,
    /// A draft was deleted.
    Cancelled(i64),
}

impl Branch {
    /// From the answers to the looks, in their order.
    ///
    /// # Errors
    /// [`Malformed`] if they are not what the looks ask for.
    pub fn from_answers(answers: &[Rows]) -> Result<Self, Malformed> {
        let [staff, drivers, shipments, unsettled] = answers else {
            return Err(Malformed("another number of answers than of looks"));
        };
        let ids = |rows: &Rows| rows.iter().map(|row| fields::integer_at(row, 0)).collect::<Result<Vec<_>, _>>();
        let mut branch = Self { staff: ids(staff)?, drivers: ids(drivers)?, ..Self::default() };
        for row in shipments {
            let (id, status) = (fields::integer_at(row, 0)?, small(row, 1)?);
            branch.shipments.push_back(Shipment { id, status, has_cash: fields::integer_at(row, 2)? > 0 });
        }
        let unsettled = unsettled.first().ok_or(Malformed("no row in an answer"))?;
        branch.unsettled = small(unsettled, 0)?;
        Ok(branch)
    }

    /// Applies an acknowledged change.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Nothing => {}
            Change::Added(shipment) => {
                self.shipments.push_back(shipment);
                if self.shipments.len() > SHIPMENTS {
                    self.shipments.pop_front();
                }
            }
            Change::Loaded(ids) => {
                let loaded = self.shipments.iter_mut().filter(|shipment| ids.contains(&shipment.id));
                loaded.for_each(|shipment| shipment.status = LOADED);
            }
            Change::Delivered(Shipment { id, has_cash, .. }) => {
                self.forget(id);
                self.unsettled += usize::from(has_cash);
            }
            Change::Settled => self.unsettled = 0,
            Change::Cancelled(id) => self.forget(id),
        }
    }

    fn forget(&mut self, id: i64) {
        self.shipments.retain(|shipment| shipment.id != id);
    }
}

fn small<T: TryFrom<i64>>(fields: &[u8], column: usize) -> Result<T, Malformed> {
    T::try_from(fields::integer_at(fields, column)?).map_err(|_| Malformed("an integer out of its range"))
}
