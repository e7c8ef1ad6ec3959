//! The workload's clients with their ledger, against the same clients without.
//!
//! The server is as fast as it can be and no link is in between: so the client's own cost counts as much as it ever can.
//! Without a ledger the clients still digest what the server returns: what is left out is noting and writing.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use blackstart::clock::Clock;
use blackstart::engine::Login;
use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;
use blackstart::workload::{Ledger, LedgerHandle, Settings, Workload};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, interleaved, shown};
use crate::world::{World, application, domain, fast, load, runtime};

pub(super) const COMPARISON: Comparison = Comparison { name: "writer-ledger", run: Run::Isolated(run) };

const ROW: Row = Row { name: "writer with the ledger", against: "without", unit: "x", aim: Aim::AtLeast(0.95) };
const PAIRS: usize = 12;
/// Whole seconds that are counted, after one to connect and warm up.
const SECONDS: usize = 4;

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let files = scratch.clone();
    let mut world = World::new(isolation, scratch, EngineKind::Postgres)?;
    let settings = Settings { rows: 50_000, ..Settings::default() };
    let runtime = runtime()?;
    let (_server, login) = runtime.block_on(async {
        let server = world.server("primary", &fast(EngineKind::Postgres)).await?;
        load(&server, &settings, &files.join("initial.rows")).await?;
        let login = application(&server, server.address()).await?;
        Ok::<_, crate::Error>((server, login))
    })?;
    let writer = RefCell::new(Writer { runtime, login, settings, next_op: 1, files });
    ROW.begin();
    let (with, without) = interleaved(PAIRS, || writer.borrow_mut().run(true), || writer.borrow_mut().run(false))?;
    with.iter().zip(&without).for_each(|(with, without)| ROW.sample(with / without));
    ROW.note(&format!(
        "{} against {} operations a second, medians; 8 clients, fsync off",
        shown(&with),
        shown(&without)
    ));
    Ok(())
}

struct Writer {
    runtime: Runtime,
    login: Login,
    settings: Settings,
    next_op: u64,
    files: PathBuf,
}

impl Writer {
    /// Acknowledged operations a second.
    fn run(&mut self, with_ledger: bool) -> Result<f64> {
        let files = [self.files.join("ledger.bin"), self.files.join("rows.bin")];
        let ledger = if with_ledger { Some(Ledger::open(&files[0], &files[1])?) } else { None };
        let handle = ledger.as_ref().map_or_else(LedgerHandle::off, Ledger::handle);
        let (tallies, mut seconds) = mpsc::channel(SECONDS + 4);
        let (login, settings, first_op) = (self.login.clone(), self.settings.clone(), self.next_op);
        let acknowledged = self.runtime.block_on(async {
            let clock = Clock::start();
            let workload = Workload {
                domain: domain(EngineKind::Postgres)?,
                login,
                objects: None,
                settings,
                epoch: 0,
                first_op,
                ledger: handle,
                clock,
                tallies,
            };
            let running = workload.start();
            tokio::time::sleep(Duration::from_millis(200 + 1000 * (SECONDS as u64 + 1))).await;
            self.next_op = running.stop().await.next_op;
            if let Some(ledger) = ledger {
                ledger.close().await?;
            }
            let mut acknowledged = 0;
            seconds.recv().await.ok_or("no second was counted")?;
            for _ in 0..SECONDS {
                acknowledged += seconds.recv().await.ok_or("a second was not counted")?.1.acknowledged;
            }
            Ok::<_, crate::Error>(acknowledged)
        })?;
        if with_ledger {
            files.iter().try_for_each(std::fs::remove_file)?;
        }
        Ok(acknowledged as f64 / SECONDS as f64)
    }
}
