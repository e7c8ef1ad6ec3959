//! What a workload is asked to be.

use std::time::Duration;

/// Settings of a workload; the same settings and seed make the same initial rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Seed of everything random.
    pub seed: u64,
    /// Rows over all tables. A domain may need a few more than a very small number.
    pub rows: u64,
    /// Tenants; at least one for each client is made, see [`Settings::tenants`].
    pub tenants: u32,
    /// Clients, each with one connection.
    pub clients: u32,
    /// Operations a second over all clients; `None`: flat out.
    pub rate: Option<f64>,
    /// Bound of one operation and of one connection attempt.
    pub op_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, rows: 200_000, tenants: 8, clients: 8, rate: None, op_timeout: Duration::from_secs(5) }
    }
}

impl Settings {
    /// Tenants as they are made: no client is without one.
    pub fn tenants(&self) -> u32 {
        self.tenants.max(self.clients).max(1)
    }
}
