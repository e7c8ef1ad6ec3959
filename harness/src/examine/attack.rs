//! What whoever holds the pipeline's key could do to the backups: every artifact is attacked with it, and afterwards the
//! store's owner looks what is left. The last of all looks: nothing after it needs an artifact.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule, ObjectVersion, VersioningConfiguration,
};
use blackstart_record::observation::Attack;

use crate::failure::{Error, Result};
use crate::pipeline::Repository;
use crate::store::{Store, words};

/// An artifact as the store keeps it: key, version and ETag.
struct Artifact {
    key: String,
    version: Option<String>,
    etag: String,
}

/// Attacks every artifact of the repository with the pipeline's own key.
///
/// # Errors
/// The store does not answer its owner. What it answers the attacker is the finding.
pub async fn observe(store: &Store, repository: &Repository) -> Result<Attack> {
    let (owner, attacker, bucket) = (store.as_owner(), store.as_holder(&repository.key), &*repository.bucket);
    let artifacts = artifacts(owner, bucket).await?;
    let disarmed = disarm(&attacker, bucket).await;
    for Artifact { key, version, .. } in &artifacts {
        let named = || attacker.delete_object().bucket(bucket).key(key);
        // A refusal is what the look afterwards shows.
        let _ = named().set_version_id(version.clone()).send().await;
        let rubbish = ByteStream::from_static(b"not what was here");
        let _ = attacker.put_object().bucket(bucket).key(key).body(rubbish).send().await;
        let _ = named().send().await;
    }
    let mut attack = Attack {
        credential: repository.key.access.clone(),
        artifacts: artifacts.len() as u64,
        disarmed,
        ..Attack::default()
    };
    for Artifact { key, version, etag } in artifacts {
        let head = owner.head_object().bucket(bucket).key(&key);
        let is_whole = |head: Option<&str>| head.is_some_and(|found| found.trim_matches('"') == etag);
        let newest = head.clone().send().await.ok();
        let kept = head.set_version_id(version).send().await.ok();
        if !is_whole(kept.as_ref().and_then(|kept| kept.e_tag())) {
            attack.lost.push(key);
        } else if !is_whole(newest.as_ref().and_then(|newest| newest.e_tag())) {
            attack.hidden.push(key);
        }
    }
    Ok(attack)
}

/// The current version of every object.
async fn artifacts(owner: &Client, bucket: &str) -> Result<Vec<Artifact>> {
    let mut pages = owner.list_object_versions().bucket(bucket);
    let mut found = Vec::new();
    loop {
        let page = pages.clone().send().await;
        let page =
            page.map_err(|error| Error::new(format!("cannot list the versions in {bucket}: {}", words(&error))))?;
        let current = page.versions().iter().filter(|version| version.is_latest() == Some(true));
        found.extend(current.map(|version: &ObjectVersion| Artifact {
            key: version.key().unwrap_or_default().to_owned(),
            version: version.version_id().map(str::to_owned),
            etag: version.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
        }));
        if page.is_truncated() != Some(true) {
            return Ok(found);
        }
        pages = pages
            .set_key_marker(page.next_key_marker().map(str::to_owned))
            .set_version_id_marker(page.next_version_id_marker().map(str::to_owned));
    }
}

/// Takes off what protects a bucket, as far as the attacker may.
async fn disarm(attacker: &Client, bucket: &str) -> Vec<String> {
    let mut disarmed = Vec::new();
    let off = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let suspend = attacker.put_bucket_versioning().bucket(bucket).versioning_configuration(off);
    if suspend.send().await.is_ok() {
        disarmed.push(format!("versioning of {bucket}"));
    }
    let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance).days(1).build();
    let rule = ObjectLockRule::builder().default_retention(retention).build();
    let lock = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule).build();
    let shorten = attacker.put_object_lock_configuration().bucket(bucket).object_lock_configuration(lock);
    if shorten.send().await.is_ok() {
        disarmed.push(format!("the lock of {bucket}"));
    }
    if attacker.delete_bucket_policy().bucket(bucket).send().await.is_ok() {
        disarmed.push(format!("the policy of {bucket}"));
    }
    disarmed
}
