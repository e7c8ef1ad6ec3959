//! VersityGW over a file system: an object is a file, its old versions lie in a folder of their own. It knows users, but no
//! policies of theirs: what a key may do is in the policies of the buckets, which are written anew when a key is admitted
//! or a bucket made.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use blackstart_record::words::hex;
use futures_util::future::{BoxFuture, FutureExt};
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Lack, flip, open_or_close};
use crate::failure::{Context, Error, Result, words};
use crate::host::{Command, Host};
use crate::plan::Promise;
use crate::store::Key;
use crate::store::owner::Owner;
use crate::store::rights::{Grant, resources};

const LACKS: &[Lack] = &[
    // The lock of a bucket is looked up when a version is to be removed, and ends for all of them at once.
    (Promise::OwnLock, "the lock of the bucket was shortened"),
    (Promise::Expiry, "NotImplemented"),
    // A user makes no buckets, and the policy of a bucket goes with it.
    (Promise::Anew, "AccessDenied"),
];

/// Folders on its host's disk: what it serves, its old versions, and its users. What it notes of an object is in attributes
/// of its file (`user.*`): kept in a folder beside (`--sidecar`), a note that an object is hidden outlives it, and hides what
/// is written there next.
const DATA: &str = "s3";
const VERSIONS: &str = "versions";
const USERS: &str = "users";
/// Where it collects what it is being sent, in every bucket.
const COLLECTED: [&str; 2] = [".sgwtmp", ".sgwtmp/multipart"];

/// Becomes the server (`$@`) with the variables of a file (`$0`): the owner's key must not be in a list of arguments.
const LAUNCH: &str = r#"set -a; . "$0"; set +a; exec "$@""#;

/// VersityGW's server.
#[derive(Debug, Default)]
pub(super) struct Server(Mutex<Known>);

/// What was asked of it.
#[derive(Debug, Default)]
struct Known {
    users: BTreeMap<String, User>,
    /// The policy of each bucket, as it was written last.
    policies: BTreeMap<String, String>,
}

#[derive(Debug)]
struct User {
    key: Key,
    grants: Vec<Grant>,
    may_enter: bool,
}

impl super::Server for Server {
    fn program(&self) -> &'static str {
        "versitygw"
    }

    fn lacks(&self) -> &'static [Lack] {
        LACKS
    }

    fn command(&self, host: &Host, program: PathBuf, address: SocketAddrV4, root: &Key) -> Result<Command> {
        let environment = format!("ROOT_ACCESS_KEY='{}'\nROOT_SECRET_KEY='{}'\n", root.access, root.secret.reveal());
        host.write("home/versitygw.env", environment.as_bytes(), 0o600)?;
        [DATA, VERSIONS, USERS].iter().try_for_each(|folder| host.make_folder(folder))?;
        let launch = Command::new("/bin/sh").named(self.program()).args(["-c", LAUNCH]);
        let launch = launch.arg(host.path("home/versitygw.env")).arg(program.to_string_lossy());
        // Its cache of users would let a key in that was taken back.
        let gateway = ["--quiet", "--iam-cache-disable", "--port", &address.to_string(), "--iam-dir"];
        let launch = launch.args(gateway).arg(host.path(USERS));
        let launch = launch.args(["posix", "--versioning-dir"]).arg(host.path(VERSIONS));
        Ok(launch.arg(host.path(DATA)))
    }

    fn admit<'a>(&'a self, owner: &'a Owner, key: &'a Key, grants: Vec<Grant>) -> BoxFuture<'a, Result<()>> {
        self.make_user(owner, key, grants).boxed()
    }

    fn set_user<'a>(&'a self, owner: &'a Owner, name: &'a str, may_enter: bool) -> BoxFuture<'a, Result<()>> {
        async move {
            let key = {
                let mut known = self.known();
                let user = known.users.get_mut(name).ok_or_else(|| Error::new(format!("it has no user {name}")))?;
                user.may_enter = may_enter;
                user.key.clone()
            };
            if may_enter { self.enter(owner, &key).await } else { leave(owner, name).await }
        }
        .boxed()
    }

    fn bucket_made<'a>(&'a self, owner: &'a Owner, bucket: &'a str) -> BoxFuture<'a, Result<()>> {
        self.open_to_keys(owner, bucket).boxed()
    }

    fn own_policy(&self, bucket: &str) -> Option<String> {
        self.known().policies.get(bucket).cloned()
    }

    fn rot<'a>(
        &'a self,
        _owner: &'a Owner,
        disk: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<usize>> {
        async move { Ok(rot(disk, bucket, key)?) }.boxed()
    }

    fn set_writable<'a>(&'a self, _owner: &'a Owner, disk: &'a Path, writable: bool) -> BoxFuture<'a, Result<()>> {
        async move { open_or_close(&incoming(disk)?, writable) }.boxed()
    }
}

impl Server {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a user of `key`, or changes the one that is there.
    async fn make_user(&self, owner: &Owner, key: &Key, grants: Vec<Grant>) -> Result<()> {
        leave(owner, &key.access).await?;
        let user = User { key: key.clone(), grants, may_enter: true };
        self.known().users.insert(key.access.clone(), user);
        self.enter(owner, key).await
    }

    /// Lets somebody in. A policy cannot name who is not there: each is written anew.
    async fn enter(&self, owner: &Owner, key: &Key) -> Result<()> {
        let (access, secret) = (&key.access, key.secret.reveal());
        let user = format!("<Account><Access>{access}</Access><Secret>{secret}</Secret><Role>user</Role></Account>");
        owner.ask(Method::PATCH, "create-user", user.into_bytes()).await?;
        let buckets = owner.client.list_buckets().send().await.map_err(|error| Error::new(words(&error)))?;
        for bucket in buckets.buckets().iter().filter_map(|bucket| bucket.name()) {
            self.open_to_keys(owner, bucket).await?;
        }
        Ok(())
    }

    /// Writes the policy of a bucket, where some key may do something there.
    async fn open_to_keys(&self, owner: &Owner, bucket: &str) -> Result<()> {
        let Some(policy) = policy(&self.known().users, bucket)? else { return Ok(()) };
        let put = owner.client.put_bucket_policy().bucket(bucket).policy(&policy).send().await;
        put.map_err(|error| Error::new(words(&error))).cannot(format_args!("write the policy of {bucket}"))?;
        self.known().policies.insert(bucket.to_owned(), policy);
        Ok(())
    }
}

fn rot(disk: &Path, bucket: &str, key: &str) -> io::Result<usize> {
    let mut files = vec![disk.join(DATA).join(bucket).join(key)];
    let digest = hex(&Sha256::digest(key));
    let parts = [&digest[..2], &digest[2..4], &digest[4..6], &digest];
    match fs::read_dir(disk.join(VERSIONS).join(bucket).join(parts.join("/"))) {
        Ok(old) => files.extend(old.flatten().map(|entry| entry.path())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // A marker has no bytes.
    files.retain(|file| fs::metadata(file).is_ok_and(|file| file.len() > 0));
    if files.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "there are no bytes of it"));
    }
    files.iter().try_for_each(|file| flip(file, |length| length / 2))?;
    Ok(files.len())
}

/// The folders that take all that is new.
fn incoming(disk: &Path) -> io::Result<Vec<PathBuf>> {
    let data = disk.join(DATA);
    let mut folders = vec![data.clone()];
    for bucket in fs::read_dir(data)? {
        let bucket = bucket?.path();
        folders.extend(COLLECTED.iter().map(|folder| bucket.join(folder)).filter(|folder| folder.is_dir()));
        folders.push(bucket);
    }
    Ok(folders)
}

/// Takes the user away; that there is none is as good.
async fn leave(owner: &Owner, name: &str) -> Result<()> {
    owner.ask(Method::PATCH, &format!("delete-user?access={name}"), Vec::new()).await.map(|_| ())
}

/// What the keys that may enter may do in a bucket; `None`: nothing.
fn policy(users: &BTreeMap<String, User>, bucket: &str) -> Result<Option<String>> {
    let mut statements = Vec::new();
    for (name, user) in users.iter().filter(|(_, user)| user.may_enter) {
        for grant in user.grants.iter().filter(|grant| grant.covers(bucket)) {
            let (actions, resources) = (grant.actions()?, resources(bucket));
            let of_user = json!({"AWS": [name]});
            statements.push(json!({"Effect": "Allow", "Principal": of_user, "Action": actions, "Resource": resources}));
        }
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Ok((!statements.is_empty()).then(|| policy.to_string()))
}
