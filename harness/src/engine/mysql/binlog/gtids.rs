//! The names of transactions in binary logs, and sets of them.

use std::collections::BTreeMap;
use std::fmt;

/// A transaction's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gtid {
    /// Who numbered it, as it is written before the number: MariaDB's domain and server (`0-1-`), MySQL's server (`UUID:`).
    by: String,
    number: u64,
    /// MariaDB remembers of each numbering the latest only.
    alone: bool,
}

impl Gtid {
    /// One of MariaDB's.
    pub(super) fn of_mariadb(domain: u32, server: u32, number: u64) -> Self {
        Self { by: format!("{domain}-{server}-"), number, alone: true }
    }

    /// One of MySQL's.
    pub(super) fn of_mysql(server: &[u8; 16], number: u64) -> Self {
        Self { by: format!("{}:", uuid(server)), number, alone: false }
    }
}

impl fmt::Display for Gtid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.by, self.number)
    }
}

/// What a log holds, or was written after: ranges of numbers, first and last, by who gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gtids(BTreeMap<String, Vec<(u64, u64)>>);

impl Gtids {
    /// Adds one.
    pub(super) fn add(&mut self, gtid: &Gtid) {
        if gtid.alone {
            self.0.insert(gtid.by.clone(), vec![(gtid.number, gtid.number)]);
        } else {
            self.add_range(gtid.by.clone(), gtid.number, gtid.number);
        }
    }

    /// Adds those of a server of MySQL's from `first` to `last`.
    pub(super) fn add_of_mysql(&mut self, server: &[u8; 16], first: u64, last: u64) {
        self.add_range(format!("{}:", uuid(server)), first, last);
    }

    fn add_range(&mut self, by: String, first: u64, last: u64) {
        let ranges = self.0.entry(by).or_default();
        ranges.push((first, last));
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges.drain(..) {
            match joined.last_mut().filter(|(_, before)| first <= before.saturating_add(1)) {
                Some((_, before)) => *before = last.max(*before),
                None => joined.push((first, last)),
            }
        }
        *ranges = joined;
    }
}

impl fmt::Display for Gtids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the beginning");
        }
        let range =
            |(first, last): &(u64, u64)| if first == last { last.to_string() } else { format!("{first}-{last}") };
        let all =
            self.0.iter().map(|(by, ranges)| by.clone() + &ranges.iter().map(range).collect::<Vec<_>>().join(":"));
        f.write_str(&all.collect::<Vec<_>>().join(","))
    }
}

fn uuid(bytes: &[u8; 16]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mariadb_remembers_the_latest_of_each_numbering() {
        let mut held = Gtids::default();
        for (domain, server, number) in [(0, 1, 7), (0, 1, 8), (0, 2, 9), (0, 1, 10)] {
            held.add(&Gtid::of_mariadb(domain, server, number));
        }
        assert_eq!(held.to_string(), "0-1-10,0-2-9");
    }

    #[test]
    fn ranges_of_mysql_grow_together_in_whatever_order_they_come() {
        let server = [0xab; 16];
        let mut held = Gtids::default();
        held.add_of_mysql(&server, 1, 4);
        for number in [9, 6, 5] {
            held.add(&Gtid::of_mysql(&server, number));
        }
        let name = "abababab-abab-abab-abab-abababababab";
        assert_eq!(held.to_string(), format!("{name}:1-6:9"));
        let mut other = Gtids::default();
        other.add_of_mysql(&server, 1, 6);
        assert_ne!(held, other);
        other.add_of_mysql(&server, 9, 9);
        assert_eq!(held, other);
        assert_eq!(Gtid::of_mysql(&server, 9).to_string(), format!("{name}:9"));
    }
}
