//! The recovery as a Gantt chart: phases and runbook steps, their shares, the faults, and declared manual time.

use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;

use super::Chart;
use super::axis::{self, Scale};
use super::canvas::{Anchor, Canvas, Face, WIDTH, fit};
use super::palette::Role;
use crate::material::Material;
use crate::words;

/// The chart.
pub const CHART: Chart =
    Chart { file: "charts/recovery.svg", title: "The recovery, step by step", describe, height, paint };

const ROW: f64 = 26.0;
const LEFT: f64 = 166.0;
const RIGHT: f64 = WIDTH - 214.0;
/// The width of declared manual time: it is not to scale, an hour would hide the rest.
const MANUAL: f64 = 42.0;
/// More faults than this are counted rather than named.
const FAULTS: usize = 6;

struct Bar {
    name: String,
    begun: Nanos,
    ended: Option<Nanos>,
    measured: Nanos,
    manual: Nanos,
    share: Option<f64>,
    done: bool,
    counts: bool,
}

fn bars(material: &Material) -> Vec<Bar> {
    let measures = &material.verdict.measures;
    let phases = measures.rta.as_ref().map_or(&[][..], |rta| rta.phases.as_slice());
    let whole = measures.rta.as_ref().map_or(0.0, |rta| rta.achieved.upper.as_secs_f64());
    let failed = |name: &str| measures.steps.iter().any(|step| step.step.to_string() == name && !step.done);
    let mut bars: Vec<Bar> = (phases.iter())
        .map(|phase| Bar {
            name: phase.name.clone(),
            begun: phase.begun,
            ended: Some(phase.begun.plus(phase.measured)),
            measured: phase.measured,
            manual: phase.manual,
            share: (whole > 0.0).then(|| phase.measured.plus(phase.manual).as_secs_f64() / whole),
            done: !failed(&phase.name),
            counts: true,
        })
        .collect();
    for step in &measures.steps {
        let name = step.step.to_string();
        let phase = phases.iter().find(|phase| phase.name == name);
        let known = phase.is_some();
        // The runbook's own look may go on after the recovery.
        let goes_on =
            phase.is_some_and(|phase| step.ended.is_none_or(|ended| ended > phase.begun.plus(phase.measured)));
        if !known || (step.step == Step::Verify && goes_on) {
            let name = if known { format!("{name}, whole") } else { name };
            let measured = step.ended.map_or(Nanos::ZERO, |ended| ended.since(step.begun));
            let counts = measures.rta.is_none();
            bars.push(Bar {
                name,
                begun: step.begun,
                ended: step.ended,
                measured,
                manual: step.manual,
                share: None,
                done: step.done,
                counts,
            });
        }
    }
    bars
}

fn describe(material: &Material) -> String {
    let says = bars(material).into_iter().map(|bar| format!("{}: {}.", bar.name, amount(&bar)));
    let says: Vec<String> = says.collect();
    if says.is_empty() { "No step of the runbook was measured.".into() } else { says.join(" ") }
}

fn top(material: &Material) -> f64 {
    let named = material.record.scenario.faults.len().min(FAULTS + 1);
    26.0 + 15.0 * named as f64
}

fn height(material: &Material) -> f64 {
    let bars = bars(material);
    top(material) + ROW * bars.len().max(1) as f64 + 38.0 + 18.0 * kinds(&bars).len() as f64
}

fn paint(material: &Material, canvas: &Canvas<'_>) -> Result<(), String> {
    let bars = bars(material);
    let top = top(material);
    if bars.is_empty() {
        let face = Face::new(Role::Muted, 14.0).at(Anchor::Middle);
        return canvas.text((WIDTH / 2.0, top), "No step of the runbook was measured.", face);
    }
    let bottom = top + ROW * bars.len() as f64;
    let scale = scale(material, &bars);
    axis::seconds(canvas, &scale, (top, bottom), material.has_fault())?;
    faults(material, canvas, &scale, (top, bottom))?;
    recovered(material, canvas, &scale, (top, bottom))?;
    for (index, bar) in bars.iter().enumerate() {
        paint_bar(canvas, material, &scale, bar, top + ROW * (index as f64 + 0.5))?;
    }
    legend(canvas, &bars, bottom + 44.0)
}

fn scale(material: &Material, bars: &[Bar]) -> Scale {
    let recovered = material.verdict.measures.rta.as_ref().map(|rta| rta.recovered.upper);
    let cut_off = bars.iter().any(|bar| bar.ended.is_none()).then_some(material.story.last);
    let instants = bars.iter().flat_map(|bar| [Some(bar.begun), bar.ended]).flatten().chain(recovered).chain(cut_off);
    let seconds: Vec<f64> = instants.map(|at| material.seconds(at)).chain([0.0]).collect();
    let low = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let high = seconds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let margin = (high - low).max(0.1) * 0.03;
    let room = if bars.iter().any(|bar| bar.manual > Nanos::ZERO) { MANUAL } else { 0.0 };
    Scale::new((low - margin, high + margin), (LEFT, RIGHT - room))
}

fn faults(material: &Material, canvas: &Canvas<'_>, scale: &Scale, (top, bottom): (f64, f64)) -> Result<(), String> {
    let planned = &material.record.scenario.faults;
    let face = Face::new(Role::Bad, 12.0);
    for (index, story) in &material.story.faults {
        let Some((at, _)) = &story.intended else { continue };
        let x = scale.at(material.seconds(*at));
        let y = 12.0 + 15.0 * (*index).min(FAULTS) as f64;
        canvas.dashes((x, y), (x, bottom), Role::Bad, 1.2)?;
        if *index < FAULTS {
            let name = planned.get(*index).map_or("fault", |fault| fault.name.as_str());
            let name = fit(&format!("fault {}: {name}", index + 1), 300.0, 12.0);
            let (start, face) = if x > RIGHT - 240.0 { (x - 5.0, face.at(Anchor::End)) } else { (x + 5.0, face) };
            canvas.text((start, y), &name, face)?;
        }
    }
    let more = planned.len().saturating_sub(FAULTS);
    if more > 0 {
        canvas.text((LEFT, top - 12.0), &format!("and {more} more"), face)?;
    }
    Ok(())
}

fn recovered(material: &Material, canvas: &Canvas<'_>, scale: &Scale, (top, bottom): (f64, f64)) -> Result<(), String> {
    let Some(rta) = &material.verdict.measures.rta else { return Ok(()) };
    let (lower, upper) =
        (scale.at(material.seconds(rta.recovered.lower)), scale.at(material.seconds(rta.recovered.upper)));
    canvas.fill((lower, top - 6.0), (upper.max(lower + 1.5), bottom), Role::Good, 0.5)?;
    let says = format!("recovered {}", material.when(rta.recovered.upper));
    canvas.text(
        (upper + 4.0, top - 12.0),
        &says,
        Face::new(Role::Good, 12.0).bold().at(if upper > RIGHT - 130.0 { Anchor::End } else { Anchor::Start }),
    )
}

fn paint_bar(canvas: &Canvas<'_>, material: &Material, scale: &Scale, bar: &Bar, y: f64) -> Result<(), String> {
    let role = match (bar.done, bar.counts) {
        (false, _) => Role::Bad,
        (true, true) => Role::Blue,
        (true, false) => Role::Muted,
    };
    canvas.text((0.0, y), &fit(&bar.name, LEFT - 12.0, 13.0), Face::new(Role::Ink, 13.0))?;
    let from = scale.at(material.seconds(bar.begun));
    let to = match bar.ended {
        Some(ended) => scale.at(material.seconds(ended)).max(from + 2.0),
        None => scale.at(material.seconds(material.story.last)).max(from + 2.0),
    };
    if bar.ended.is_some() {
        canvas.fill((from, y - 8.0), (to, y + 8.0), role, if bar.counts { 1.0 } else { 0.6 })?;
    } else {
        canvas.hatch((from, y - 8.0), (to, y + 8.0), Role::Bad)?;
    }
    if bar.manual > Nanos::ZERO {
        canvas.hatch((to, y - 8.0), (to + MANUAL, y + 8.0), Role::Violet)?;
    }
    amounts(canvas, bar, y)
}

/// Measured, declared and share, each in its column.
fn amounts(canvas: &Canvas<'_>, bar: &Bar, y: f64) -> Result<(), String> {
    let role = if bar.done { Role::Ink } else { Role::Bad };
    let face = Face::new(role, 12.5).at(Anchor::End);
    canvas.text((RIGHT + 72.0, y), &measured(bar), face)?;
    if let Some(more) = more(bar) {
        canvas.text(
            (RIGHT + 80.0, y),
            &fit(&more, 96.0, 11.0),
            Face::new(if bar.done { Role::Violet } else { role }, 12.0),
        )?;
    }
    let share = bar.share.map(words::percent).unwrap_or_default();
    canvas.text((WIDTH, y), &share, face)
}

fn measured(bar: &Bar) -> String {
    bar.ended.map_or("no end".to_owned(), |_| bar.measured.to_string())
}

fn more(bar: &Bar) -> Option<String> {
    let failed = (!bar.done && bar.ended.is_some()).then(|| "failed".to_owned());
    let manual = (bar.manual > Nanos::ZERO).then(|| format!("+ {}", bar.manual));
    failed.or(manual)
}

fn amount(bar: &Bar) -> String {
    let share = bar.share.map(words::percent);
    let parts: Vec<String> = [Some(measured(bar)), more(bar), share].into_iter().flatten().collect();
    parts.join(", ")
}

fn legend(canvas: &Canvas<'_>, bars: &[Bar], y: f64) -> Result<(), String> {
    let face = Face::new(Role::Muted, 11.5);
    for (row, kind) in kinds(bars).into_iter().enumerate() {
        let y = y + 18.0 * row as f64;
        let says = match kind {
            Kind::Manual => {
                canvas.hatch((LEFT, y - 6.0), (LEFT + 22.0, y + 6.0), Role::Violet)?;
                "declared manual time: added to the recovery time, not waited for, not to scale"
            }
            Kind::Apart => {
                canvas.fill((LEFT, y - 6.0), (LEFT + 22.0, y + 6.0), Role::Muted, 0.6)?;
                "does not count towards the recovery time"
            }
        };
        canvas.text((LEFT + 28.0, y), says, face)?;
    }
    Ok(())
}

/// Kinds of bars that need an explanation.
enum Kind {
    Manual,
    Apart,
}

fn kinds(bars: &[Bar]) -> Vec<Kind> {
    let manual = bars.iter().any(|bar| bar.manual > Nanos::ZERO).then_some(Kind::Manual);
    let apart = bars.iter().any(|bar| !bar.counts).then_some(Kind::Apart);
    manual.into_iter().chain(apart).collect()
}
