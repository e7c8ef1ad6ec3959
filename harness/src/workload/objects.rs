//! Objects of the application's bucket, as one more table: the same ledger, the same rows files, the same comparison.
//!
//! An object is made from the seed, its number and the operation that writes it, so that nobody has to read it back to know
//! what is owed. Its row is what a person would look at: content type, size, digest of its bytes, and the operation, which
//! it carries as `x-amz-meta-op`.

use blackstart_record::codec::row_digest;
use blackstart_record::ledger::Effect;
use blackstart_record::rows::{Key, KeyKind, Row};
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use super::application::ObjectStep;
use super::images::{Version, Written};
use super::session::{Progress, Trouble};
use super::{Column, Load, Random, TableSpec};
use crate::engine::fields::ColumnType::{Bytes, Integer, Text};
use crate::engine::fields::{Malformed, Value};
use crate::failure::{Context, Error, Result};
use crate::store::{BucketClient, Object};

/// Objects are read and written this many at a time.
pub const AT_ONCE: usize = 8;

const COLUMNS: &[Column] = &[
    Column::new("number", Integer),
    Column::new("content_type", Text),
    Column::new("size", Integer),
    Column::new("sha256", Bytes),
    Column::new("op", Integer),
];

/// A domain's objects.
#[derive(Clone, Copy, Debug)]
pub struct ObjectSpec {
    /// Them as a table. It follows the domain's tables, and no SQL is asked about it.
    pub table: TableSpec,
    /// The beginning of their keys in the bucket.
    pub prefix: &'static str,
    /// SQL that answers, for each row that refers to an object: what refers, the object's number, and the digest that it must
    /// have, in hexadecimal digits.
    pub references: &'static str,
}

impl ObjectSpec {
    /// Objects under `prefix`, which `references` names.
    pub const fn new(name: &'static str, prefix: &'static str, references: &'static str) -> Self {
        let table = TableSpec {
            name,
            key: KeyKind::Integer,
            columns: COLUMNS,
            key_columns: &[0],
            op_column: 4,
            load: Load::Copy,
        };
        Self { table, prefix, references }
    }

    /// An object's key in the bucket.
    pub fn key(&self, number: u64) -> String {
        format!("{}{number:016}", self.prefix)
    }

    /// The number of the object of this key; `None`: it is none of these.
    pub fn number(&self, key: &str) -> Option<u64> {
        let number = key.strip_prefix(self.prefix)?.parse().ok()?;
        (self.key(number) == key).then_some(number)
    }
}

/// The object that operation `op` writes under this number.
pub fn object(seed: u64, number: u64, op: u64) -> Object {
    let mut random = Random::of(&[seed, 0x0b7ec7, number, op]);
    let length = random.below(6000) as usize;
    let content_type = random.pick(&["application/pdf", "image/png", "text/plain; charset=utf-8"]).to_owned();
    Object { bytes: random.bytes(length), content_type, op: Some(op) }
}

/// The digest of an object's bytes that a row keeps of it.
pub fn sha256(object: &Object) -> Vec<u8> {
    Sha256::digest(&object.bytes).to_vec()
}

/// An object as the fields of a row. One that carries no operation is nobody's: of the initial load, and not as it was.
pub fn fields(number: u64, object: &Object) -> Vec<u8> {
    let digest = sha256(object);
    let values = [
        Value::Int8(number as i64),
        Value::Text(&object.content_type),
        Value::Int8(object.bytes.len() as i64),
        Value::Bytes(&digest),
        object.op.map_or(Value::Null, |op| Value::Int8(op as i64)),
    ];
    let mut fields = Vec::new();
    values.iter().for_each(|value| value.put(&mut fields));
    fields
}

/// Puts the objects of the initial load in place.
///
/// # Errors
/// The store's answer.
pub async fn load_objects(bucket: &BucketClient, spec: &ObjectSpec, seed: u64, count: u64) -> Result<()> {
    let put = |number| async move {
        let key = spec.key(number);
        bucket
            .put(&key, object(seed, number, 0))
            .await
            .map_err(|trouble| Error::new(trouble.says))
            .cannot("load an object")
    };
    stream::iter(1..=count).map(put).buffer_unordered(AT_ONCE).try_collect().await
}

/// What an operation does to an object, and to which table.
pub(super) struct Deed<'a> {
    pub(super) op: u64,
    pub(super) step: &'a ObjectStep,
    pub(super) seed: u64,
    pub(super) spec: &'a ObjectSpec,
    pub(super) table: u8,
}

impl Deed<'_> {
    /// Does it, as a transaction of its own.
    pub(super) async fn perform(
        &self,
        bucket: &BucketClient,
        progress: &mut Progress,
    ) -> std::result::Result<(), Trouble> {
        let Self { op, spec, table, .. } = *self;
        // The request itself is what commits.
        progress.commit_sent = true;
        let done = match *self.step {
            ObjectStep::Put(number) => {
                let object = object(self.seed, number, op);
                let (key, fields) = (Key(number.into()), fields(number, &object));
                progress.effects.push(Effect { table, key, digest: Some(row_digest(&fields)) });
                progress.written.push(Written { version: Version { table, key, op }, fields });
                bucket.put(&spec.key(number), object).await
            }
            ObjectStep::Remove(number) => {
                progress.effects.push(Effect { table, key: Key(number.into()), digest: None });
                bucket.delete(&spec.key(number)).await
            }
        };
        done.map_err(|trouble| if trouble.refused { Trouble::Refused } else { Trouble::Broken })
    }
}

impl TableSpec {
    /// [`TableSpec::row`] of fields whose operation may be NULL, as that of an object that lost what it carried: then it is
    /// whatever the initial load left.
    ///
    /// # Errors
    /// [`Malformed`] if the key cannot be read.
    pub fn row_of_object(&self, fields: &[u8]) -> std::result::Result<Row, Malformed> {
        self.row(fields).or_else(|_| Ok(Row { key: self.key(fields)?, op: 0, digest: row_digest(fields) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: ObjectSpec = ObjectSpec::new("s3:documents", "documents/", "");

    #[test]
    fn a_key_leads_to_its_number_and_no_other_key_does() {
        for number in [1, 42, 1 << 40, u64::MAX] {
            assert_eq!(SPEC.number(&SPEC.key(number)), Some(number));
        }
        for stranger in ["documents/42", "documents/", "other/0000000000000042", "documents/0000000000000042.bak"] {
            assert_eq!(SPEC.number(stranger), None, "{stranger}");
        }
        assert!(SPEC.key(9) < SPEC.key(10), "a listing is in the order of the numbers");
    }

    #[test]
    fn a_row_of_an_object_knows_its_bytes_its_type_and_who_wrote_it() {
        let was = object(1, 7, 3);
        let row = |object: &Object| SPEC.table.row_of_object(&fields(7, object)).unwrap();
        assert_eq!((row(&was), row(&was).op), (row(&object(1, 7, 3)), 3));
        let changes: [fn(&mut Object); 4] = [
            |object| object.bytes.push(0),
            |object| object.content_type.push('x'),
            |object| object.op = Some(4),
            |object| object.op = None,
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut other = was.clone();
            change(&mut other);
            assert_ne!(row(&other).digest, row(&was).digest, "change {number}");
        }
        assert_eq!(row(&Object { op: None, ..was }).op, 0, "what carries no operation is nobody's");
    }
}
