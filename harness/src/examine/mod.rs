//! Looks at live servers, written down as observations: one file per examination.

pub mod attack;
pub mod canaries;
pub mod credentials;
pub mod digests;
pub mod fence;
pub mod identity;
pub mod images;
pub mod indexes;
pub mod invariants;
pub mod inventory;
pub mod monitor;
pub mod objects;
pub mod probe;
pub mod rows;
pub mod snapshot;
pub mod writes;
