//! What MariaDB and MySQL do differently, all of it: everything else in this folder serves both.

use std::path::{Path, PathBuf};

use crate::host::Command;

/// One of the two servers that this folder drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// MariaDB, 10.11 or newer.
    MariaDb,
    /// MySQL, 8.4 or newer: it knows no `MASTER` and no `SLAVE`.
    MySql,
}

/// The programs of a flavour, by the names under which packages install them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The server.
    pub server: &'static str,
    /// What fills an empty data directory.
    pub initialise: &'static str,
    /// The command-line client.
    pub client: &'static str,
    /// What writes a logical backup.
    pub dump: &'static str,
    /// What reads binary logs.
    pub binlog: &'static str,
}

/// How a server is told to follow another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Following {
    /// The statement, up to its options.
    pub change: &'static str,
    /// What the options' names begin with (`HOST`, `PORT`, `USER`, `PASSWORD`).
    pub prefix: &'static str,
    /// The option by which positions are found without being named.
    pub by_itself: &'static str,
}

/// Of a fresh installation of MariaDB only root may stay, which comes by the socket: as packages have it, root also needs no
/// password from loopback addresses, which are those of a drill's hosts.
const ONLY_LOCAL: &str = "DELETE FROM mysql.global_priv WHERE NOT (Host = 'localhost' AND User IN ('root', 'mariadb.sys'));\n\
     DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';\n\
     DELETE FROM mysql.db;\n";

/// A template holds the log whole, and is copied with it: half of the usual size does.
const LOG_SIZE: &str = "48M";

impl Flavour {
    /// Whose program a server is: MariaDB's has a name of its own.
    pub(super) fn of(server: &Path) -> Self {
        if server.ends_with(Self::MariaDb.programs().server) { Self::MariaDb } else { Self::MySql }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        }
    }

    /// Its programs.
    pub fn programs(self) -> Programs {
        match self {
            Self::MariaDb => Programs {
                server: "mariadbd",
                initialise: "mariadb-install-db",
                client: "mariadb",
                dump: "mariadb-dump",
                binlog: "mariadb-binlog",
            },
            Self::MySql => Programs {
                server: "mysqld",
                initialise: "mysqld",
                client: "mysql",
                dump: "mysqldump",
                binlog: "mysqlbinlog",
            },
        }
    }

    /// Where one of its programs is, beside a server in `bindir`: packages put servers where administrators look, and the
    /// other programs where everybody does.
    pub(super) fn place(self, bindir: &Path, name: &str) -> PathBuf {
        let apart = name != self.programs().server && (bindir.ends_with("sbin") || bindir.ends_with("libexec"));
        if apart { bindir.with_file_name("bin").join(name) } else { bindir.join(name) }
    }

    /// Settings of a drilled server that only this flavour knows, or has another default for.
    pub(super) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::MariaDb => &[
                ("binlog_format", "ROW"),
                ("log_slave_updates", "ON"),
                ("gtid_strict_mode", "ON"),
                ("innodb_log_file_size", LOG_SIZE),
            ],
            Self::MySql => &[("log_replica_updates", "ON"), ("gtid_mode", "ON"), ("enforce_gtid_consistency", "ON")],
        }
    }

    /// Options that belong to the host, beyond those that both know.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::MariaDb => &[],
            // Another protocol on another port, and on a socket of its own.
            Self::MySql => &["--mysqlx=OFF"],
        }
    }

    /// The programs that, one after another, fill the empty data directory `data` (a path on the host); `program` is where
    /// one is. Root then comes in without a password, by the socket alone.
    pub(super) fn initialise(self, program: impl Fn(&str) -> PathBuf, data: &str) -> Vec<Command> {
        let Programs { server, initialise, .. } = self.programs();
        let command =
            |name: &str| Command::new(program(name)).args(["--no-defaults".to_owned(), format!("--datadir={data}")]);
        let log_size = format!("--innodb-log-file-size={LOG_SIZE}");
        match self {
            Self::MariaDb => vec![
                command(initialise)
                    .args(["--auth-root-authentication-method=normal", "--skip-name-resolve", "--skip-test-db"])
                    .arg(&log_size),
                command(server).args(["--bootstrap", &log_size]).input(ONLY_LOCAL.into()),
            ],
            Self::MySql => vec![
                // The usual folder for files that SQL reads and writes is not everywhere.
                command(initialise).args(["--initialize-insecure", "--skip-log-bin", "--secure-file-priv=NULL"]),
            ],
        }
    }

    /// Statements that give the account `user`@`%` a password and unlock it. Only its hash gets into the binary log.
    pub(super) fn password(self, user: &str, password: &str) -> String {
        let user = user.replace('\'', "''");
        let secret = password.replace('\\', "\\\\").replace('\'', "''");
        match self {
            // MariaDB writes a statement into its binary log as it came: so the server makes one with the hash in it.
            Self::MariaDb => {
                let user = user.replace('\'', "''");
                format!(
                    "SET @hash = PASSWORD('{secret}'); EXECUTE IMMEDIATE CONCAT('ALTER USER ''{user}''@''%'' \
                     IDENTIFIED BY PASSWORD ''', @hash, ''' ACCOUNT UNLOCK')"
                )
            }
            // MySQL makes the hash itself before it writes any log.
            Self::MySql => format!("ALTER USER '{user}'@'%' IDENTIFIED BY '{secret}' ACCOUNT UNLOCK"),
        }
    }

    /// The statement that answers the current binary log's name, the position in it, and more.
    pub fn binlog_status(self) -> &'static str {
        match self {
            Self::MariaDb => "SHOW BINLOG STATUS",
            Self::MySql => "SHOW BINARY LOG STATUS",
        }
    }

    /// The words by which it follows a source.
    pub fn following(self) -> Following {
        match self {
            Self::MariaDb => {
                Following { change: "CHANGE MASTER TO", prefix: "MASTER_", by_itself: "MASTER_USE_GTID = slave_pos" }
            }
            Self::MySql => Following {
                change: "CHANGE REPLICATION SOURCE TO",
                prefix: "SOURCE_",
                by_itself: "SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_where_packages_put_them() {
        for (flavour, bindir, name, place) in [
            (Flavour::MariaDb, "/usr/sbin", "mariadbd", "/usr/sbin/mariadbd"),
            (Flavour::MariaDb, "/usr/sbin", "mariadb-dump", "/usr/bin/mariadb-dump"),
            (Flavour::MariaDb, "/usr/libexec", "mariadb-install-db", "/usr/bin/mariadb-install-db"),
            (Flavour::MySql, "/opt/mysql/bin", "mysqld", "/opt/mysql/bin/mysqld"),
            (Flavour::MySql, "/opt/mysql/bin", "mysqldump", "/opt/mysql/bin/mysqldump"),
        ] {
            assert_eq!(flavour.place(Path::new(bindir), name), Path::new(place));
        }
    }

    #[test]
    fn a_password_is_quoted_however_often_it_is_read() {
        let maria = Flavour::MariaDb.password("o'brien", "a'b\\c");
        assert!(maria.contains("PASSWORD('a''b\\\\c')"), "{maria}");
        assert!(maria.contains("ALTER USER ''o''''brien''@''%''"), "{maria}");
        let mysql = Flavour::MySql.password("o'brien", "a'b\\c");
        assert_eq!(mysql, "ALTER USER 'o''brien'@'%' IDENTIFIED BY 'a''b\\\\c' ACCOUNT UNLOCK");
    }

    #[test]
    fn mysql_is_told_no_word_that_it_no_longer_knows() {
        let Following { change, prefix, by_itself } = Flavour::MySql.following();
        let own = Flavour::MySql.settings().iter().flat_map(|(name, value)| [*name, *value]);
        for words in own.chain([change, prefix, by_itself, Flavour::MySql.binlog_status()]) {
            assert!(!words.to_lowercase().contains("master") && !words.to_lowercase().contains("slave"), "{words}");
        }
    }
}
