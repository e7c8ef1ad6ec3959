//! Generator, clients, and the ledger they keep.
