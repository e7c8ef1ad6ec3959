//! The store of a drill: its buckets, who may do what in them, and the application's own bucket where it keeps objects.

use std::collections::BTreeMap;
use std::path::Path;

use blackstart_record::observation::{Attack, WriteTrial};

use super::environment::World;
use super::{Registry, Request};
use crate::examine::objects::{self, Seen};
use crate::examine::{attack, inventory};
use crate::failure::Result;
use crate::host::Host;
use crate::link::Links;
use crate::plan::{Loaded, OWNER_OF_OBJECTS, store_link};
use crate::secret::Secrets;
use crate::store::{Bucket, BucketClient, Key, Store};
use crate::workload::{Domain, Generator, ObjectSpec, Settings, load_objects};

/// How the buckets are called that hold copies of the artifacts.
pub(super) const COPIES: &str = "sabotage-";
/// How the buckets are called that stand in for the application's own.
const STAND_INS: &str = "stand-in-";

/// Where the application keeps its objects.
pub(super) struct Shelf {
    /// The bucket.
    pub(super) bucket: Bucket,
    /// The application's own key, which opens nothing else.
    pub(super) key: Key,
    /// The application's way to it.
    pub(super) application: BucketClient,
    spec: &'static ObjectSpec,
}

impl Shelf {
    /// The application's bucket, and a link to it; `None`: the domain keeps no objects.
    pub(super) async fn open(
        loaded: &Loaded<Registry>,
        domain: &dyn Domain,
        links: &mut Links,
        store: &Host,
        secrets: &Secrets,
    ) -> Result<Option<Self>> {
        let (Some(objects), Some(spec)) = (&loaded.environment.objects, domain.objects()) else { return Ok(None) };
        let address = links.open(&store_link(OWNER_OF_OBJECTS), Store::address_on(store)).await?.listen;
        let key = Key { access: objects.credential.clone(), secret: secrets.make()? };
        let application = BucketClient::new(&objects.bucket, address, &key, loaded.bounds.operation.into());
        Ok(Some(Self { bucket: bucket(loaded, &objects.store, &objects.bucket), key, application, spec }))
    }

    /// Puts the initial objects in place, and what is planted among them.
    pub(super) async fn load(&self, store: &Store, settings: &Settings, generator: &dyn Generator) -> Result<()> {
        let owner = store.bucket(&self.bucket.name);
        load_objects(&owner, self.spec, settings.seed, generator.objects()).await?;
        objects::plant(&owner).await
    }
}

fn bucket(loaded: &Loaded<Registry>, store: &str, name: &str) -> Bucket {
    let spec = &loaded.environment.stores[store].buckets[name];
    Bucket {
        name: name.to_owned(),
        versioning: spec.versioning,
        lock_days: spec.lock_days,
        old_versions_days: spec.old_versions_days,
    }
}

/// The store with its buckets, the pipeline's key and the application's.
pub(super) async fn start(
    request: &Request,
    host: Host,
    program: &Path,
    key: &Key,
    shelf: Option<&Shelf>,
    secrets: &Secrets,
) -> Result<Store> {
    let loaded = &request.loaded;
    let store = Store::start(host, loaded.store().provider, program, secrets).await?;
    let name = &loaded.plan.pipelines[&loaded.pipeline.name].store;
    let all: Vec<&str> = loaded.environment.stores[name].buckets.keys().map(String::as_str).collect();
    for bucket_name in &all {
        store.make_bucket(&bucket(loaded, name, bucket_name)).await?;
    }
    let credential = &loaded.environment.credentials[&loaded.pipeline.credential];
    let mut rights: Vec<(&[String], Vec<&str>)> =
        credential.may_in.iter().map(|(bucket, may)| (may.as_slice(), vec![bucket.as_str()])).collect();
    let mut others: Vec<&str> = all.into_iter().filter(|name| !credential.may_in.contains_key(*name)).collect();
    let (copies, stand_ins) = (format!("{COPIES}*"), format!("{STAND_INS}*"));
    others.extend((request.sabotage || request.crash_points).then_some(copies.as_str()));
    if let Some(shelf) = shelf {
        let may = credential.may_in.get(&shelf.bucket.name).unwrap_or(&credential.may);
        rights.push((may, vec![&stand_ins]));
    }
    rights.push((&credential.may, others));
    store.admit_to(key, &rights).await?;
    if let Some(shelf) = shelf {
        let may = &loaded.environment.credentials[&shelf.key.access].may;
        store.admit(&shelf.key, may, &[&shelf.bucket.name]).await?;
    }
    Ok(store)
}

impl World {
    /// What protects the application's bucket, as a part of the inventory.
    pub(super) async fn protection(&self) -> Result<inventory::Definitions> {
        let Some(shelf) = &self.shelf else { return Ok(BTreeMap::new()) };
        objects::protection(&self.store, &shelf.bucket.name).await
    }

    /// Every object of the application's bucket, or of one that stands in for it.
    pub(super) async fn objects(&self, bucket: Option<&str>) -> Option<Seen> {
        let shelf = self.shelf.as_ref()?;
        Some(objects::observe(&self.store, bucket.unwrap_or(&shelf.bucket.name), shelf.spec).await)
    }

    /// A bucket that stands in for the application's own where a restore is performed once more.
    pub(super) async fn bucket_for(&self, stand_in: &str) -> Result<Option<String>> {
        let Some(shelf) = &self.shelf else { return Ok(None) };
        let name = format!("{STAND_INS}{stand_in}");
        self.store.make_bucket(&Bucket { name: name.clone(), ..shelf.bucket.clone() }).await?;
        Ok(Some(name))
    }

    /// Whether the application can still work on its objects.
    pub(super) async fn object_trial(&self) -> Option<WriteTrial> {
        let shelf = self.shelf.as_ref()?;
        Some(objects::write(&shelf.application).await)
    }

    /// Tries what each key can do: the pipeline's to the artifacts; the application's to the artifacts, and to its own
    /// objects where the plan has old versions of them kept.
    pub(super) async fn attacks(&self) -> Result<Vec<(&'static str, Attack)>> {
        let mut attacks = Vec::new();
        let artifacts = self.repository.bucket.as_str();
        if let Some(shelf) = &self.shelf {
            let own = Some(shelf.bucket.name.as_str()).filter(|_| shelf.bucket.versioning);
            let buckets: Vec<&str> = own.into_iter().chain([artifacts]).collect();
            attacks.push(("attack-application", attack::observe(&self.store, &shelf.key, &buckets).await?));
        }
        attacks.push(("attack", attack::observe(&self.store, &self.repository.key, &[artifacts]).await?));
        Ok(attacks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Vocabulary;
    use crate::workload::DOMAINS;

    #[test]
    fn plans_know_every_domain_and_which_of_them_keep_objects() {
        let names: Vec<_> = DOMAINS.iter().map(|domain| domain.name()).collect();
        assert_eq!(names, Registry::domains());
        assert!(DOMAINS.iter().all(|domain| domain.engine() == Registry::engine_of(domain.name())));
        let keep: Vec<_> = DOMAINS.iter().filter(|domain| domain.objects().is_some()).map(|one| one.name()).collect();
        assert_eq!(keep, Registry::domains_with_objects());
    }
}
