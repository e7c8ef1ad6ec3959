//! The shared vocabulary: what a drill planned, what happened, what was seen and what was judged.
//!
//! A record is a folder. `harness` writes it, `harness` judges it, `reports` shows it; all three
//! meet only in the types of this package, so a record can be judged and shown again from its
//! files alone.
//!
//! | file | type | holds |
//! | --- | --- | --- |
//! | `record.json` | [`record::Record`] | what was drilled, with what: plan, scenario, seed, tools, artifacts |
//! | `history.jsonl` | [`history`] of [`event::Entry`] | everything that happened, in one order |
//! | `ledger.bin` | [`ledger`] | every invocation and completion that a client saw |
//! | `initial.rows`, `restored.rows` | [`rows`] | a digest of each row, as loaded and as restored |
//! | `observations/*.json` | [`observation::Observation`] | what the examinations saw |
//! | `verdict.json` | [`verdict::DrillVerdict`] | recomputed from all of the above by `blackstart judge` |

pub mod alert;
pub mod bound;
pub mod codec;
pub mod event;
pub mod history;
pub mod ledger;
pub mod observation;
pub mod plan;
pub mod record;
pub mod rows;
pub mod time;
pub mod verdict;
pub mod words;
