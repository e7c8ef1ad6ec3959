//! What whoever holds the pipeline's key could do to the backups: every artifact is attacked with it, and afterwards the
//! store's owner looks what is left. The last of all looks: nothing after it needs an artifact.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule, VersioningConfiguration,
};
use blackstart_record::observation::Attack;

use crate::failure::{Context, Result};
use crate::pipeline::Repository;
use crate::store::{Store, Version};

/// Attacks every artifact of the repository with the pipeline's own key.
///
/// # Errors
/// The store does not answer its owner. What it answers the attacker is the finding.
pub async fn observe(store: &Store, repository: &Repository) -> Result<Attack> {
    let (owner, attacker, bucket) = (store.as_owner(), store.as_holder(&repository.key), &*repository.bucket);
    let versions = store.versions(bucket, "").await.cannot(format_args!("list the versions in {bucket}"))?;
    let artifacts: Vec<Version> = versions.into_iter().filter(|one| one.is_newest && !one.is_marker).collect();
    let disarmed = disarm(&attacker, bucket).await;
    for Version { key, id, .. } in &artifacts {
        let named = || attacker.delete_object().bucket(bucket).key(key);
        // A refusal is what the look afterwards shows.
        let _ = named().version_id(id).send().await;
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
    for Version { key, id, etag, .. } in artifacts {
        let head = owner.head_object().bucket(bucket).key(&key);
        let is_whole = |head: Option<&str>| head.is_some_and(|found| found.trim_matches('"') == etag);
        let newest = head.clone().send().await.ok();
        let kept = head.version_id(id).send().await.ok();
        if !is_whole(kept.as_ref().and_then(|kept| kept.e_tag())) {
            attack.lost.push(key);
        } else if !is_whole(newest.as_ref().and_then(|newest| newest.e_tag())) {
            attack.hidden.push(key);
        }
    }
    Ok(attack)
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
