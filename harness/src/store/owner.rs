//! A store's owner, who may do everything: as any client of S3, and with the requests of a provider's own administration,
//! which are signed alike. Without the providers' clients: a run of one takes longer than a store's start.

use std::net::SocketAddrV4;
use std::time::SystemTime;

use aws_sdk_s3::config::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Url};

use super::{Key, OPERATION_BOUND, REGION, client};
use crate::failure::{Error, Result, words};

/// The owner of a running store.
#[derive(Debug)]
pub(super) struct Owner {
    /// Its key.
    pub(super) key: Key,
    /// It, as a client of S3.
    pub(super) client: aws_sdk_s3::Client,
    address: SocketAddrV4,
    http: reqwest::Client,
}

impl Owner {
    /// Who holds the first `key` of the store at `address`.
    pub(super) fn new(address: SocketAddrV4, key: Key) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { client: client(address, &key), key, address, http })
    }

    /// Asks the server's administration: `path` with its parameters, below the store's address. What it answered.
    ///
    /// # Errors
    /// It refused, with its words, or did not answer.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<String> {
        answer(self.signed(method, path, &body)?.body(body)).await
    }

    /// Asks it as IAM is asked: by a form of names and values.
    ///
    /// # Errors
    /// It refused, with its words, or did not answer.
    pub(super) async fn ask_iam(&self, form: &[(&str, &str)]) -> Result<String> {
        let wrong = |error| Error::new(format!("cannot write a form: {error}"));
        let form = Url::parse_with_params("form:/", form).map_err(wrong)?;
        let form = form.query().unwrap_or_default().as_bytes().to_vec();
        let request = self.signed(Method::POST, "", &form)?;
        answer(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)).await
    }

    /// A request to another port of the server's, which knows no keys: `path` with its parameters.
    pub(super) fn beside(&self, port: u16, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/{path}", SocketAddrV4::new(*self.address.ip(), port));
        self.http.request(method, url).timeout(OPERATION_BOUND)
    }

    fn signed(&self, method: Method, path: &str, body: &[u8]) -> Result<RequestBuilder> {
        let url = format!("http://{}/{path}", self.address);
        let signature = signature(&self.key, method.as_str(), &url, body)?;
        let request = self.http.request(method, &url).timeout(OPERATION_BOUND);
        Ok(signature.into_iter().fold(request, |request, (name, value)| request.header(name, value)))
    }
}

/// Sends a request; what was answered.
///
/// # Errors
/// It was refused, with the server's words, or not answered.
pub(super) async fn answer(request: RequestBuilder) -> Result<String> {
    let answer = request.send().await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer.text().await?);
    }
    Err(Error::with_lines(format!("the store answered {status}"), vec![answer.text().await?]))
}

/// The headers that prove that `key` asks to do so with `body` there.
fn signature(key: &Key, method: &str, url: &str, body: &[u8]) -> Result<Vec<(String, String)>> {
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
    let request = SignableRequest::new(method, url, std::iter::empty(), SignableBody::Bytes(body))
        .map_err(|error| unsigned(&error))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| unsigned(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
