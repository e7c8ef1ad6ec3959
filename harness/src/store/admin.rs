//! What MinIO's administration is asked for without its client: `mc` takes half a second to start, and three of them were
//! a good part of starting a store. Only a request with a secret in it needs `mc`, which encrypts it.

use std::time::SystemTime;

use aws_sdk_s3::config::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::{Key, OPERATION_BOUND, REGION, Store, words};
use crate::failure::{Context, Error, Result};

impl Store {
    /// Makes a policy, or replaces it.
    ///
    /// # Errors
    /// The store's answer.
    pub(super) async fn make_policy(&self, name: &str, policy: &serde_json::Value) -> Result<()> {
        let request = format!("add-canned-policy?name={name}");
        self.put(&request, policy.to_string()).await.cannot(format_args!("make policy {name}"))
    }

    /// Gives a user this policy and no other.
    ///
    /// # Errors
    /// The store's answer.
    pub(super) async fn attach_policy(&self, policy: &str, user: &str) -> Result<()> {
        let request = format!("set-user-or-group-policy?isGroup=false&policyName={policy}&userOrGroup={user}");
        self.put(&request, String::new()).await.cannot(format_args!("give user {user} policy {policy}"))
    }

    /// Lets a user of the store in, or keeps it out.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn set_user(&self, name: &str, may_enter: bool) -> Result<()> {
        let status = if may_enter { "enabled" } else { "disabled" };
        let request = format!("set-user-status?accessKey={name}&status={status}");
        self.put(&request, String::new()).await.cannot(format_args!("set user {name} to {status}"))
    }

    async fn put(&self, request: &str, body: String) -> Result<()> {
        let url = format!("http://{}/minio/admin/v3/{request}", Self::address_on(&self.host));
        let mut put = self.http.put(&url).timeout(OPERATION_BOUND);
        for (name, value) in signature(&self.root, &url, body.as_bytes())? {
            put = put.header(name, value);
        }
        let answer = put.body(body).send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(Error::with_lines(format!("MinIO answered {status}"), vec![answer.text().await?]))
    }
}

/// The headers that prove that `key` asks to put `body` there.
fn signature(key: &Key, url: &str, body: &[u8]) -> Result<Vec<(String, String)>> {
    let identity = Credentials::new(&key.access, key.secret.reveal(), None, None, "blackstart").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let unsigned =
        |error: &dyn std::error::Error| Error::new(format!("cannot sign a request to {url}: {}", words(error)));
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| unsigned(&error))?
        .into();
    let request = SignableRequest::new("PUT", url, std::iter::empty(), SignableBody::Bytes(body))
        .map_err(|error| unsigned(&error))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| unsigned(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
