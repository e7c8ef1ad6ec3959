//! What the harness costs.
//!
//! `cargo bench --package blackstart-benches` measures hot paths with criterion. `cargo ci compare` runs this package's
//! program, which measures the harness against the bare tools, in interleaved pairs, and prints samples; medians,
//! intervals and judgements are made of them there.
//!
//! | file | one line |
//! | --- | --- |
//! | [`comparisons`] | a file a comparison, and the list of them |
//! | [`samples`] | what is printed, and the order in which the two sides of a pair run |
//! | [`isolated`] | comparisons on real servers: in namespaces of their own, as drills run |
//! | [`world`] | the servers |
//! | [`ledger`], [`material`] | what is measured on: ledgers and reports of any size |

pub mod comparisons;
pub mod isolated;
pub mod ledger;
pub mod material;
pub mod samples;
pub mod world;

/// Anything that keeps a comparison from being made.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// `T`, or what kept it from being had.
pub type Result<T> = std::result::Result<T, Error>;
