//! Values of a plan as somebody types them elsewhere: checked by the plan's own rules.

use super::name::Name;
use super::plan_file::Runs;
use super::units::Lapse;

/// The text itself, if it is a duration as plans write it.
///
/// # Errors
/// What is wrong, and on a second line what would be right.
pub fn check_duration(text: &str) -> Result<String, String> {
    Lapse::parse(text).map(|_| text.to_owned())
}

/// The text itself, if it is a cron line or an interval.
///
/// # Errors
/// What is wrong, and on a second line what would be right.
pub fn check_schedule(text: &str) -> Result<String, String> {
    Runs::parse(text).map(|_| text.to_owned())
}

/// The text itself, if a thing of a plan may be called so.
///
/// # Errors
/// What is wrong, and on a second line what would be right.
pub fn check_name(text: &str) -> Result<String, String> {
    Name::parse(text).map(|_| text.to_owned())
}
