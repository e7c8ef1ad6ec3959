//! What faults do to a store and see of it: its objects, its users, the files that it keeps.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::{Key, Store};
use crate::failure::{Context, Error, Result, words};

const LOOK: &str = "blackstart-look";
/// Of a single reading: SeaweedFS tries again for 13 s before it says that what it has is damaged.
const READ_BOUND: Duration = Duration::from_secs(30);

/// A version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The object's key.
    pub key: String,
    /// The version; `null` where the bucket keeps none.
    pub id: String,
    /// Whether it is a marker that the object was deleted.
    pub is_marker: bool,
    /// Whether it is what a plain request gets.
    pub is_newest: bool,
    /// Its ETag; of a marker none.
    pub etag: String,
}

/// Why a store did not do as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code that it answered; `None`: it did not answer.
    code: Option<String>,
    says: String,
}

impl Refusal {
    /// Whether there is no such object.
    pub fn is_missing(&self) -> bool {
        self.code.as_deref() == Some("NoSuchKey")
    }

    /// Whether nothing was answered at all.
    pub fn is_silent(&self) -> bool {
        self.code.is_none()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.says)
    }
}

impl<E, R> From<SdkError<E, R>> for Refusal
where
    SdkError<E, R>: std::error::Error + ProvideErrorMetadata,
{
    fn from(error: SdkError<E, R>) -> Self {
        Self { code: error.code().map(str::to_owned), says: words(&error) }
    }
}

impl Store {
    /// The keys of the current objects under `prefix`; at least one.
    ///
    /// # Errors
    /// The store's answer, or that there is none.
    pub async fn some_objects(&self, bucket: &str, prefix: &str) -> Result<Vec<String>> {
        let keys: Vec<String> = self.list(bucket, prefix).await?.into_keys().collect();
        if keys.is_empty() {
            return Err(Error::new(format!("bucket {bucket} has no object {prefix}*")));
        }
        Ok(keys)
    }

    /// An object's bytes.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn get(&self, bucket: &str, key: &str) -> std::result::Result<Vec<u8>, Refusal> {
        let patient = TimeoutConfig::builder().operation_timeout(READ_BOUND).build();
        let once = aws_sdk_s3::Config::builder().timeout_config(patient).retry_config(RetryConfig::disabled());
        let object = self.owner.client.get_object().bucket(bucket).key(key).customize().config_override(once);
        let object = object.send().await?;
        let bytes = object.body.collect().await;
        // It had answered, and broke off.
        let broken = |error| Refusal { code: Some("broken off".to_owned()), says: words(&error) };
        Ok(bytes.map_err(broken)?.to_vec())
    }

    /// Every version of every object under `prefix`.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn versions(&self, bucket: &str, prefix: &str) -> std::result::Result<Vec<Version>, Refusal> {
        let mut found = Vec::new();
        let mut from: (Option<String>, Option<String>) = (None, None);
        loop {
            let list = self.owner.client.list_object_versions().bucket(bucket).prefix(prefix);
            let page = list.set_key_marker(from.0.clone()).set_version_id_marker(from.1.clone()).send().await?;
            let versions = page.versions().iter().map(|one| Version {
                key: one.key().unwrap_or_default().to_owned(),
                id: one.version_id().unwrap_or("null").to_owned(),
                is_marker: false,
                is_newest: one.is_latest() == Some(true),
                etag: one.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
            });
            let markers = page.delete_markers().iter().map(|one| Version {
                key: one.key().unwrap_or_default().to_owned(),
                id: one.version_id().unwrap_or("null").to_owned(),
                is_marker: true,
                is_newest: one.is_latest() == Some(true),
                etag: String::new(),
            });
            // VersityGW begins a page with what the last one ended with.
            let is_new = |one: &Version| from.0.as_ref() != Some(&one.key) || from.1.as_ref() != Some(&one.id);
            found.extend(versions.chain(markers).filter(is_new));
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            from = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    /// Deletes a version of an object, or (`None`) hides the object under a marker, whose version this returns; a bucket
    /// without versions has no marker, and loses the object.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn delete(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> std::result::Result<Option<String>, Refusal> {
        let delete = self.owner.client.delete_object().bucket(bucket).key(key);
        let done = delete.set_version_id(version.map(str::to_owned)).send().await?;
        Ok(done.version_id.filter(|_| done.delete_marker == Some(true)))
    }

    /// Changes one bit of every file of an object on the store's disk; how many.
    ///
    /// # Errors
    /// Any error of changing it, or that nothing was found.
    pub async fn rot(&self, bucket: &str, key: &str) -> Result<usize> {
        let rotten = self.server.rot(&self.owner, &self.daemon.host().outside(""), bucket, key).await;
        rotten.cannot(format_args!("let {bucket}/{key} rot"))
    }

    /// What the store says to a key that it does not know (any more); `None`: it knows it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn refuses(&self, key: &Key) -> Result<Option<String>> {
        let asked = self.as_holder(key).list_buckets().send().await;
        match asked.map_err(Refusal::from) {
            Err(refusal) if refusal.is_silent() => Err(refusal.into()),
            Err(refusal) if refusal.code.as_deref() == Some("InvalidAccessKeyId") => Ok(Some(refusal.says)),
            _ => Ok(None),
        }
    }

    /// Lets the store take anything new, or not.
    ///
    /// # Errors
    /// Any error of closing or opening it.
    pub async fn set_writable(&self, writable: bool) -> Result<()> {
        let set = self.server.set_writable(&self.owner, &self.daemon.host().outside(""), writable).await;
        set.cannot("change whether the store can be written to")
    }

    /// Begins an upload and gives it up, which leaves nothing.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn try_to_write(&self, bucket: &str) -> std::result::Result<(), Refusal> {
        let begun = self.owner.client.create_multipart_upload().bucket(bucket).key(LOOK).send().await?;
        let upload = self.owner.client.abort_multipart_upload().bucket(bucket).key(LOOK).set_upload_id(begun.upload_id);
        upload.send().await?;
        Ok(())
    }
}
