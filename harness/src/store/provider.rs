//! Whose S3 server a store is: one file per provider and one line in [`providers`].

use std::fmt::Debug;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::SocketAddrV4;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Key;
use super::owner::Owner;
use super::rights::Grant;
use crate::failure::Result;
use crate::host::{Command, Host};
use crate::plan::{Promise, Provides};

/// A promise that a provider lacks, and what its store says instead, or what is seen of it: a part of the text by which
/// the table of promises knows it again.
pub type Lack = (Promise, &'static str);

/// The S3 server of a provider. A new one implements this in a file of its own.
pub(super) trait Server: Debug + Send + Sync {
    /// The name of its program.
    fn program(&self) -> &'static str;

    /// What it lacks.
    fn lacks(&self) -> &'static [Lack];

    /// What serves S3 at `address`, from folders of the host's disk that it makes; who holds `root` may do everything.
    fn command(&self, host: &Host, program: PathBuf, address: SocketAddrV4, root: &Key) -> Result<Command>;

    /// Fails while it answers and takes no objects yet.
    fn takes_objects<'a>(&'a self, _owner: &'a Owner) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }

    /// Lets whoever holds `key` do what it is granted, and nothing else.
    fn admit<'a>(&'a self, owner: &'a Owner, key: &'a Key, grants: Vec<Grant>) -> BoxFuture<'a, Result<()>>;

    /// Lets somebody in who was admitted, or keeps them out.
    fn set_user<'a>(&'a self, owner: &'a Owner, name: &'a str, may_enter: bool) -> BoxFuture<'a, Result<()>>;

    /// A bucket was made.
    fn bucket_made<'a>(&'a self, _owner: &'a Owner, _bucket: &'a str) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }

    /// The policy of a bucket by which it keeps what keys may do there, if it keeps that so.
    fn own_policy(&self, _bucket: &str) -> Option<String> {
        None
    }

    /// Changes one bit of every file that `disk` has of an object, and of its old versions; how many.
    fn rot<'a>(
        &'a self,
        owner: &'a Owner,
        disk: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<usize>>;

    /// Lets the store with this `disk` take anything new, or not.
    fn set_writable<'a>(&'a self, owner: &'a Owner, disk: &'a Path, writable: bool) -> BoxFuture<'a, Result<()>>;
}

macro_rules! providers {
    ($($variant:ident = $name:literal in $module:ident: $says:literal;)+) => {
        $(mod $module;)+

        /// A provider, as a plan chooses it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum Provider {
            $(
                #[doc = concat!("`", $name, "`: ", $says, ".")]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Provider {
            /// Its server, not started.
            pub(super) fn server(self) -> Box<dyn Server> {
                match self { $(Self::$variant => Box::new($module::Server::default()),)+ }
            }
        }

        impl Provides for Provider {
            fn all() -> &'static [Self] {
                &[$(Self::$variant),+]
            }

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            fn lacks(self, promise: Promise) -> bool {
                self.lacking().iter().any(|(lacking, _)| *lacking == promise)
            }
        }
    };
}

// The first is that of plans that name none.
providers! {
    Minio = "minio" in minio: "MinIO";
    Versitygw = "versitygw" in versitygw: "VersityGW, on a file system";
    Seaweedfs = "seaweedfs" in seaweedfs: "SeaweedFS, all of its servers in one";
}

impl Default for Provider {
    fn default() -> Self {
        Self::all()[0]
    }
}

impl Provider {
    /// The name of its program.
    pub fn program(self) -> &'static str {
        self.server().program()
    }

    /// What it lacks.
    pub fn lacking(self) -> &'static [Lack] {
        self.server().lacks()
    }
}

/// Lets these folders take anything new, or not.
fn open_or_close(folders: &[PathBuf], writable: bool) -> Result<()> {
    let mode = Permissions::from_mode(if writable { 0o755 } else { 0o555 });
    Ok(folders.iter().try_for_each(|folder| fs::set_permissions(folder, mode.clone()))?)
}

/// Changes the lowest bit of the byte at `place` of the file's length.
fn flip(path: &Path, place: impl Fn(u64) -> u64) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let place = SeekFrom::Start(place(file.metadata()?.len()));
    let mut byte = [0];
    file.seek(place)?;
    file.read_exact(&mut byte)?;
    file.seek(place)?;
    file.write_all(&[byte[0] ^ 1])?;
    file.sync_all()
}
