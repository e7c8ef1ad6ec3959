//! TOML to a resolved plan and scenario.
