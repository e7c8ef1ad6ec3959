//! Charts, as SVG that scales, prints, and reads on light and dark paper.
//!
//! A chart is one file and one line in [`CHARTS`]. Each is always drawn: without its data it says so in words.

mod axis;
mod canvas;
mod objectives;
mod palette;
mod recovery;
mod recovery_point;
mod service;
mod thin;
mod throughput;

#[cfg(test)]
mod length_tests;

pub use canvas::{Canvas, Drawn};
pub use palette::style;

use crate::ReportError;
use crate::material::Material;

/// A chart: its file, its words, and what paints it.
#[derive(Clone, Copy, Debug)]
pub struct Chart {
    /// The path below the record's folder.
    pub file: &'static str,
    /// Its title, above it in the report and inside it for those who hear it.
    pub title: &'static str,
    /// What it shows, in a sentence made of the material.
    pub describe: fn(&Material) -> String,
    /// Its height for this material, in units of which its width has 960.
    pub height: fn(&Material) -> f64,
    /// Paints it.
    pub paint: fn(&Material, &Canvas<'_>) -> Result<(), String>,
}

/// Every chart, in the order of the report.
pub const CHARTS: &[Chart] = &[objectives::CHART, recovery::CHART, recovery_point::CHART, throughput::CHART];

impl Chart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`ReportError::Make`], which only an error of the drawing library causes.
    pub fn draw(&self, material: &Material) -> Result<Drawn, ReportError> {
        let name = self.file.trim_start_matches("charts/").trim_end_matches(".svg");
        let described = (self.describe)(material);
        let drawn = canvas::draw(name, self.title, &described, (self.height)(material), |canvas| {
            (self.paint)(material, canvas)
        });
        drawn.map_err(|why| ReportError::Make { report: self.file, why })
    }
}
