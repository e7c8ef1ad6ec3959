//! Every object of the application's bucket, as rows of one more table; planted objects, to the byte; the rows that refer to
//! objects, held against them; and one object written by the application's own key.
//!
//! A store knows no snapshot: the objects are read when the runbook has ended and before anybody works on them again.

use std::collections::BTreeMap;

use blackstart_record::observation::{Canary, Invariant, WriteTrial};
use blackstart_record::rows::{Key, Row};
use blackstart_record::words::hex;
use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::inventory::Definitions;
use super::snapshot::Snapshot;
use crate::failure::{Context, Error, Result};
use crate::store::{BucketClient, Object, Store};
use crate::workload::objects::{self, AT_ONCE, ObjectSpec};

/// The kind under which the inventory has what protects the bucket.
const KIND: &str = "bucket";
/// Where the planted objects are.
const PLANTED: &str = "canaries/";
/// Violations that are kept as text.
const FIRST: usize = 10;
/// Keys that are no numbers of the domain's objects get one from here on.
const STRANGERS: u128 = 1 << 64;

/// What was found in the bucket.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The domain's objects, in key order, each as a row and its fields.
    rows: Vec<(Row, Vec<u8>)>,
    /// Bytes read.
    bytes: u64,
    /// The objects that were planted, and what became of them.
    canaries: Vec<Canary>,
    /// Why not all of the bucket could be read, if so.
    unreadable: Option<String>,
    /// What protects the bucket, as a part of the inventory.
    protection: Result<Definitions>,
    spec: &'static ObjectSpec,
}

/// Puts objects in place that copies like to change.
///
/// # Errors
/// The store's answer.
pub async fn plant(bucket: &BucketClient) -> Result<()> {
    for (name, key, object) in canaries() {
        let put = bucket.put(&format!("{PLANTED}{key}"), object).await;
        put.map_err(|trouble| Error::new(trouble.says)).cannot(format_args!("plant an object: {name}"))?;
    }
    Ok(())
}

/// Whether this is the copy of a planted object, wherever it lies.
pub fn is_planted(key: &str) -> bool {
    key.contains(PLANTED)
}

/// What it is, its key, and the object.
fn canaries() -> Vec<(&'static str, &'static str, Object)> {
    let object = |bytes: &[u8], content_type: &str, op| Object {
        bytes: bytes.to_vec(),
        content_type: content_type.to_owned(),
        op,
    };
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let large: Vec<u8> = every.iter().copied().cycle().take((5 << 20) + 4097).collect();
    vec![
        ("object with every byte", "bytes", object(&every, "application/octet-stream", None)),
        ("empty object", "empty", object(b"", "text/plain", None)),
        ("object sent in parts", "parts", object(&large, "application/x-parts", None)),
        ("object under a key of several scripts", "ünï/契約 e\u{301}.pdf", object(b"x", "application/pdf", None)),
        ("object under a key with spaces and +", "a b+c & 100%=d.txt", object(b"+", "text/plain; charset=utf-8", None)),
        ("object that looks compressed", "page.html.gz", object(b"<p>not compressed</p>", "text/html", None)),
        ("object with metadata of its own", "meta", object(b"m", "application/x-meta", Some(u64::MAX))),
    ]
}

/// What protects a bucket, as a part of the inventory.
///
/// # Errors
/// The store does not answer.
pub async fn protection(store: &Store, bucket: &str) -> Result<Definitions> {
    Ok(BTreeMap::from([(KIND.to_owned(), store.protection(bucket).await?)]))
}

/// Reads every object of the bucket, and what protects it. What cannot be read is noted.
pub async fn observe(store: &Store, bucket: &str, spec: &'static ObjectSpec) -> Seen {
    let mut seen = Seen::empty(spec, protection(store, bucket).await);
    let bucket = &store.bucket(bucket);
    let keys = match bucket.keys().await {
        Ok(keys) => keys,
        Err(trouble) => {
            seen.unreadable = Some(trouble.says);
            Vec::new()
        }
    };
    let mut planted = BTreeMap::new();
    let read = |key: String| async move { (bucket.get(&key).await, key) };
    let mut objects = stream::iter(keys).map(read).buffer_unordered(AT_ONCE);
    while let Some((got, key)) = objects.next().await {
        let object = match got {
            Ok(object) => object,
            Err(trouble) => {
                seen.unreadable = Some(format!("{key}: {}", trouble.says));
                continue;
            }
        };
        if let Some(key) = key.strip_prefix(PLANTED) {
            planted.insert(key.to_owned(), object);
            continue;
        }
        seen.bytes += object.bytes.len() as u64;
        seen.note(&key, &object);
    }
    drop(objects);
    seen.rows.sort_unstable_by_key(|(row, _)| row.key);
    seen.canaries = compared(&planted);
    seen
}

fn compared(planted: &BTreeMap<String, Object>) -> Vec<Canary> {
    let canary = |(name, key, object): (&str, &str, Object)| {
        let restored = planted.get(key).map(image);
        Canary { name: name.to_owned(), planted: Some(image(&object)), found: restored.is_some(), restored }
    };
    canaries().into_iter().map(canary).collect()
}

/// Content type, operation and bytes, or, of many bytes, their digest.
fn image(object: &Object) -> String {
    let mut image = format!("{}\n{:?}\n", object.content_type, object.op).into_bytes();
    if object.bytes.len() > 1 << 10 {
        image.extend(Sha256::digest(&object.bytes));
    } else {
        image.extend(&object.bytes);
    }
    hex(&image)
}

impl Seen {
    fn empty(spec: &'static ObjectSpec, protection: Result<Definitions>) -> Self {
        Self { rows: Vec::new(), bytes: 0, canaries: Vec::new(), unreadable: None, protection, spec }
    }

    /// What protects the bucket.
    ///
    /// # Errors
    /// The store did not answer.
    pub fn protection(&self) -> Result<Definitions> {
        self.protection.clone().cannot("look at what protects the application's bucket")
    }

    fn note(&mut self, key: &str, object: &Object) {
        let number = self.spec.number(key);
        let fields = objects::fields(number.unwrap_or(0), object);
        // A row without an operation is not as anybody wrote it.
        let Ok(row) = self.spec.table.row_of_object(&fields) else { return };
        let stranger = || Key(STRANGERS + u128::from(blackstart_record::codec::row_digest(key.as_bytes())));
        let row = Row { key: number.map_or_else(stranger, |number| Key(number.into())), ..row };
        self.rows.push((row, fields));
    }

    /// The table, and its rows in key order.
    pub fn rows(&self) -> (&'static ObjectSpec, impl Iterator<Item = Row>) {
        (self.spec, self.rows.iter().map(|(row, _)| *row))
    }

    /// How many rows, how many bytes, and why not all could be read.
    pub fn extent(&self) -> (u64, u64, Option<&str>) {
        (self.rows.len() as u64, self.bytes, self.unreadable.as_deref())
    }

    /// The fields of an object's row.
    pub fn fields(&self, key: Key) -> Option<&[u8]> {
        let at = self.rows.binary_search_by_key(&key, |(row, _)| row.key).ok()?;
        Some(&self.rows[at].1)
    }

    /// The planted objects.
    pub fn canaries(&self) -> Vec<Canary> {
        self.canaries.clone()
    }

    /// Holds the rows that refer to objects against them. An object that nobody refers to is none's fault: it is put first.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn references(&self, snapshot: &Snapshot) -> Result<Invariant> {
        let rule = format!("what a row says of its object in {} is there", self.spec.table.name);
        let rows = match snapshot.attempt(async |client| Ok(client.rows(self.spec.references).await?)).await? {
            Ok(rows) => rows,
            Err(error) => {
                return Ok(Invariant { rule, examined: 0, violations: None, first: vec![error.to_string()] });
            }
        };
        let mut broken = Vec::new();
        for row in &rows {
            let [Some(what), Some(number), sha256] = row.as_slice() else {
                return Err(Error::new("a row that refers to an object names none"));
            };
            let key = number.parse().map_err(|_| Error::new(format!("{what}: {number} is the number of no object")))?;
            match (self.fields(Key(key)).map(digest_of).map(hex), sha256) {
                (None, _) => broken.push(format!("{what}: object {number} is not there")),
                (Some(found), Some(wanted)) if found == *wanted => {}
                (Some(_), _) => broken.push(format!("{what}: object {number} has other bytes")),
            }
        }
        let violations = Some(broken.len() as u64);
        broken.truncate(FIRST);
        Ok(Invariant { rule, examined: rows.len() as u64, violations, first: broken })
    }
}

fn digest_of(fields: &[u8]) -> &[u8] {
    const SHA256: usize = 3;
    crate::engine::fields::Fields::new(fields).nth(SHA256).flatten().unwrap_or_default()
}

/// Whether the application can write an object, read it and remove it.
pub async fn write(application: &BucketClient) -> WriteTrial {
    const KEY: &str = "trial";
    let object = Object { bytes: b"trial".to_vec(), content_type: "text/plain".to_owned(), op: None };
    let tried = async {
        application.put(KEY, object.clone()).await?;
        let read = application.get(KEY).await?;
        application.delete(KEY).await?;
        Ok::<_, crate::store::Trouble>(read == object)
    };
    let error = match tried.await {
        Ok(true) => None,
        Ok(false) => Some("another object was read than was written".to_owned()),
        Err(trouble) => Some(trouble.says),
    };
    WriteTrial { what: "an object written, read and removed".to_owned(), restarted: false, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: ObjectSpec = ObjectSpec::new("s3:documents", "documents/", "");

    #[test]
    fn an_object_that_is_none_of_the_domains_is_a_row_of_nobodys() {
        let mut found = Seen::empty(&SPEC, Ok(Definitions::new()));
        found.note(&SPEC.key(7), &objects::object(1, 7, 3));
        found.note("left/over.tmp", &objects::object(1, 7, 3));
        let keys: Vec<u128> = found.rows.iter().map(|(row, _)| row.key.0).collect();
        assert_eq!(keys[0], 7);
        assert!(keys[1] >= STRANGERS, "no number of the domain's is as great");
        assert_eq!(found.fields(Key(7)), Some(&*objects::fields(7, &objects::object(1, 7, 3))));
        assert_eq!(digest_of(found.fields(Key(7)).unwrap()), objects::sha256(&objects::object(1, 7, 3)));
    }

    #[test]
    fn each_planted_object_is_compared_with_all_that_it_was_stored_with() {
        let whole: BTreeMap<String, Object> =
            canaries().into_iter().map(|(_, key, object)| (key.to_owned(), object)).collect();
        assert!(compared(&whole).iter().all(|canary| canary.found && canary.restored == canary.planted));
        let changes: [fn(&mut Object); 3] = [
            |object| object.bytes.push(0),
            |object| object.content_type = "application/octet-stream; x".to_owned(),
            |object| object.op = Some(1),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut other = whole.clone();
            other.values_mut().for_each(change);
            assert!(compared(&other).iter().all(|one| one.found && one.restored != one.planted), "change {number}");
        }
        assert!(compared(&BTreeMap::new()).iter().all(|canary| !canary.found && canary.restored.is_none()));
    }
}
