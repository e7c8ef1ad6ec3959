//! The user's own programs: one that takes a backup, one that restores it. They are run on a host of the drill, with
//! nothing but what their environment names.

use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Tools, Wanted, programs};
use crate::engine::postgres::{PORT, Postgres, SUPERUSER};
use crate::failure::{Error, Result};
use crate::host::{Command, Host};

/// The two programs, as paths below the plan's folder. Anything beside them in their folders goes with them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Takes a backup and copies it to the store. Runs on the source's host.
    pub backup: String,
    /// Fetches that backup and restores it. Runs on the target's host.
    pub restore: String,
}

/// Where the plan's programs lie on a host, a folder for each of theirs.
const PROGRAMS: &str = "programs";
/// The form of a backup's id: the wall clock in UTC, so that ids sort by time.
const ID: &str = "%Y%m%d_%H%M%S";

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

    fn ships_remainder(&self) -> bool {
        false
    }

    fn files(&self) -> Vec<&str> {
        vec![&self.backup, &self.restore]
    }

    fn source_settings(&self, _source: &Host, _repository: &Repository) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn install(&self, host: &Host, repository: &Repository, plan: &Path) -> Result<()> {
        for file in self.files() {
            let folder = folder_of(file);
            host.copy_in(&plan.join(folder), &format!("{PROGRAMS}/{}", folder.display()))?;
        }
        repository.install_credentials(host)?;
        let config = repository.key.mc_config(&repository.url_from(host)?);
        host.write("home/.mc/config.json", config.as_bytes(), 0o600)
    }

    fn backup<'a>(&'a self, tools: Tools<'a>, source: &'a Postgres) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let begun = tools.clock.now();
            let id = jiff::Timestamp::now().strftime(ID).to_string();
            run(&self.backup, &[("BLACKSTART_BACKUP_ID", &id)], tools, source).await?;
            Ok(Backup { id, begun, durable: tools.clock.now(), lag: None })
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Postgres,
        wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>> {
        async move {
            if step != Step::Restore {
                return Err(Error::new(format!("a command pipeline has no step \"{step}\"")));
            }
            let own = [("BLACKSTART_BACKUP_ID", &*wanted.backup.id), ("BLACKSTART_TARGET_TIME", &*wanted.time)];
            let says = run(&self.restore, &own, tools, target).await?;
            Ok(Done { bytes: None, says })
        }
        .boxed()
    }
}

fn folder_of(file: &str) -> &Path {
    Path::new(file).parent().unwrap_or(Path::new(""))
}

/// Runs one of the programs to its end beside `server`; the history is told how it ended.
async fn run(file: &str, own: &[(&str, &str)], tools: Tools<'_>, server: &Postgres) -> Result<String> {
    let host = server.host();
    let endpoint = tools.repository.url_from(host)?;
    let (port, home) = (PORT.to_string(), host.path("home"));
    let (credentials, config) = (format!("{home}/.aws/credentials"), format!("{home}/.aws/config"));
    let mc = format!("{home}/.mc");
    let documented = [
        ("PGHOST", &*server.socket()),
        ("PGPORT", &port),
        ("PGUSER", SUPERUSER),
        ("PGDATABASE", tools.database),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_SHARED_CREDENTIALS_FILE", &credentials),
        ("AWS_CONFIG_FILE", &config),
        ("MC_CONFIG_DIR", &mc),
        ("BLACKSTART_BUCKET", &tools.repository.bucket),
    ];
    let mut command = Command::new(host.path(&format!("{PROGRAMS}/{file}"))).bound(tools.bound).streams_apart();
    for (name, value) in documented.iter().chain(own) {
        command = command.env(name, *value);
    }
    programs::run(file, &command, host, tools).await.map(|(_, says)| says)
}
