//! barman-cloud: base backups and continuous WAL archiving to S3, restored to a point in time.

use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Target, Tools, Wanted, own, programs};
use crate::engine::Server;
use crate::engine::postgres::{Postgres, SUPERUSER, archiving, replay, replica, setting};
use crate::engine::replication::Way;
use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host};

/// How barman-cloud is set up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The folder in the bucket.
    pub prefix: String,
    /// Seconds after which a quiet server ships a started segment (`archive_timeout`).
    pub archive_timeout: u32,
}

impl Pipeline for Params {
    fn programs(&self) -> Vec<&'static str> {
        vec!["barman-cloud-backup", "barman-cloud-restore", "barman-cloud-wal-archive", "barman-cloud-wal-restore"]
    }

    fn steps(&self) -> &'static [Step] {
        &[Step::Fetch, Step::Restore, Step::Replay, Step::Promote]
    }

    fn restores_onto(&self) -> Onto {
        Onto::DataDirectory
    }

    fn ships_remainder(&self) -> bool {
        true
    }

    fn source_settings(&self, source: &Server, repository: &Repository) -> Result<Vec<(String, String)>> {
        let archive = self.wal_command("barman-cloud-wal-archive", source.host(), repository)?;
        Ok([
            ("wal_level", "replica".to_owned()),
            ("archive_mode", "on".to_owned()),
            ("archive_timeout", format!("{}s", self.archive_timeout)),
            ("archive_command", format!("{archive} %p")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec())
    }

    fn install(&self, host: &Host, repository: &Repository, _plan: &Path) -> Result<()> {
        repository.install_credentials(host)
    }

    fn backup<'a>(
        &'a self,
        tools: Tools<'a>,
        Way { source, .. }: Way<'a>,
        _target: &'a Server,
    ) -> BoxFuture<'a, Result<Backup>> {
        async move { self.take(tools, source.postgres()?).await }.boxed()
    }

    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Server,
        wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>> {
        async move {
            let target = target.postgres_mut()?;
            match step {
                Step::Fetch => self.bring(tools, target, wanted.backup).await,
                Step::Restore => self.prepare(tools, target, &wanted.goal.target),
                Step::Replay => replay_log(tools, target).await,
                Step::Promote => {
                    let incarnation = replica::promote(target, tools.bound).await?;
                    Ok(Done { bytes: None, says: format!("timeline {}", incarnation.branch) })
                }
                other => Err(Error::new(format!("barman-cloud has no step \"{other}\""))),
            }
        }
        .boxed()
    }
}

impl Params {
    fn url(&self, repository: &Repository) -> String {
        format!("s3://{}/{}", repository.bucket, self.prefix)
    }

    fn wal_command(&self, program: &str, host: &Host, repository: &Repository) -> Result<String> {
        let endpoint = repository.url_from(host)?;
        Ok(format!("{program} --endpoint-url {endpoint} {} {}", self.url(repository), repository.server))
    }

    fn command(&self, program: &str, host: &Host, tools: Tools<'_>) -> Result<Command> {
        let endpoint = tools.repository.url_from(host)?;
        Ok(Command::new(program).args(["--endpoint-url", &endpoint]).bound(tools.bound))
    }

    async fn take(&self, tools: Tools<'_>, source: &Postgres) -> Result<Backup> {
        let begun = tools.clock.now();
        let command = self
            .command("barman-cloud-backup", source.host(), tools)?
            .args(["--immediate-checkpoint", "--host", &source.socket(), "--user", SUPERUSER])
            .args([self.url(tools.repository), tools.repository.server.clone()]);
        programs::run("barman-cloud-backup", &command, source.host(), tools).await?;
        let id = self.newest(tools, source).await?;
        // A base backup is worth nothing until the log segment that ends it is in the repository too.
        let end = format!("{id} of {}", tools.repository.server);
        let lag = archiving::ship(source, tools.clock, tools.bound)
            .await
            .cannot(format_args!("archive the log that ends backup {end}"))?;
        Ok(Backup { id, begun, durable: tools.clock.now(), lag: Some(lag) })
    }

    async fn newest(&self, tools: Tools<'_>, source: &Postgres) -> Result<String> {
        #[derive(Deserialize)]
        struct List {
            backups_list: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            backup_id: String,
        }
        let command = self
            .command("barman-cloud-backup-list", source.host(), tools)?
            .args(["--format", "json"])
            .args([self.url(tools.repository), tools.repository.server.clone()]);
        let (finished, _) = programs::run("barman-cloud-backup-list", &command, source.host(), tools).await?;
        let list: List = serde_json::from_str(finished.stdout.lines().last().unwrap_or_default())
            .map_err(|error| Error::with_lines(format!("the list of backups is no JSON: {error}"), finished.lines))?;
        let ids = list.backups_list.into_iter().map(|entry| entry.backup_id);
        ids.max().ok_or_else(|| Error::new("the repository lists no backup"))
    }

    async fn bring(&self, tools: Tools<'_>, target: &Postgres, backup: &Backup) -> Result<Done> {
        let host = target.host();
        host.remove_folder(target.data())?;
        let command = self
            .command("barman-cloud-restore", host, tools)?
            .args([self.url(tools.repository), tools.repository.server.clone()])
            .args([backup.id.clone(), host.path(target.data())]);
        programs::run("barman-cloud-restore", &command, host, tools).await?;
        let bytes = own::folder_bytes(&host.outside(target.data())).cannot("size what was fetched")?;
        Ok(Done { bytes: Some(bytes), says: format!("base backup {} to host {}", backup.id, host.name()) })
    }

    fn prepare(&self, tools: Tools<'_>, target: &Postgres, point: &Target) -> Result<Done> {
        let Target::BeforeTransaction(xid) = point else {
            return Err(Error::new("there is no bad transaction to go back before"));
        };
        let host = target.host();
        let restore = self.wal_command("barman-cloud-wal-restore", host, tools.repository)?;
        let settings = [
            ("restore_command", format!("{restore} %f %p")),
            ("recovery_target_xid", xid.clone()),
            ("recovery_target_inclusive", "off".to_owned()),
            ("recovery_target_action", "pause".to_owned()),
            // The restored copy must not write into the archive of the source.
            ("archive_mode", "off".to_owned()),
        ];
        let lines: String = settings.iter().map(|(name, value)| setting(name, value)).collect();
        let file = host.outside(target.data()).join("postgresql.auto.conf");
        let text = std::fs::read_to_string(&file).cannot("read the fetched configuration")?;
        host.write(&format!("{}/postgresql.auto.conf", target.data()), (text + &lines).as_bytes(), 0o600)?;
        host.write(&format!("{}/recovery.signal", target.data()), b"", 0o600)?;
        Ok(Done { bytes: None, says: format!("recovery target: just before transaction {xid}; archiving off") })
    }
}

async fn replay_log(tools: Tools<'_>, target: &mut Postgres) -> Result<Done> {
    let sql = "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN \
         pg_get_wal_replay_pause_state() = 'paused' ELSE false END, coalesce(pg_last_wal_replay_lsn()::text, '')";
    let paused = replay::until(target, tools.bound, sql, |row| match (row.get(0), row.get(1)) {
        (false, _) => Some(None),
        (true, true) => Some(Some(row.get::<_, String>(2))),
        (true, false) => None,
    });
    match paused.await? {
        Some(position) => Ok(Done { bytes: None, says: format!("paused at the target, position {position}") }),
        None => Err(Error::with_lines("recovery ended without reaching its target", target.lines())),
    }
}
