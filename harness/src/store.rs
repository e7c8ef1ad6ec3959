//! S3 endpoints: a real server on a host, its buckets, and the credentials that each party has.

mod bucket;
pub mod gate;
mod objects;
mod owner;
mod protection;
mod provider;
mod rights;

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule, VersioningConfiguration,
};
use serde_json::json;

use crate::failure::{Context, Error, Result, words};
use crate::host::{Daemon, Host};
use crate::plan::Provides;
use crate::secret::{Secret, Secrets};
use owner::Owner;
use provider::Server;
use rights::Grant;

pub use bucket::{BucketClient, Object, Trouble};
pub use objects::{Refusal, Version};
pub use provider::{Lack, Provider};

const PORT: u16 = 9000;
const START_BOUND: Duration = Duration::from_secs(30);
/// Of one request of the harness itself, retries and all.
const OPERATION_BOUND: Duration = Duration::from_secs(10);
/// Every provider's default; every client here signs for it.
pub const REGION: &str = "us-east-1";

/// How a bucket is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Whether old versions are kept.
    pub versioning: bool,
    /// For how many days a version can't be removed, by anybody.
    pub lock_days: Option<u32>,
    /// After how many days an old version expires; `None`: never.
    pub old_versions_days: Option<u32>,
}

impl Bucket {
    /// A bucket that keeps old versions or not, and nothing else.
    pub fn plain(name: &str, versioning: bool) -> Self {
        Self { name: name.to_owned(), versioning, lock_days: None, old_versions_days: None }
    }
}

/// An access key and what it is called.
#[derive(Clone, Debug)]
pub struct Key {
    /// The access key; not a secret.
    pub access: String,
    /// The secret key.
    pub secret: Secret,
}

impl Key {
    /// As the file that S3 clients read (`AWS_SHARED_CREDENTIALS_FILE`).
    pub fn credentials_file(&self) -> String {
        format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", self.access, self.secret.reveal())
    }

    /// As the file that `mc` reads: the store at `url` is its alias `store`.
    pub fn mc_config(&self, url: &str) -> String {
        let alias = json!({"url": url, "accessKey": self.access, "secretKey": self.secret.reveal(), "api": "s3v4", "path": "on"});
        json!({"version": "10", "aliases": {"store": alias}}).to_string()
    }
}

/// A running store.
#[derive(Debug)]
pub struct Store {
    daemon: Daemon,
    server: Box<dyn Server>,
    owner: Owner,
}

/// An object of a store: key to ETag and size.
pub type Listing = BTreeMap<String, (String, u64)>;

impl Store {
    /// Starts the server of a provider on `host`, where `program` is, and waits until it answers.
    ///
    /// # Errors
    /// It could not be started, ended, or did not answer.
    pub async fn start(host: Host, provider: Provider, program: &Path, secrets: &Secrets) -> Result<Self> {
        let root = Key { access: "blackstart-root".to_owned(), secret: secrets.make()? };
        let (server, address) = (provider.server(), Self::address_on(&host));
        let command = server.command(&host, host.tool(program), address, &root)?;
        let (mut daemon, owner) = (Daemon::new(provider.name(), host), Owner::new(address, root)?);
        daemon.launch(&command)?;
        // The client's own waits between its tries are longer than such a start.
        let once = owner.client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        let once = aws_sdk_s3::Client::from_conf(once);
        let ask = || async {
            once.list_buckets().send().await.map_err(|error| Error::new(words(&error)))?;
            server.takes_objects(&owner).await
        };
        daemon.answering(ask, START_BOUND).await?;
        Ok(Self { daemon, server, owner })
    }

    /// Where a store on `host` listens; clients get there by a link.
    pub fn address_on(host: &Host) -> SocketAddrV4 {
        SocketAddrV4::new(host.address(), PORT)
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn make_bucket(&self, bucket: &Bucket) -> Result<()> {
        let what = format!("make bucket {}", bucket.name);
        let locked = bucket.lock_days.is_some();
        let create = self.owner.client.create_bucket().bucket(&bucket.name).object_lock_enabled_for_bucket(locked);
        create.send().await.map_err(|error| Error::new(words(&error))).cannot(&what)?;
        if bucket.versioning && !locked {
            let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            let put = self.owner.client.put_bucket_versioning().bucket(&bucket.name).versioning_configuration(on);
            put.send().await.map_err(|error| Error::new(words(&error))).cannot(&what)?;
        }
        if let Some(days) = bucket.lock_days {
            let days = i32::try_from(days).map_err(|_| Error::new("the lock is too long")).cannot(&what)?;
            let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Compliance).days(days).build();
            let rule = ObjectLockRule::builder().default_retention(retention).build();
            let lock =
                ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule).build();
            let put =
                self.owner.client.put_object_lock_configuration().bucket(&bucket.name).object_lock_configuration(lock);
            put.send().await.map_err(|error| Error::new(words(&error))).cannot(&what)?;
        }
        if let Some(days) = bucket.old_versions_days {
            self.expire_old_versions(&bucket.name, days).await?;
        }
        self.server.bucket_made(&self.owner, &bucket.name).await.cannot(&what)
    }

    /// Makes a user of `key`, who may do `may` (`put`, `get`, `list`, `delete`, `configure`) in `buckets`, and nothing else.
    ///
    /// # Errors
    /// An unknown right, or the store's answer.
    pub async fn admit(&self, key: &Key, may: &[String], buckets: &[&str]) -> Result<()> {
        self.admit_to(key, &[(may, buckets.to_vec())]).await
    }

    /// Likewise, with rights of their own for some buckets each.
    ///
    /// # Errors
    /// An unknown right, or the store's answer.
    pub async fn admit_to(&self, key: &Key, rights: &[(&[String], Vec<&str>)]) -> Result<()> {
        // A store takes no rule about nothing.
        let grants = rights.iter().filter(|(_, buckets)| !buckets.is_empty());
        let grant = |(may, buckets): &(&[String], Vec<&str>)| Grant {
            may: may.to_vec(),
            buckets: buckets.iter().map(|bucket| (*bucket).to_owned()).collect(),
        };
        let admitted = self.server.admit(&self.owner, key, grants.map(grant).collect()).await;
        admitted.cannot(format_args!("make user {}", key.access))
    }

    /// Lets a user of the store in, or keeps it out.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn set_user(&self, name: &str, may_enter: bool) -> Result<()> {
        let what = if may_enter { "let in" } else { "keep out" };
        self.server.set_user(&self.owner, name, may_enter).await.cannot(format_args!("{what} user {name}"))
    }

    /// The host that it is on.
    pub fn host(&self) -> &Host {
        self.daemon.host()
    }

    /// Copies an object, within the store.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn copy(&self, from: &str, key: &str, to: &str, as_key: &str) -> Result<()> {
        let request = self.owner.client.copy_object().copy_source(format!("{from}/{key}")).bucket(to).key(as_key);
        let copied = request.send().await.map_err(|error| Error::new(words(&error)));
        copied.map(|_| ()).cannot(format_args!("copy {key} of {from} to {to}"))
    }

    /// Removes an object.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn remove(&self, bucket: &str, key: &str) -> Result<()> {
        self.delete(bucket, key, None).await.map(|_| ()).cannot(format_args!("remove {key} of {bucket}"))
    }

    /// An object's bytes.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        self.get(bucket, key).await.cannot(format_args!("read {key} of {bucket}"))
    }

    /// Writes an object.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<()> {
        let put = self.owner.client.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes)).send().await;
        put.map(|_| ()).map_err(|error| Error::new(words(&error))).cannot(format_args!("write {key} of {bucket}"))
    }

    /// A bucket as the store's owner reaches it.
    pub fn bucket(&self, name: &str) -> BucketClient {
        BucketClient::new(name, Self::address_on(self.daemon.host()), &self.owner.key, OPERATION_BOUND)
    }

    /// A bucket as whoever holds `key` reaches it.
    pub fn bucket_of(&self, name: &str, key: &Key) -> BucketClient {
        BucketClient::new(name, Self::address_on(self.daemon.host()), key, OPERATION_BOUND)
    }

    /// The store's owner, who may do everything.
    pub fn as_owner(&self) -> &aws_sdk_s3::Client {
        &self.owner.client
    }

    /// Whoever holds `key`.
    pub fn as_holder(&self, key: &Key) -> aws_sdk_s3::Client {
        client(Self::address_on(self.daemon.host()), key)
    }

    /// Every current object of a bucket under `prefix`.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing> {
        let mut found = Listing::new();
        let mut pages = self.owner.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::new(words(&error))).cannot(format_args!("list bucket {bucket}"))?;
            for object in page.contents() {
                let key = object.key().unwrap_or_default().to_owned();
                let etag = object.e_tag().unwrap_or_default().trim_matches('"').to_owned();
                let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                found.insert(key, (etag, size));
            }
        }
        Ok(found)
    }
}

fn client(address: SocketAddrV4, key: &Key) -> aws_sdk_s3::Client {
    let bounded = TimeoutConfig::builder().operation_timeout(OPERATION_BOUND).build();
    aws_sdk_s3::Client::from_conf(config(address, key).timeout_config(bounded).build())
}

/// What every client of a store has in common.
fn config(address: SocketAddrV4, key: &Key) -> aws_sdk_s3::config::Builder {
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("http://{address}"))
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(&key.access, key.secret.reveal(), None, None, "blackstart"))
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}
