//! PostgreSQL binary wire format.
