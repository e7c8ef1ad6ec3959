//! The recovery point of a copy that nothing was replayed on up to a target: read off the copy itself, by the heartbeat
//! that it holds.

use std::time::Duration;

use blackstart_record::event::{Cut, Event};
use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;

use super::Drill;
use super::environment::promotes;
use crate::examine::probe::Probes;
use crate::examine::snapshot::Snapshot;
use crate::failure::Result;
use crate::pipeline::{Backup, Target};

/// A heartbeat that a copy holds: its number, when it was sent, and when the next had surely overwritten it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heartbeat {
    beat: u64,
    sent: Nanos,
    next: Nanos,
}

/// Where the backup ends that `snapshot` is a copy of, or the replay whose target has no place of its own in the log, or a
/// replica's last applied position; the history is told. `last`: the latest write that the source acknowledged.
pub(super) async fn read_off(
    drill: &Drill,
    (snapshot, target): (&Snapshot, Option<&Target>),
    (probes, last): (&Probes, Option<Nanos>),
    backup: &Backup,
) -> Result<Cut> {
    // A copy without that table is an answer too.
    let held = snapshot.last_beat().await?;
    let (beat, now) = (held.ok().flatten(), drill.clock.now());
    let loaded = &drill.request.loaded;
    let interval = loaded.plan.pipelines.get(&loaded.pipeline.name).and_then(|plan| plan.schedule.interval.as_ref());
    let interval = interval.map(|interval| interval.value);
    // A beat whose answer never came may have reached the replica, or the log, all the same.
    let applied = beat.and_then(|beat| probes.written_by(beat)).map(|(beat, sent, next)| Heartbeat {
        beat,
        sent,
        next: next.unwrap_or(now),
    });
    let compression = loaded.scenario.compression;
    let cut = if promotes(loaded) {
        let pace = loaded.pipeline.method.pipeline().pace();
        last_applied(backup, applied, now, promised(pace, backup, last.zip(interval), compression))
    } else if let Some(Target::BeforeSecond { at, .. }) = target {
        replayed(backup, applied, now, (*at, "up to the second of the bad transaction"))
    } else if target == Some(&Target::EndOfLog) {
        let way = backup.lag.map_or(Nanos::ZERO, |lag| lag.upper);
        let shipped = shipped(way, last, interval, compression);
        replayed(backup, applied, now, (shipped, "to its end, which owes what is older than two of its shippings"))
    } else {
        // Objects are copied one after the other, beside the dump: no instant within the backup is theirs.
        let beat = beat.filter(|_| loaded.environment.objects.is_none());
        let held = beat.and_then(|beat| Some((beat, probes.written(beat)?)));
        claimed(backup, held.map(|(beat, (sent, _, next))| Heartbeat { beat, sent, next: next.unwrap_or(now) }))
    };
    drill.emit(Event::RecoveryPoint(cut.clone())).await;
    Ok(cut)
}
/// The backup claims an instant of its own making, and nothing that a copy holds moves it out of that: a copy of another
/// backup owes what this one owes. A heartbeat was written after `sent` and overwritten before `next`.
fn claimed(backup: &Backup, heartbeat: Option<Heartbeat>) -> Cut {
    let between = |earliest: Nanos, latest: Nanos, why: &str| Cut {
        earliest,
        latest,
        claimed_by: format!("backup {}, {why}", backup.id),
    };
    let Some(Heartbeat { beat, sent, next }) = heartbeat else {
        return between(backup.begun, backup.durable, "somewhere between its beginning and its end");
    };
    let (earliest, latest) = (sent.max(backup.begun), next.min(backup.durable));
    if earliest > latest {
        let why =
            format!("somewhere between its beginning and its end; the copy's heartbeat {beat} is not of that time");
        return between(backup.begun, backup.durable, &why);
    }
    between(earliest, latest, &format!("which holds heartbeat {beat}"))
}

/// What is older than this, the schedule has shipped, counted from the `last` write that was acknowledged: one shipping may be
/// under way, and the one before it is through; each takes the `way`. No documented interval: nothing.
fn shipped(way: Nanos, last: Option<Nanos>, interval: Option<Nanos>, compression: u32) -> Nanos {
    let (Some(last), Some(interval)) = (last, interval) else { return Nanos::ZERO };
    let each = Duration::from(interval) / compression.max(1) + Duration::from(way);
    last.since((each * 2).into())
}

/// A replayed copy claims the heartbeat that it holds, and no less than what its target names.
fn replayed(backup: &Backup, heartbeat: Option<Heartbeat>, now: Nanos, (named, what): (Nanos, &str)) -> Cut {
    let held = heartbeat.map_or("without a known heartbeat".to_owned(), |held| format!("heartbeat {}", held.beat));
    let (sent, next) = heartbeat.map_or((Nanos::ZERO, now), |held| (held.sent, held.next));
    let earliest = sent.max(backup.begun).max(named);
    Cut { earliest, latest: next.max(earliest), claimed_by: format!("the log, replayed {what}: {held}") }
}

/// What a replica owes by its document's word, whatever it has applied: all that is older than this, and which word that is.
/// Counted from the last write that its source acknowledged, by the alarm for its lag (nobody was told that it lags further,
/// and it was promoted) or by what lies between two shipments to it.
fn promised(
    pace: Pace,
    backup: &Backup,
    last_and_interval: Option<(Nanos, Nanos)>,
    compression: u32,
) -> Option<(Nanos, String)> {
    let (last, interval) = last_and_interval?;
    Some(match pace {
        Pace::AtOnce | Pace::Late(_) => {
            let word = format!("whose documented lag alarm is {interval}: it owes all that is older than that");
            (last.since(interval), word)
        }
        Pace::Every(_) => {
            let way = backup.durable.since(backup.begun);
            let word = format!("that receives once in {interval}: it owes all that is older than two of its shipments");
            (shipped(way, Some(last), Some(interval), compression), word)
        }
    })
}

/// A replica claims what it has applied, and that is no less than what it had when it was seen to have caught up, or than what
/// it owes by its document's word.
fn last_applied(backup: &Backup, heartbeat: Option<Heartbeat>, now: Nanos, promised: Option<(Nanos, String)>) -> Cut {
    let held = heartbeat.map_or("without a known heartbeat".to_owned(), |held| format!("heartbeat {}", held.beat));
    let (sent, next) = heartbeat.map_or((Nanos::ZERO, now), |held| (held.sent, held.next));
    let earliest = sent.max(backup.begun);
    let latest = next.max(earliest);
    match promised.filter(|(owed, _)| *owed > earliest) {
        Some((owed, word)) => Cut {
            earliest: owed,
            latest: latest.max(owed),
            claimed_by: format!("a replica {word}, though its last applied position ({held}) is older"),
        },
        None => Cut { earliest, latest, claimed_by: format!("the replica's last applied position, {held}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_narrows_the_backups_own_time_and_never_leaves_it() {
        let at = Nanos::from_millis;
        let backup = Backup { id: "b".into(), begun: at(1_000), durable: at(3_000), lag: None };
        let cases = [
            (None, (1_000, 3_000)),
            (Some((1_500, 1_540)), (1_500, 1_540)),
            (Some((980, 1_020)), (1_000, 1_020)),
            (Some((2_990, 3_030)), (2_990, 3_000)),
            // A copy of another backup, older or newer.
            (Some((100, 140)), (1_000, 3_000)),
            (Some((9_000, 9_040)), (1_000, 3_000)),
        ];
        for (heartbeat, (earliest, latest)) in cases {
            let held = heartbeat.map(|(sent, next)| Heartbeat { beat: 7, sent: at(sent), next: at(next) });
            let cut = claimed(&backup, held);
            assert_eq!((cut.earliest, cut.latest), (at(earliest), at(latest)), "{heartbeat:?}");
        }
    }

    #[test]
    fn a_replayed_copy_claims_what_it_holds_and_no_less_than_its_target_names() {
        let at = Nanos::from_millis;
        let backup = Backup { id: "b".into(), begun: at(1_000), durable: at(3_000), lag: None };
        for (heartbeat, named, (earliest, latest)) in [
            (Some((5_290, 5_330)), 5_300, (5_300, 5_330)),
            (Some((5_310, 5_330)), 5_300, (5_310, 5_330)),
            // It ended long before: what it lacks up to there it owes.
            (Some((4_000, 4_040)), 5_300, (5_300, 5_300)),
            (None, 5_300, (5_300, 9_000)),
            (Some((4_000, 4_040)), 0, (4_000, 4_040)),
            (Some((500, 540)), 0, (1_000, 1_000)),
        ] {
            let held = heartbeat.map(|(sent, next)| Heartbeat { beat: 7, sent: at(sent), next: at(next) });
            let cut = replayed(&backup, held, at(9_000), (at(named), "here"));
            assert_eq!((cut.earliest, cut.latest), (at(earliest), at(latest)), "{heartbeat:?} {named}");
        }
    }

    #[test]
    fn a_log_owes_what_is_older_than_two_of_its_compressed_shippings() {
        let at = Nanos::from_millis;
        for (way, last, interval, owed) in [
            (250, Some(20_000), Some(60_000), 17_500),
            (0, Some(20_000), Some(60_000), 18_000),
            (250, Some(20_000), None, 0),
            (250, None, Some(60_000), 0),
            // Nothing was to be shipped yet.
            (250, Some(2_000), Some(60_000), 0),
        ] {
            let since = shipped(at(way), last.map(at), interval.map(at), 60);
            assert_eq!(since, at(owed), "{way} {last:?} {interval:?}");
        }
    }

    #[test]
    fn a_replica_claims_what_it_applied_and_all_that_is_older_than_its_alarm() {
        let at = Nanos::from_millis;
        let backup = Backup { id: "b".into(), begun: at(1_000), durable: at(1_010), lag: None };
        let (now, last) = (9_000, Some(8_000));
        for (heartbeat, last, alarm, (earliest, latest)) in [
            // It follows: its own time is long over, and the alarm claims less than it holds.
            (Some((7_900, 8_040)), last, Some(2_000), (7_900, 8_040)),
            (Some((7_900, 8_040)), last, None, (7_900, 8_040)),
            // It lags, and nothing is documented: it claims what it has.
            (Some((3_000, 3_040)), last, None, (3_000, 3_040)),
            // It lags further than the alarm lets anybody believe.
            (Some((3_000, 3_040)), last, Some(2_000), (6_000, 6_000)),
            // No write was acknowledged: nothing to count the alarm from.
            (Some((3_000, 3_040)), None, Some(2_000), (3_000, 3_040)),
            // It was seen to have caught up, whatever it holds now.
            (Some((100, 140)), last, None, (1_000, 1_000)),
            (None, last, None, (1_000, 9_000)),
            (None, last, Some(2_000), (6_000, 9_000)),
            // An alarm that is longer than the drill.
            (Some((3_000, 3_040)), last, Some(60_000), (3_000, 3_040)),
        ] {
            let held = heartbeat.map(|(sent, next)| Heartbeat { beat: 7, sent: at(sent), next: at(next) });
            let promised = promised(Pace::AtOnce, &backup, last.map(at).zip(alarm.map(at)), 60);
            let cut = last_applied(&backup, held, at(now), promised);
            let case = format!("{heartbeat:?} {last:?} {alarm:?}");
            assert_eq!((cut.earliest, cut.latest), (at(earliest), at(latest)), "{case}");
        }
    }

    #[test]
    fn a_replica_that_receives_now_and_then_claims_all_that_two_shipments_bring() {
        let at = Nanos::from_millis;
        let (begun, durable) = (at(1_000), at(1_250));
        let backup = Backup { id: "b".into(), begun, durable, lag: None };
        for (heartbeat, last, earliest, word) in [
            // The last shipment came.
            ((18_000, 18_040), 20_000, 18_000, "the replica's last applied position"),
            // None came for long.
            ((3_000, 3_040), 20_000, 17_500, "a replica that receives once in 1 min"),
            ((3_000, 3_040), 4_000, 3_000, "the replica's last applied position"),
        ] {
            let (sent, next) = (at(heartbeat.0), at(heartbeat.1));
            let promised = promised(Pace::Every(at(60_000)), &backup, Some((at(last), at(60_000))), 60);
            let cut = last_applied(&backup, Some(Heartbeat { beat: 7, sent, next }), at(30_000), promised);
            assert_eq!(cut.earliest, at(earliest), "{heartbeat:?} {last}");
            assert!(cut.claimed_by.starts_with(word), "{}", cut.claimed_by);
        }
    }
}
