//! How far behind a replica was: by the journey of a heartbeat, and by its own figure.

use blackstart_record::alert::{OwnLag, Seen};
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::LagMeasure;

use super::evidence::Evidence;
use super::words::count;

/// The lag over all looks that tell one; `None`: none does.
pub fn measure(evidence: &Evidence) -> Option<LagMeasure> {
    let own = |seen: &Seen| match seen {
        Seen::Replica { own, .. } => *own,
        _ => None,
    };
    let looks = evidence.story.looks.iter();
    let looks: Vec<(Interval, Option<OwnLag>)> =
        looks.filter_map(|look| Some((look.lag()?, own(&look.seen)))).collect();
    let greatest = looks.iter().map(|(lag, _)| *lag).max_by_key(|lag| (lag.lower, lag.upper))?;
    let both: Vec<(Interval, OwnLag)> = looks.iter().filter_map(|(lag, own)| Some((*lag, (*own)?))).collect();
    let beat = evidence.record.scenario.probes.beat;
    let agreed = both.iter().filter(|(lag, own)| agree(*lag, *own, beat)).count() as u64;
    let (looked, compared) = (looks.len() as u64, both.len() as u64);
    let own_greatest = both.iter().map(|(_, own)| own.behind).max();
    let of_its_own = match own_greatest {
        None => "its own figure was never told".to_owned(),
        Some(most) => {
            let resolution = both.iter().map(|(_, own)| own.resolution).max().unwrap_or_default();
            let coarse =
                if resolution > beat { format!(" and the {resolution} in which it counts") } else { String::new() };
            format!(
                "its own figure, at most {most}, was the same within a beat of {beat}{coarse} at {agreed} of {}",
                count(compared, "look")
            )
        }
    };
    let silent = if own_greatest.is_some() && compared < looked {
        format!("; at {} it told none", looked - compared)
    } else {
        String::new()
    };
    let says = format!("behind by at most {greatest}, at {}; {of_its_own}{silent}", count(looked, "look"));
    Some(LagMeasure { looks: looked, greatest, own_greatest, compared, agreed, says })
}

/// Whether both can be the same lag: a figure is cut off or rounded to the steps in which it counts, and what both look at moves
/// on by a beat between the two.
fn agree(outside: Interval, own: OwnLag, beat: Nanos) -> bool {
    let OwnLag { behind, resolution } = own;
    let slack = resolution.plus(beat);
    behind.plus(slack) >= outside.lower && behind.since(slack) <= outside.upper
}
