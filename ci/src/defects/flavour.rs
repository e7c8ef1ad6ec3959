//! The same cases on MySQL: their plans and programs are written for MariaDB, and what MySQL calls otherwise is a line here.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

/// One of the two servers that plans of `engine = "mysql"` can run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    /// MariaDB.
    MariaDb,
    /// MySQL.
    MySql,
}

/// What a plan says of a host that runs either.
const HOST: &str = "engine = \"mysql\"";
/// What it says of one that runs MySQL: the server's name, and a kind of image that has it.
const ON_MYSQL: &str = "version = \"MySQL\"";

/// What programs of MariaDB say, and those of MySQL in its place. In this order: a text may be part of one below it.
const WORDS: [(&str, &str); 14] = [
    // It knows no statements for accounts in all of its releases.
    (
        "mariadb-dump --system=users --insert-ignore",
        "{ echo 'USE mysql;'; mysqldump --set-gtid-purged=OFF --no-create-info --insert-ignore --skip-lock-tables mysql \
         user db tables_priv columns_priv procs_priv proxies_priv global_grants role_edges default_roles; \
         echo 'FLUSH PRIVILEGES;'; }",
    ),
    ("mariadb-dump", "mysqldump --set-gtid-purged=OFF"),
    (
        "mariadb-backup --backup --target-dir=\"$BLACKSTART_COPY\"",
        "mysql --execute=\"CLONE LOCAL DATA DIRECTORY = '$BLACKSTART_COPY'\"",
    ),
    // What is cloned is ready.
    ("mariadb-backup --prepare --target-dir=\"$BLACKSTART_COPY\"", "true"),
    ("\"$BLACKSTART_COPY\"/ib_logfile*", "\"$BLACKSTART_COPY\"/\\#innodb_redo/*"),
    ("mariadb", "mysql"),
    ("SHOW BINLOG STATUS", "SHOW BINARY LOG STATUS"),
    ("CHANGE MASTER", "CHANGE REPLICATION SOURCE"),
    ("--master-data", "--source-data"),
    ("MASTER_DELAY", "SOURCE_DELAY"),
    ("SLAVESIDE_DISABLED", "REPLICA_SIDE_DISABLED"),
    ("STOP SLAVE", "STOP REPLICA"),
    ("START SLAVE", "START REPLICA"),
    ("RESET SLAVE", "RESET REPLICA"),
];

/// Whether the plan in `folder` runs on either.
///
/// # Errors
/// There is no plan.
pub fn is_either(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_to_string(folder.join(PLAN))?.lines().any(|line| squeezed(line) == HOST))
}

/// Has the plan in `folder` run on MySQL.
///
/// # Errors
/// It can't be read or written.
pub fn on_mysql(folder: &Path) -> io::Result<()> {
    rewrite(&folder.join(PLAN), |text| {
        let lines = text.lines().map(|line| match squeezed(line) == HOST {
            true => format!("{line}\n{ON_MYSQL}\n"),
            false => format!("{line}\n"),
        });
        lines.collect()
    })
}

/// Has the programs in `folder` say it in MySQL's words.
///
/// # Errors
/// One can't be read or written.
pub fn in_mysqls_words(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sh") {
            rewrite(&path, |text| WORDS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))?;
        }
    }
    Ok(())
}

const PLAN: &str = "plan.toml";

/// A line with one blank where it has several.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rewrite(path: &Path, change: impl Fn(&str) -> String) -> io::Result<()> {
    let text = fs::read_to_string(path)?;
    fs::write(path, change(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_either_runs_on_mysql_and_its_programs_speak_to_it() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at(PLAN), "[hosts.primary]\nengine  = \"mysql\"\n[hosts.store]\nsite = \"other\"\n").unwrap();
        fs::write(at("backup.sh"), "mariadb-dump --system=users --insert-ignore | gzip\nmariadb-dump --hex-blob x\n")
            .unwrap();
        fs::write(at("promote.sh"), "mariadb --execute=\"STOP SLAVE; RESET SLAVE ALL;\"\n").unwrap();
        assert!(is_either(place.path()).unwrap());
        on_mysql(place.path()).unwrap();
        in_mysqls_words(place.path()).unwrap();
        let read = |name: &str| fs::read_to_string(at(name)).unwrap();
        assert_eq!(
            read(PLAN),
            "[hosts.primary]\nengine  = \"mysql\"\nversion = \"MySQL\"\n[hosts.store]\nsite = \"other\"\n"
        );
        assert_eq!(read("promote.sh"), "mysql --execute=\"STOP REPLICA; RESET REPLICA ALL;\"\n");
        let backup = read("backup.sh");
        assert!(
            backup.contains(
                "default_roles; echo 'FLUSH PRIVILEGES;'; } | gzip\nmysqldump --set-gtid-purged=OFF --hex-blob x"
            ),
            "{backup}"
        );
        assert!(!backup.contains("mariadb"), "{backup}");
        fs::write(at(PLAN), "engine = \"postgres\"\n").unwrap();
        assert!(!is_either(place.path()).unwrap());
    }
}
