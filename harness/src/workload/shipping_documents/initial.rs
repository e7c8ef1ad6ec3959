//! The initial rows and objects: of a document, of its entry in the log and of its object as many as of the others.

use super::tables::DOCUMENTS;
use crate::engine::fields::Value;
use crate::workload::{Generator, Settings, objects};

/// 2024-02-26 UTC in microseconds since 2000: when the first document came.
const FIRST: i64 = 762_220_800_000_000;
const MINUTE: i64 = 60_000_000;
/// What documents there are.
pub const KINDS: [&str; 2] = ["label", "proof of delivery"];

/// The generator.
#[derive(Debug)]
pub struct InitialRows {
    seed: u64,
    branches: u64,
    documents: u64,
}

impl InitialRows {
    /// Shares out the rows.
    pub fn new(settings: &Settings) -> Self {
        let branches = u64::from(settings.tenants());
        Self { seed: settings.seed, branches, documents: documents(settings) }
    }

    fn branch(&self, index: u64) -> Value<'static> {
        Value::Int4((index % self.branches) as i32 + 1)
    }
}

/// Documents of the initial load, whose objects have the numbers from 1 on.
pub fn documents(settings: &Settings) -> u64 {
    (settings.rows / 3).max(u64::from(settings.tenants()))
}

impl Generator for InitialRows {
    fn count(&self, _table: usize) -> u64 {
        self.documents
    }

    fn fields(&self, table: usize, index: u64, out: &mut Vec<u8>) {
        let id = Value::Int8(index as i64 + 1);
        if table == DOCUMENTS {
            let kind = KINDS[(index / 3 % 2) as usize];
            let sha256 = objects::sha256(&objects::object(self.seed, index + 1, 0));
            let values = [id, self.branch(index), Value::Text(kind), id, Value::Bytes(&sha256), Value::Int8(0)];
            values.iter().for_each(|value| value.put(out));
        } else {
            let at = Value::Timestamp(FIRST + index as i64 * MINUTE);
            let values = [id, self.branch(index), Value::Text("imported"), id, at, Value::Int8(0)];
            values.iter().for_each(|value| value.put(out));
        }
    }

    fn objects(&self) -> u64 {
        self.documents
    }
}
