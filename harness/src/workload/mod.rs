//! Generator, clients, and the ledger they keep.
//!
//! A [`Domain`] is data and SQL: a schema, tables, a pure generator of the initial rows, the rules that hold in
//! every transaction, and an application that plans operations. Everything that talks to a server is here and
//! knows no domain: [`load()`] puts the initial rows in place, [`Workload::start`] lets clients run the application,
//! and [`Ledger`] keeps what each of them did and saw.
//!
//! To add a domain: one folder here, one in `fixtures/domains`, one line in [`domain()`].

mod application;
mod archive;
mod client;
pub mod configuration;
mod documents;
mod domain;
mod erased;
mod fulfilment;
mod images;
mod ledger;
mod load;
pub mod logistics;
mod meter;
pub mod nonce;
pub mod objects;
mod pace;
mod random;
mod running;
mod session;
mod settings;
mod shipping_documents;
mod table;

pub use application::{Application, Effects, Ending, ObjectStep, Operation, Rows, Statement, Step};
pub use domain::{Canary, Domain, Generator, Invariant, WriteTrial};
pub use erased::erased;
pub use images::{Version, find, find_initial};
pub use ledger::{Ledger, LedgerClosed, LedgerHandle};
pub use load::{Loaded, load};
pub use objects::{ObjectSpec, load_objects};
pub use random::Random;
pub use running::{Running, Stopped, Workload};
pub use settings::Settings;
pub use table::{Column, KeyRange, Load, TableSpec};

/// The domain of this name; `None` if there is none.
pub fn domain(name: &str) -> Option<&'static dyn Domain> {
    DOMAINS.iter().copied().find(|domain| domain.name() == name)
}

/// Every domain.
pub const DOMAINS: &[&dyn Domain] =
    &[&fulfilment::Fulfilment, &documents::Documents, &logistics::Logistics, &shipping_documents::ShippingDocuments];
