//! The way back: the application returns to the host that failed, which is made a replica of the one that took over. It is a drill
//! of its own, with the roles exchanged, and leaves a folder of the same form: what is there when it begins is its load, and all
//! that is acknowledged in it is owed.

use std::collections::BTreeMap;
use std::path::Path;

use blackstart_record::event::{Cut, Event, Phase};
use blackstart_record::observation::{Observation, Rows};
use blackstart_record::plan::Pace;
use blackstart_record::rows::{Cursor, ReadError, Row, Writer};

use super::environment::World;
use super::look::Keep;
use super::recorder::Recorder;
use super::recovery::Recovered;
use super::{Drill, Request, calibration, recovery};
use crate::engine::replication::Following;
use crate::examine::inventory::Definitions;
use crate::examine::probe::Incarnations;
use crate::examine::snapshot::Snapshot;
use crate::examine::{fence, inventory, rows, writes};
use crate::failure::{Context, Error, Result};
use crate::pipeline::{self, Backup};
use crate::plan::FAILBACK_LINK;
use crate::workload::Ledger;

impl Drill {
    /// Goes back as the scenario's failback says; operations have ids from `next_op` on. What goes wrong on the way is in that
    /// folder's history.
    ///
    /// # Errors
    /// That history could not be written.
    pub(super) async fn go_back(&self, world: &mut World, next_op: u64) -> Result<()> {
        self.emit(Event::Phase(Phase::Failback)).await;
        let folder = self.folder.failback();
        let (recorder, events) = Recorder::start(self.clock, &folder, true).cannot("begin the failback's history")?;
        let back = Self {
            clock: self.clock,
            folder,
            incarnations: Incarnations::new(events.clone()),
            events,
            domain: self.domain,
            phase: Phase::Failback,
            request: exchanged(&self.request),
        };
        std::mem::swap(&mut world.source, &mut world.target);
        let ended = back.back_under_load(world, next_op).await;
        std::mem::swap(&mut world.source, &mut world.target);
        if let Err(error) = ended {
            back.emit(Event::SetupFailed { phase: Phase::Failback, failure: error.into_failure() }).await;
        }
        back.emit(Event::Finished).await;
        drop(back);
        recorder.finish().await
    }

    async fn back_under_load(&self, world: &mut World, next_op: u64) -> Result<()> {
        let before = self.take_stock(world, next_op).await?;
        let ledger = Ledger::open(&self.folder.ledger(), &self.folder.ledger_rows()).cannot("create the ledger")?;
        let probes = self.probes(world);
        let clients = self.workload(world, &ledger, 0, next_op).await;
        let bound = self.request.loaded.bounds.server.into();
        self.emit(calibration::stall(self.clock, &world.source, &probes, bound).await?).await;
        let began = self.clock.now();
        let id = format!("replica on {}", world.target.host().name());
        let replica = Backup { id, begun: began, durable: began, lag: None };
        let ended = recovery::run(self, world, clients, &replica, None, &probes).await?;
        let mut recovered = ended.recovered;
        if let Some(recovered) = &mut recovered {
            // Nothing broke here, so nothing may be lost, whatever position a replica had come to.
            let now = self.clock.now();
            let claimed_by = format!("all that was acknowledged at host {}", world.source.host().name());
            recovered.cut = Cut { earliest: now, latest: now, claimed_by };
            self.emit(Event::RecoveryPoint(recovered.cut.clone())).await;
        }
        if let Some(recovered) = recovered.as_mut().filter(|recovered| recovered.finished) {
            self.aftermath(world, &ledger, recovered, &probes).await;
        }
        probes.stop().await;
        ledger.close().await.cannot("write the ledger")?;
        let Some(recovered) = recovered else { return Ok(()) };
        self.within_its_bound(self.look_at_what_is_back(world, &recovered, next_op, &before)).await
    }

    /// What is at the host that took over, rows and definitions: all of it has to be there on the way back, too.
    async fn take_stock(&self, world: &mut World, next_op: u64) -> Result<Definitions> {
        let address = world.links.open(FAILBACK_LINK, world.source.address()).await?.listen;
        let password = world.secrets.make()?;
        let following = Following { address, password, pace: Pace::AtOnce, copies: true };
        // The account of a replica is among the definitions.
        world.source.admit(&following).await?;
        world.following = Some(following);
        let snapshot = Snapshot::take(&world.source, &self.request.loaded.environment.database).await?;
        let read = self.rows_as_loaded(&snapshot, next_op, &self.folder.initial_rows()).await?;
        if let Some((table, why)) = read.unreadable.iter().next() {
            return Err(Error::new(format!("what is to go back cannot be read: {table}: {why}")));
        }
        self.emit(Event::Loaded { rows: read.read.values().sum(), bytes: read.bytes }).await;
        inventory::read(snapshot.client()).await.cannot("take the inventory of what is to go back")
    }

    /// Reads every row into the file `to`; what was there before operation `next_op` counts as loaded.
    async fn rows_as_loaded(&self, snapshot: &Snapshot, next_op: u64, to: &Path) -> Result<Rows> {
        let there = self.folder.path().join("there.rows");
        let read = rows::observe(snapshot, self.domain, None, &there).await?;
        as_loaded(&there, to, next_op)?;
        Ok(read)
    }

    async fn look_at_what_is_back(
        &self,
        world: &World,
        recovered: &Recovered,
        next_op: u64,
        before: &Definitions,
    ) -> Result<()> {
        let observed = self.rows_as_loaded(&recovered.snapshot, next_op, &self.folder.restored_rows()).await?;
        self.observed("rows", Observation::Rows(observed)).await?;
        let keep = Keep { folder: &self.folder, events: Some(&self.events) };
        self.look_inside(&world.target, &recovered.snapshot, (before, None), &keep).await?;
        let observed = writes::observe(&world.login, self.domain).await;
        self.observed("writes", Observation::Writes(observed)).await?;
        let none = BTreeMap::new();
        let observed = fence::observe((&none, &none), 0, Some((&world.source, &world.login))).await;
        self.observed("fence", Observation::Fence(observed)).await
    }
}

/// The drill with the roles exchanged: what took over is the source, and nothing breaks.
fn exchanged(request: &Request) -> Request {
    let mut request = request.clone();
    let loaded = &mut request.loaded;
    loaded.scenario.runbook = std::mem::take(&mut loaded.scenario.failback);
    loaded.scenario.faults.clear();
    loaded.faults.clear();
    loaded.pipeline.method = pipeline::Spec::replica();
    // The step "fence" stops it.
    loaded.leaves_source = true;
    request
}

/// Rewrites a rows file so that what was there before operation `first` counts as loaded; the file it is made from is removed.
fn as_loaded(from: &Path, to: &Path, first: u64) -> Result<()> {
    let unreadable = |why: ReadError| Error::new(format!("cannot read the rows back: {why}"));
    let (mut rows, mut writer) = (Cursor::open(from).map_err(unreadable)?, Writer::create(to)?);
    while let Some(table) = rows.next_table().map_err(unreadable)?.cloned() {
        writer.table(&table)?;
        while let Some(row) = rows.next_row().map_err(unreadable)? {
            writer.row(Row { op: if row.op < first { 0 } else { row.op }, ..row })?;
        }
    }
    writer.finish()?;
    Ok(std::fs::remove_file(from)?)
}

#[cfg(test)]
mod tests {
    use blackstart_record::rows::{Key, KeyKind, Table};

    use super::*;

    #[test]
    fn what_was_written_before_the_way_back_counts_as_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let row = |key, op| Row { key: Key(key), op, digest: 7 };
        let mut writer = Writer::create(&from).unwrap();
        for name in ["a", "b"] {
            writer.table(&Table { name: name.into(), key: KeyKind::Integer }).unwrap();
            [row(1, 0), row(2, 99), row(3, 100), row(4, 101)].into_iter().for_each(|row| writer.row(row).unwrap());
        }
        writer.finish().unwrap();
        as_loaded(&from, &to, 100).unwrap();
        let mut rows = Cursor::open(&to).unwrap();
        for name in ["a", "b"] {
            assert_eq!(rows.next_table().unwrap().unwrap().name, name);
            let read: Vec<Row> = std::iter::from_fn(|| rows.next_row().unwrap()).collect();
            assert_eq!(read, [row(1, 0), row(2, 0), row(3, 100), row(4, 101)]);
        }
        assert!(rows.next_table().unwrap().is_none() && !from.exists());
    }
}
