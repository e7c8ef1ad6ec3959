//! TOML to a resolved plan and scenario; every value keeps its place in its file.

/// What a registry's entry (a fault, a pipeline's method) asks of the plan that names it.
pub trait Asks {
    /// Its name, as written in TOML.
    fn name(&self) -> &'static str;

    /// The hosts that it names; each must be in the plan.
    fn hosts(&self) -> Vec<&str>;
}
