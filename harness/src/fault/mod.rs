//! Disasters: inject, confirm, heal.
