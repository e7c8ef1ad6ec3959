//! A streaming replica: it follows the source over a link of its own, and is promoted in its place. Nothing of it is in a
//! store, and what the source does to its data by mistake the replica does too.

use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Tools, Wanted, programs};
use crate::engine::Server;
use crate::engine::postgres::replica::{self, Through};
use crate::failure::{Error, Result};
use crate::host::Host;

/// Nothing can be chosen: how far the replica may fall behind is its schedule's `lag-alarm`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {}

impl Pipeline for Params {
    fn programs(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn steps(&self) -> &'static [Step] {
        &[Step::Promote]
    }

    fn restores_onto(&self) -> Onto {
        Onto::Replica
    }

    /// What has not been streamed stays where it is.
    fn ships_remainder(&self) -> bool {
        false
    }

    fn source_settings(&self, _source: &Host, _repository: &Repository) -> Result<Vec<(String, String)>> {
        // So much may be written while the replica's link is cut, and it still finds its way back.
        Ok([("wal_level", "replica"), ("wal_keep_size", "1GB")].map(|(name, to)| (name.into(), to.into())).to_vec())
    }

    fn install(&self, _host: &Host, _repository: &Repository, _plan: &Path) -> Result<()> {
        Ok(())
    }

    fn follow<'a>(
        &'a self,
        tools: Tools<'a>,
        source: &'a Server,
        target: &'a mut Server,
        through: &'a Through,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let (source, target) = (source.postgres()?, target.postgres_mut()?);
            replica::admit(source, target, through).await?;
            let copying = replica::copying(target, through, tools.bound);
            programs::run("pg_basebackup", &copying, target.host(), tools).await?;
            replica::start(target, through, tools.bound).await
        }
        .boxed()
    }

    fn backup<'a>(&'a self, tools: Tools<'a>, source: &'a Server, target: &'a Server) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let begun = tools.clock.now();
            let position = replica::caught_up(source.postgres()?, target.postgres()?, tools.bound).await?;
            let id = format!("replica on {}, caught up at {position}", target.host().name());
            Ok(Backup { id, begun, durable: tools.clock.now(), lag: None })
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Server,
        _wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>> {
        async move {
            if step != Step::Promote {
                return Err(Error::new(format!("a replica has no step \"{step}\"")));
            }
            let target = target.postgres()?;
            let incarnation = replica::promote(target, tools.bound).await?;
            let position = replica::last_applied(target).await?;
            let says = format!("timeline {}, last applied position {position}", incarnation.branch);
            Ok(Done { bytes: None, says })
        }
        .boxed()
    }
}
