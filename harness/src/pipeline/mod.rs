//! Real backup and restore methods.
