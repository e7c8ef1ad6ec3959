//! Throughput and latency second by second, with the faults, the outage as the probes saw it, and gaps left as gaps.

use blackstart_record::event::{Stream, Tally};
use blackstart_record::time::Nanos;

use super::Chart;
use super::axis::{self, Decades, Scale};
use super::canvas::{Anchor, Canvas, Face, WIDTH, fit, width_of};
use super::palette::Role;
use super::service::{self, Seen};
use super::thin::{self, Sample};
use crate::material::Material;
use crate::words;

/// The chart.
pub const CHART: Chart = Chart {
    file: "charts/throughput.svg",
    title: "Throughput, latency and what the probes saw",
    describe,
    height: |material| top(material) + BOTTOM + 62.0,
    paint,
};

const LEFT: f64 = 156.0;
const RIGHT: f64 = WIDTH - 16.0;
/// The height of a fault's name; more faults than this have a line only.
const NAME: f64 = 15.0;
const NAMES: usize = 5;
/// Two counters further apart than this have seconds without figures between them.
const GAP: f64 = 1.5;
const THROUGHPUT: (f64, f64) = (0.0, 130.0);
const LATENCY: (f64, f64) = (156.0, 266.0);
const STRIPS: f64 = 286.0;
const STRIP: f64 = 20.0;
const BOTTOM: f64 = STRIPS + 3.0 * STRIP;

fn describe(material: &Material) -> String {
    let before = material.verdict.measures.throughput_before;
    let before = before.map(|rate| format!("{} operations a second before the first fault.", words::figure(rate)));
    let back = material.verdict.measures.throughput_back;
    let back = back.map(|back| format!(" Back at 90 % of it {back} after the recovery."));
    match before {
        Some(before) => {
            format!("{before}{}", back.unwrap_or_else(|| " It was not seen to come back to 90 % of it.".into()))
        }
        None if material.story.tallies.is_empty() => "No figures of the workload were recorded.".into(),
        None => "Throughput before the first fault is not known.".into(),
    }
}

fn paint(material: &Material, canvas: &Canvas<'_>) -> Result<(), String> {
    let Some(range) = range(material) else {
        let face = Face::new(Role::Muted, 14.0).at(Anchor::Middle);
        return canvas.text((WIDTH / 2.0, 60.0), "No figures of the workload were recorded.", face);
    };
    let picture = Picture { material, canvas, time: Scale::new(range, (LEFT, RIGHT)), range, top: top(material) };
    picture.outage()?;
    axis::seconds(canvas, &picture.time, (picture.top, picture.top + BOTTOM), material.has_fault())?;
    picture.faults()?;
    picture.throughput()?;
    picture.latency()?;
    picture.strips()?;
    picture.fault_names()?;
    picture.legend(picture.top + BOTTOM + 46.0)
}

/// Room for the names of the faults, and for the recovery's.
fn top(material: &Material) -> f64 {
    20.0 + NAME * (material.story.faults.len().min(NAMES) + 1) as f64
}

/// From the first figure to the last.
fn range(material: &Material) -> Option<(f64, f64)> {
    let story = &material.story;
    let tallies = story.tallies.iter().flat_map(|(until, _)| [until.since(Nanos::from_secs(1)), *until]);
    let probes = story.probes.iter().flat_map(|probe| [probe.sent, probe.ended]);
    let (first, last) = tallies.chain(probes).fold(None, |range: Option<(Nanos, Nanos)>, at| {
        Some(range.map_or((at, at), |(first, last)| (first.min(at), last.max(at))))
    })?;
    Some((material.seconds(first), material.seconds(last)))
}

struct Picture<'a, 'c> {
    material: &'a Material,
    canvas: &'a Canvas<'c>,
    time: Scale,
    range: (f64, f64),
    top: f64,
}

impl Picture<'_, '_> {
    fn samples(&self, value: impl Fn(&Tally) -> Option<f64>) -> Vec<Sample> {
        let seen = self.material.story.seconds();
        // A second's figure stands in its middle.
        seen.filter_map(|(until, tally)| Some(Sample { at: self.material.seconds(*until) - 0.5, value: value(tally)? }))
            .collect()
    }

    fn series(&self, samples: &[Sample], y: impl Fn(f64) -> f64, role: Role, width: f64) -> Result<(), String> {
        for line in thin::lines(samples, self.range, GAP) {
            let points: Vec<(f64, f64)> =
                line.iter().map(|sample| (self.time.at(sample.at), y(sample.value))).collect();
            self.canvas.path(&points, role, width)?;
        }
        Ok(())
    }

    fn name(&self, y: f64, first: &str, second: &str, role: Role) -> Result<(), String> {
        self.canvas.text((0.0, y), first, Face::new(Role::Ink, 13.0))?;
        self.canvas.text((0.0, y + 15.0), second, Face::new(role, 11.5))
    }

    /// The time from the first fault to the recovery, and in it where a held session had no answer.
    fn outage(&self) -> Result<(), String> {
        let (top, bottom) = (self.top, self.top + LATENCY.1);
        if self.material.has_fault() {
            let recovered =
                self.material.verdict.measures.rta.as_ref().map(|rta| self.material.seconds(rta.recovered.upper));
            let to = self.time.at(recovered.unwrap_or(self.time.high));
            self.canvas.fill((self.time.at(0.0), top), (to, bottom), Role::Panel, 1.0)?;
        }
        for stretch in
            service::strip(self.material, Stream::Write, self.range).iter().filter(|s| s.seen == Seen::Failed)
        {
            self.canvas.fill((self.time.at(stretch.from), top), (self.time.at(stretch.to), bottom), Role::Bad, 0.12)?;
        }
        Ok(())
    }

    fn throughput(&self) -> Result<(), String> {
        let (top, bottom) = (self.top + THROUGHPUT.0, self.top + THROUGHPUT.1);
        let done = self.samples(|tally| Some(tally.acknowledged as f64));
        let broken = self.samples(|tally| Some((tally.failed + tally.unknown) as f64));
        let most = done.iter().chain(&broken).map(|sample| sample.value).fold(1.0, f64::max);
        let scale = Scale::new((0.0, most * 1.08), (bottom, top));
        for tick in scale.ticks(4) {
            let y = scale.at(tick);
            self.canvas.line((LEFT, y), (RIGHT, y), Role::Rule, 0.8)?;
            self.canvas.text((LEFT - 8.0, y), &words::figure(tick), Face::new(Role::Muted, 11.5).at(Anchor::End))?;
        }
        self.name(top + 8.0, "throughput", "operations/s", Role::Muted)?;
        self.canvas.text((0.0, top + 42.0), "acknowledged", Face::new(Role::Blue, 11.5).bold())?;
        if broken.iter().any(|sample| sample.value > 0.0) {
            self.canvas.text((0.0, top + 57.0), "failed, unknown", Face::new(Role::Bad, 11.5).bold())?;
            self.series(&broken, |value| scale.at(value), Role::Bad, 1.2)?;
        }
        self.series(&done, |value| scale.at(value), Role::Blue, 1.8)
    }

    fn latency(&self) -> Result<(), String> {
        let (top, bottom) = (self.top + LATENCY.0, self.top + LATENCY.1);
        // A second without an acknowledgement has no latency: the line breaks there.
        let of =
            |value: fn(&Tally) -> Nanos| self.samples(|tally| (tally.acknowledged > 0).then(|| value(tally).0 as f64));
        let (middle, high) = (of(|tally| tally.p50), of(|tally| tally.p99));
        self.name(top + 8.0, "latency", "by powers of ten", Role::Muted)?;
        if middle.is_empty() {
            return self.canvas.text((LEFT + 6.0, (top + bottom) / 2.0), "no figures", Face::new(Role::Muted, 12.0));
        }
        let all: Vec<Nanos> = middle.iter().chain(&high).map(|sample| Nanos(sample.value as u64)).collect();
        let scale = Decades::holding(&all, (bottom, top));
        for (y, name) in scale.ticks(16.0) {
            self.canvas.line((LEFT, y), (RIGHT, y), Role::Rule, 0.8)?;
            self.canvas.text((LEFT - 8.0, y), name, Face::new(Role::Muted, 11.5).at(Anchor::End))?;
        }
        self.canvas.text((0.0, top + 42.0), "99th percentile", Face::new(Role::Violet, 11.5).bold())?;
        self.canvas.text((0.0, top + 57.0), "median", Face::new(Role::Blue, 11.5).bold())?;
        self.series(&high, |value| scale.at(Nanos(value as u64)), Role::Violet, 1.4)?;
        self.series(&middle, |value| scale.at(Nanos(value as u64)), Role::Blue, 1.8)
    }

    fn strips(&self) -> Result<(), String> {
        for (index, stream) in [Stream::Read, Stream::Write, Stream::Fresh].into_iter().enumerate() {
            let y = self.top + STRIPS + STRIP * index as f64;
            self.canvas.text((0.0, y + 6.0), words::stream(stream), Face::new(Role::Ink, 12.0))?;
            self.canvas.fill((LEFT, y), (RIGHT, y + 13.0), Role::Paper, 1.0)?;
            for stretch in service::strip(self.material, stream, self.range) {
                let (role, alpha) = look(stretch.seen);
                let (from, to) = (self.time.at(stretch.from), self.time.at(stretch.to));
                self.canvas.fill((from, y), (to, y + 13.0), role, alpha)?;
            }
        }
        Ok(())
    }

    fn faults(&self) -> Result<(), String> {
        for (row, (at, _)) in self.injected().into_iter().enumerate() {
            let (x, y) = (self.time.at(self.material.seconds(at)), 10.0 + NAME * row.min(NAMES) as f64);
            self.canvas.dashes((x, y), (x, self.top + BOTTOM), Role::Bad, 1.2)?;
        }
        let Some(rta) = &self.material.verdict.measures.rta else { return Ok(()) };
        let x = self.time.at(self.material.seconds(rta.recovered.upper));
        self.canvas.line((x, self.top - NAME), (x, self.top + BOTTOM), Role::Good, 1.4)
    }

    fn fault_names(&self) -> Result<(), String> {
        for (row, (at, name)) in self.injected().into_iter().take(NAMES).enumerate() {
            let y = 10.0 + NAME * row as f64;
            self.beside(at, y, &fit(&name, 300.0, 12.0), Face::new(Role::Bad, 12.0))?;
        }
        let Some(rta) = &self.material.verdict.measures.rta else { return Ok(()) };
        let says = format!("recovered {}", self.material.when(rta.recovered.upper));
        self.beside(rta.recovered.upper, self.top - NAME, &says, Face::new(Role::Good, 12.0).bold())
    }

    /// A name at the side of its line that has room.
    fn beside(&self, at: Nanos, y: f64, says: &str, face: Face) -> Result<(), String> {
        let x = self.time.at(self.material.seconds(at));
        let to_the_left = x + width_of(says, face.size) + 6.0 > RIGHT;
        let (x, anchor) = if to_the_left { (x - 5.0, Anchor::End) } else { (x + 5.0, Anchor::Start) };
        self.canvas.text((x, y), says, face.at(anchor))
    }

    /// Faults that were injected, and their names.
    fn injected(&self) -> Vec<(Nanos, String)> {
        let planned = &self.material.record.scenario.faults;
        let faults = self.material.story.faults.iter().filter_map(|(index, fault)| {
            let name = planned.get(*index).map_or("", |fault| fault.name.as_str());
            Some((fault.intended.as_ref()?.0, format!("fault {}: {name}", index + 1)))
        });
        faults.collect()
    }

    fn legend(&self, y: f64) -> Result<(), String> {
        let words = [
            (Seen::Answered, "answered"),
            (Seen::Other, "answered by the old data"),
            (Seen::Failed, "no answer, error or late"),
            (Seen::Dropped, "not sent: not known"),
        ];
        let mut x = LEFT;
        for (seen, says) in words {
            let (role, alpha) = look(seen);
            self.canvas.fill((x, y - 6.0), (x + 14.0, y + 6.0), role, alpha)?;
            self.canvas.text((x + 20.0, y), says, Face::new(Role::Muted, 11.5))?;
            x += 36.0 + width_of(says, 11.5);
        }
        Ok(())
    }
}

fn look(seen: Seen) -> (Role, f64) {
    match seen {
        Seen::Answered => (Role::Good, 0.55),
        Seen::Other => (Role::Doubt, 0.7),
        Seen::Failed => (Role::Bad, 0.9),
        Seen::Dropped => (Role::Muted, 0.4),
    }
}
