//! A copy of a running server's files in the store, with a manifest by which it is known again, and after it, where that is
//! shipped, the binary log. Made ready and started on an empty host, and replayed to just before a transaction, or to where the
//! log ends. MariaDB's by mariadb-backup, MySQL's by its CLONE plugin.

use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Tools, Until, Wanted, binary_log, own, programs};
use crate::engine::Server;
use crate::engine::mysql::binlog::Coordinates;
use crate::engine::replication::Way;
use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host};
use crate::plan::{EngineKind, Lapse};

/// Where a copy is made, and where it is brought to.
const MADE: &str = "tmp/made";
const FETCHED: &str = "tmp/restore";
/// The copy itself, what it is packed into, and what it is known again by.
const COPY: &str = "copy";
const ARCHIVE: &str = "copy.tar.gz";
const MANIFEST: &str = "manifest.json";
/// The hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// How copy and log are shipped.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The folder in the bucket.
    pub prefix: String,
    /// How often the server begins a new file of its binary log, and the ones before it are shipped; a drill may compress that.
    /// Default: the log is not shipped, and nothing is replayed after the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_every: Option<Lapse>,
    /// How the replay is told where to end. Default: by the position of the bad transaction.
    #[serde(default)]
    pub until: Until,
    /// The user's own program that copies the server's files into the folder `BLACKSTART_COPY`, which it makes, as a path below
    /// the plan's folder; runs on the source's host. Default: the engine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// The user's own program that makes the copy in the folder `BLACKSTART_COPY` a data directory, as a path below the plan's
    /// folder; runs on the target's host. Default: the engine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare: Option<String>,
}

/// By what a copy is known again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The backup's id: a copy in the place of another's is not that.
    backup: String,
    /// The archive's SHA-256.
    sha256: String,
    /// As of where in its source's log the copy is.
    log: Coordinates,
}

impl Pipeline for Params {
    fn programs(&self) -> Vec<&'static str> {
        vec!["mariadb-backup"]
    }

    fn steps(&self) -> &'static [Step] {
        if self.ship_every.is_some() {
            &[Step::Fetch, Step::Restore, Step::Replay]
        } else {
            &[Step::Fetch, Step::Restore]
        }
    }

    fn restores_onto(&self) -> Onto {
        Onto::DataDirectory
    }

    fn engine(&self) -> Option<EngineKind> {
        Some(EngineKind::Mysql)
    }

    fn wrong(&self) -> Option<String> {
        match self.ship_every {
            Some(every) => binary_log::wrong(every),
            None => (self.until != Until::Position).then(|| {
                "`until` says where a replay ends, and nothing is replayed: add `ship-every`, or leave it out"
                    .to_owned()
            }),
        }
    }

    fn until(&self) -> Until {
        self.until
    }

    fn replays_all(&self) -> bool {
        self.ship_every.is_some()
    }

    fn ships_remainder(&self) -> bool {
        self.ship_every.is_some()
    }

    fn files(&self) -> Vec<&str> {
        [&self.copy, &self.prepare].into_iter().filter_map(|file| file.as_deref()).collect()
    }

    fn install(&self, host: &Host, repository: &Repository, plan: &Path) -> Result<()> {
        own::install(host, repository, plan, &self.files())?;
        binary_log::install(host)
    }

    fn backup<'a>(
        &'a self,
        tools: Tools<'a>,
        Way { source, .. }: Way<'a>,
        _target: &'a Server,
    ) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let (begun, id) = (tools.clock.now(), own::backup_id());
            let from = self.take(tools, source, &id).await?;
            let durable = tools.clock.now();
            let place = own::place(tools.repository, &self.prefix);
            let lag = match self.ship_every {
                Some(every) => Some(binary_log::begin_shipping(tools, &place, source.mysql()?, every, &from).await?),
                None => None,
            };
            Ok(Backup { id, begun, durable, lag })
        }
        .boxed()
    }

    fn ship_remainder<'a>(&'a self, tools: Tools<'a>, source: &'a Server) -> BoxFuture<'a, Result<String>> {
        async move {
            if self.ship_every.is_none() {
                return Ok(String::new());
            }
            binary_log::ship_remainder(tools, &own::place(tools.repository, &self.prefix), source.mysql()?).await
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Server,
        wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>> {
        async move {
            match step {
                Step::Fetch => self.fetch(tools, target.host(), wanted.backup).await,
                Step::Restore => self.restore(tools, target).await,
                Step::Replay => {
                    let from = manifest(target.host())?.log;
                    binary_log::replay(tools, target.mysql()?, &from, &wanted.goal.target).await
                }
                other => Err(Error::new(format!("physical-copy has no step \"{other}\""))),
            }
        }
        .boxed()
    }
}

impl Params {
    /// Where the copy of a backup is, as `mc` calls it.
    fn place(&self, repository: &Repository, id: &str) -> String {
        format!("{}/copies/{id}/", own::place(repository, &self.prefix))
    }

    /// Makes a copy and brings it to the store; where in the log it is as of.
    async fn take(&self, tools: Tools<'_>, server: &Server, id: &str) -> Result<Coordinates> {
        let (source, host) = (server.mysql()?, server.host());
        host.remove_folder(MADE)?;
        host.make_folder(MADE)?;
        let on_host = |name: &str| host.path(&format!("{MADE}/{name}"));
        let begun = source.current_log().await?;
        match &self.copy {
            Some(own) => drop(own::run(own, &[("BLACKSTART_COPY", &on_host(COPY))], tools, server).await?),
            None => {
                source.ready_to_be_copied().await?;
                programs::within_bound(source.copy(&on_host(COPY)), host, tools).await?;
            }
        }
        let log = source.copied_as_of(&format!("{MADE}/{COPY}"), begun)?;
        let archive = on_host(ARCHIVE);
        let pack = Command::new("tar").args(["--create", "--use-compress-program=gzip --fast"]).args([
            format!("--file={archive}"),
            format!("--directory={}", host.path(MADE)),
            COPY.to_owned(),
        ]);
        programs::within_bound(pack, host, tools).await?;
        let sha256 = digest(tools, host, &archive).await?;
        let manifest = Manifest { backup: id.to_owned(), sha256, log };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::new(error.to_string()))?;
        host.write(&format!("{MADE}/{MANIFEST}"), &text, 0o600)?;
        // The manifest comes last: where it is, all of the copy is.
        for name in [ARCHIVE, MANIFEST] {
            let copy = Command::new("mc").args(["cp", "--quiet", &on_host(name), &self.place(tools.repository, id)]);
            programs::within_bound(copy, host, tools).await?;
        }
        host.remove_folder(MADE)?;
        Ok(manifest.log)
    }

    /// Brings a copy to a host, with the log after it, and holds it against its manifest.
    async fn fetch(&self, tools: Tools<'_>, host: &Host, backup: &Backup) -> Result<Done> {
        host.remove_folder(FETCHED)?;
        host.make_folder(FETCHED)?;
        let (from, to) = (self.place(tools.repository, &backup.id), host.path(&format!("{FETCHED}/")));
        let copy = Command::new("mc").args(["cp", "--quiet", "--recursive", &from, &to]);
        programs::within_bound(copy, host, tools).await?;
        let copied = own::folder_bytes(&host.outside(FETCHED)).cannot("size what was fetched")?;
        let logged = match self.ship_every {
            Some(_) => binary_log::fetch(tools, &own::place(tools.repository, &self.prefix), host).await?,
            None => 0,
        };
        let sha256 = digest(tools, host, &host.path(&format!("{FETCHED}/{ARCHIVE}"))).await?;
        manifest(host)?.check(&backup.id, &sha256)?;
        let says = format!("copy {} to host {}, as its manifest has it", backup.id, host.name());
        Ok(Done { bytes: Some(copied + logged), says })
    }

    /// Events stand still where the log is replayed, until that is through.
    async fn restore(&self, tools: Tools<'_>, target: &mut Server) -> Result<Done> {
        let host = target.host().clone();
        let on_host = |name: &str| host.path(&format!("{FETCHED}/{name}"));
        let unpack = Command::new("tar").args(["--extract", "--gzip"]);
        let unpack =
            unpack.args([format!("--file={}", on_host(ARCHIVE)), format!("--directory={}", host.path(FETCHED))]);
        programs::within_bound(unpack, &host, tools).await?;
        let copy = on_host(COPY);
        match (&self.prepare, target.mysql()?.prepare(&copy)) {
            (Some(own), _) => drop(own::run(own, &[("BLACKSTART_COPY", &copy)], tools, target).await?),
            (None, Some(prepare)) => drop(programs::within_bound(prepare, &host, tools).await?),
            (None, None) => {}
        }
        let target = target.mysql_mut()?;
        target.lay_down(&format!("{FETCHED}/{COPY}"))?;
        if self.ship_every.is_some() {
            target.start_without_events(tools.bound).await?;
        } else {
            target.start(tools.bound).await?;
        }
        let says = match target.executed().await? {
            Some(executed) => format!("the copy is started, after {executed}"),
            None => {
                let Coordinates { file, at } = manifest(&host)?.log;
                format!("the copy is started, as of {file}:{at}")
            }
        };
        Ok(Done { bytes: None, says })
    }
}

impl Manifest {
    /// # Errors
    /// What was fetched is not what was made of the backup `id`.
    fn check(&self, id: &str, sha256: &str) -> Result<()> {
        if self.backup != id {
            let why = format!("what is there as copy {id} is copy {}: another one has taken its place", self.backup);
            return Err(Error::new(why));
        }
        if self.sha256 != sha256 {
            return Err(Error::new(format!(
                "the archive of copy {id} is not the one that was made: its SHA-256 is {sha256}, and its manifest says {}",
                self.sha256
            )));
        }
        Ok(())
    }
}

/// The manifest of what was fetched.
fn manifest(host: &Host) -> Result<Manifest> {
    let text = std::fs::read(host.outside(&format!("{FETCHED}/{MANIFEST}"))).cannot("read the copy's manifest")?;
    serde_json::from_slice(&text).map_err(|error| Error::new(format!("the copy's manifest is no manifest: {error}")))
}

/// The SHA-256 of a file on a host.
async fn digest(tools: Tools<'_>, host: &Host, file: &str) -> Result<String> {
    let finished = programs::within_bound(Command::new("sha256sum").arg(file), host, tools).await?;
    let said = finished.stdout.split_whitespace().next().unwrap_or_default().to_owned();
    let is_one = said.len() == DIGITS && said.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(said).ok_or_else(|| Error::with_lines("sha256sum says no digest", finished.lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_again_by_its_id_and_its_bytes() {
        let log = Coordinates { file: "binlog.000002".into(), at: 344 };
        let manifest = Manifest { backup: "T2".into(), sha256: "a1".into(), log };
        let again: Manifest = serde_json::from_slice(&serde_json::to_vec(&manifest).unwrap()).unwrap();
        assert_eq!(again.log, manifest.log);
        assert!(again.check("T2", "a1").is_ok());
        for (id, sha256, says) in [("T1", "a1", "is copy T2"), ("T2", "a2", "is not the one that was made")] {
            let refused = again.check(id, sha256).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
        for damaged in ["", "{}", "{\"backup\": \"T2\", \"sha256\": \"a1\"}"] {
            assert!(serde_json::from_slice::<Manifest>(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }
}
