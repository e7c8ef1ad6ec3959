//! Blackstart.
