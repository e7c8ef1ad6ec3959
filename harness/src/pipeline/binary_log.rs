//! A server's binary log in the store: shipped as the server closes its files, brought to another host, and replayed there on
//! a copy of its data. MariaDB and MySQL.

use std::time::Duration;

use blackstart_record::time::Interval;

use super::{Done, Target, Tools, own, programs};
use crate::engine::mysql::Mysql;
use crate::engine::mysql::binlog::{self, Coordinates, End};
use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host};
use crate::plan::Lapse;

/// What ships the log, and where it remembers what it has shipped.
const SHIP: &str = include_str!("binary_log/ship.sh");
const SHIPPER: &str = "programs/ship.sh";
const STATE: &str = "ship";
/// Where the log is brought to.
const FETCHED: &str = "tmp/log";
/// Longer than any drill.
const ALWAYS: Duration = Duration::from_secs(30 * 86_400);

/// What is wrong with shipping it so often, if anything is.
pub(super) fn wrong(every: Lapse) -> Option<String> {
    let never = Duration::from(every.0).is_zero();
    never.then(|| "`ship-every` is zero: name the time after which the log is shipped again, such as `5m`".to_owned())
}

/// Puts what ships it on a host.
pub(super) fn install(host: &Host) -> Result<()> {
    host.write(SHIPPER, SHIP.as_bytes(), 0o755)
}

/// Ships the log from `from` on to `place` for the first time, and lets that go on by itself; how long it took.
pub(super) async fn begin_shipping(
    tools: Tools<'_>,
    place: &str,
    source: &Mysql,
    every: Lapse,
    from: &Coordinates,
) -> Result<Interval> {
    let every = Duration::from(every.0) / tools.compression;
    let host = source.host();
    let first = format!("{STATE}/from");
    if !host.outside(&first).exists() {
        host.write(&first, from.file.as_bytes(), 0o600)?;
    }
    let before = tools.clock.now();
    source.close_log().await?;
    let after = tools.clock.now();
    programs::within_bound(ship(tools, place, source, &["closed"])?, host, tools).await?;
    let shipped = tools.clock.now();
    let shipping = host.spawn(&ship(tools, place, source, &["every", &every.as_secs_f64().to_string()])?)?;
    // It ends with its host; until then somebody has to listen to it.
    tokio::spawn(async move { shipping.wait(ALWAYS).await });
    Ok(Interval { lower: shipped.since(after), upper: shipped.since(before) })
}

/// Ships what is left of it, and then nothing any more; what came of that.
pub(super) async fn ship_remainder(tools: Tools<'_>, place: &str, source: &Mysql) -> Result<String> {
    let index = format!("{}/binlog.index", source.data());
    if !source.host().outside(&index).exists() {
        return Ok("nothing is left of the source's log".to_owned());
    }
    let ship = ship(tools, place, source, &["rest"])?;
    source.host().exec(&ship).await?.success("ship.sh")?;
    Ok("what was left of the log is shipped".to_owned())
}

fn ship(tools: Tools<'_>, place: &str, source: &Mysql, does: &[&str]) -> Result<Command> {
    let host = source.host();
    let client = source.program(source.flavour().programs().client);
    let command = Command::new(host.path(SHIPPER)).args(does.iter().copied()).bound(tools.bound);
    let store = own::store(host, tools.repository)?;
    let command = store.into_iter().fold(command, |command, (name, value)| command.env(name, value));
    Ok(command
        .env("DATA", host.path(source.data()))
        .env("CLIENT", client.to_string_lossy())
        .env("TO", format!("{place}/log"))
        .env("STATE", host.path(STATE)))
}

/// Brings what is at `place` of the log to `host`; its bytes.
pub(super) async fn fetch(tools: Tools<'_>, place: &str, host: &Host) -> Result<u64> {
    host.remove_folder(FETCHED)?;
    host.make_folder(FETCHED)?;
    let (from, to) = (format!("{place}/log/"), host.path(&format!("{FETCHED}/")));
    programs::within_bound(Command::new("mc").args(["cp", "--quiet", "--recursive", &from, &to]), host, tools).await?;
    own::folder_bytes(&host.outside(FETCHED)).cannot("size what was fetched of the log")
}

/// Replays what was fetched on a copy that is as of `from`, and switches events on, which stood still until then: what they did
/// is in the log.
pub(super) async fn replay(tools: Tools<'_>, target: &Mysql, from: &Coordinates, to: &Target) -> Result<Done> {
    let host = target.host();
    let end = match to {
        Target::BeforeTransaction(id) => End::Before(id),
        Target::BeforeSecond { second, .. } => End::BeforeSecond(*second),
        Target::EndOfLog => End::Last,
        Target::Backup | Target::LastApplied => return Err(Error::new("there is nothing to replay to")),
    };
    if let End::Before(id) = end
        && target.holds(id).await?
    {
        return Err(binlog::in_backup(id, from));
    }
    let stretch = binlog::stretch(&host.outside(FETCHED), from, end)?;
    let (second, held) = (to.second(), target.executed().await?);
    let replay = target.replay(&host.path(FETCHED), &stretch, second.as_deref(), held.as_deref());
    programs::within_bound(replay, host, tools).await?;
    target.schedule_events(true).await?;
    let last = stretch.files.last().map_or("", String::as_str);
    let says = match (to, second) {
        (Target::BeforeTransaction(id), _) => {
            format!("replayed up to {last}:{}, just before transaction {id}", stretch.stop)
        }
        (_, Some(second)) => format!("replayed up to the first event of {second} UTC"),
        _ => format!("replayed to the log's end, {last}:{}, after {}", stretch.stop, stretch.held),
    };
    Ok(Done { bytes: None, says })
}
