//! How many rows each table gets, and which rows belong together, in closed form: so any row can be made alone.
//!
//! Shipments come in blocks of eight, of one branch and one day. By their place in the block the first five are delivered,
//! the next two are on their way, and the last is accepted; a manifest carries all but that one. Four of the delivered paid
//! cash, which one settlement for each block took in, but for the newest blocks.

use super::{canaries, tables};
use crate::workload::Settings;

/// No more and no less.
pub const BRANCHES: u64 = 16;
/// Of a block: shipments, those on the manifest, those delivered, those paid.
pub const BLOCK: u64 = 8;
pub const LOADED: u64 = 7;
pub const DELIVERED: u64 = 5;
pub const PAID: u64 = 4;

/// Scan events, financial records, and with one manifest and one settlement all rows of a block; each record has an
/// entry in the audit trail.
const SCANS: u64 = BLOCK + LOADED + DELIVERED;
const RECORDS: u64 = BLOCK + PAID + 1;
const BLOCK_ROWS: u64 = BLOCK + 1 + LOADED + SCANS + 1 + PAID + 2 * RECORDS;

/// Rows by table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    pub staff: u64,
    pub drivers: u64,
    pub blocks: u64,
    pub audit: u64,
}

/// What a financial record is about, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Charge { shipment: u64 },
    Cash { payment: u64 },
    Settlement { block: u64 },
}

impl Shares {
    /// Shares out the rows: every branch has staff and drivers, there is at least one block, and the audit trail takes
    /// what is over.
    pub fn of(settings: &Settings) -> Self {
        let people = (2 * BRANCHES).max(settings.rows / 500);
        let fixed = 2 * BRANCHES + 2 * people + canaries::count();
        let rest = settings.rows.saturating_sub(fixed);
        let shares = Self { staff: people, drivers: people, blocks: (rest / BLOCK_ROWS).max(1), audit: 0 };
        let others: u64 = (tables::SHIPMENTS..tables::CANARIES).map(|table| shares.count(table)).sum();
        Self { audit: rest.saturating_sub(others).max(shares.audited()), ..shares }
    }

    /// Rows of a table by its index.
    pub fn count(&self, table: usize) -> u64 {
        match table {
            tables::BRANCHES | tables::COD_ACCOUNTS => BRANCHES,
            tables::STAFF => self.staff,
            tables::DRIVERS => self.drivers,
            tables::SHIPMENTS => self.blocks * BLOCK,
            tables::MANIFESTS => self.blocks,
            tables::MANIFEST_LINES => self.blocks * LOADED,
            tables::SCAN_EVENTS => self.blocks * SCANS,
            tables::SETTLEMENTS => self.settled(),
            tables::PAYMENTS => self.blocks * PAID,
            tables::FINANCIAL_RECORDS => self.blocks * (BLOCK + PAID) + self.settled(),
            tables::CANARIES => canaries::count(),
            tables::AUDIT_TRAIL => self.audit,
            _ => 0,
        }
    }

    /// The first so many blocks have a settlement; the cash of the others is still to be settled.
    pub fn settled(&self) -> u64 {
        self.blocks - BRANCHES.min(self.blocks / 4)
    }

    /// What a financial record is about: first all charges, then all cash, then all settlements.
    pub fn record(&self, index: u64) -> Record {
        let (charges, cash) = (self.blocks * BLOCK, self.blocks * PAID);
        match index.checked_sub(charges) {
            None => Record::Charge { shipment: index },
            Some(payment) if payment < cash => Record::Cash { payment },
            Some(after) => Record::Settlement { block: after - cash },
        }
    }

    /// The first so many blocks are older than the audit trail reaches back. The blocks are spread over nine years, and
    /// the trail has all of the last seven.
    fn forgotten(&self) -> u64 {
        self.blocks / 5
    }

    /// How many financial records have an entry in the audit trail.
    fn audited(&self) -> u64 {
        self.count(tables::FINANCIAL_RECORDS) - self.forgotten() * RECORDS
    }

    /// Which financial record an entry of the audit trail is about; `None`: it is about something else.
    pub fn audited_record(&self, entry: u64) -> Option<u64> {
        let old = self.forgotten();
        let charges = (self.blocks - old) * BLOCK;
        let cash = (self.blocks - old) * PAID;
        let skipped = if entry < charges {
            old * BLOCK
        } else if entry < charges + cash {
            old * (BLOCK + PAID)
        } else {
            old * RECORDS
        };
        (entry < self.audited()).then_some(entry + skipped)
    }
}

/// The branch (from 0) of a block.
pub fn branch_of_block(block: u64) -> u64 {
    block % BRANCHES
}

/// The `choice`-th (of any number) of a branch's rows in a table whose `count` rows go round the branches.
pub fn of_branch(branch: u64, count: u64, choice: u64) -> u64 {
    let own = (count - branch).div_ceil(BRANCHES);
    branch + BRANCHES * (choice % own)
}

/// The shipment of the `index`-th manifest line; its manifest is that of its block.
pub fn shipment_of_line(index: u64) -> u64 {
    index / LOADED * BLOCK + index % LOADED
}

/// The shipment that a payment is for.
pub fn shipment_of_payment(payment: u64) -> u64 {
    payment / PAID * BLOCK + payment % PAID
}

/// The shipment of the `index`-th scan event and the status that it says.
pub fn scan(index: u64) -> (u64, u64) {
    let first = index / SCANS * BLOCK;
    match index % SCANS {
        place @ 0..BLOCK => (first + place, 1),
        place if place < BLOCK + LOADED => (first + place - BLOCK, 2),
        place => (first + place - BLOCK - LOADED, 3),
    }
}

/// The status of a shipment.
pub fn status(shipment: u64) -> u64 {
    match shipment % BLOCK {
        0..DELIVERED => 3,
        DELIVERED..LOADED => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_shares_add_up_to_the_rows_asked_for() {
        for rows in [300, 301, 1000, 200_000, 3_000_000] {
            let shares = Shares::of(&Settings { rows, ..Settings::default() });
            let sum: u64 = (0..tables::TABLES.len()).map(|table| shares.count(table)).sum();
            assert_eq!(sum, rows);
        }
    }

    #[test]
    fn every_scan_is_one_that_its_shipment_has_had() {
        let scans: BTreeSet<_> = (0..3 * SCANS).map(scan).collect();
        let expected = (0..3 * BLOCK).flat_map(|shipment| (1..=status(shipment)).map(move |status| (shipment, status)));
        assert_eq!(scans, expected.collect());
    }

    #[test]
    fn every_record_of_a_block_that_is_not_too_old_is_audited_once() {
        for blocks in [1, 4, 5, 63, 64, 65, 1000] {
            let shares = Shares { staff: 32, drivers: 32, blocks, audit: 0 };
            let block = |record| match shares.record(record) {
                Record::Charge { shipment } => shipment / BLOCK,
                Record::Cash { payment } => payment / PAID,
                Record::Settlement { block } => block,
            };
            let records = 0..shares.count(tables::FINANCIAL_RECORDS);
            let expected: Vec<u64> = records.filter(|record| block(*record) >= shares.forgotten()).collect();
            let audited: Vec<u64> = (0..).map_while(|entry| shares.audited_record(entry)).collect();
            assert_eq!(audited, expected, "{blocks} blocks");
        }
    }
}
