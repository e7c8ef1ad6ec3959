//! Both values of the first rows that differ: as they were acknowledged, and as they were restored.

use std::collections::{HashMap, HashSet};

use blackstart_judge::oracle;
use blackstart_record::event::Cut;
use blackstart_record::observation::Image;
use blackstart_record::record::Folder;
use blackstart_record::rows::Key;
use blackstart_record::time::Nanos;

use super::objects::Seen;
use super::snapshot::Snapshot;
use crate::engine::fields::Malformed;
use crate::failure::{Context, Error, Result};
use crate::workload::{self, Domain, KeyRange, Settings, TableSpec, Version};

/// Where the acknowledged values are, and what decides which of them are owed.
pub struct Owed<'a> {
    /// The record, with `initial.rows`, the ledger and `restored.rows`.
    pub folder: &'a Folder,
    /// As the initial data was loaded.
    pub settings: &'a Settings,
    /// The recovery point.
    pub cut: &'a Cut,
    /// When the initial data was loaded.
    pub loaded_at: Nanos,
    /// What the plan declares about tables.
    pub declared: oracle::Declared<'a>,
}

/// The images of the rows that a comparison would name; none where nothing differs.
///
/// # Errors
/// The record or the restored copy could not be read.
pub async fn observe(
    snapshot: &Snapshot,
    domain: &'static dyn Domain,
    objects: Option<&Seen>,
    owed: Owed<'_>,
) -> Result<Vec<Image>> {
    let compared = oracle::compare(owed.folder, &domain.recorded(), owed.cut, owed.loaded_at, owed.declared)
        .map_err(|error| Error::new(error.to_string()))?;
    let mut images = Vec::new();
    let also = domain.objects().map(|objects| &objects.table);
    for (index, table) in domain.tables().iter().chain(also).enumerate() {
        let wanted: Vec<_> = compared.wanted().into_iter().filter(|wanted| wanted.table == table.name).collect();
        if wanted.is_empty() {
            continue;
        }
        let version = |key, op| Version { table: index as u8, key, op };
        let expected: HashSet<_> =
            wanted.iter().filter_map(|wanted| Some(version(wanted.key, wanted.expected?))).collect();
        let mut acknowledged = workload::find(&owed.folder.ledger_rows(), &expected).cannot("read the written rows")?;
        acknowledged.extend(workload::find_initial(domain, owed.settings, &expected));
        let keys: HashSet<Key> = wanted.iter().map(|wanted| wanted.key).collect();
        let restored = match objects.filter(|_| index == domain.tables().len()) {
            Some(seen) => keys.iter().filter_map(|key| Some((*key, seen.fields(*key)?.to_vec()))).collect(),
            None => restored(snapshot, table, &keys).await?,
        };
        images.extend(wanted.iter().map(|wanted| {
            let fields = wanted.expected.and_then(|op| acknowledged.get(&version(wanted.key, op)));
            Image {
                table: table.name.to_owned(),
                key: wanted.key,
                expected: fields.map(|fields| table.image(fields)),
                observed: restored.get(&wanted.key).map(|fields| table.image(fields)),
            }
        }));
    }
    Ok(images)
}

/// The restored values of some rows: a second pass, which only a table with differences costs. Of a table that is not
/// there, or cannot be read to its end, as many as there are.
async fn restored(snapshot: &Snapshot, table: &TableSpec, keys: &HashSet<Key>) -> Result<HashMap<Key, Vec<u8>>> {
    let mut found = HashMap::new();
    let read = snapshot.read(table, &KeyRange::All, |fields| {
        let key = table.key(fields)?;
        if keys.contains(&key) {
            found.insert(key, fields.to_vec());
        }
        Ok::<_, Malformed>(())
    });
    // The first pass noted why not all of it can be read.
    let _ = read.await?;
    Ok(found)
}
