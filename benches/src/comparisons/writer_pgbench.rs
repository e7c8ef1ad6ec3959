//! A client of ours against pgbench: the same two statements in the same transaction, prepared, with as many clients,
//! through the same link. pgbench sends the statements of a transaction in one go, as our client does.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use blackstart::clock::Clock;
use blackstart::engine::fields::Value;
use blackstart::engine::{Door, Login};
use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;
use blackstart::secret::Secret;
use blackstart::workload::{
    Application, Canary, Domain, Ending, Generator, Invariant, Ledger, Operation, Random, Rows, Settings, Statement,
    Step, TableSpec, Workload, WriteTrial,
};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, interleaved, shown};
use crate::world::{DATABASE, World, application, domain, fast, load, output_of, runtime};

pub(super) const COMPARISON: Comparison = Comparison { name: "writer-pgbench", run: Run::Isolated(run) };

const ROW: Row =
    Row { name: "writer through its link", against: "pgbench, same SQL", unit: "x", aim: Aim::AtLeast(0.70) };
const PAIRS: usize = 10;
const CLIENTS: u32 = 8;
/// Seconds that are counted.
const SECONDS: usize = 4;
/// Each client, a tenant, changes this many goods.
const GOODS: u64 = 50;

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let files = scratch.clone();
    let mut world = World::new(isolation, scratch, EngineKind::Postgres)?;
    let runtime = runtime()?;
    let settings = Settings { rows: 50_000, clients: CLIENTS, tenants: CLIENTS, ..Settings::default() };
    let (_server, _links, login) = runtime.block_on(async {
        let server = world.server("primary", &fast(EngineKind::Postgres)).await?;
        load(&server, &settings, &files.join("initial.rows")).await?;
        let mut links = world.links().await?;
        let link = links.open("application", server.address()).await?;
        let login = application(&server, link.listen).await?;
        Ok::<_, crate::Error>((server, links, login))
    })?;
    let statements = statements()?;
    std::fs::write(files.join("script.sql"), script(&statements))?;
    let pgbench = world.installation.bindir().join("pgbench");
    let mut next_op = 1;
    ROW.begin();
    let (ours, bare) = interleaved(
        PAIRS,
        || ours(&runtime, &login, &settings, &files, &mut next_op),
        || bare(&pgbench, &login, &files),
    )?;
    ours.iter().zip(&bare).for_each(|(ours, bare)| ROW.sample(ours / bare));
    let (ours, bare) = (shown(&ours), shown(&bare));
    ROW.note(&format!("{ours} against {bare} transactions a second, medians; {CLIENTS} clients, ledger on, fsync off"));
    Ok(())
}

/// Transactions a second of our client, its ledger on.
fn ours(
    runtime: &Runtime,
    login: &Login,
    settings: &Settings,
    files: &std::path::Path,
    next_op: &mut u64,
) -> Result<f64> {
    let files = [files.join("ledger.bin"), files.join("rows.bin")];
    let ledger = Ledger::open(&files[0], &files[1])?;
    let narrow = Narrow { whole: domain(EngineKind::Postgres)?, statements: statements()? };
    let (tallies, mut seconds) = mpsc::channel(SECONDS + 4);
    let acknowledged = runtime.block_on(async {
        let workload = Workload {
            domain: &narrow,
            login: login.clone(),
            objects: None,
            settings: settings.clone(),
            epoch: 0,
            first_op: *next_op,
            ledger: ledger.handle(),
            clock: Clock::start(),
            tallies,
        };
        let running = workload.start();
        tokio::time::sleep(Duration::from_millis(200 + 1000 * (SECONDS as u64 + 1))).await;
        *next_op = running.stop().await.next_op;
        ledger.close().await?;
        seconds.recv().await.ok_or("no second was counted")?;
        let mut acknowledged = 0;
        for _ in 0..SECONDS {
            let (_, tally) = seconds.recv().await.ok_or("a second was not counted")?;
            if tally.failed + tally.unknown > 0 {
                return Err("an operation failed".into());
            }
            acknowledged += tally.acknowledged;
        }
        Ok::<_, crate::Error>(acknowledged)
    })?;
    files.iter().try_for_each(std::fs::remove_file)?;
    Ok(acknowledged as f64 / SECONDS as f64)
}

/// Transactions a second of pgbench, without the time to connect.
fn bare(pgbench: &std::path::Path, login: &Login, files: &std::path::Path) -> Result<f64> {
    let mut command = Command::new(pgbench);
    command.args([
        "--no-vacuum",
        "--protocol=prepared",
        "--jobs=2",
        "-D",
        "what=received",
        "-D",
        "subject=a goods receipt",
    ]);
    command.args([format!("--client={CLIENTS}"), format!("--time={SECONDS}")]);
    command.arg("--file").arg(files.join("script.sql"));
    let Door::Address(address) = login.door else { return Err("no address".into()) };
    command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string(), "-U", &login.user]);
    // A password of this run, for a server that nothing outside this comparison reaches.
    command.env("PGPASSWORD", login.password.as_ref().map(Secret::reveal).unwrap_or_default());
    command.arg(DATABASE);
    let said = output_of(&mut command)?;
    let line = |start: &str| said.lines().find_map(|line| line.strip_prefix(start)).map(str::trim);
    if line("number of failed transactions:").is_none_or(|failed| !failed.starts_with("0 ")) {
        return Err(format!("pgbench's transactions failed: {said}").into());
    }
    let tps = line("tps = ").and_then(|line| line.split_whitespace().next());
    Ok(tps.ok_or("pgbench names no rate")?.parse()?)
}

/// The log entry and the goods receipt of the domain's own application.
fn statements() -> Result<Vec<Statement>> {
    let all = domain(EngineKind::Postgres)?.application(&Settings::default(), 0);
    let find = |start: &str| all.statements().iter().find(|statement| statement.sql.starts_with(start)).cloned();
    let log = find("INSERT INTO audit.log").ok_or("the application does not log")?;
    let receive = find("UPDATE app.stock SET received").ok_or("the application receives no goods")?;
    Ok(vec![log, receive])
}

/// The same transaction as a script of pgbench: parameters stand as `$1`, and there as names.
fn script(statements: &[Statement]) -> String {
    let named = |statement: &Statement, names: &[&str]| {
        let named = (1..)
            .zip(names)
            .fold(statement.sql.clone(), |sql, (number, name)| sql.replace(&format!("${number}"), &format!(":{name}")));
        named.replace('\n', " ") + ";\n"
    };
    let log = named(&statements[0], &["tenant", "what", "subject", "detail", "op"]).replace(":detail", "NULL");
    let receive = named(&statements[1], &["product", "warehouse", "quantity", "op"]);
    format!(
        "\\set tenant :client_id + 1\n\\set product :tenant + {CLIENTS} * random(0, {})\n\\set warehouse 1\n\
         \\set quantity random(1, 5)\n\\set op random(1, 1000000)\n\\startpipeline\nBEGIN;\n\
         SELECT set_config('app.tenant', :tenant::text, true);\n{log}{receive}\\endpipeline\nCOMMIT;\n",
        GOODS - 1
    )
}

/// The domain with an application that does one thing only.
struct Narrow {
    whole: &'static dyn Domain,
    statements: Vec<Statement>,
}

impl Domain for Narrow {
    fn name(&self) -> &'static str {
        self.whole.name()
    }
    fn schema(&self) -> &'static str {
        self.whole.schema()
    }
    fn after_load(&self) -> &'static str {
        self.whole.after_load()
    }
    fn application_role(&self) -> &'static str {
        self.whole.application_role()
    }
    fn tables(&self) -> &'static [TableSpec] {
        self.whole.tables()
    }
    fn generator(&self, settings: &Settings) -> Box<dyn Generator> {
        self.whole.generator(settings)
    }
    fn application(&self, settings: &Settings, client: u32) -> Box<dyn Application> {
        Box::new(Receiver { statements: self.statements.clone(), seed: settings.seed, tenants: [client + 1] })
    }
    fn invariants(&self) -> &'static [Invariant] {
        self.whole.invariants()
    }
    fn canaries(&self) -> Vec<Canary> {
        self.whole.canaries()
    }
    fn write_trials(&self) -> &'static [WriteTrial] {
        self.whole.write_trials()
    }
}

/// One client of it: it needs no model, so it looks at nothing and learns nothing.
struct Receiver {
    statements: Vec<Statement>,
    seed: u64,
    tenants: [u32; 1],
}

impl Receiver {
    fn operation(&self, steps: Vec<Step>, ending: Ending) -> Operation {
        let [tenant] = self.tenants;
        let begin = format!("BEGIN; SELECT set_config('app.tenant', '{tenant}', true)");
        Operation { tenant, begin, steps, ending, object: None }
    }
}

impl Application for Receiver {
    fn statements(&self) -> &[Statement] {
        &self.statements
    }

    fn tenants(&self) -> &[u32] {
        &self.tenants
    }

    fn look(&self, _: u32) -> Operation {
        self.operation(Vec::new(), Ending::Rollback)
    }

    fn saw(&mut self, _: u32, _: &[Rows]) {}

    fn next(&mut self, op: u64) -> Operation {
        let mut random = Random::of(&[self.seed, op]);
        let [tenant] = self.tenants;
        let product = u64::from(tenant) + u64::from(CLIENTS) * random.below(GOODS);
        let (op, quantity) = (Value::Int8(op as i64), Value::Int4(1 + random.below(5) as i32));
        let subject = Value::Text("a goods receipt");
        let step = |statement, values: &[Value<'_>]| {
            let mut parameters = Vec::new();
            values.iter().for_each(|value| value.put(&mut parameters));
            Step { statement, parameters, rows: Some(1) }
        };
        let log = step(0, &[Value::Int4(tenant as i32), Value::Text("received"), subject, Value::Null, op]);
        let receive = step(1, &[Value::Int8(product as i64), Value::Int2(1), quantity, op]);
        self.operation(vec![log, receive], Ending::Commit)
    }

    fn acknowledged(&mut self, _: &[Rows]) {}
}
