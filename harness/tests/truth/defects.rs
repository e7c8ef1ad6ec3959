//! Exactly so many rows deleted, changed, doubled, brought back, or added from after R in a real copy: exactly so many of
//! that kind are found, and nothing of another kind.

use std::path::PathBuf;
use std::time::Duration;

use blackstart::clock::{Clock, wall};
use blackstart::engine::postgres::SUPERUSER;
use blackstart::examine::snapshot::Snapshot;
use blackstart::examine::{images, rows};
use blackstart::host::Command;
use blackstart::workload::{Ledger, Settings, Workload};
use blackstart_judge::{oracle, verdict};
use blackstart_record::event::{Cut, Entry, Event};
use blackstart_record::history::Writer;
use blackstart_record::observation::Observation;
use blackstart_record::record::Folder;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{DifferenceKind, DrillVerdict, Verdict};
use tokio::sync::mpsc;

use crate::server::{DATABASE, Server, begin_record, domain, shipped};

/// A kind of defect: where it is planted, how (`$k` rows), and what it has to be called.
struct Defect {
    kind: DifferenceKind,
    table: &'static str,
    sql: &'static str,
}

const DEFECTS: &[Defect] = &[
    Defect {
        kind: DifferenceKind::Missing,
        table: "app.orders",
        sql: "DELETE FROM app.orders WHERE id IN (SELECT id FROM app.orders ORDER BY md5(id::text) LIMIT $k)",
    },
    Defect {
        // As close as values come: the empty text is not NULL.
        kind: DifferenceKind::Changed,
        table: "app.customers",
        sql: "UPDATE app.customers SET nickname = CASE WHEN nickname IS NULL THEN '' ELSE NULL END \
              WHERE id IN (SELECT id FROM app.customers ORDER BY md5(id::text) LIMIT $k)",
    },
    Defect {
        kind: DifferenceKind::Duplicate,
        table: "audit.log",
        sql: "ALTER TABLE audit.log DROP CONSTRAINT log_pkey; \
              INSERT INTO audit.log OVERRIDING SYSTEM VALUE SELECT * FROM audit.log ORDER BY md5(id::text) LIMIT $k",
    },
    Defect {
        kind: DifferenceKind::Resurrected,
        table: "app.order_lines",
        sql: "INSERT INTO app.order_lines SELECT * FROM graveyard ORDER BY order_number, line LIMIT $k",
    },
    Defect { kind: DifferenceKind::AfterCut, table: "audit.log", sql: "COPY audit.log FROM '$later'" },
];

const NUMBERS: [usize; 3] = [1, 7, 1_000];
const MOST: i64 = 1_000;

/// Keeps what is deleted, to bring it back.
const GRAVEYARD: &str = "CREATE TABLE graveyard (LIKE app.order_lines);
    CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN INSERT INTO public.graveyard SELECT old.*; RETURN old; END $$;
    CREATE TRIGGER bury AFTER DELETE ON app.order_lines FOR EACH ROW EXECUTE FUNCTION bury()";

/// A database as it was at R, everything that clients did before and after, and a place for copies.
struct Ground {
    server: Server,
    folder: Folder,
    settings: Settings,
    loaded_at: Nanos,
    clock: Clock,
    cut: Cut,
    /// A file with rows that were written after R, on the server's disk.
    later: String,
    _record: tempfile::TempDir,
}

/// The database as it was at R, which every copy is made of.
const AT_CUT: &str = "at_cut";

impl Ground {
    async fn prepare(lane: u8) -> Self {
        let record = tempfile::tempdir().unwrap();
        let folder = Folder::new(record.path());
        let settings = Settings { rows: 25_000, op_timeout: Duration::from_secs(20), ..Settings::default() };
        let clock = Clock::start();
        let server = Server::start(lane, &settings, &folder.initial_rows()).await;
        let loaded_at = clock.now();
        server.postgres.run(DATABASE, GRAVEYARD).await.unwrap();
        let ledger = Ledger::open(&folder.ledger(), &folder.ledger_rows()).unwrap();
        let enough = "SELECT count(*) FROM graveyard";
        let next_op = work(&server, &settings, &ledger, clock, 1, enough).await;
        let now = clock.now();
        let cut = Cut { earliest: now, latest: now, claimed_by: "the clients stood still".into() };
        let copy = format!("CREATE DATABASE {AT_CUT} TEMPLATE {DATABASE}");
        server.postgres.run(SUPERUSER, &copy).await.unwrap();
        let enough = format!("SELECT count(*) FROM audit.log WHERE op >= {next_op}");
        work(&server, &settings, &ledger, clock, next_op, &enough).await;
        ledger.close().await.unwrap();
        let later = server.postgres.host().path("tmp/later");
        begin_record(&folder, &shipped());
        Self { server, folder, settings, loaded_at, clock, cut, later, _record: record }
    }

    /// A copy in which `sql` was done, as an examination sees it: what is different, and the verdict.
    async fn judge_copy(&self, sql: &str) -> (oracle::Comparison, DrillVerdict) {
        let postgres = &self.server.postgres;
        postgres.run(SUPERUSER, &format!("CREATE DATABASE copy TEMPLATE {AT_CUT}")).await.unwrap();
        // As a broken restore would, past all foreign keys and triggers.
        postgres.run("copy", &format!("SET session_replication_role = replica; {sql}")).await.unwrap();
        let read = self.examine("copy").await;
        postgres.run(SUPERUSER, "DROP DATABASE copy WITH (FORCE)").await.unwrap();
        let tables: Vec<_> = domain().tables().iter().map(|table| table.record()).collect();
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
    async fn examine(&self, database: &str) -> blackstart_record::observation::Rows {
        let _ = std::fs::remove_file(self.folder.restored_rows());
        let snapshot = Snapshot::take(&self.server.postgres, database).await.unwrap();
        let mut read = rows::observe(&snapshot, domain(), None, &self.folder.restored_rows()).await.unwrap();
        let owed = images::Owed {
            folder: &self.folder,
            settings: &self.settings,
            cut: &self.cut,
            loaded_at: self.loaded_at,
            declared: oracle::Declared::default(),
        };
        read.images = images::observe(&snapshot, domain(), None, owed).await.unwrap();
        read
    }
}

/// Lets clients work until `enough` counts [`MOST`]; the next operation's id.
async fn work(server: &Server, settings: &Settings, ledger: &Ledger, clock: Clock, first_op: u64, enough: &str) -> u64 {
    let (tallies, _) = mpsc::channel(1);
    let (login, settings) = (server.application.clone(), settings.clone());
    let ledger = ledger.handle();
    let workload =
        Workload { domain: domain(), login, objects: None, settings, epoch: 0, first_op, ledger, clock, tallies };
    let running = workload.start();
    let client = server.postgres.connect(DATABASE).await.unwrap();
    let deadline = clock.now().plus(Nanos::from_secs(120));
    while client.value(enough).await.unwrap().unwrap().parse::<i64>().unwrap() < MOST {
        assert!(clock.now() < deadline, "not enough: {enough}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let stopped = running.stop().await;
    assert!(stopped.ledger_whole);
    stopped.next_op
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_planted_defects_are_found_and_called_what_they_are() {
    let _alone = crate::ALONE.lock().await;
    let ground = Ground::prepare(30).await;
    let (untouched, verdict) = ground.judge_copy("SELECT 1").await;
    assert_eq!(untouched.differences, []);
    assert_eq!((untouched.torn, untouched.unverifiable, untouched.open, untouched.holes.rows), (0, 0, 0, 0));
    assert!(untouched.tail.operations >= MOST as u64, "what was done after R is the tail: {:?}", untouched.tail);
    let outcome =
        |verdict: &DrillVerdict, name| verdict.findings.iter().find(|finding| finding.checker == name).unwrap().verdict;
    assert_eq!((outcome(&verdict, "LOST"), outcome(&verdict, "GHOST")), (Verdict::Met, Verdict::Met));
    for Defect { kind, table, sql } in DEFECTS {
        let what = format!("{kind:?} in {table}");
        for k in NUMBERS {
            let later = format!("COPY (SELECT * FROM audit.log ORDER BY id DESC LIMIT {k}) TO '{}'", ground.later);
            ground.server.postgres.run(DATABASE, &later).await.unwrap();
            let sql = sql.replace("$k", &k.to_string()).replace("$later", &ground.later);
            let (found, verdict) = ground.judge_copy(&sql).await;
            let differences: Vec<_> =
                found.differences.iter().map(|found| (found.table.as_str(), found.kind, found.count)).collect();
            assert_eq!(differences, [(*table, *kind, k as u64)], "{k} {what}");
            assert_eq!((found.torn, found.unverifiable, found.open), (0, 0, 0), "{k} {what}");
            assert_eq!(found.tail, untouched.tail, "{k} {what}");
            let hole = matches!(kind, DifferenceKind::Missing | DifferenceKind::Changed);
            assert_eq!(found.holes.rows, if hole { k as u64 } else { 0 }, "{k} {what}");
            let expected = if hole { (Verdict::Missed, Verdict::Met) } else { (Verdict::Met, Verdict::Missed) };
            assert_eq!((outcome(&verdict, "LOST"), outcome(&verdict, "GHOST")), expected, "{k} {what}");
            let rpa = verdict.measures.rpa.unwrap();
            assert_eq!((rpa.hole_rows, rpa.tail_operations), (found.holes.rows, untouched.tail.operations), "{what}");
        }
    }
}

/// Every row of every table, in key order.
async fn digest(ground: &Ground, database: &str) -> Vec<u8> {
    ground.examine(database).await;
    std::fs::read(ground.folder.restored_rows()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_twice_gives_the_same_logical_digest() {
    let _alone = crate::ALONE.lock().await;
    let ground = Ground::prepare(31).await;
    let postgres = ground.server.postgres.postgres().unwrap();
    let tool = async |name: &str, args: &[&str]| {
        let command = Command::new(postgres.program(name)).env("PGHOST", postgres.socket()).args(["-U", SUPERUSER]);
        postgres.host().exec(&command.args(args.iter().copied())).await.unwrap().success(name).unwrap();
    };
    let dump: PathBuf = postgres.host().path("tmp/dump").into();
    let dump = dump.to_str().unwrap();
    tool("pg_dump", &["--format=custom", "--file", dump, AT_CUT]).await;
    let mut digests = vec![digest(&ground, AT_CUT).await];
    for restored in ["restored_1", "restored_2"] {
        postgres.run(SUPERUSER, &format!("CREATE DATABASE {restored} TEMPLATE template0")).await.unwrap();
        tool("pg_restore", &["--exit-on-error", "--enable-row-security", "--dbname", restored, dump]).await;
        digests.push(digest(&ground, restored).await);
    }
    assert!(digests[0].len() > 100_000, "there is something to digest");
    assert!(digests[1] == digests[2], "two restorations differ");
    assert!(digests[0] == digests[1], "the restoration differs from what was dumped");
}
