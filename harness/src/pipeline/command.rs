//! The user's own programs: one that takes a backup, one that restores it. They are run on a host of the drill, with
//! nothing but what their environment names.

use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Tools, Wanted, own};
use crate::engine::Server;
use crate::engine::replication::Way;
use crate::failure::{Error, Result};
use crate::host::Host;
use crate::plan::EngineKind;
use crate::workload::configuration;

/// The two programs, as paths below the plan's folder. Anything beside them in their folders goes with them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Takes a backup and copies it to the store. Runs on the source's host.
    pub backup: String,
    /// Fetches that backup and restores it. Runs on the target's host.
    pub restore: String,
    /// Whether `restore` repairs the damaged database where it is, and keeps what was written since the backup. It then owes
    /// all that was acknowledged until the application was stopped.
    #[serde(default)]
    pub repairs: bool,
    /// A folder below the plan's that stands for the application's configuration: it lies on the source's host, where
    /// `backup` finds it, and `restore` has to bring it back. Left out: nobody saves a configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
}

impl Params {
    /// Runs one of the two, which finds `own` in its environment, and where a configuration is on its host.
    async fn run(&self, file: &str, own: &[(&str, &str)], tools: Tools<'_>, server: &Server) -> Result<String> {
        let place = server.host().path(configuration::FOLDER);
        let configuration = self.configuration.iter().map(|_| ("BLACKSTART_CONFIGURATION", &*place));
        let more: Vec<_> = own.iter().copied().chain(configuration).collect();
        own::run(file, &more, tools, server).await
    }
}

impl Pipeline for Params {
    fn programs(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn steps(&self) -> &'static [Step] {
        &[Step::Restore]
    }

    fn restores_onto(&self) -> Onto {
        Onto::RunningServer
    }

    fn engine(&self) -> Option<EngineKind> {
        None
    }

    fn ships_remainder(&self) -> bool {
        false
    }

    fn repairs(&self) -> bool {
        self.repairs
    }

    fn files(&self) -> Vec<&str> {
        vec![&self.backup, &self.restore]
    }

    fn configuration(&self) -> Option<&str> {
        self.configuration.as_deref()
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
            let begun = tools.clock.now();
            let id = own::backup_id();
            self.run(&self.backup, &[("BLACKSTART_BACKUP_ID", &id)], tools, source).await?;
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
            if step != Step::Restore {
                return Err(Error::new(format!("a command pipeline has no step \"{step}\"")));
            }
            let register = own::register(target.host(), &wanted.goal)?;
            let own = [
                ("BLACKSTART_BACKUP_ID", &*wanted.backup.id),
                ("BLACKSTART_TARGET_TIME", &*wanted.goal.time),
                ("BLACKSTART_ERASURES", &*register),
            ];
            let says = self.run(&self.restore, &own, tools, target).await?;
            Ok(Done { bytes: None, says })
        }
        .boxed()
    }
}
