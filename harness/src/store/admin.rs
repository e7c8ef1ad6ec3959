//! What MinIO's administration is asked for without its client: a run of `mc` took half a second of each store's start.
//! A user travels with its policy in the archive that an export would be, the one request for users that `mc` need not
//! encrypt; the store's own loopback is all that it crosses.

use std::io::{Cursor, Write};
use std::time::SystemTime;

use aws_sdk_s3::config::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::json;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::{Key, OPERATION_BOUND, REGION, Store};
use crate::failure::{Context, Error, Result, words};

impl Store {
    /// Makes a user of `key` who may do what `policy` says, or changes the one that is there.
    ///
    /// # Errors
    /// The store's answer, or that it left something out.
    pub(super) async fn make_user(&self, key: &Key, policy: &serde_json::Value) -> Result<()> {
        let (user, named) = (key.access.as_str(), format!("{}-policy", key.access));
        let what = format!("make user {user}");
        let files = [
            ("policies", json!({(&named): policy})),
            ("users", json!({user: {"secretKey": key.secret.reveal(), "status": "enabled"}})),
            ("user_mappings", json!({user: {"version": 1, "policy": named}})),
        ];
        let answer = self.put("import-iam-v2", archive(&files)?).await.cannot(&what)?;
        // What failed is told of in an answer that says 200.
        let taken: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
        let added = json!({"policies": [named], "users": [user], "userPolicies": [{user: [named]}]});
        if taken["added"] == added {
            return Ok(());
        }
        Err(Error::with_lines("MinIO did not take all of it", vec![answer])).cannot(what)
    }

    /// Lets a user of the store in, or keeps it out.
    ///
    /// # Errors
    /// The store's answer.
    pub async fn set_user(&self, name: &str, may_enter: bool) -> Result<()> {
        let status = if may_enter { "enabled" } else { "disabled" };
        let request = format!("set-user-status?accessKey={name}&status={status}");
        let set = self.put(&request, Vec::new()).await;
        set.map(|_| ()).cannot(format_args!("set user {name} to {status}"))
    }

    async fn put(&self, request: &str, body: Vec<u8>) -> Result<String> {
        let url = format!("http://{}/minio/admin/v3/{request}", Self::address_on(&self.host));
        let mut put = self.http.put(&url).timeout(OPERATION_BOUND);
        for (name, value) in signature(&self.root, &url, &body)? {
            put = put.header(name, value);
        }
        let answer = put.body(body).send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.text().await?);
        }
        Err(Error::with_lines(format!("MinIO answered {status}"), vec![answer.text().await?]))
    }
}

/// An export of MinIO's users and policies, as `mc admin cluster iam export` writes it.
fn archive(files: &[(&str, serde_json::Value)]) -> Result<Vec<u8>> {
    let unmade = |error: zip::result::ZipError| Error::new(format!("cannot make an archive: {error}"));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        archive.start_file(format!("iam-assets/{name}.json"), stored).map_err(unmade)?;
        archive.write_all(content.to_string().as_bytes())?;
    }
    Ok(archive.finish().map_err(unmade)?.into_inner())
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
