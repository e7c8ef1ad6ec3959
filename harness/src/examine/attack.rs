//! What whoever holds a key could do to the backups, and the application's own to what it keeps: every artifact is attacked
//! with it, and afterwards the store's owner looks what is left. The last of all looks: nothing after it needs an artifact.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule, VersioningConfiguration,
};
use blackstart_record::observation::Attack;

use futures_util::{StreamExt, stream};

use crate::failure::{Context, Result};
use crate::store::{Key, Store, Version};
use crate::workload::objects::AT_ONCE;

/// Attacks everything in these buckets with `key`.
///
/// # Errors
/// The store does not answer its owner. What it answers the attacker is the finding.
pub async fn observe(store: &Store, key: &Key, buckets: &[&str]) -> Result<Attack> {
    let mut attack = Attack { credential: key.access.clone(), ..Attack::default() };
    for bucket in buckets {
        attack_bucket(store, &store.as_holder(key), bucket, &mut attack).await?;
    }
    Ok(attack)
}

async fn attack_bucket(store: &Store, attacker: &Client, bucket: &str, attack: &mut Attack) -> Result<()> {
    let owner = store.as_owner();
    let versions = store.versions(bucket, "").await.cannot(format_args!("list the versions in {bucket}"))?;
    let artifacts: Vec<Version> = versions.into_iter().filter(|one| one.is_newest && !one.is_marker).collect();
    attack.artifacts += artifacts.len() as u64;
    attack.disarmed.extend(disarm(attacker, bucket).await);
    let attacked = |Version { key, id, etag, .. }: Version| async move {
        let named = || attacker.delete_object().bucket(bucket).key(&key);
        // A refusal is what the look afterwards shows.
        let _ = named().version_id(&id).send().await;
        let rubbish = ByteStream::from_static(b"not what was here");
        let _ = attacker.put_object().bucket(bucket).key(&key).body(rubbish).send().await;
        let _ = named().send().await;
        let head = owner.head_object().bucket(bucket).key(&key);
        let is_whole = |head: Option<&str>| head.is_some_and(|found| found.trim_matches('"') == etag);
        let newest = head.clone().send().await.ok();
        let kept = head.version_id(id).send().await.ok();
        let is_lost = !is_whole(kept.as_ref().and_then(|kept| kept.e_tag()));
        let is_hidden = !is_whole(newest.as_ref().and_then(|newest| newest.e_tag()));
        (key, is_lost, is_hidden)
    };
    let outcomes: Vec<_> = stream::iter(artifacts).map(attacked).buffered(AT_ONCE).collect().await;
    for (key, is_lost, is_hidden) in outcomes {
        if is_lost {
            attack.lost.push(key);
        } else if is_hidden {
            attack.hidden.push(key);
        }
    }
    Ok(())
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
