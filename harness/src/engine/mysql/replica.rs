//! A replica that follows a server by its binary log: begun empty, watched, paused, rolled on to a transaction, and promoted.
//!
//! MariaDB throws the relay log away of a replica that goes by GTID when it is started with both of its threads stopped, to ask
//! its source for the log anew. Whoever has lost that source has it go by positions first.

pub mod copying;
mod shipments;
mod status;
mod way;

use std::time::Duration;

use blackstart_record::alert::OwnLag;
use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;

use super::client::Client;
use super::flavour::word;
use super::values::quoted;
use super::{Flavour, Mysql, SYSTEM, config};
use crate::engine::replication::Following;
use crate::failure::{Context, Error, Result};
pub use shipments::Shipments;
use shipments::Shipper;
use status::{Position, Status};
pub use way::Way;
use way::log_end;

/// The account by which a replica logs in at its source.
const ACCOUNT: &str = "replicator";
/// What keeps everybody but the superuser from writing to a replica.
const READ_ONLY: &str = "read_only";
const LOOK: Duration = Duration::from_millis(20);
/// Nothing that a replica has received is applied later than that, unless something keeps it from it.
const MOMENT: Duration = Duration::from_millis(500);
/// In so many looks in a row a replica has to have nothing left to apply: between two events it may seem so, too.
const IDLE: u32 = 5;

/// Sets the number of a server that begins empty, as a replica, apart from the one that its host's server may have had before.
const ANEW: u32 = 1 << 31;

/// What only a replica is told: until it is promoted, to let nobody write; and a number of its own, because a host that failed
/// has to take from the log what it wrote itself, too.
pub fn settings(replica: &Mysql) -> Vec<(String, String)> {
    vec![(READ_ONLY.to_owned(), "ON".to_owned()), config::server_id(replica.host(), ANEW)]
}

/// Lets a replica in at `source`.
///
/// # Errors
/// The source's answer.
pub async fn admit(source: &Mysql, following: &Following) -> Result<()> {
    let rights = if following.copies { copying::RIGHTS } else { "REPLICATION SLAVE" };
    let made =
        format!("CREATE USER IF NOT EXISTS '{ACCOUNT}'@'%' ACCOUNT LOCK; GRANT {rights} ON *.* TO '{ACCOUNT}'@'%'");
    source.run(SYSTEM, &made).await.cannot("admit the replica")?;
    source.set_password(ACCOUNT, &following.password).await
}

/// Starts a server that is empty, or was filled, which takes all that its source has logged beyond that and follows it from then
/// on, or waits for shipments.
///
/// # Errors
/// Why it did not start or follow.
pub async fn start(replica: &mut Mysql, following: &Following, bound: Duration) -> Result<()> {
    replica.start(bound).await?;
    let client = replica.connect_unlogged().await?;
    client.batch(&replica.flavour().follow(ACCOUNT, following)).await.cannot("follow the source")?;
    until(replica, &client, "following its source", bound, |status| Ok(status.receives && status.applies)).await?;
    if let Pace::Every(_) = following.pace {
        client.batch(&replica.flavour().said(shipments::STOP)).await.cannot("have it wait for shipments")?;
    }
    Ok(())
}

/// Waits until `replica` has applied all that its source had logged when this began; up to which position of the source's log.
///
/// # Errors
/// One of them does not answer, or a replica follows nobody or has not come so far within `bound`.
pub async fn caught_up(way: &Way<'_>, replica: &Mysql, bound: Duration) -> Result<String> {
    reached(way, replica, "catching up", bound, |status| &status.applied).await
}

/// Waits until `replica` has all that its source had logged when this began, applied or not; up to which position of the
/// source's log.
///
/// # Errors
/// One of them does not answer, or a replica follows nobody or has not come so far within `bound`.
pub async fn received(way: &Way<'_>, replica: &Mysql, bound: Duration) -> Result<String> {
    reached(way, replica, "receiving the log", bound, |status| &status.received).await
}

/// Has a replica receive all that there is by now, and then again once in `every`, and nothing in between, until that is ended;
/// up to which position of the source's log the first of these shipments came.
///
/// # Errors
/// One of them does not answer, or it did not come within `bound`.
pub async fn ship_every(way: &Way<'_>, replica: &Mysql, every: Duration, bound: Duration) -> Result<String> {
    let logged = way.passed_on(bound).await?;
    let shipper = Shipper::between(way.nearest(), replica, bound);
    shipper.ship(|| false).await.cannot("ship the log for the first time")?;
    replica.keep(Some(Shipments::begin(shipper, every)));
    Ok(logged.to_string())
}

/// Ends the shipments to a replica; what came of them. `None`: there were none.
pub async fn end_shipments(replica: &Mysql) -> Option<String> {
    Some(replica.keep(None)?.end().await.to_string())
}

/// How far behind its source a replica says that it is, in whole seconds; `None`: it applies nothing, or follows nobody.
///
/// # Errors
/// The server's answer.
pub async fn own_lag(client: &Client) -> Result<Option<OwnLag>> {
    let said = client.named("SHOW REPLICA STATUS").await?.unwrap_or_default();
    // In the words of MariaDB and of MySQL.
    let seconds =
        ["Seconds_Behind_Master", "Seconds_Behind_Source"].iter().find_map(|name| said.get(*name)?.parse().ok());
    Ok(seconds.map(|seconds| OwnLag { behind: Nanos::from_secs(seconds), resolution: Nanos::from_secs(1) }))
}

/// Pauses a replica's applying, or lets it go on, and waits until it does.
///
/// # Errors
/// The server's answer, or that it did not happen within `bound`.
pub async fn set_paused(replica: &Mysql, paused: bool, bound: Duration) -> Result<()> {
    let client = replica.connect(SYSTEM).await?;
    let (sql, what) = if paused {
        ("STOP SLAVE SQL_THREAD", "pausing the applying")
    } else {
        ("START SLAVE SQL_THREAD", "resuming the applying")
    };
    client.batch(&replica.flavour().said(sql)).await.cannot(what)?;
    until(replica, &client, what, bound, |status| Ok(status.applies != paused)).await.map(drop)
}

/// Lets the source log something that is no data, and waits until `replica` has received it, and not applied it.
///
/// # Errors
/// It was applied, or not received within `bound`, or one of them does not answer.
pub async fn stands_still(way: &Way<'_>, replica: &Mysql, bound: Duration) -> Result<String> {
    let before = log_end(way.nearest()).await?;
    way.source.run(SYSTEM, "FLUSH STATUS").await?;
    way.passed_on(bound).await?;
    let written = log_end(way.nearest()).await?;
    let client = replica.connect(SYSTEM).await?;
    let still = |status: &Status| match status.applied > before {
        true => Err(Error::new(format!("the replica applies: it has come to {}", status.applied))),
        false => Ok(status.received >= written),
    };
    until(replica, &client, "the replica's receiving", bound, still).await?;
    // One that applies takes a moment for it.
    tokio::time::sleep(MOMENT).await;
    let Status { received, applied, .. } = until(replica, &client, "the replica's receiving", bound, still).await?;
    Ok(format!("it has received up to {received}, and applied up to {applied}"))
}

/// Has a delayed replica apply at once what it has received from before the transaction with the GTID `id`; up to where.
///
/// # Errors
/// It has not received that transaction, or has applied it, or has not come so far within `bound`.
pub async fn roll_on(replica: &Mysql, id: &str, bound: Duration) -> Result<String> {
    let (client, flavour) = (replica.connect(SYSTEM).await?, replica.flavour());
    let goal = match flavour {
        Flavour::MariaDb => {
            client.batch(flavour.to_hurry()).await?;
            let status = Status::read(replica, &client).await?;
            let found = status.find(&client, id).await?;
            let (file, at) = found.ok_or_else(|| unreceived(id, &status))?;
            hurry(replica, &client).await?;
            format!("RELAY_LOG_FILE = {}, RELAY_LOG_POS = {at}", word(&file))
        }
        Flavour::MySql => {
            client.batch(flavour.to_hurry()).await?;
            let status = Status::read(replica, &client).await?;
            let sql = format!(
                "SELECT GTID_SUBSET({id}, {}) AND NOT GTID_SUBSET({id}, @@global.gtid_executed)",
                word(&status.retrieved),
                id = word(id),
            );
            if client.value(&sql).await?.as_deref() != Some("1") {
                return Err(unreceived(id, &status));
            }
            hurry(replica, &client).await?;
            format!("SQL_BEFORE_GTIDS = {}", word(id))
        }
    };
    client.batch(&flavour.said(&format!("START SLAVE SQL_THREAD UNTIL {goal}"))).await?;
    until(replica, &client, "rolling on", bound, |status| Ok(!status.applies)).await?;
    position(&client, flavour).await
}

/// Up to which transaction of its source a replica has applied.
async fn position(client: &Client, flavour: Flavour) -> Result<String> {
    Ok(client.value(flavour.applied()).await?.unwrap_or_default())
}

fn unreceived(id: &str, status: &Status) -> Error {
    let Status { received, applied, .. } = status;
    Error::new(format!(
        "transaction {id} is not among what the replica still has to apply: it has received up to {received}, and applied up \
         to {applied}"
    ))
}

/// Ends the delay of a replica that was made ready for it, and keeps what it has received.
async fn hurry(replica: &Mysql, client: &Client) -> Result<()> {
    let status = Status::read(replica, client).await?;
    // A change forgets what was received, unless it says where to go on.
    let relay = match replica.flavour() {
        Flavour::MariaDb => {
            let (file, at) = &status.relay;
            format!(", MASTER_USE_GTID = no, RELAY_LOG_FILE = {}, RELAY_LOG_POS = {at}", word(file))
        }
        // Nor while it still receives.
        Flavour::MySql => String::new(),
    };
    let change = format!("CHANGE MASTER TO MASTER_DELAY = 0{relay}");
    client.batch(&replica.flavour().said(&change)).await.cannot("end the replica's delay")
}

/// Has a replica apply all that it has received, unless it is where it is to be; then it follows nobody, has its events on, and takes
/// writes, also after its next start.
///
/// # Errors
/// The server's answer, or that it has not applied everything within `bound`.
pub async fn promote(replica: &Mysql, is_there: bool, bound: Duration) -> Result<String> {
    if !is_there {
        apply_received(replica, bound).await?;
    }
    let (client, flavour) = (replica.connect(SYSTEM).await?, replica.flavour());
    client.batch(&flavour.said("STOP SLAVE")).await?;
    let applied = position(&client, flavour).await?;
    client.batch(&flavour.said("RESET SLAVE ALL")).await?;
    let events = alter_events(&client, &["SLAVESIDE_DISABLED", "REPLICA_SIDE_DISABLED"], "ENABLE").await?;
    // Last: whoever comes in before writes nothing.
    let config = replica.host().outside(config::CONFIG);
    let text = std::fs::read_to_string(&config).cannot("read the replica's settings")?;
    replica.host().write(config::CONFIG, config::without(&text, READ_ONLY).as_bytes(), 0o644)?;
    client.batch(&format!("SET GLOBAL {READ_ONLY} = OFF")).await?;
    Ok(format!("last applied position {applied}, events switched on: {events}, writes let in"))
}

/// Has a replica receive nothing any more, and waits until nothing that it has received is left to apply, whatever kept it from
/// being applied; up to where.
///
/// # Errors
/// The server's answer, or that it did not come so far within `bound`.
pub async fn apply_received(replica: &Mysql, bound: Duration) -> Result<String> {
    let (client, flavour) = (&replica.connect(SYSTEM).await?, replica.flavour());
    // MySQL forgets what it has received if it is changed while it receives nothing, as between two shipments.
    if flavour == Flavour::MariaDb || Status::read(replica, client).await?.is_late {
        client.batch(flavour.to_hurry()).await?;
        hurry(replica, client).await?;
    }
    client.batch(flavour.to_go_on()).await?;
    let deadline = tokio::time::Instant::now() + bound;
    let mut idle = 0;
    loop {
        let status = Status::read(replica, client).await?;
        idle = if status.nothing_is_left(client, flavour).await? { idle + 1 } else { 0 };
        if idle == IDLE {
            return position(client, flavour).await;
        }
        status.still(replica, "applying what was received", bound, deadline)?;
        tokio::time::sleep(LOOK).await;
    }
}

/// Alters every event that is in one of these states; how many there are. A replica has every event of its source, and runs none of
/// them. Whoever alters one becomes its definer, unless the statement names another.
async fn alter_events(client: &Client, states: &[&str], to: &str) -> Result<usize> {
    let sql = format!(
        "SELECT event_schema, event_name, SUBSTRING_INDEX(definer, '@', 1), SUBSTRING_INDEX(definer, '@', -1) \
         FROM information_schema.events WHERE status IN ({})",
        states.iter().map(|state| word(state)).collect::<Vec<_>>().join(", ")
    );
    let events = client.rows(&sql).await?;
    for event in &events {
        if let [Some(schema), Some(name), Some(user), Some(host)] = event.as_slice() {
            let (user, host) = (word(user), word(host));
            let (schema, name) = (quoted(schema), quoted(name));
            client.batch(&format!("ALTER DEFINER = {user}@{host} EVENT {schema}.{name} {to}")).await?;
        }
    }
    Ok(events.len())
}

/// Waits until a replica has come to what its source had logged when this began; which position of the source's log that is.
async fn reached(
    way: &Way<'_>,
    replica: &Mysql,
    what: &str,
    bound: Duration,
    position: impl Fn(&Status) -> &Position,
) -> Result<String> {
    let logged = way.passed_on(bound).await?;
    let wanted = log_end(way.nearest()).await?;
    let client = replica.connect(SYSTEM).await?;
    until(replica, &client, what, bound, |status| Ok(*position(status) >= wanted)).await?;
    Ok(logged.to_string())
}

/// Asks a replica again and again where it is, until `enough` finds that it is there.
async fn until(
    replica: &Mysql,
    client: &Client,
    what: &str,
    bound: Duration,
    enough: impl Fn(&Status) -> Result<bool>,
) -> Result<Status> {
    let deadline = tokio::time::Instant::now() + bound;
    loop {
        let status = Status::read(replica, client).await?;
        if enough(&status)? {
            return Ok(status);
        }
        status.still(replica, what, bound, deadline)?;
        tokio::time::sleep(LOOK).await;
    }
}
