//! The user's own programs around copies of a server's files and its log: one that takes a copy, one that archives a
//! segment of the log, and one that lays a copy down and says up to where the log is replayed.

use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Target, Tools, Wanted, own};
use crate::engine::Server;
use crate::engine::postgres::{Postgres, SUPERUSER, replay};
use crate::engine::replication::Way;
use crate::failure::{Error, Result};
use crate::host::Host;

/// The three programs, as paths below the plan's folder. Anything beside them in their folders goes with them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// Takes a copy of the running server and brings it to the store. Runs on the source's host.
    pub backup: String,
    /// Brings a segment of the log to the store: the source's `archive_command`, with the segment's path and name.
    pub archive: String,
    /// Fetches that copy into `PGDATA`, set up to replay to just before a transaction and to be promoted there. Runs on the
    /// target's host, where no server runs; the server is started after it.
    pub restore: String,
}

impl Pipeline for Params {
    fn programs(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn steps(&self) -> &'static [Step] {
        &[Step::Restore, Step::Replay]
    }

    fn restores_onto(&self) -> Onto {
        Onto::DataDirectory
    }

    fn ships_remainder(&self) -> bool {
        true
    }

    fn files(&self) -> Vec<&str> {
        vec![&self.backup, &self.archive, &self.restore]
    }

    fn source_settings(&self, source: &Server, repository: &Repository) -> Result<Vec<(String, String)>> {
        let environment = own::store(source.host(), repository)?.into_iter();
        let environment: Vec<String> = environment.map(|(name, value)| format!("{name}={value}")).collect();
        let archive = format!("{} {} %p %f", environment.join(" "), own::path_on(source.host(), &self.archive));
        let settings =
            [("wal_level", "replica".to_owned()), ("archive_mode", "on".to_owned()), ("archive_command", archive)];
        Ok(settings.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }

    fn install(&self, host: &Host, repository: &Repository, plan: &Path) -> Result<()> {
        own::install(host, repository, plan, &self.files())
    }

    fn backup<'a>(
        &'a self,
        tools: Tools<'a>,
        Way { source, .. }: Way<'a>,
        _target: &'a Server,
    ) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let (begun, id) = (tools.clock.now(), own::backup_id());
            own::run(&self.backup, &[("BLACKSTART_BACKUP_ID", &id)], tools, source).await?;
            Ok(Backup { id, begun, durable: tools.clock.now(), lag: None })
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
                Step::Restore => self.lay_down(tools, target, wanted).await,
                Step::Replay => replay_log(tools, target.postgres_mut()?).await,
                other => Err(Error::new(format!("a physical-command pipeline has no step \"{other}\""))),
            }
        }
        .boxed()
    }
}

impl Params {
    async fn lay_down(&self, tools: Tools<'_>, target: &Server, wanted: &Wanted<'_>) -> Result<Done> {
        let Target::BeforeTransaction(xid) = &wanted.goal.target else {
            return Err(Error::new("there is no bad transaction to go back before"));
        };
        let data = target.postgres()?.data();
        target.host().remove_folder(data)?;
        let register = own::register(target.host(), &wanted.goal)?;
        let data = target.host().path(data);
        let more = [
            ("PGDATA", &*data),
            ("BLACKSTART_BACKUP_ID", &*wanted.backup.id),
            ("BLACKSTART_TARGET_XID", xid),
            ("BLACKSTART_TARGET_TIME", &*wanted.goal.time),
            ("BLACKSTART_ERASURES", &*register),
        ];
        let says = own::run(&self.restore, &more, tools, target).await?;
        Ok(Done { bytes: None, says })
    }
}

/// Starts the server on what was laid down, and waits until it has promoted itself.
async fn replay_log(tools: Tools<'_>, target: &mut Postgres) -> Result<Done> {
    let sql = "SELECT pg_is_in_recovery()";
    replay::until(target, tools.bound, sql, |row| (!row.get::<_, bool>(0)).then_some(())).await?;
    let incarnation = target.superuser(SUPERUSER).incarnation().await?;
    Ok(Done { bytes: None, says: format!("promoted, timeline {}", incarnation.branch) })
}
