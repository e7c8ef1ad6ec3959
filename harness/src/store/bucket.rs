//! A bucket as whoever holds a key reaches it.

use std::net::SocketAddrV4;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use super::{Key, config};
use crate::failure::words;

/// Under which name an object carries the operation that wrote it, as `x-amz-meta-op`.
const OP: &str = "op";
/// An object of more bytes is sent in parts, each but the last of this many: the least that the protocol has.
const PART: usize = 5 << 20;

/// A bucket and a way to it. Each request is sent once: what was not answered is not known.
#[derive(Clone, Debug)]
pub struct BucketClient {
    client: Client,
    name: String,
}

/// An object with what it is stored with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its content type.
    pub content_type: String,
    /// The operation that wrote it, as it carries it; `None`: it carries none.
    pub op: Option<u64>,
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Whether the store said no, so that certainly nothing was done.
    pub refused: bool,
    /// Whether there is no such object.
    pub missing: bool,
    /// In words.
    pub says: String,
}

impl<E> From<SdkError<E, HttpResponse>> for Trouble
where
    SdkError<E, HttpResponse>: std::error::Error + ProvideErrorMetadata,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        // An error of the store's own may follow what it did.
        let refused = error.raw_response().is_some_and(|answer| answer.status().is_client_error());
        Self { refused, missing: error.code() == Some("NoSuchKey"), says: words(&error) }
    }
}

type Result<T> = std::result::Result<T, Trouble>;

impl BucketClient {
    /// The bucket `name` of the store at `address`, for the holder of `key`, who waits for `bound` at most.
    pub fn new(name: &str, address: SocketAddrV4, key: &Key, bound: Duration) -> Self {
        let once = config(address, key)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(bound).build());
        Self { client: Client::from_conf(once.build()), name: name.to_owned() }
    }

    /// Writes an object.
    ///
    /// # Errors
    /// It was refused, or nobody knows whether it was written.
    pub async fn put(&self, key: &str, object: Object) -> Result<()> {
        if object.bytes.len() > PART {
            return self.put_in_parts(key, object).await;
        }
        let put = self.client.put_object().bucket(&self.name).key(key).content_type(object.content_type);
        let put = put.set_metadata(object.op.map(|op| [(OP.to_owned(), op.to_string())].into()));
        put.body(ByteStream::from(object.bytes)).send().await?;
        Ok(())
    }

    async fn put_in_parts(&self, key: &str, object: Object) -> Result<()> {
        let begin = self.client.create_multipart_upload().bucket(&self.name).key(key);
        let begin = begin.set_metadata(object.op.map(|op| [(OP.to_owned(), op.to_string())].into()));
        let upload = begin.content_type(object.content_type).send().await?.upload_id;
        let mut parts = CompletedMultipartUpload::builder();
        for (number, bytes) in (1..).zip(object.bytes.chunks(PART)) {
            let part = self.client.upload_part().bucket(&self.name).key(key).set_upload_id(upload.clone());
            let sent = part.part_number(number).body(ByteStream::from(bytes.to_vec())).send().await?;
            parts = parts.parts(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build());
        }
        let end = self.client.complete_multipart_upload().bucket(&self.name).key(key).set_upload_id(upload);
        end.multipart_upload(parts.build()).send().await?;
        Ok(())
    }

    /// Reads an object.
    ///
    /// # Errors
    /// It is not there, or could not be had.
    pub async fn get(&self, key: &str) -> Result<Object> {
        let object = self.client.get_object().bucket(&self.name).key(key).send().await?;
        let content_type = object.content_type.unwrap_or_default();
        let op = object.metadata.as_ref().and_then(|all| all.get(OP)).and_then(|op| op.parse().ok());
        let broken = |error| Trouble { refused: false, missing: false, says: words(&error) };
        let bytes = object.body.collect().await.map_err(broken)?.to_vec();
        Ok(Object { bytes, content_type, op })
    }

    /// Removes an object.
    ///
    /// # Errors
    /// It was refused, or nobody knows whether it was removed.
    pub async fn delete(&self, key: &str) -> Result<()> {
        self.client.delete_object().bucket(&self.name).key(key).send().await?;
        Ok(())
    }

    /// The keys of all objects.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn keys(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut pages = self.client.list_objects_v2().bucket(&self.name).into_paginator().send();
        while let Some(page) = pages.next().await {
            found.extend(page?.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        Ok(found)
    }
}
