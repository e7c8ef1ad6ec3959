//! What is owed at a cut, against what was restored.
//!
//! Expected state is the initial state and the ledger's effects. [`compare`] streams all three files of a record
//! (`initial.rows`, `ledger.bin`, `restored.rows`) side by side in key order; its memory grows with none of them.
//!
//! | file | one line |
//! | --- | --- |
//! | `effects` | the ledger as operations, each with its fate under the cut, and their effects on rows |
//! | `sort` | effects in order of table, key and invocation: external merge sort |
//! | `chain` | the versions of one row, and what was observed in its place: pure |
//! | `presence` | whether operations that may be there or not are there whole |
//! | `stray` | rows that no effect explains: whose are they? |
//! | `compare` | the three-way merge over all of it |

mod chain;
mod compare;
mod comparison;
mod effects;
mod presence;
mod sort;
mod stray;

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
pub(crate) mod brute;
#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod compare_tests;
#[cfg(test)]
pub(crate) mod generated;
#[cfg(test)]
mod sensitivity_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use compare::{Declared, compare};
pub use comparison::{Comparison, Differing, FIRST, Found, Gone, OracleError, TableCount, Wanted};
