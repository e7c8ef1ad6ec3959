//! Each objective against what was achieved: a bullet chart by powers of ten.

use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Exposure, ObjectiveKind, ObjectiveVerdict};

use super::Chart;
use super::axis::Decades;
use super::canvas::{Anchor, Canvas, Face, WIDTH, fit, width_of};
use super::palette::Role;
use crate::material::Material;
use crate::words;

/// The chart.
pub const CHART: Chart =
    Chart { file: "charts/objectives.svg", title: "Objectives against what was achieved", describe, height, paint };

const TOP: f64 = 30.0;
const ROW: f64 = 70.0;
const LEFT: f64 = 206.0;
const RIGHT: f64 = WIDTH - 196.0;
/// The height of the band of an objective.
const BAND: f64 = 26.0;

fn describe(material: &Material) -> String {
    let says = material.verdict.objectives.iter().map(|judged| {
        let achieved = words::achieved(judged);
        format!(
            "{} of {}: limit {}, achieved {achieved}, {}.",
            judged.kind, judged.objective, judged.limit.value, judged.verdict
        )
    });
    let says: Vec<String> = says.collect();
    if says.is_empty() { "The scenario judges no objective.".into() } else { says.join(" ") }
}

fn height(material: &Material) -> f64 {
    TOP + ROW * material.verdict.objectives.len().max(1) as f64 + 34.0
}

fn paint(material: &Material, canvas: &Canvas<'_>) -> Result<(), String> {
    let objectives = &material.verdict.objectives;
    if objectives.is_empty() {
        let face = Face::new(Role::Muted, 14.0).at(Anchor::Middle);
        return canvas.text((WIDTH / 2.0, TOP + 20.0), "The scenario judges no objective.", face);
    }
    let durations: Vec<Nanos> = objectives.iter().flat_map(|judged| durations(material, judged)).collect();
    let scale = Decades::holding(&durations, (LEFT, RIGHT));
    let bottom = TOP + ROW * objectives.len() as f64;
    let face = Face::new(Role::Muted, 11.5);
    for (x, name) in scale.ticks(44.0) {
        canvas.line((x, TOP - 8.0), (x, bottom), Role::Rule, 0.8)?;
        canvas.text((x, bottom + 12.0), name, face.at(Anchor::Middle))?;
    }
    canvas.text(
        (RIGHT, bottom + 28.0),
        "each step a power of ten; a shorter mark is a faster recovery",
        face.at(Anchor::End),
    )?;
    for (index, judged) in objectives.iter().enumerate() {
        let row = Row { canvas, material, judged, scale: &scale, y: TOP + ROW * index as f64 + BAND / 2.0 + 4.0 };
        row.paint()?;
    }
    Ok(())
}

fn durations(material: &Material, judged: &ObjectiveVerdict) -> Vec<Nanos> {
    let mut durations = vec![judged.limit.value];
    durations.extend(judged.achieved.into_iter().flat_map(|achieved| [achieved.lower, achieved.upper]));
    durations.extend(parts(material, judged).map(|(duration, _)| duration));
    durations
}

/// The two figures of which the worse is judged against an RPO.
fn parts<'a>(material: &'a Material, judged: &ObjectiveVerdict) -> impl Iterator<Item = (Nanos, &'static str)> + 'a {
    let measures = &material.verdict.measures;
    let of_point = judged.kind == ObjectiveKind::Rpo;
    let lost = measures.rpa.as_ref().map(|rpa| (rpa.achieved, "lost"));
    let exposed = match &measures.exposure {
        Some(Exposure::Stated { worst, .. }) => Some((*worst, "schedule allows")),
        _ => None,
    };
    lost.into_iter().chain(exposed).filter(move |_| of_point)
}

struct Row<'a, 'c> {
    canvas: &'a Canvas<'c>,
    material: &'a Material,
    judged: &'a ObjectiveVerdict,
    scale: &'a Decades,
    y: f64,
}

impl Row<'_, '_> {
    fn paint(&self) -> Result<(), String> {
        self.names()?;
        self.band()?;
        self.achieved()?;
        self.parts()
    }

    fn names(&self) -> Result<(), String> {
        let Self { canvas, judged, y, .. } = self;
        let name = format!("{} {}", judged.objective, judged.kind);
        canvas.text((0.0, y - 7.0), &fit(&name, LEFT - 12.0, 15.0), Face::new(Role::Ink, 15.0).bold())?;
        for (index, line) in two_lines(&judged.covers, LEFT - 12.0).into_iter().enumerate() {
            canvas.text((0.0, y + 11.0 + 14.0 * index as f64), &line, Face::new(Role::Muted, 11.5))?;
        }
        let achieved = words::achieved(judged);
        let size = if width_of(&achieved, 15.0) > WIDTH - RIGHT - 14.0 { 13.0 } else { 15.0 };
        canvas.text((RIGHT + 14.0, y - 7.0), &achieved, Face::new(Role::Ink, size).bold())?;
        let verdict =
            format!("{} {} \u{00b7} limit {}", words::sign(judged.verdict), judged.verdict, judged.limit.value);
        canvas.text((RIGHT + 14.0, y + 11.0), &verdict, Face::new(judged.verdict.into(), 12.5))
    }

    fn band(&self) -> Result<(), String> {
        let Self { canvas, judged, scale, y, .. } = self;
        let limit = scale.at(judged.limit.value);
        let (top, bottom) = (y - BAND / 2.0, y + BAND / 2.0);
        canvas.fill((LEFT, top), (limit, bottom), Role::Good, 0.14)?;
        canvas.fill((limit, top), (RIGHT, bottom), Role::Bad, 0.10)?;
        canvas.fill((limit - 1.5, top - 5.0), (limit + 1.5, bottom + 5.0), Role::Ink, 1.0)?;
        let face = Face::new(Role::Ink, 11.5).at(Anchor::Middle);
        canvas.text((limit, top - 11.0), &format!("limit {}", judged.limit.value), face)
    }

    fn achieved(&self) -> Result<(), String> {
        let Self { canvas, judged, scale, y, .. } = self;
        let Some(achieved) = judged.achieved else {
            let face = Face::new(Role::Muted, 12.0);
            canvas.hatch((LEFT, y - 5.0), (RIGHT, y + 5.0), judged.verdict.into())?;
            return canvas.text((LEFT, y + 27.0), "no length to draw", face);
        };
        let role = Role::from(judged.verdict);
        let (lower, upper) = (scale.at(achieved.lower), scale.at(achieved.upper));
        canvas.fill((LEFT, y - 4.0), (lower, y + 4.0), role, 1.0)?;
        // The interval itself: the truth lies between its two ends, which never melt into one.
        let upper = upper.max(lower + 3.0);
        canvas.fill((lower, y - 4.0), (upper, y + 4.0), role, 0.55)?;
        for end in [lower, upper] {
            canvas.fill((end - 0.8, y - 9.0), (end + 0.8, y + 9.0), role, 1.0)?;
        }
        Ok(())
    }

    fn parts(&self) -> Result<(), String> {
        let Self { canvas, scale, y, .. } = self;
        let below = y + BAND / 2.0;
        let mut taken = f64::NEG_INFINITY;
        let mut parts: Vec<_> = parts(self.material, self.judged).collect();
        parts.sort();
        for (duration, name) in parts {
            let x = scale.at(duration);
            let text = format!("{name} {duration}");
            let wide = width_of(&text, 11.5);
            let start = (x - wide / 2.0).max(taken + 12.0).clamp(LEFT, RIGHT - wide);
            canvas.shape(&[(x, below + 2.0), (x - 4.0, below + 8.0), (x + 4.0, below + 8.0)], Role::Ink)?;
            canvas.text((start, below + 15.0), &text, Face::new(Role::Muted, 11.5))?;
            taken = start + wide;
        }
        Ok(())
    }
}

/// A list on at most two lines, the second one cut where it must be.
fn two_lines(items: &[String], width: f64) -> Vec<String> {
    let mut first = String::new();
    for (index, item) in items.iter().enumerate() {
        let longer = if first.is_empty() { item.clone() } else { format!("{first}, {item}") };
        if index > 0 && width_of(&longer, 11.5) > width {
            return vec![format!("{first},"), fit(&items[index..].join(", "), width, 11.5)];
        }
        first = longer;
    }
    vec![fit(&first, width, 11.5)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_objective_covers_takes_two_lines_at_most() {
        let items = ["API", "order processing", "customer portal", "everything else"].map(String::from);
        assert_eq!(two_lines(&items[..2], 150.0), ["API, order processing"]);
        assert_eq!(two_lines(&items[..3], 150.0), ["API, order processing,", "customer portal"]);
        let cut = two_lines(&items, 150.0);
        assert!(cut.len() == 2 && cut[1].ends_with('\u{2026}'), "{cut:?}");
        assert_eq!(two_lines(&[], 150.0), [""]);
    }
}
