//! What each target does with its bytes: it reads them, and panics where the reader does or says something untrue.

pub mod file;
pub mod framed;
pub mod history;
pub mod judge;
pub mod ledger;
pub mod rows;
pub mod scratch;
