//! The recovery point, close up: what was acknowledged, where R lies, and what is gone.

use blackstart_record::time::Nanos;

use super::Chart;
use super::axis::{self, Scale};
use super::canvas::{Anchor, Canvas, Face, WIDTH, fit, width_of};
use super::palette::Role;
use crate::material::Material;
use crate::words;

/// The chart.
pub const CHART: Chart =
    Chart { file: "charts/recovery-point.svg", title: "The recovery point, close up", describe, height, paint };

const LEFT: f64 = 156.0;
const RIGHT: f64 = WIDTH - 16.0;
const MIDDLE: f64 = (LEFT + RIGHT) / 2.0;
const FLAG: f64 = 16.0;
const LANES: f64 = 204.0;
/// More faults than this would hide the rest.
const FAULTS: usize = 6;
/// More columns than this are not painted one by one.
const COLUMNS: usize = 400;

/// An instant with a name: a line from its name down through the lanes.
struct Flag {
    at: Nanos,
    says: String,
    role: Role,
}

fn flags(material: &Material) -> Vec<Flag> {
    let measures = &material.verdict.measures;
    let mut flags = Vec::new();
    let mut add = |at: Option<Nanos>, says: &str, role| {
        flags.extend(at.map(|at| Flag { at, says: format!("{says} {}", material.when(at)), role }));
    };
    for (index, fault) in material.story.faults.iter().take(FAULTS) {
        let name = material.record.scenario.faults.get(*index).map_or("", |fault| fault.name.as_str());
        let at = fault.intended.as_ref().map(|(at, _)| *at);
        add(at, &format!("fault {}: {}", index + 1, fit(name, 240.0, 12.0)), Role::Bad);
    }
    add(measures.recovery_point.as_ref().map(|cut| cut.latest), "recovery point R", Role::Blue);
    add(stopped(material), "application stopped", Role::Muted);
    if let Some(rpa) = &measures.rpa {
        add(rpa.newest_recovered, "newest recovered", Role::Good);
        add(rpa.first_gone, "first acknowledgement that is gone", Role::Bad);
        add(rpa.last_acknowledged, "last acknowledged", Role::Ink);
    }
    flags.sort_by_key(|flag| flag.at);
    flags
}

fn stopped(material: &Material) -> Option<Nanos> {
    material.story.stopped.iter().find(|(_, epoch)| *epoch == 0).map(|(at, _)| *at)
}

fn describe(material: &Material) -> String {
    let mut says: Vec<String> = flags(material).into_iter().map(|flag| flag.says).collect();
    if let Some(rpa) = &material.verdict.measures.rpa {
        says.push(tail(rpa.tail_operations, rpa.tail_rows));
        says.push(holes(rpa.hole_operations, rpa.hole_rows));
    }
    if says.is_empty() { "The recovery point was not measured.".into() } else { format!("{}.", says.join("; ")) }
}

fn tail(operations: u64, rows: u64) -> String {
    if operations == 0 {
        return "no tail: nothing acknowledged after R".into();
    }
    format!("tail after R: {}, {}", words::count(operations, "operation"), words::count(rows, "row"))
}

fn holes(operations: u64, rows: u64) -> String {
    if operations == 0 && rows == 0 {
        return "no holes: nothing owed is missing".into();
    }
    format!("holes before R: {}, {}", words::count(operations, "operation"), words::count(rows, "row"))
}

fn height(material: &Material) -> f64 {
    14.0 + FLAG * flags(material).len().max(1) as f64 + LANES + 40.0
}

fn paint(material: &Material, canvas: &Canvas<'_>) -> Result<(), String> {
    let flags = flags(material);
    if flags.is_empty() {
        let face = Face::new(Role::Muted, 14.0).at(Anchor::Middle);
        return canvas.text((WIDTH / 2.0, 40.0), "The recovery point was not measured.", face);
    }
    let top = 14.0 + FLAG * flags.len() as f64;
    let picture = Picture { material, canvas, scale: scale(material, &flags), top };
    axis::seconds(canvas, &picture.scale, (top, top + LANES), material.has_fault())?;
    picture.cut()?;
    picture.flag_lines(&flags)?;
    picture.columns(top + 8.0, top + 62.0)?;
    picture.writes(top + 92.0)?;
    picture.holes(top + 134.0)?;
    picture.span(top + 178.0)?;
    picture.flag_names(&flags)
}

fn scale(material: &Material, flags: &[Flag]) -> Scale {
    let seconds = || flags.iter().map(|flag| material.seconds(flag.at));
    let low = seconds().fold(f64::INFINITY, f64::min);
    let high = seconds().fold(f64::NEG_INFINITY, f64::max);
    let margin = (high - low).max(0.5) * 0.12;
    Scale::new((low - margin, high + margin), (LEFT, RIGHT))
}

struct Picture<'a, 'c> {
    material: &'a Material,
    canvas: &'a Canvas<'c>,
    scale: Scale,
    top: f64,
}

impl Picture<'_, '_> {
    fn x(&self, at: Nanos) -> f64 {
        self.scale.at(self.material.seconds(at))
    }

    fn name(&self, y: f64, first: &str, second: &str) -> Result<(), String> {
        self.canvas.text((0.0, y - 7.0), first, Face::new(Role::Ink, 13.0))?;
        self.canvas.text((0.0, y + 8.0), second, Face::new(Role::Muted, 11.5))
    }

    /// The interval in which R lies.
    fn cut(&self) -> Result<(), String> {
        let Some(cut) = &self.material.verdict.measures.recovery_point else { return Ok(()) };
        let (from, to) = (self.x(cut.earliest), self.x(cut.latest));
        self.canvas.fill((from, self.top), (to.max(from + 2.0), self.top + LANES), Role::Blue, 0.22)
    }

    /// Acknowledgements of each second, before R and after it.
    fn columns(&self, top: f64, bottom: f64) -> Result<(), String> {
        let tallies = || {
            let seen = self.material.story.seconds().map(|(until, tally)| (self.material.seconds(*until), tally));
            seen.filter(|(until, _)| *until > self.scale.low && *until - 1.0 < self.scale.high)
        };
        let most = tallies().map(|(_, tally)| tally.acknowledged).max().unwrap_or(0);
        let per =
            if most == 0 { "per second".to_owned() } else { format!("per second, {} at most", words::grouped(most)) };
        self.name((top + bottom) / 2.0, "acknowledged", &per)?;
        if most == 0 || tallies().count() > COLUMNS {
            let says = if most == 0 { "no figures" } else { "too long a time for single seconds: see the throughput" };
            return self.canvas.text((LEFT + 6.0, (top + bottom) / 2.0), says, Face::new(Role::Muted, 12.0));
        }
        for (until, tally) in tallies() {
            let (from, to) = (self.scale.at(until - 1.0), self.scale.at(until));
            let high = (bottom - top) * tally.acknowledged as f64 / most as f64;
            let gap = ((to - from) * 0.08).min(1.0);
            self.canvas.fill((from + gap, bottom - high), (to - gap, bottom), Role::Muted, 0.55)?;
        }
        self.canvas.line((LEFT, bottom), (RIGHT, bottom), Role::Muted, 0.8)
    }

    /// What was acknowledged, up to R and after it.
    fn writes(&self, y: f64) -> Result<(), String> {
        self.name(y, "writes", "owed, and tail")?;
        let measures = &self.material.verdict.measures;
        let last = measures.rpa.as_ref().and_then(|rpa| rpa.last_acknowledged);
        let end = last.or(stopped(self.material)).map_or(RIGHT, |at| self.x(at));
        let Some(cut) = &measures.recovery_point else {
            return self.canvas.hatch((LEFT, y - 9.0), (end, y + 9.0), Role::Doubt);
        };
        let (earliest, latest) = (self.x(cut.earliest).min(end), self.x(cut.latest).min(end));
        self.canvas.fill((earliest, y - 9.0), (latest, y + 9.0), Role::Doubt, 0.6)?;
        self.canvas.fill((LEFT, y - 9.0), (earliest, y + 9.0), Role::Good, 0.85)?;
        let owed = "owed: acknowledged before R";
        if width_of(owed, 11.5) + 12.0 <= earliest - LEFT {
            self.canvas.text((LEFT + 6.0, y), owed, Face::new(Role::Paper, 11.5).bold())?;
        }
        let Some(rpa) = &measures.rpa else { return Ok(()) };
        if rpa.tail_operations == 0 {
            return Ok(());
        }
        self.bar((latest, end), y, Role::Bad, &tail(rpa.tail_operations, rpa.tail_rows))
    }

    /// A bar with its words inside where they fit, else after it.
    fn bar(&self, (from, to): (f64, f64), y: f64, role: Role, says: &str) -> Result<(), String> {
        self.canvas.fill((from, y - 9.0), (to, y + 9.0), role, 0.85)?;
        let wide = width_of(says, 11.5);
        if wide + 12.0 <= to - from {
            return self.canvas.text((from + 6.0, y), says, Face::new(Role::Paper, 11.5).bold());
        }
        let (x, anchor) = if to + wide + 8.0 <= RIGHT { (to + 6.0, Anchor::Start) } else { (RIGHT, Anchor::End) };
        let y = if anchor == Anchor::End { y + 20.0 } else { y };
        self.canvas.text((x, y), says, Face::new(role, 11.5).at(anchor))
    }

    fn holes(&self, y: f64) -> Result<(), String> {
        self.name(y, "holes", "owed, not there")?;
        let Some(rpa) = &self.material.verdict.measures.rpa else {
            return self.canvas.text((LEFT + 6.0, y), "not measured", Face::new(Role::Muted, 12.0));
        };
        let says = holes(rpa.hole_operations, rpa.hole_rows);
        if rpa.hole_operations == 0 && rpa.hole_rows == 0 {
            return self.canvas.text((LEFT + 6.0, y), &says, Face::new(Role::Good, 12.0));
        }
        let x = rpa.first_gone.map_or(LEFT + 8.0, |at| self.x(at));
        self.canvas.diamond((x, y), 6.0, Role::Bad)?;
        let (start, anchor) = if x > RIGHT - 320.0 { (x - 12.0, Anchor::End) } else { (x + 12.0, Anchor::Start) };
        self.canvas.text((start, y), &says, Face::new(Role::Bad, 12.0).bold().at(anchor))
    }

    /// The achieved recovery point as a span.
    fn span(&self, y: f64) -> Result<(), String> {
        self.name(y, "RPA", "time lost")?;
        let Some(rpa) = &self.material.verdict.measures.rpa else {
            return self.canvas.text((LEFT + 6.0, y), "not measured", Face::new(Role::Muted, 12.0));
        };
        let manual = match rpa.manual {
            Nanos::ZERO => String::new(),
            manual => format!(" + {manual} declared"),
        };
        let says =
            format!("{} = {} before the fault + {} after it{manual}", rpa.achieved, rpa.before_fault, rpa.after_fault);
        let (Some(first), Some(last)) = (rpa.first_gone, rpa.last_acknowledged) else {
            let says = if rpa.first_gone.is_none() { "0 s: no acknowledged write is gone" } else { says.as_str() };
            return self.canvas.text((LEFT + 6.0, y), says, Face::new(Role::Good, 12.0));
        };
        let (from, to) = (self.x(first), self.x(last));
        self.canvas.line((from, y - 8.0), (to, y - 8.0), Role::Ink, 1.6)?;
        for x in [from, to] {
            self.canvas.line((x, y - 13.0), (x, y - 3.0), Role::Ink, 1.6)?;
        }
        let wide = width_of(&says, 12.0) / 2.0;
        let middle = ((from + to) / 2.0).clamp(LEFT + wide, RIGHT - wide);
        self.canvas.text((middle, y + 7.0), &says, Face::new(Role::Ink, 12.0).bold().at(Anchor::Middle))
    }

    /// Where each flag stands and how high its name is. Names on the left read to the right and the other way round; the
    /// outermost are the highest, so that a name crosses as few lines as can be.
    fn places<'f>(&self, flags: &'f [Flag]) -> Vec<(f64, f64, &'f Flag)> {
        let (left, right): (Vec<&Flag>, Vec<&Flag>) = flags.iter().partition(|flag| self.x(flag.at) <= MIDDLE);
        let ordered = left.into_iter().chain(right.into_iter().rev()).enumerate();
        ordered.map(|(row, flag)| (self.x(flag.at), 10.0 + FLAG * row as f64, flag)).collect()
    }

    fn flag_lines(&self, flags: &[Flag]) -> Result<(), String> {
        for (x, y, flag) in self.places(flags) {
            self.canvas.line((x, y), (x, self.top + LANES), flag.role, 1.1)?;
        }
        Ok(())
    }

    fn flag_names(&self, flags: &[Flag]) -> Result<(), String> {
        for (x, y, flag) in self.places(flags) {
            let (start, anchor) = if x > MIDDLE { (x - 5.0, Anchor::End) } else { (x + 5.0, Anchor::Start) };
            self.canvas.text((start, y), &flag.says, Face::new(flag.role, 12.0).at(anchor))?;
        }
        Ok(())
    }
}
