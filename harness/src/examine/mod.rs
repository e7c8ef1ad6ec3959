//! Looks at live servers, written down as observations.
