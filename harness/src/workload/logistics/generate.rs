//! The initial rows, each made alone from the seed, its table and its place.

use super::shares::{self, BLOCK, BRANCHES, PAID, Record, Shares};
use super::{canaries, tables};
use crate::workload::{Generator, Random, Settings};

mod rows;
#[cfg(test)]
mod tests;

/// 2016-03-01 UTC in microseconds since 2000: the first shipment.
const FIRST: i64 = 5904 * DAY;
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The blocks are spread over nine years, so that some financial records are older than they have to be kept.
const SPAN: i64 = 3287 * DAY;

/// What a stream of randomness is for, where it is not for a row's fields.
const CHARGE: u64 = 1 << 32;
const CASH: u64 = CHARGE + 1;
const CLOCK: u64 = CHARGE + 2;
const DRIVER: u64 = CHARGE + 3;

/// The generator.
#[derive(Debug)]
pub struct InitialRows {
    seed: u64,
    shares: Shares,
    /// Cash collected and settled in cents, by branch.
    accounts: [(i64, i64); BRANCHES as usize],
}

impl InitialRows {
    /// Shares out the rows and sums up the cash of each branch.
    pub fn new(settings: &Settings) -> Self {
        let shares = Shares::of(settings);
        let mut rows = Self { seed: settings.seed, shares, accounts: [(0, 0); BRANCHES as usize] };
        for block in 0..shares.blocks {
            let total = rows.total(block);
            let (collected, settled) = &mut rows.accounts[shares::branch_of_block(block) as usize];
            *collected += total;
            *settled += if block < shares.settled() { total } else { 0 };
        }
        rows
    }

    fn random(&self, purpose: u64, index: u64) -> Random {
        Random::of(&[self.seed, purpose, index])
    }

    /// The price of a shipment's way, in cents.
    fn charge(&self, shipment: u64) -> i64 {
        500 + self.random(CHARGE, shipment).below(20_000) as i64
    }

    /// What its recipient has to pay, in cents: nothing for two of a block, one of them delivered.
    fn cash(&self, shipment: u64) -> i64 {
        match shipment % BLOCK {
            4 | 6 => 0,
            _ => 100 + self.random(CASH, shipment).below(5_000_000) as i64,
        }
    }

    /// The cash of a block.
    fn total(&self, block: u64) -> i64 {
        (block * BLOCK..).take(PAID as usize).map(|shipment| self.cash(shipment)).sum()
    }

    /// The driver (from 0) who delivers a block.
    fn driver(&self, block: u64) -> u64 {
        let choice = self.random(DRIVER, block).bits() >> 1;
        shares::of_branch(shares::branch_of_block(block), self.shares.drivers, choice)
    }

    fn block_at(&self, block: u64) -> i64 {
        FIRST + block as i64 * (SPAN / self.shares.blocks as i64)
    }

    fn created_at(&self, shipment: u64) -> i64 {
        let noise = self.random(CLOCK, shipment).below(MINUTE as u64) as i64;
        self.block_at(shipment / BLOCK) + (shipment % BLOCK) as i64 * 17 * MINUTE + noise
    }

    fn loaded_at(&self, block: u64) -> i64 {
        self.block_at(block) + 5 * HOUR
    }

    fn delivered_at(&self, shipment: u64) -> i64 {
        self.created_at(shipment) + DAY
    }

    fn settled_at(&self, block: u64) -> i64 {
        self.block_at(block) + 2 * DAY
    }

    /// Branch (from 0), kind, reference (from 0), amount in cents and time of a financial record.
    fn record(&self, index: u64) -> (u64, &'static str, u64, i64, i64) {
        match self.shares.record(index) {
            Record::Charge { shipment } => {
                let branch = shares::branch_of_block(shipment / BLOCK);
                (branch, "charge", shipment, self.charge(shipment), self.created_at(shipment))
            }
            Record::Cash { payment } => {
                let shipment = shares::shipment_of_payment(payment);
                let branch = shares::branch_of_block(shipment / BLOCK);
                (branch, "cash", payment, self.cash(shipment), self.delivered_at(shipment))
            }
            Record::Settlement { block } => {
                (shares::branch_of_block(block), "settlement", block, self.total(block), self.settled_at(block))
            }
        }
    }
}

impl Generator for InitialRows {
    fn count(&self, table: usize) -> u64 {
        self.shares.count(table)
    }

    fn fields(&self, table: usize, index: u64, out: &mut Vec<u8>) {
        let mut random = self.random(table as u64, index);
        match table {
            tables::BRANCHES => rows::branch(index, &mut random, out),
            tables::STAFF => rows::staff(index, &mut random, out),
            tables::DRIVERS => rows::driver(index, &mut random, out),
            tables::COD_ACCOUNTS => self.cod_account(index, out),
            tables::SHIPMENTS => self.shipment(index, &mut random, out),
            tables::MANIFESTS => self.manifest(index, out),
            tables::MANIFEST_LINES => rows::manifest_line(index, out),
            tables::SCAN_EVENTS => self.scan_event(index, &mut random, out),
            tables::SETTLEMENTS => self.settlement(index, out),
            tables::PAYMENTS => self.payment(index, out),
            tables::FINANCIAL_RECORDS => self.financial_record(index, out),
            tables::CANARIES => canaries::fields(index, out),
            _ => self.audit_entry(index, out),
        }
    }
}
