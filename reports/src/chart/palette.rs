//! The colours of charts, by what they mean. In the SVG each is a class, so that one style sheet turns them all for
//! dark paper; the plain colour stays beside it for viewers that know no style sheets.

use std::fmt::Write;

use blackstart_record::verdict::Verdict;
use plotters::style::RGBColor;

/// What a mark means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Text and the marks that matter most.
    Ink,
    /// Text beside them.
    Muted,
    /// Grid lines.
    Rule,
    /// Quiet areas.
    Panel,
    /// The paper itself, to set a mark off from another.
    Paper,
    /// Measured, first series.
    Blue,
    /// Measured, second series.
    Violet,
    /// Met, recovered, answered.
    Good,
    /// Inconclusive, not known.
    Doubt,
    /// Missed, lost, failed.
    Bad,
}

/// Role, name of its class, colour on light paper, colour on dark paper. Light colours differ from each other: they are
/// how a role is found again in the SVG.
const PALETTE: [(Role, &str, u32, u32); 10] = [
    (Role::Ink, "ink", 0x001d_2733, 0x00e6_eaee),
    (Role::Muted, "muted", 0x0056_6370, 0x00a3_afba),
    (Role::Rule, "rule", 0x00d5_dbe1, 0x0036_404a),
    (Role::Panel, "panel", 0x00ee_f1f4, 0x0022_2a32),
    (Role::Paper, "paper", 0x00ff_ffff, 0x0015_1a1f),
    (Role::Blue, "blue", 0x002a_6299, 0x007c_b3e6),
    (Role::Violet, "violet", 0x0086_4f9e, 0x00c9_9bde),
    (Role::Good, "good", 0x001e_7b4c, 0x005f_c693),
    (Role::Doubt, "doubt", 0x0094_6000, 0x00e3_b350),
    (Role::Bad, "bad", 0x00b5_2a20, 0x00ff_8c80),
];

impl Role {
    /// Its colour on light paper.
    pub fn colour(self) -> RGBColor {
        let light = PALETTE.iter().find(|(role, ..)| *role == self).map_or(0, |(_, _, light, _)| *light);
        let [_, red, green, blue] = light.to_be_bytes();
        RGBColor(red, green, blue)
    }
}

impl From<Verdict> for Role {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Met => Self::Good,
            Verdict::Inconclusive => Self::Doubt,
            Verdict::Missed => Self::Bad,
        }
    }
}

/// Gives every painted element of `svg` the class of its role.
pub fn classed(svg: &str) -> String {
    let mut svg = svg.to_owned();
    for (_, name, light, _) in PALETTE {
        for (attribute, letter) in [("fill", 'f'), ("stroke", 's')] {
            let plain = format!("{attribute}=\"#{light:06X}\"");
            svg = svg.replace(&plain, &format!("{plain} class=\"{letter}-{name}\""));
        }
    }
    svg
}

/// The style sheet of charts. Print is always light. Text has a rim of paper, so that lines under it do not matter.
pub fn style() -> String {
    let mut sheet = String::from(
        "svg.chart text{font-family:system-ui,sans-serif}\
         svg.chart text:not(.f-paper){paint-order:stroke;stroke:#fff;stroke-width:14px;stroke-linejoin:round}",
    );
    let mut dark = String::from("svg.chart text:not(.f-paper){stroke:#151a1f}");
    for (_, name, light, night) in PALETTE {
        // Writing to a string does not fail.
        let _ = write!(sheet, ".f-{name}{{fill:#{light:06x}}}.s-{name}{{stroke:#{light:06x}}}");
        let _ = write!(dark, ".f-{name}{{fill:#{night:06x}}}.s-{name}{{stroke:#{night:06x}}}");
    }
    let _ = write!(sheet, "@media screen and (prefers-color-scheme:dark){{{dark}}}");
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_again_by_its_colour() {
        for (index, (_, name, light, _)) in PALETTE.iter().enumerate() {
            assert!(PALETTE.iter().skip(index + 1).all(|(_, _, other, _)| other != light), "{name}");
        }
    }

    #[test]
    fn text_keeps_enough_contrast_on_both_papers() {
        let luminance = |colour: u32| {
            let [_, red, green, blue] = colour.to_be_bytes();
            let part = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
        };
        let contrast = |a: u32, b: u32| {
            let (a, b) = (luminance(a), luminance(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        let (light_paper, dark_paper) = (PALETTE[4].2, PALETTE[4].3);
        let quiet = [Role::Rule, Role::Panel, Role::Paper];
        for (role, name, light, dark) in PALETTE.into_iter().filter(|(role, ..)| !quiet.contains(role)) {
            assert!(contrast(light, light_paper) >= 4.5, "{name} {role:?} on light paper");
            assert!(contrast(dark, dark_paper) >= 4.5, "{name} {role:?} on dark paper");
        }
    }
}
