//! MinIO. A user travels with its policy in the archive that an export would be, the one request for users that its own
//! client need not encrypt; the store's own loopback is all that it crosses.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Cursor, Write};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::{Lack, flip, open_or_close};
use crate::failure::{Error, Result};
use crate::host::{Command, Host};
use crate::store::Key;
use crate::store::owner::Owner;
use crate::store::rights::{Grant, resources};

/// Where it keeps all that it serves, on its host's disk.
const DATA: &str = "s3";
/// Where it puts what it is being sent, below that.
const INCOMING: [&str; 2] = [".minio.sys/tmp", ".minio.sys/multipart"];

/// From its first answer on, a server takes users within so long.
const TAKES_USERS: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// MinIO's server.
#[derive(Debug, Default)]
pub(super) struct Server;

impl super::Server for Server {
    fn program(&self) -> &'static str {
        "minio"
    }

    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    fn command(&self, host: &Host, program: PathBuf, address: SocketAddrV4, root: &Key) -> Result<Command> {
        let environment = format!(
            "MINIO_ROOT_USER={}\nMINIO_ROOT_PASSWORD={}\nMINIO_BROWSER=off\n",
            root.access,
            root.secret.reveal()
        );
        host.write("home/minio.env", environment.as_bytes(), 0o600)?;
        host.make_folder(DATA)?;
        let command = Command::new(program);
        let command = command.args(["server", "--quiet", "--address", &address.to_string(), &host.path(DATA)]);
        Ok(command.env("MINIO_CONFIG_ENV_FILE", host.path("home/minio.env")))
    }

    fn admit<'a>(&'a self, owner: &'a Owner, key: &'a Key, grants: Vec<Grant>) -> BoxFuture<'a, Result<()>> {
        make_user(owner, key, grants).boxed()
    }

    fn set_user<'a>(&'a self, owner: &'a Owner, name: &'a str, may_enter: bool) -> BoxFuture<'a, Result<()>> {
        let status = if may_enter { "enabled" } else { "disabled" };
        let request = format!("minio/admin/v3/set-user-status?accessKey={name}&status={status}");
        async move { owner.ask(Method::PUT, &request, Vec::new()).await.map(|_| ()) }.boxed()
    }

    fn rot<'a>(
        &'a self,
        _owner: &'a Owner,
        disk: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<usize>> {
        async move { Ok(rot(&disk.join(DATA).join(bucket).join(key))?) }.boxed()
    }

    fn set_writable<'a>(&'a self, _owner: &'a Owner, disk: &'a Path, writable: bool) -> BoxFuture<'a, Result<()>> {
        let incoming = INCOMING.map(|folder| disk.join(DATA).join(folder));
        async move { open_or_close(&incoming, writable) }.boxed()
    }
}

fn rot(folder: &Path) -> io::Result<usize> {
    let mut parts = Vec::new();
    for version in fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_dir()) {
        let files = fs::read_dir(version.path())?.flatten().map(|entry| entry.path());
        parts.extend(files.filter(|path| path.file_name().is_some_and(is_part)));
    }
    for part in &parts {
        flip(part, |length| length / 2)?;
    }
    if parts.is_empty() {
        // A small object is at the end of its description.
        flip(&folder.join("xl.meta"), |length| length.saturating_sub(1))?;
    }
    Ok(parts.len().max(1))
}

/// Makes a user of `key`, or changes the one that is there. A server that has just begun serves objects before it takes users,
/// and may take a part of one while it still reads those that it had.
async fn make_user(owner: &Owner, key: &Key, grants: Vec<Grant>) -> Result<()> {
    let import = archive_of(key, &grants)?;
    let deadline = Instant::now() + TAKES_USERS;
    loop {
        let taken = import_user(owner, key, import.clone()).await;
        if taken.is_ok() || Instant::now() > deadline {
            return taken;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn archive_of(key: &Key, grants: &[Grant]) -> Result<Vec<u8>> {
    let (user, named) = (key.access.as_str(), format!("{}-policy", key.access));
    let files = [
        ("policies", json!({(&named): policy(grants)?})),
        ("users", json!({user: {"secretKey": key.secret.reveal(), "status": "enabled"}})),
        ("user_mappings", json!({user: {"version": 1, "policy": named}})),
    ];
    archive(&files)
}

async fn import_user(owner: &Owner, key: &Key, import: Vec<u8>) -> Result<()> {
    let (user, named) = (key.access.as_str(), format!("{}-policy", key.access));
    let answer = owner.ask(Method::PUT, "minio/admin/v3/import-iam-v2", import).await?;
    // What failed is told of in an answer that says 200.
    let taken: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
    let added = json!({"policies": [named], "users": [user], "userPolicies": [{user: [named]}]});
    if taken["added"] == added {
        return Ok(());
    }
    Err(Error::with_lines("MinIO did not take all of it", vec![answer]))
}

fn policy(grants: &[Grant]) -> Result<serde_json::Value> {
    let mut statements = Vec::new();
    for grant in grants {
        let resources: Vec<String> = grant.buckets.iter().flat_map(|name| resources(name)).collect();
        let mut actions = grant.actions()?;
        if grant.configures() {
            // Its own client removes a bucket together with what is in it.
            actions.push("s3:ForceDeleteBucket");
        } else {
            // It takes who may delete objects for one who may delete their old versions, unless it is told.
            statements.push(json!({"Effect": "Deny", "Action": ["s3:DeleteObjectVersion"], "Resource": resources}));
        }
        statements.push(json!({"Effect": "Allow", "Action": actions, "Resource": resources}));
    }
    Ok(json!({"Version": "2012-10-17", "Statement": statements}))
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

fn is_part(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with("part.")
}
