//! SeaweedFS: its master, volume server, filer and S3 gateway in one process. A key's rights are a policy of its own, by the
//! gateway's IAM; the key itself is a file of the filer's, because IAM takes none with a `-` in its name.

mod needle;

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Lack, flip};
use crate::failure::{Error, Result};
use crate::host::{Command, Host};
use crate::plan::Promise;
use crate::store::Key;
use crate::store::owner::{Owner, answer};
use crate::store::rights::{Grant, resources};
use needle::Needle;

/// Where it keeps all that it serves, on its host's disk: objects in volumes, their names in a database beside.
const DATA: &str = "s3";
const MASTER: u16 = 9333;
const FILER: u16 = 8888;
/// The ports by which its four servers ask each other. They meet in `/tmp`, too, in files with the number of the port: where
/// drills share that, the address tells theirs apart.
const AMONG_THEMSELVES: [(&str, u16); 4] = [("master", 21_000), ("volume", 22_000), ("filer", 23_000), ("s3", 24_000)];
/// What is the same wherever it runs.
const SETTINGS: [&str; 9] = [
    "-master.telemetry=false",
    // It is alone, and need not look for others before it begins.
    "-master.peers=none",
    // Each bucket has volumes of its own: files that begin empty.
    "-master.volumeSizeLimitMB=1024",
    "-volume.max=1000",
    // In the folder that it is started in: the whole path of a socket may be too long.
    "-filer.localSocket=filer.sock",
    "-s3.localSocket=s3.sock",
    "-s3.iam.readOnly=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
];

/// SeaweedFS's servers.
#[derive(Debug, Default)]
pub(super) struct Server;

impl super::Server for Server {
    fn program(&self) -> &'static str {
        "weed"
    }

    fn lacks(&self) -> &'static [Lack] {
        // It wants the number of the parts behind the sum.
        &[(Promise::Summed, "BadDigest")]
    }

    fn command(&self, host: &Host, program: PathBuf, address: SocketAddrV4, root: &Key) -> Result<Command> {
        let credentials = json!([{"accessKey": root.access, "secretKey": root.secret.reveal()}]);
        let owner = json!({"name": root.access, "credentials": credentials, "actions": ["Admin"]});
        let identities = json!({"identities": [owner]}).to_string();
        host.write("home/seaweedfs.json", identities.as_bytes(), 0o600)?;
        host.make_folder(DATA)?;
        let [_, _, corner, _] = address.ip().octets();
        let among = AMONG_THEMSELVES.map(|(name, port)| format!("-{name}.port.grpc={}", port + u16::from(corner)));
        let own = [
            format!("-ip={}", address.ip()),
            format!("-s3.port={}", address.port()),
            format!("-s3.config={}", host.path("home/seaweedfs.json")),
            format!("-dir={}", host.path(DATA)),
        ];
        let command = Command::new(program).args(["-logtostderr", "-v=-1", "server", "-filer", "-s3"]).args(SETTINGS);
        // A bucket begins with one volume instead of seven.
        Ok(command.args(among).args(own).env("WEED_MASTER_VOLUME_GROWTH_COPY_1", "1"))
    }

    fn takes_objects<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<()>> {
        async {
            let status = answer(owner.beside(MASTER, Method::GET, "dir/status")).await?;
            let status: Value = serde_json::from_str(&status).unwrap_or_default();
            let has_room = status["Topology"]["Max"].as_u64().is_some_and(|volumes| volumes > 0);
            has_room.then_some(()).ok_or_else(|| Error::new("its master knows of no place for volumes yet"))
        }
        .boxed()
    }

    fn admit<'a>(&'a self, owner: &'a Owner, key: &'a Key, grants: Vec<Grant>) -> BoxFuture<'a, Result<()>> {
        make_user(owner, key, grants).boxed()
    }

    fn set_user<'a>(&'a self, owner: &'a Owner, name: &'a str, may_enter: bool) -> BoxFuture<'a, Result<()>> {
        let status = if may_enter { "Active" } else { "Inactive" };
        let form = [("Action", "UpdateAccessKey"), ("UserName", name), ("AccessKeyId", name), ("Status", status)];
        async move { owner.ask_iam(&form).await.map(|_| ()) }.boxed()
    }

    fn rot<'a>(
        &'a self,
        owner: &'a Owner,
        disk: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<usize>> {
        async move {
            let needles = needles(owner, bucket, key).await?;
            for needle in &needles {
                let (volume, place) = needle.find(&disk.join(DATA))?;
                flip(&volume, |_| place)?;
            }
            if needles.is_empty() { Err(Error::new("there are no bytes of it")) } else { Ok(needles.len()) }
        }
        .boxed()
    }

    fn set_writable<'a>(&'a self, owner: &'a Owner, _disk: &'a Path, writable: bool) -> BoxFuture<'a, Result<()>> {
        // It appends to files that it holds open, so that the modes of folders keep nothing out.
        let closed = json!({"locationPrefix": "/buckets/", "readOnly": true});
        let rules = json!({"locations": if writable { vec![] } else { vec![closed] }});
        async move { write_file(owner, "etc/seaweedfs/filer.conf", &rules).await }.boxed()
    }
}

/// Makes a user of `key`, or changes the one that is there.
async fn make_user(owner: &Owner, key: &Key, grants: Vec<Grant>) -> Result<()> {
    let (user, secret) = (key.access.as_str(), key.secret.reveal());
    let credential = json!({"access_key": user, "secret_key": secret, "status": "Active"});
    let identity = json!({"name": user, "credentials": [credential]});
    write_file(owner, &format!("etc/iam/identities/{user}.json"), &identity).await?;
    let (policy, arn) = (policy(&grants)?.to_string(), format!("arn:aws:iam:::policy/{user}"));
    // That there was none is as good; one that stayed is in the way of the new one, which says so.
    owner.ask_iam(&[("Action", "DeletePolicy"), ("PolicyArn", &arn)]).await.ok();
    owner.ask_iam(&[("Action", "CreatePolicy"), ("PolicyName", user), ("PolicyDocument", &policy)]).await?;
    // From the answer to this on the gateway knows the user.
    owner.ask_iam(&[("Action", "AttachUserPolicy"), ("UserName", user), ("PolicyArn", &arn)]).await.map(|_| ())
}

fn policy(grants: &[Grant]) -> Result<Value> {
    let mut statements = Vec::new();
    for grant in grants {
        let resources: Vec<String> = grant.buckets.iter().flat_map(|name| resources(name)).collect();
        statements.push(json!({"Effect": "Allow", "Action": grant.actions()?, "Resource": resources}));
    }
    Ok(json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Writes a file of the filer's own, which takes effect at once.
async fn write_file(owner: &Owner, path: &str, content: &Value) -> Result<()> {
    // Only what comes as a form's file is kept where those are looked for.
    let form = format!(
        "--file\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n{content}\r\n--file--\r\n"
    );
    let request = owner.beside(FILER, Method::POST, path);
    answer(request.header(CONTENT_TYPE, "multipart/form-data; boundary=file").body(form)).await.map(|_| ())
}

/// An object or a version of one, as the filer describes it.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    chunks: Vec<Chunk>,
}

#[derive(Deserialize)]
struct Chunk {
    file_id: String,
}

/// What a folder holds.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Folder {
    entries: Option<Vec<Entry>>,
}

/// The pieces of an object and of its versions, which lie in a folder beside it.
async fn needles(owner: &Owner, bucket: &str, key: &str) -> Result<Vec<Needle>> {
    let object = described::<Entry>(owner, &format!("buckets/{bucket}/{key}"), "metadata=true").await?;
    let folder = described::<Folder>(owner, &format!("buckets/{bucket}/{key}.versions/"), "limit=1000").await?;
    let entries = object.into_iter().chain(folder.and_then(|folder| folder.entries).into_iter().flatten());
    let unknown = |id: &str| Error::new(format!("the filer names a piece of {key} '{id}', which is no file id"));
    let needle = |chunk: Chunk| Needle::named(&chunk.file_id).ok_or_else(|| unknown(&chunk.file_id));
    entries.flat_map(|entry| entry.chunks).map(needle).collect()
}

/// What the filer says of a path; `None`: that there is nothing.
async fn described<T: for<'a> Deserialize<'a>>(owner: &Owner, path: &str, query: &str) -> Result<Option<T>> {
    let request = owner.beside(FILER, Method::GET, &format!("{path}?{query}"));
    let answer = request.header(ACCEPT, "application/json").send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    Ok(Some(answer.error_for_status()?.json().await?))
}
