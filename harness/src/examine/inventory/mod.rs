//! Everything of a database that is not rows: objects, roles, grants, settings, each as a definition to compare.

pub mod files;
mod mysql;
mod postgres;

use std::collections::BTreeMap;

use super::snapshot::Snapshot;
use crate::engine::Client;
use crate::failure::{Context, Error, Result};
use crate::plan::EngineKind;

/// Kind of object to name to definition.
pub type Definitions = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the inventory of the database that `client` is connected to, as a superuser.
///
/// # Errors
/// The server's answer, with the kind that could not be read.
pub async fn read(client: &Client) -> Result<Definitions> {
    let mut found = Definitions::new();
    for (kind, sql) in queries(client.kind()) {
        let definitions = ask(client, sql).await.cannot(format_args!("read the {kind}"))?;
        found.insert((*kind).to_owned(), definitions);
    }
    Ok(found)
}

/// The same of a restored copy, whose catalogs may be damaged: of a kind that cannot be read the answer is kept in place of
/// its objects.
///
/// # Errors
/// The session was lost.
pub async fn observe(snapshot: &Snapshot) -> Result<Definitions> {
    let mut found = Definitions::new();
    for (kind, sql) in queries(snapshot.client().kind()) {
        let asked = snapshot.attempt(async |client| ask(client, sql).await).await?;
        let definitions =
            asked.unwrap_or_else(|error| [(format!("(none can be read: {error})"), String::new())].into());
        found.insert((*kind).to_owned(), definitions);
    }
    Ok(found)
}

/// Takes out of an inventory what the password of `role` is, which is to be another: nothing else of the role.
pub fn forget_password(engine: EngineKind, role: &str, definitions: &mut Definitions) {
    match engine {
        EngineKind::Postgres => postgres::forget_password(role, definitions),
        EngineKind::Mysql => mysql::forget_password(role, definitions),
    }
}

/// By kind of object, SQL that answers names and definitions.
fn queries(engine: EngineKind) -> &'static [(&'static str, &'static str)] {
    match engine {
        EngineKind::Postgres => postgres::QUERIES,
        EngineKind::Mysql => mysql::QUERIES,
    }
}

/// Names and definitions that a query answers.
async fn ask(client: &Client, sql: &str) -> Result<BTreeMap<String, String>> {
    let mut definitions = BTreeMap::new();
    for row in client.rows(sql).await? {
        let mut columns = row.into_iter();
        let name = columns.next().flatten().ok_or_else(|| Error::new("an object without a name"))?;
        definitions.insert(name, columns.next().flatten().unwrap_or_default());
    }
    Ok(definitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_role_whose_password_is_replaced_everything_else_is_held() {
        let definitions = |kind: &str, entries: &[(&str, &str)]| -> Definitions {
            let entries = entries.iter().map(|(name, says)| ((*name).to_owned(), (*says).to_owned())).collect();
            [(kind.to_owned(), entries)].into()
        };
        for (engine, kind, before, left) in [
            (
                EngineKind::Postgres,
                "roles",
                &[("app", "super=false password=0a1b until=1"), ("other", "password=0a1b")][..],
                &[("app", "super=false until=1"), ("other", "password=0a1b")][..],
            ),
            (EngineKind::Mysql, "passwords", &[("app@%", "x"), ("apple@%", "y")], &[("apple@%", "y")]),
        ] {
            let mut held = definitions(kind, before);
            forget_password(engine, "app", &mut held);
            assert_eq!(held, definitions(kind, left), "{engine}");
        }
    }
}
