//! The paper that charts are painted on: plotters' SVG backend, with lengths as fractions of a unit, roles instead of
//! colours, and an outer element that scales and speaks.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, ShapeStyle};

use super::palette::{self, Role};
use crate::escape;

/// The width of every chart, in units.
pub const WIDTH: f64 = 960.0;
/// Plotters paints on whole pixels; so many of them make a unit.
const PIXELS: f64 = 4.0;
/// What plotters divides the size of a font by.
const FONT: f64 = 1.24;

/// Where a text stands relative to its point; always in the middle of its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The point is its start.
    Start,
    /// The point is its middle.
    Middle,
    /// The point is its end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub struct Face {
    /// Its role.
    pub role: Role,
    /// Its size in units.
    pub size: f64,
    /// Whether it is bold.
    pub bold: bool,
    /// Where it stands.
    pub anchor: Anchor,
}

impl Face {
    /// A face of this role and size that starts at its point.
    pub const fn new(role: Role, size: f64) -> Self {
        Self { role, size, bold: false, anchor: Anchor::Start }
    }

    /// The same, bold.
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same, standing otherwise.
    pub const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A finished chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    opening: String,
    body: String,
}

impl Drawn {
    /// For inside a page that has [`palette::style`] already.
    pub fn inline(&self) -> String {
        format!("{}{}", self.opening, self.body)
    }

    /// As a file of its own.
    pub fn standalone(&self) -> String {
        format!("{}<style>{}</style>\n{}\n", self.opening, palette::style(), self.body)
    }
}

/// Paints a chart.
pub fn draw(
    name: &str,
    title: &str,
    described: &str,
    height: f64,
    paint: impl FnOnce(&Canvas<'_>) -> Result<(), String>,
) -> Result<Drawn, String> {
    let mut raw = String::new();
    let size = (pixels(WIDTH).unsigned_abs(), pixels(height).unsigned_abs());
    let canvas = Canvas { area: SVGBackend::with_string(&mut raw, size).into_drawing_area() };
    paint(&canvas)?;
    canvas.area.present().map_err(|why| why.to_string())?;
    drop(canvas);
    let body = raw.split_once('\n').map_or("", |(_, body)| body);
    let opening = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{name}-title {name}-desc\">\
         <title id=\"{name}-title\">{}</title><desc id=\"{name}-desc\">{}</desc>\n",
        size.0,
        size.1,
        escape::html(title),
        escape::html(described),
    );
    Ok(Drawn { opening, body: palette::classed(&tight(body)) })
}

/// Text elements on one line each: a break inside them would be a space.
fn tight(body: &str) -> String {
    let mut tight = String::with_capacity(body.len());
    let mut in_text = false;
    for line in body.lines() {
        in_text = (in_text || line.starts_with("<text")) && !line.starts_with("</text");
        tight.push_str(&line.replace("opacity=\"1\" ", "").replace(" stroke=\"none\"", ""));
        if !in_text {
            tight.push('\n');
        }
    }
    tight
}

/// Where a chart is painted. Coordinates are units from the upper left corner.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl Canvas<'_> {
    /// A filled rectangle between two corners.
    pub fn fill(&self, from: (f64, f64), to: (f64, f64), role: Role, alpha: f64) -> Result<(), String> {
        said(self.area.draw(&Rectangle::new([point(from), point(to)], role.colour().mix(alpha).filled())))
    }

    /// A line.
    pub fn line(&self, from: (f64, f64), to: (f64, f64), role: Role, width: f64) -> Result<(), String> {
        self.path(&[from, to], role, width)
    }

    /// A line of several pieces; a single point is a dot.
    pub fn path(&self, points: &[(f64, f64)], role: Role, width: f64) -> Result<(), String> {
        if let [only] = points {
            return self.dot(*only, width, role);
        }
        let points: Vec<(i32, i32)> = points.iter().copied().map(point).collect();
        said(self.area.draw(&PathElement::new(points, stroke(role, width))))
    }

    /// A dashed upright or level line.
    pub fn dashes(&self, from: (f64, f64), to: (f64, f64), role: Role, width: f64) -> Result<(), String> {
        const DASH: f64 = 4.0;
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let along = |way: f64| {
            let share = if length > 0.0 { way / length } else { 0.0 };
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        let mut way = 0.0;
        while way < length {
            self.line(along(way), along((way + DASH).min(length)), role, width)?;
            way += 2.0 * DASH;
        }
        Ok(())
    }

    /// A filled circle.
    pub fn dot(&self, at: (f64, f64), radius: f64, role: Role) -> Result<(), String> {
        said(self.area.draw(&Circle::new(point(at), pixels(radius).unsigned_abs(), role.colour().filled())))
    }

    /// A filled shape.
    pub fn shape(&self, points: &[(f64, f64)], role: Role) -> Result<(), String> {
        let points: Vec<(i32, i32)> = points.iter().copied().map(point).collect();
        said(self.area.draw(&Polygon::new(points, role.colour().filled())))
    }

    /// A filled diamond, set off from what is under it.
    pub fn diamond(&self, at: (f64, f64), radius: f64, role: Role) -> Result<(), String> {
        for (radius, role) in [(radius + 1.5, Role::Paper), (radius, role)] {
            let (x, y) = at;
            self.shape(&[(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)], role)?;
        }
        Ok(())
    }

    /// A rectangle of slanted lines: declared rather than measured, or not known.
    pub fn hatch(&self, from: (f64, f64), to: (f64, f64), role: Role) -> Result<(), String> {
        const GAP: f64 = 5.0;
        self.fill(from, to, role, 0.12)?;
        let (width, height) = (to.0 - from.0, to.1 - from.1);
        // Each line runs from the lower left to the upper right; `way` is where it would cross the lower edge.
        let mut way = GAP / 2.0 - (height / GAP).floor() * GAP;
        while way < width {
            let (low, high) = (way.max(0.0), (way + height).min(width));
            if high > low {
                self.line((from.0 + low, to.1 - (low - way)), (from.0 + high, to.1 - (high - way)), role, 0.8)?;
            }
            way += GAP;
        }
        let corners = [from, (to.0, from.1), to, (from.0, to.1), from];
        self.path(&corners, role, 0.8)
    }

    /// A line of text.
    pub fn text(&self, at: (f64, f64), text: &str, face: Face) -> Result<(), String> {
        let style = if face.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = FontDesc::new(FontFamily::SansSerif, face.size * PIXELS * FONT, style);
        let h_pos = match face.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let look = font.color(&face.role.colour()).pos(Pos::new(h_pos, VPos::Center));
        said(self.area.draw(&Text::new(escape::visible(text), point(at), look)))
    }
}

/// Errors of the drawing library, as words.
fn said<E: std::fmt::Display>(result: Result<(), E>) -> Result<(), String> {
    result.map_err(|why| why.to_string())
}

fn stroke(role: Role, width: f64) -> ShapeStyle {
    ShapeStyle { color: role.colour().to_rgba(), filled: false, stroke_width: pixels(width).unsigned_abs().max(1) }
}

fn point((x, y): (f64, f64)) -> (i32, i32) {
    (pixels(x), pixels(y))
}

/// Units to pixels; what is no number is at the edge.
fn pixels(units: f64) -> i32 {
    let pixels = (units * PIXELS).round();
    if pixels.is_finite() { pixels.clamp(-1e6, 1e6) as i32 } else { 0 }
}

/// About how wide a text is: charts are painted without fonts at hand.
pub fn width_of(text: &str, size: f64) -> f64 {
    text.chars().map(|character| if character.is_ascii() { 0.56 } else { 1.0 }).sum::<f64>() * size
}

/// `text`, cut so that it fits about `width`.
pub fn fit(text: &str, width: f64, size: f64) -> String {
    let text = escape::visible(text);
    if width_of(&text, size) <= width {
        return text;
    }
    let mut cut = String::new();
    for character in text.chars() {
        if width_of(&cut, size) + 2.0 * size > width {
            break;
        }
        cut.push(character);
    }
    cut.push('\u{2026}');
    cut
}
