//! What each probe's beat is worth, and where the service became stable. Pure.

use blackstart_record::event::{ProbeOutcome, Stream};
use blackstart_record::plan::{LATE_BEATS, ProbePlan};
use blackstart_record::time::{Interval, Nanos};

use super::story::Probe;

/// At least this many bad beats in a row, for long or at the very end of the watch, mean that the service did not stay.
const BAD_END: usize = 3;

/// The streams, all of which a recovery needs.
pub const STREAMS: [Stream; 3] = [Stream::Read, Stream::Write, Stream::Fresh];

/// What a beat is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Answered in time by the expected incarnation.
    Good,
    /// Unanswered, refused, or answered by another incarnation.
    Bad,
    /// Answered by the expected incarnation, too late.
    Late,
    /// The prober itself was late or sent nothing: neither an outage nor a success.
    Unseen,
}

impl Worth {
    fn is_bad(self) -> bool {
        matches!(self, Self::Bad | Self::Late)
    }
}

/// A rated probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When it was due.
    pub due: Nanos,
    /// When it was sent.
    pub sent: Nanos,
    /// When its outcome was known.
    pub ended: Nanos,
    /// Its worth.
    pub worth: Worth,
}

/// How soon a stream's probes are due and to be answered.
#[derive(Clone, Copy, Debug)]
struct Pace {
    beat: Nanos,
    /// A login costs many beats, and a new session's first answer more: where a held stream had to log in first, it has
    /// this long.
    login: Nanos,
}

/// One stream's beats in order of sending, rated for one expected incarnation.
#[derive(Debug)]
pub struct Rated {
    /// The beats.
    pub beats: Vec<Beat>,
    /// The time between two beats.
    beat: Nanos,
    /// For each beat, how many good ones in a row begin with it.
    runs: Vec<u32>,
}

impl Rated {
    /// Rates the probes of one stream, in order of sending, from `from` on.
    fn new(probes: &[Probe], pace: Pace, expected: u32, from: Nanos) -> Self {
        let Pace { beat, login } = pace;
        let patience = Nanos(beat.0.saturating_mul(u64::from(LATE_BEATS)));
        let rate = |probe: &Probe| match probe.outcome {
            ProbeOutcome::Dropped => Worth::Unseen,
            ProbeOutcome::Answered(life) if life == expected => {
                let took = probe.ended.since(probe.sent);
                let allowed = if probe.login { patience.max(login) } else { patience };
                if took > allowed {
                    Worth::Late
                } else if probe.sent.since(probe.due) > patience {
                    Worth::Unseen
                } else {
                    Worth::Good
                }
            }
            ProbeOutcome::Answered(_) | ProbeOutcome::Failed(_) | ProbeOutcome::TimedOut => Worth::Bad,
        };
        let beats: Vec<Beat> = probes
            .iter()
            .filter(|probe| probe.ended >= from)
            .map(|probe| Beat { due: probe.due, sent: probe.sent, ended: probe.ended, worth: rate(probe) })
            .collect();
        let mut runs = vec![0; beats.len()];
        for index in (0..beats.len()).rev() {
            if beats[index].worth == Worth::Good {
                // Beats that nobody even noted are a gap: what happened in it is not known.
                let joined =
                    beats.get(index + 1).is_some_and(|next| next.sent.since(beats[index].sent) <= patience.plus(beat));
                runs[index] = 1 + if joined { runs[index + 1] } else { 0 };
            }
        }
        Self { beats, beat, runs }
    }

    /// The first beat sent after `after`, where a run of `length` good ones begins with it, and that run's last beat.
    fn run_after(&self, after: Nanos, length: u32) -> Option<(Beat, Beat)> {
        let first = self.beats.partition_point(|beat| beat.sent <= after);
        let long_enough = *self.runs.get(first)? >= length.max(1);
        let last = first + (length.max(1) as usize - 1);
        Some((*self.beats.get(first)?, *self.beats.get(last)?)).filter(|_| long_enough)
    }

    /// When the expected incarnation first answered, in time or late and after `after`, what was sent from `from` on.
    fn answer(&self, from: Nanos, after: Nanos) -> Option<Nanos> {
        let sent = self.beats.iter().skip(self.beats.partition_point(|beat| beat.sent < from));
        let answered = sent.filter(|beat| matches!(beat.worth, Worth::Good | Worth::Late));
        answered.map(|beat| beat.ended).filter(|ended| *ended > after).min()
    }

    /// Whether a good beat was sent between two instants.
    fn has_good(&self, from: Nanos, until: Nanos) -> bool {
        let later = self.beats.iter().skip(self.beats.partition_point(|beat| beat.sent <= from));
        later.take_while(|beat| beat.sent < until).any(|beat| beat.worth == Worth::Good)
    }

    fn bad(&self) -> impl Iterator<Item = &Beat> {
        self.beats.iter().filter(|beat| beat.worth.is_bad())
    }

    /// Where, after `after`, no beat is good for `length` beats, or until the end: the first bad one. Beats without a look
    /// count for the time that they took: while logins hang, hardly any is sent.
    fn relapse(&self, after: Nanos, length: u32) -> Option<Nanos> {
        let from = self.beats.partition_point(|beat| beat.sent <= after);
        let mut begun: Option<(usize, usize)> = None;
        for (index, beat) in self.beats.iter().enumerate().skip(from) {
            begun = match (beat.worth, begun) {
                (Worth::Bad | Worth::Late, None) => Some((index, 1)),
                (Worth::Bad | Worth::Late, Some((first, count))) => Some((first, count + 1)),
                (Worth::Unseen, begun) => begun,
                (Worth::Good, _) => None,
            };
            let window = Nanos(self.beat.0.saturating_mul(u64::from(length)));
            let lasts = |first: usize| beat.due.since(self.beats[first].due).plus(self.beat) >= window;
            if let Some((first, _)) = begun.filter(|(first, count)| *count >= BAD_END && lasts(*first)) {
                return Some(self.beats[first].sent);
            }
        }
        begun.filter(|(_, count)| *count >= BAD_END).map(|(first, _)| self.beats[first].sent)
    }
}

/// Where the service became stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stable {
    /// Between the sending of the last probe that shows it down (or the fault) and the end of the first success of the last stream.
    pub between: Interval,
    /// End of the first good read.
    pub first_read: Nanos,
    /// End of the first good write.
    pub first_write: Nanos,
    /// End of the stability window.
    pub until: Nanos,
}

/// An outage as it was seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Where it ended.
    pub end: Stable,
    /// Nothing finer was measured.
    pub resolution: Nanos,
}

/// All three streams.
#[derive(Debug)]
pub struct Watch {
    streams: [Rated; 3],
    stability: u32,
    beat: Nanos,
}

impl Watch {
    /// Rates all streams; `probes` gives a stream's probes in order of sending.
    pub fn new<'a>(probes: impl Fn(Stream) -> &'a [Probe], plan: &ProbePlan, expected: u32, from: Nanos) -> Self {
        let beat = |stream| if stream == Stream::Fresh { plan.fresh_beat } else { plan.beat };
        let pace = |stream| Pace { beat: beat(stream), login: plan.fresh_beat };
        let rated = |stream| Rated::new(probes(stream), pace(stream), expected, from);
        Self { streams: STREAMS.map(rated), stability: plan.stability.max(1), beat: plan.beat }
    }

    /// The streams, as in [`STREAMS`].
    pub fn streams(&self) -> &[Rated; 3] {
        &self.streams
    }

    /// The first bad beat of any stream.
    pub fn first_bad(&self) -> Option<Nanos> {
        self.streams.iter().filter_map(|stream| stream.bad().next()).map(|beat| beat.sent).min()
    }

    /// The last bad beat of any stream.
    pub fn last_bad(&self) -> Option<Nanos> {
        self.streams.iter().filter_map(|stream| stream.bad().last()).map(|beat| beat.sent).max()
    }

    /// The last beat of any stream that went unanswered, or was answered by another incarnation.
    pub fn last_refused(&self) -> Option<Nanos> {
        let refused =
            |stream: &Rated| stream.bad().filter(|beat| beat.worth == Worth::Bad).last().map(|beat| beat.sent);
        self.streams.iter().filter_map(refused).max()
    }

    /// The last beat of any stream.
    pub fn last(&self) -> Option<Nanos> {
        self.streams.iter().filter_map(|stream| stream.beats.last()).map(|beat| beat.sent).max()
    }

    /// Where the service became stable, at `floor` or later, and did not break down again for good.
    pub fn stable(&self, floor: Nanos) -> Option<Stable> {
        let mut floor = floor;
        loop {
            let stable = self.first_stable(floor)?;
            let relapse = self.streams.iter().filter_map(|stream| stream.relapse(stable.until, self.stability)).min();
            match relapse {
                None => return Some(stable),
                Some(relapse) => floor = relapse,
            }
        }
    }

    /// A stable time begins at the floor or right after a beat: one that is not good, or the last before a gap.
    fn first_stable(&self, floor: Nanos) -> Option<Stable> {
        let beats = self.streams.iter().flat_map(|stream| &stream.beats);
        let mut after: Vec<Nanos> = beats.map(|beat| beat.sent).filter(|sent| *sent >= floor).collect();
        after.push(floor);
        after.sort_unstable();
        after.dedup();
        after.into_iter().find_map(|after| self.stable_after(after))
    }

    fn stable_after(&self, after: Nanos) -> Option<Stable> {
        let [read, write, fresh] = &self.streams;
        let (first_read, last_read) = read.run_after(after, self.stability)?;
        let (first_write, last_write) = write.run_after(after, self.stability)?;
        let (first_fresh, _) = fresh.run_after(after, 1)?;
        let until = last_read.ended.max(last_write.ended).max(first_fresh.ended);
        let clean = fresh.bad().all(|beat| beat.sent <= after || beat.sent > until);
        let upper = first_read.ended.max(first_write.ended).max(first_fresh.ended);
        clean.then(|| Stable {
            between: Interval { lower: self.last_down(after).unwrap_or(Nanos::ZERO), upper },
            first_read: first_read.ended,
            first_write: first_write.ended,
            until,
        })
    }

    /// The last beat, sent until `after`, that shows the service down. Late answers begin its stability window anew; but a
    /// few of them, of a service that had answered well since it was down, don't show that it was not back already.
    fn last_down(&self, after: Nanos) -> Option<Nanos> {
        let mut bad: Vec<&Beat> = self.streams.iter().flat_map(Rated::bad).filter(|beat| beat.sent <= after).collect();
        bad.sort_unstable_by_key(|beat| beat.sent);
        let [read, write, _] = &self.streams;
        let was_up = |from, until| read.has_good(from, until) && write.has_good(from, until);
        let mut stretches = bad.chunk_by(|beat, next| !was_up(beat.sent, next.sent)).rev().peekable();
        while let Some(stretch) = stretches.next() {
            let ended = stretch.iter().map(|beat| beat.ended).max()?;
            let short = ended.since(stretch.first()?.sent) < self.beats(self.stability);
            let hiccup = short && stretch.iter().all(|beat| beat.worth == Worth::Late);
            if !hiccup || stretches.peek().is_none() {
                return self.down_in(stretch);
            }
        }
        None
    }

    /// The last beat of a stretch of bad ones that shows the service down: a service that has begun to answer may have to
    /// work off what had piled up, and is late for less than a window.
    fn down_in(&self, stretch: &[&Beat]) -> Option<Nanos> {
        let of = |worth| stretch.iter().filter(move |beat| beat.worth == worth);
        let refused = of(Worth::Bad).map(|beat| beat.sent).max();
        let Some(late) = of(Worth::Late).map(|beat| beat.ended).max() else { return refused };
        let began = refused.or_else(|| of(Worth::Late).map(|beat| beat.sent).min())?;
        let after = began.max(late.since(self.beats(self.stability)));
        let [read, write, _] = &self.streams;
        let answering = read.answer(began, after)?.max(write.answer(began, after)?);
        // Had it been back for longer, it would have answered sooner: within three beats, or in the time that its
        // answers took afterwards, which on a busy machine is longer.
        let slow = of(Worth::Late).filter(|beat| beat.sent >= answering).map(|beat| beat.ended.since(beat.sent)).max();
        let back = answering.since(self.beats(LATE_BEATS).max(slow.unwrap_or_default()));
        of(Worth::Late).map(|beat| beat.sent).filter(|sent| *sent < back).max().max(refused)
    }

    fn beats(&self, number: u32) -> Nanos {
        Nanos(self.beat.0.saturating_mul(u64::from(number)))
    }

    /// The outage whose first cause came at `from` and whose last at `last_cause`; `continues`: the life that is expected
    /// afterwards answered before. `None`: its end was not seen.
    pub fn outage(&self, from: Nanos, last_cause: Nanos, continues: bool) -> Option<Outage> {
        let first_bad = self.first_bad();
        // A cause may take a while to bite: calm before the first bad beat is no recovery.
        let stable = self.stable(first_bad.map_or(last_cause, |bad| bad.max(last_cause)))?;
        if first_bad.is_none() && continues {
            // No probe noticed anything: at worst an outage hid between two beats.
            let resolution = self.longest_unseen().max(self.beat);
            let between = Interval { lower: from, upper: from.plus(resolution) };
            return Some(Outage { end: Stable { between, ..stable }, resolution });
        }
        let between = Interval { lower: stable.between.lower.max(from), upper: stable.between.upper };
        let resolution = self.beat.plus(self.lateness(between.lower, stable.until));
        Some(Outage { end: Stable { between, ..stable }, resolution })
    }

    /// The longest outage that the held sessions could have missed between two good beats, up to the end of the watch.
    pub fn longest_unseen(&self) -> Nanos {
        let held = &self.streams[..2];
        let gaps = held.iter().flat_map(|stream| {
            let good: Vec<&Beat> = stream.beats.iter().filter(|beat| beat.worth == Worth::Good).collect();
            good.windows(2).map(|pair| pair[1].ended.since(pair[0].sent)).collect::<Vec<_>>()
        });
        gaps.max().unwrap_or(Nanos::ZERO)
    }

    /// Bad beats sent after `after`, over all streams.
    pub fn bad_after(&self, after: Nanos) -> u64 {
        self.streams.iter().flat_map(Rated::bad).filter(|beat| beat.sent > after).count() as u64
    }

    /// The prober's own greatest lateness between two instants.
    pub fn lateness(&self, from: Nanos, until: Nanos) -> Nanos {
        let beats = self.streams.iter().flat_map(|stream| &stream.beats);
        let within = beats.filter(|beat| beat.sent >= from && beat.sent <= until);
        within.map(|beat| beat.sent.since(beat.due)).max().unwrap_or(Nanos::ZERO)
    }
}

#[cfg(test)]
mod tests;
