//! What protects the objects of a bucket: settings of its own, which no copy of its objects holds.

use std::collections::BTreeMap;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
};

use super::Store;
use crate::failure::{Context, Error, Result, words};

impl Store {
    /// Lets old versions of objects of a bucket expire after so many days.
    ///
    /// # Errors
    /// The store's answer.
    pub(super) async fn expire_old_versions(&self, bucket: &str, days: u32) -> Result<()> {
        let what = format!("let old versions in {bucket} expire");
        let days = i32::try_from(days).map_err(|_| Error::new("the time is too long")).cannot(&what)?;
        let expiration = NoncurrentVersionExpiration::builder().noncurrent_days(days).build();
        let filter = LifecycleRuleFilter::builder().prefix("").build();
        let rule = LifecycleRule::builder().id("old-versions").status(ExpirationStatus::Enabled).filter(filter);
        let malformed = |error| Error::new(words(&error));
        let rule = rule.noncurrent_version_expiration(expiration).build().map_err(malformed)?;
        let all = BucketLifecycleConfiguration::builder().rules(rule).build().map_err(malformed)?;
        let put = self.as_owner().put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(all);
        put.send().await.map(|_| ()).map_err(|error| Error::new(words(&error))).cannot(&what)
    }

    /// Its versioning, its lock, its lifecycle and its policy, each as a definition to compare; nothing of a bucket that is
    /// not there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn protection(&self, bucket: &str) -> Result<BTreeMap<String, String>> {
        let owner = self.as_owner();
        let mut found = BTreeMap::new();
        let Some(answer) = answered(owner.get_bucket_versioning().bucket(bucket).send().await)? else {
            return Ok(found);
        };
        let is_on = answer.status().is_some_and(|status| status.as_str() == "Enabled");
        found.insert("versioning".to_owned(), if is_on { "on" } else { "off" }.to_owned());
        let lock = answered(owner.get_object_lock_configuration().bucket(bucket).send().await)?;
        let lock = lock.and_then(|lock| lock.object_lock_configuration).and_then(|lock| {
            let kept = lock.rule?.default_retention?;
            Some(format!("{} for {} days", kept.mode.as_ref().map_or("no mode", |mode| mode.as_str()), kept.days?))
        });
        found.insert("lock".to_owned(), lock.unwrap_or_else(|| "none".to_owned()));
        let rules = answered(owner.get_bucket_lifecycle_configuration().bucket(bucket).send().await)?;
        let mut rules: Vec<String> = rules.iter().flat_map(|rules| rules.rules()).map(shown).collect();
        rules.sort();
        let lifecycle = if rules.is_empty() { "none".to_owned() } else { rules.join("; ") };
        found.insert("lifecycle".to_owned(), lifecycle);
        let policy = answered(owner.get_bucket_policy().bucket(bucket).send().await)?;
        let own = self.server.own_policy(bucket);
        let policy = policy.and_then(|policy| policy.policy).filter(|policy| own.as_ref() != Some(policy));
        let policy = policy.unwrap_or_else(|| "none".to_owned());
        found.insert("policy".to_owned(), policy);
        Ok(found)
    }
}

/// A rule without its name, which whoever makes it anew chooses.
fn shown(rule: &LifecycleRule) -> String {
    let old = rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::noncurrent_days);
    let new = rule.expiration().map(|expiration| format!("{expiration:?}"));
    let prefix = rule.filter().and_then(LifecycleRuleFilter::prefix).unwrap_or_default();
    let days = |days: i32| format!("old versions expire after {days} days");
    let parts: Vec<String> = [old.map(days), new].into_iter().flatten().collect();
    format!("{}: {prefix}*: {}", rule.status().as_str(), parts.join(", "))
}

/// What the store answered; `None`: that there is no such thing, or that it knows none of the kind.
fn answered<T, E, R>(answer: std::result::Result<T, SdkError<E, R>>) -> Result<Option<T>>
where
    SdkError<E, R>: std::error::Error + ProvideErrorMetadata,
{
    let none = |code: &str| code.starts_with("NoSuch") || code.ends_with("NotFoundError") || code == "NotImplemented";
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(none) => Ok(None),
        Err(error) => Err(Error::new(words(&error))),
    }
}
