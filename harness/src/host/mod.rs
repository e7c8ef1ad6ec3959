//! Places with their own disk, processes and address.
