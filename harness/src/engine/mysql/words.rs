//! The words of MariaDB and MySQL for what every engine is asked.

use super::flavour::Flavour;
use super::values::text_literal;
use super::{PORT, SYSTEM};
use crate::engine::dialect::Dialect;

/// The three columns of an incarnation; any role gets the same answer. The data set is a database of a server, told apart by
/// when its heartbeat's table was made: one that is restored beside the damaged one is another, unless both were made in one
/// second, the finest that these servers tell. MariaDB takes for that when the table's file was last given a name or a mode:
/// moved into another database, it is another. Without that table, or for a role that may not read it, it is the name alone.
/// A replica says nothing: no role but the superuser can ask whether a server follows another, but each whether it lets one
/// write, which a replica of ours does not.
macro_rules! incarnation {
    () => {
        "SELECT CONCAT(SUBSTRING_INDEX(@@report_host, '.', 1), '/', COALESCE((SELECT UNIX_TIMESTAMP(create_time) \
         FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'blackstart_heartbeat'), \
         DATABASE(), '')) AS identity, 'none' AS branch, SUBSTRING_INDEX(@@report_host, '.', -1) AS started \
         FROM DUAL WHERE @@global.read_only = 0"
    };
}

/// Those of the family.
#[derive(Clone, Copy, Debug)]
pub struct Words;

impl Dialect for Words {
    fn server(&self) -> &'static str {
        "mariadbd"
    }

    fn image(&self, version: Option<&str>) -> &'static str {
        if version.is_some_and(|version| version.starts_with(Flavour::MySql.name())) { "mysql" } else { "mariadb" }
    }

    fn port(&self) -> u16 {
        PORT
    }

    fn own_database(&self) -> &'static str {
        SYSTEM
    }

    fn incarnation(&self) -> &'static str {
        incarnation!()
    }

    fn takes_writes(&self) -> &'static str {
        "SELECT @@global.read_only = 0"
    }

    fn readable_tables(&self) -> &'static str {
        // It shows the tables alone that the session may do something with.
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()"
    }

    fn damage(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// As one batch MySQL would keep the semicolon after a trigger in its body, and a dump of that can't be loaded.
    fn statements<'a>(&self, script: &'a str) -> Vec<&'a str> {
        script.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect()
    }

    fn unchecked(&self, unchecked: bool) -> &'static str {
        if unchecked {
            "SET foreign_key_checks = 0, unique_checks = 0"
        } else {
            "SET foreign_key_checks = 1, unique_checks = 1"
        }
    }

    fn size(&self) -> &'static str {
        "SELECT cast(coalesce(sum(data_length + index_length), 0) AS unsigned) FROM information_schema.tables \
         WHERE table_schema = database()"
    }

    /// Quoted, so that what NULL is, and where a value ends, is told apart from what a value holds. Not by MD5, which newer
    /// releases of MySQL have as a component only.
    fn digest(&self, table: &str, columns: &[&str]) -> String {
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        format!(
            "SELECT count(*), cast(coalesce(sum(cast(conv(left(sha2(concat_ws(',', {}), 256), 15), 16, 10) AS unsigned)), 0) \
             AS char) FROM {table}",
            quoted.join(", ")
        )
    }

    fn snapshot(&self) -> &'static str {
        "SET time_zone = '+00:00'; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
         START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    }

    /// A view has no name by which another session could come to it; but nobody writes where one is taken.
    fn joining(&self) -> &'static str {
        "SELECT 'DO 0'"
    }

    fn middle(&self, table: &str, key: &str, least: u64) -> String {
        format!(
            "SELECT (min({key}) + max({key})) DIV 2 FROM {table} WHERE {least} <= (SELECT data_length \
             FROM information_schema.tables WHERE table_schema = database() AND table_name = {})",
            text_literal(table)
        )
    }

    fn heartbeat(&self) -> &'static str {
        "INSERT INTO blackstart_heartbeat (stream, beat, at) VALUES ('read', 0, now(6)), ('write', 0, now(6))"
    }

    fn read_beat(&self) -> String {
        concat!("SELECT life.* FROM blackstart_heartbeat, (", incarnation!(), ") life WHERE stream = 'read'").to_owned()
    }

    fn write_beat(&self, beat: u64) -> String {
        let incarnation = incarnation!();
        format!(
            "UPDATE blackstart_heartbeat SET beat = {beat}, at = now(6) WHERE stream = 'write'; \
             SELECT life.* FROM blackstart_heartbeat, ({incarnation}) life WHERE stream = 'write' AND beat = {beat}"
        )
    }

    fn last_beat(&self) -> &'static str {
        "SELECT beat FROM blackstart_heartbeat WHERE stream = 'write'"
    }

    fn plant(&self, id: &str, value: &str) -> String {
        format!("INSERT INTO blackstart_nonce (id, value) VALUES ({}, {})", text_literal(id), text_literal(value))
    }

    fn make_almighty(&self, account: &str) -> Vec<String> {
        let made = format!("CREATE USER '{account}'@'%' ACCOUNT LOCK");
        vec![made, format!("GRANT ALL PRIVILEGES ON *.* TO '{account}'@'%'")]
    }

    fn accounts(&self, name: &str) -> String {
        // An account without a name is everybody's.
        format!("SELECT count(*) FROM mysql.user WHERE user IN ('', {})", text_literal(name))
    }

    fn rename_role(&self, role: &str, to: &str) -> String {
        format!("RENAME USER '{role}'@'%' TO '{to}'@'%'")
    }

    fn planted(&self, id: &str) -> String {
        format!("SELECT value FROM blackstart_nonce WHERE id = {}", text_literal(id))
    }
}
