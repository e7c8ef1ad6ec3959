//! A database as it was at R, with everything that clients did before and after, as copies of it are judged.

use std::time::Duration;

use blackstart::clock::{Clock, wall};
use blackstart::examine::snapshot::Snapshot;
use blackstart::examine::{images, rows};
use blackstart::workload::{Ledger, Settings, Workload};
use blackstart_judge::{oracle, verdict};
use blackstart_record::event::{Cut, Entry, Event};
use blackstart_record::history::Writer;
use blackstart_record::observation::{Observation, Rows};
use blackstart_record::record::Folder;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DrillVerdict;
use tokio::sync::mpsc;

use crate::engine::{Engine, break_in, copy, drop_database};
use crate::world::{DATABASE, World, begin_record};

/// The database as it was at R, which every copy is made of. It has two tables more: `graveyard`, of rows that were deleted
/// before R, and `later`, of rows that were written after it.
pub const AT_CUT: &str = "at_cut";
const COPY: &str = "copy";
/// No machine takes that long.
const BOUND: Nanos = Nanos::from_secs(300);

/// How rows are kept that are gone at R, or not there yet.
#[derive(Debug)]
pub struct Kept {
    /// Keeps what is deleted, in the table `graveyard` of the application's database.
    pub graveyard: &'static str,
    /// Counts the rows written from the operation `$op` on.
    pub later: &'static str,
    /// Brings the newest `$k` of them into the table `later` of [`AT_CUT`]: a database and SQL for it, in turn.
    pub bring: &'static [(&'static str, &'static str)],
}

/// A database as it was at R, everything that clients did before and after, and a place for copies.
pub struct Ground {
    pub world: World,
    pub folder: Folder,
    settings: Settings,
    loaded_at: Nanos,
    clock: Clock,
    cut: Cut,
    _record: tempfile::TempDir,
}

impl Ground {
    /// Lets clients work until `most` rows are kept of either kind.
    pub async fn prepare(engine: &'static Engine, lane: u8, kept: &Kept, most: usize) -> Self {
        let record = tempfile::tempdir().unwrap();
        let folder = Folder::new(record.path());
        let settings = Settings { rows: 25_000, op_timeout: Duration::from_secs(20), ..Settings::default() };
        let clock = Clock::start();
        let world = World::start(engine, lane, &settings, &folder.initial_rows()).await;
        let loaded_at = clock.now();
        world.server.run(DATABASE, kept.graveyard).await.unwrap();
        let ledger = Ledger::open(&folder.ledger(), &folder.ledger_rows()).unwrap();
        let enough = ("SELECT count(*) FROM graveyard", most);
        let next_op = work(&world, &settings, &ledger, clock, 1, enough).await;
        let now = clock.now();
        let cut = Cut { earliest: now, latest: now, claimed_by: "the clients stood still".into() };
        copy(&world.server, DATABASE, AT_CUT).await.unwrap();
        let later = kept.later.replace("$op", &next_op.to_string());
        work(&world, &settings, &ledger, clock, next_op, (&later, most)).await;
        ledger.close().await.unwrap();
        let aside = world.server.host().path("tmp/later");
        for (database, sql) in kept.bring {
            let sql = sql.replace("$k", &most.to_string()).replace("$aside", &aside);
            world.server.run(database, &sql).await.unwrap();
        }
        begin_record(&folder, engine);
        Self { world, folder, settings, loaded_at, clock, cut, _record: record }
    }

    /// A copy in which `sql` was done, as an examination sees it: what is different, and the verdict.
    pub async fn judge_copy(&self, sql: &str) -> (oracle::Comparison, DrillVerdict) {
        let server = &self.world.server;
        copy(server, AT_CUT, COPY).await.unwrap();
        break_in(server, COPY, sql).await.unwrap();
        let read = self.examine(COPY).await;
        drop_database(server, COPY).await.unwrap();
        let tables: Vec<_> = self.world.engine.domain().tables().iter().map(|table| table.record()).collect();
        let found =
            oracle::compare(&self.folder, &tables, &self.cut, self.loaded_at, oracle::Declared::default()).unwrap();
        let events = [
            (self.loaded_at, Event::Loaded { rows: self.settings.rows, bytes: 1 }),
            (self.cut.latest, Event::RecoveryPoint(self.cut.clone())),
            (self.clock.now(), Event::Observed { name: "rows".into() }),
            (self.clock.now(), Event::Finished),
        ];
        let mut history = Writer::create(&self.folder.history()).unwrap();
        for (at, event) in events {
            history.append(&Entry { at, wall: wall(), event }).unwrap();
        }
        history.sync().unwrap();
        self.folder.store(&self.folder.observation("rows"), &Observation::Rows(read)).unwrap();
        let verdict = verdict::judge(&self.folder).unwrap();
        std::fs::remove_file(self.folder.history()).unwrap();
        (found, verdict)
    }

    /// Reads every row of a database, as a drill does.
    pub async fn examine(&self, database: &str) -> Rows {
        let _ = std::fs::remove_file(self.folder.restored_rows());
        let domain = self.world.engine.domain();
        let snapshot = Snapshot::take(&self.world.server, database).await.unwrap();
        let mut read = rows::observe(&snapshot, domain, None, &self.folder.restored_rows()).await.unwrap();
        let owed = images::Owed {
            folder: &self.folder,
            settings: &self.settings,
            cut: &self.cut,
            loaded_at: self.loaded_at,
            declared: oracle::Declared::default(),
        };
        read.images = images::observe(&snapshot, domain, None, owed).await.unwrap();
        read
    }
}

/// Lets clients work until that many are counted; the next operation's id.
async fn work(
    world: &World,
    settings: &Settings,
    ledger: &Ledger,
    clock: Clock,
    first_op: u64,
    (count, enough): (&str, usize),
) -> u64 {
    let (tallies, _) = mpsc::channel(1);
    let (domain, login, settings) = (world.engine.domain(), world.application.clone(), settings.clone());
    let ledger = ledger.handle();
    let workload = Workload { domain, login, objects: None, settings, epoch: 0, first_op, ledger, clock, tallies };
    let running = workload.start();
    let client = world.server.connect(DATABASE).await.unwrap();
    let deadline = clock.now().plus(BOUND);
    while client.value(count).await.unwrap().unwrap().parse::<usize>().unwrap() < enough {
        assert!(clock.now() < deadline, "fewer than {enough} in {BOUND}: {count}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let stopped = running.stop().await;
    assert!(stopped.ledger_whole);
    stopped.next_op
}
