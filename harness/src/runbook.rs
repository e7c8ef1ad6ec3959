//! The recovery's steps, each timed.
