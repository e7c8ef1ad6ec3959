//! What MariaDB and MySQL do differently, all of it: everything else in this folder serves both.

use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;

use crate::engine::replication::Following;
use crate::host::Command;

/// What MariaDB calls by words that MySQL no longer knows.
const RENAMED: [(&str, &str); 6] = [
    ("CHANGE MASTER", "CHANGE REPLICATION SOURCE"),
    ("MASTER", "SOURCE"),
    ("SLAVE", "REPLICA"),
    ("Master", "Source"),
    ("Slave", "Replica"),
    ("slave", "replica"),
];

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

    /// Whose server says that this is its version.
    pub(super) fn speaking(version: &str) -> Self {
        if version.contains(Self::MariaDb.name()) { Self::MariaDb } else { Self::MySql }
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

    /// What has a dump be of one moment of all tables, without stopping who writes, and say where in the log that is.
    pub(super) fn dump_options(self) -> &'static [&'static str] {
        match self {
            Self::MariaDb => &["--single-transaction", "--master-data=2"],
            Self::MySql => &["--single-transaction", "--source-data=2", "--set-gtid-purged=ON"],
        }
    }

    /// What has such a dump take its place in the log along to where it is brought back, for a replica to follow from there.
    pub(super) fn seed_options(self) -> &'static [&'static str] {
        match self {
            Self::MariaDb => &["--master-data=1", "--gtid"],
            Self::MySql => &[],
        }
    }

    /// The file by which client programs log in at a source as `account`.
    pub(super) fn login(self, account: &str, following: &Following) -> String {
        let Following { address, password, .. } = following;
        let transport = match self {
            // Newer ones insist on a certificate that they can verify.
            Self::MariaDb => "skip-ssl",
            Self::MySql => "get-server-public-key",
        };
        format!(
            "[client]\nhost = {}\nport = {}\nprotocol = tcp\nuser = {account}\npassword = \"{}\"\n{transport}\n",
            address.ip(),
            address.port(),
            password.reveal(),
        )
    }

    /// What has a dump be of the accounts and their rights.
    pub(super) fn users_options(self) -> &'static [&'static str] {
        match self {
            Self::MariaDb => &["--system=users", "--insert-ignore"],
            // It knows no statements for them, so the tables are dumped in which they are.
            Self::MySql => &[
                "--no-create-info",
                "--insert-ignore",
                "--skip-lock-tables",
                "--set-gtid-purged=OFF",
                "mysql",
                "user",
                "db",
                "tables_priv",
                "columns_priv",
                "procs_priv",
                "proxies_priv",
                "global_grants",
                "role_edges",
                "default_roles",
            ],
        }
    }

    /// The statement that answers the current binary log's name, the position in it, and more.
    pub fn binlog_status(self) -> &'static str {
        match self {
            Self::MariaDb => "SHOW BINLOG STATUS",
            Self::MySql => "SHOW BINARY LOG STATUS",
        }
    }

    /// The statement that answers the GTID of what its session committed last.
    pub(super) fn last_gtid(self) -> &'static str {
        match self {
            Self::MariaDb => "SELECT @@session.last_gtid",
            Self::MySql => {
                "SELECT gtid FROM performance_schema.events_transactions_history \
                 WHERE thread_id = ps_current_thread_id() AND state = 'COMMITTED' AND gtid LIKE '%:%' \
                 ORDER BY event_id DESC LIMIT 1"
            }
        }
    }

    /// The statement that answers which transactions of its source a replica has applied.
    pub(super) fn applied(self) -> &'static str {
        match self {
            Self::MariaDb => "SELECT @@global.gtid_slave_pos",
            Self::MySql => "SELECT @@global.gtid_executed",
        }
    }

    /// What MariaDB is told, or answers, of replicas, in this flavour's own words.
    pub(super) fn said(self, maria: &str) -> String {
        match self {
            Self::MariaDb => maria.to_owned(),
            Self::MySql => RENAMED.iter().fold(maria.to_owned(), |text, (old, new)| text.replace(old, new)),
        }
    }

    /// Statements by which an empty server follows a source from the beginning of its log, logging in as `account`.
    pub(super) fn follow(self, account: &str, following: &Following) -> String {
        let Following { address, password, pace, .. } = following;
        let delay = if let Pace::Late(delay) = pace { *delay } else { Nanos::ZERO };
        let by_itself = match self {
            // By GTID its relay log would be gone when it is needed.
            Self::MariaDb if *pace != Pace::AtOnce => "MASTER_USE_GTID = no",
            Self::MariaDb => "MASTER_USE_GTID = slave_pos",
            Self::MySql => "MASTER_AUTO_POSITION = 1, GET_MASTER_PUBLIC_KEY = 1",
        };
        self.said(&format!(
            "CHANGE MASTER TO MASTER_HOST = '{}', MASTER_PORT = {}, MASTER_USER = '{account}', MASTER_PASSWORD = {}, \
             MASTER_CONNECT_RETRY = 1, MASTER_DELAY = {}, {by_itself}; START SLAVE",
            address.ip(),
            address.port(),
            word(password.reveal()),
            Duration::from(delay).as_secs(),
        ))
    }

    /// What makes a replica's delay changeable without the loss of what it has received.
    pub(super) fn to_hurry(self) -> &'static str {
        match self {
            Self::MariaDb => "STOP SLAVE",
            // It forgets what it has received if it doesn't receive either.
            Self::MySql => "STOP REPLICA SQL_THREAD",
        }
    }

    /// What has it then apply what it has received, and receive nothing more.
    pub(super) fn to_go_on(self) -> &'static str {
        match self {
            Self::MariaDb => "START SLAVE SQL_THREAD",
            Self::MySql => "START REPLICA SQL_THREAD; STOP REPLICA IO_THREAD",
        }
    }
}

/// A text as statements take it that take no other form of one.
pub(super) fn word(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\'\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secrets;

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
        let following = Following {
            address: "127.0.0.9:3306".parse().unwrap(),
            password: Secrets::default().make().unwrap(),
            pace: Pace::Late(Nanos::from_secs(3)),
            copies: false,
        };
        let follow = Flavour::MySql.follow("replicator", &following);
        assert!(follow.starts_with("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.9'"), "{follow}");
        let column = Flavour::MySql.said("Relay_Master_Log_File");
        let own = Flavour::MySql.settings().iter().flat_map(|(name, value)| [*name, *value]);
        assert_eq!(column, "Relay_Source_Log_File");
        for words in own.chain([&*follow, &*column, Flavour::MySql.binlog_status()]) {
            assert!(!words.to_lowercase().contains("master") && !words.to_lowercase().contains("slave"), "{words}");
        }
    }

    #[test]
    fn a_delayed_replica_of_mariadb_keeps_its_relay_log() {
        for (pace, delay, way) in [
            (Pace::AtOnce, 0, "MASTER_USE_GTID = slave_pos"),
            (Pace::Late(Nanos::from_secs(3)), 3, "MASTER_USE_GTID = no"),
        ] {
            let following = Following {
                address: "127.0.0.9:3306".parse().unwrap(),
                password: Secrets::default().make().unwrap(),
                pace,
                copies: false,
            };
            let follow = Flavour::MariaDb.follow("replicator", &following);
            assert!(follow.contains(way) && follow.contains(&format!("MASTER_DELAY = {delay},")), "{follow}");
        }
    }
}
