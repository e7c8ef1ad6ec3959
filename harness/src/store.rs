//! S3 endpoints: a real MinIO on a host, its buckets, and the credentials that each party has.

mod admin;
mod bucket;
pub mod gate;
mod objects;
mod protection;

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

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
use crate::host::{Command, Host, Process};
use crate::secret::{Secret, Secrets};

pub use bucket::{BucketClient, Object, Trouble};
pub use objects::{Refusal, Version};

const PORT: u16 = 9000;
const START_BOUND: Duration = Duration::from_secs(30);
/// Of one request of the harness itself, retries and all.
const OPERATION_BOUND: Duration = Duration::from_secs(10);
/// MinIO's default; every client here signs for it.
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
    host: Host,
    server: Process,
    root: Key,
    client: aws_sdk_s3::Client,
    http: reqwest::Client,
}

/// An object of a store: key to ETag and size.
pub type Listing = BTreeMap<String, (String, u64)>;

impl Store {
    /// Starts MinIO on `host` and waits until it answers.
    ///
    /// # Errors
    /// It could not be started, ended, or did not answer.
    pub async fn start(host: Host, minio: &Path, secrets: &Secrets) -> Result<Self> {
        let root = Key { access: "blackstart-root".to_owned(), secret: secrets.make()? };
        let environment = format!(
            "MINIO_ROOT_USER={}\nMINIO_ROOT_PASSWORD={}\nMINIO_BROWSER=off\n",
            root.access,
            root.secret.reveal()
        );
        host.write("home/minio.env", environment.as_bytes(), 0o600)?;
        host.make_folder("s3")?;
        let address = Self::address_on(&host);
        let command = Command::new(host.tool(minio))
            .args(["server", "--quiet", "--address", &address.to_string(), &host.path("s3")])
            .env("MINIO_CONFIG_ENV_FILE", host.path("home/minio.env"));
        let server = host.spawn(&command)?;
        let client = client(address, &root);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut store = Self { host, server, root, client, http };
        store.answering().await.cannot("start MinIO")?;
        Ok(store)
    }

    async fn answering(&mut self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + START_BOUND;
        while let Err(error) = self.client.list_buckets().send().await {
            if self.server.ended()? {
                return Err(Error::with_lines("it ended", self.server.lines()));
            }
            if tokio::time::Instant::now() > deadline {
                let mut lines = self.server.lines();
                lines.push(words(&error));
                return Err(Error::bound("the start", START_BOUND, lines));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
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
        let create = self.client.create_bucket().bucket(&bucket.name).object_lock_enabled_for_bucket(locked);
        create.send().await.map_err(|error| Error::new(words(&error))).cannot(&what)?;
        if bucket.versioning && !locked {
            let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            let put = self.client.put_bucket_versioning().bucket(&bucket.name).versioning_configuration(on);
            put.send().await.map_err(|error| Error::new(words(&error))).cannot(&what)?;
        }
        if let Some(days) = bucket.lock_days {
            let days = i32::try_from(days).map_err(|_| Error::new("the lock is too long")).cannot(&what)?;
            let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Compliance).days(days).build();
            let rule = ObjectLockRule::builder().default_retention(retention).build();
            let lock =
                ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule).build();
            let put = self.client.put_object_lock_configuration().bucket(&bucket.name).object_lock_configuration(lock);
            put.send().await.map_err(|error| Error::new(words(&error))).cannot(&what)?;
        }
        if let Some(days) = bucket.old_versions_days {
            self.expire_old_versions(&bucket.name, days).await?;
        }
        Ok(())
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
        self.make_user(key, &policy(rights)?).await
    }

    /// The host that it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Copies an object, within the store.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn copy(&self, from: &str, key: &str, to: &str, as_key: &str) -> Result<()> {
        let request = self.client.copy_object().copy_source(format!("{from}/{key}")).bucket(to).key(as_key);
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
        let put = self.client.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes)).send().await;
        put.map(|_| ()).map_err(|error| Error::new(words(&error))).cannot(format_args!("write {key} of {bucket}"))
    }

    /// A bucket as the store's owner reaches it.
    pub fn bucket(&self, name: &str) -> BucketClient {
        BucketClient::new(name, Self::address_on(&self.host), &self.root, OPERATION_BOUND)
    }

    /// A bucket as whoever holds `key` reaches it.
    pub fn bucket_of(&self, name: &str, key: &Key) -> BucketClient {
        BucketClient::new(name, Self::address_on(&self.host), key, OPERATION_BOUND)
    }

    /// The store's owner, who may do everything.
    pub fn as_owner(&self) -> &aws_sdk_s3::Client {
        &self.client
    }

    /// Whoever holds `key`.
    pub fn as_holder(&self, key: &Key) -> aws_sdk_s3::Client {
        client(Self::address_on(&self.host), key)
    }

    /// Every current object of a bucket under `prefix`.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Listing> {
        let mut found = Listing::new();
        let mut pages = self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
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

const CONFIGURE: &[&str] = &[
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:ForceDeleteBucket",
    "s3:GetBucketVersioning",
    "s3:PutBucketVersioning",
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
];

fn policy(rights: &[(&[String], Vec<&str>)]) -> Result<serde_json::Value> {
    let mut statements = Vec::new();
    // The store takes no rule about nothing.
    for (may, buckets) in rights.iter().filter(|(_, buckets)| !buckets.is_empty()) {
        let resources: Vec<String> = buckets
            .iter()
            .flat_map(|name| [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")])
            .collect();
        statements.push(json!({"Effect": "Allow", "Action": actions(may)?, "Resource": resources}));
        // MinIO takes who may delete objects for one who may delete their old versions, unless it is told.
        if !may.iter().any(|right| right == "configure") {
            statements.push(json!({"Effect": "Deny", "Action": ["s3:DeleteObjectVersion"], "Resource": resources}));
        }
    }
    Ok(json!({"Version": "2012-10-17", "Statement": statements}))
}

fn actions(may: &[String]) -> Result<Vec<&'static str>> {
    let mut actions = vec!["s3:GetBucketLocation"];
    for right in may {
        actions.extend(match right.as_str() {
            "put" => ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"].as_slice(),
            "get" => ["s3:GetObject"].as_slice(),
            "list" => ["s3:ListBucket", "s3:ListBucketMultipartUploads"].as_slice(),
            "delete" => ["s3:DeleteObject"].as_slice(),
            "configure" => CONFIGURE,
            other => {
                return Err(Error::new(format!("unknown right '{other}': use put, get, list, delete or configure")));
            }
        });
    }
    Ok(actions)
}
