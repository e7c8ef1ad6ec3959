//! The register of erasures: what an application keeps outside its database, so that a restore can be told what has to
//! stay gone. Here it is read off the ledger.

use std::fmt::Write;
use std::path::Path;

use blackstart_record::ledger::{Completion, LedgerEntry, Reader};
use blackstart_record::rows::Table;

use crate::failure::{Error, Result};

/// Every acknowledged deletion from the tables of `erasures`, a line each: the table, a tab, the key.
///
/// # Errors
/// The ledger cannot be read.
pub fn erased(ledger: &Path, tables: &[Table], erasures: &[String]) -> Result<String> {
    let mut register = String::new();
    if erasures.is_empty() {
        return Ok(register);
    }
    let unreadable = |why| Error::new(format!("the ledger cannot be read: {why}"));
    for entry in Reader::open(ledger).map_err(unreadable)? {
        let LedgerEntry::Completed { completion: Completion::Acknowledged, effects, .. } = entry.map_err(unreadable)?
        else {
            continue;
        };
        for effect in effects.iter().filter(|effect| effect.digest.is_none()) {
            let table = tables.get(usize::from(effect.table)).filter(|table| erasures.contains(&table.name));
            // Writing to a string does not fail.
            let _ = table.map(|table| writeln!(register, "{}\t{}", table.name, table.key.show(effect.key)));
        }
    }
    Ok(register)
}

#[cfg(test)]
mod tests {
    use blackstart_record::ledger::{Effect, Writer};
    use blackstart_record::rows::{Key, KeyKind};
    use blackstart_record::time::Nanos;

    use super::*;

    #[test]
    fn the_register_holds_acknowledged_deletions_from_declared_tables_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.bin");
        let table = |name: &str| Table { name: name.into(), key: KeyKind::Integer };
        let tables = [table("app.people"), table("app.orders")];
        let effect = |table, key, digest| Effect { table, key: Key(key), digest };
        let mut entries = Vec::new();
        let endings = [
            (1, Completion::Acknowledged, vec![effect(0, 7, None), effect(1, 70, None)]),
            (2, Completion::Unknown, vec![effect(0, 8, None)]),
            (3, Completion::Failed, vec![effect(0, 9, None)]),
            (4, Completion::Acknowledged, vec![effect(0, 10, Some(1)), effect(0, 11, None)]),
        ];
        for (op, completion, effects) in endings {
            entries.push(LedgerEntry::Invoked { op, client: 0, epoch: 0, at: Nanos(op * 10) });
            entries.push(LedgerEntry::Completed { op, at: Nanos(op * 10 + 5), completion, effects });
        }
        Writer::create(&path).unwrap().append(&entries).unwrap();
        let of = |erasures: &[String]| erased(&path, &tables, erasures).unwrap();
        assert_eq!(of(&["app.people".to_owned()]), "app.people\t7\napp.people\t11\n");
        assert_eq!(of(&[]), "");
    }
}
