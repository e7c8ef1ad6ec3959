//! Blackstart.
fn main() {}
