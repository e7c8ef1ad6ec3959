//! PostgreSQL's words for what every engine is asked.

use super::{PORT, SUPERUSER};
use crate::engine::dialect::Dialect;

/// The three columns of an incarnation; any role may ask. The data set is a database of a cluster: one that is restored
/// beside the damaged one and takes its name is another. In recovery it fails, as it should: nothing is promoted.
macro_rules! incarnation {
    () => {
        "SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()), \
         ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text, \
         extract(epoch FROM pg_postmaster_start_time())::text FROM pg_control_system()"
    };
}

/// PostgreSQL's.
#[derive(Clone, Copy, Debug)]
pub struct Words;

impl Dialect for Words {
    fn server(&self) -> &'static str {
        "postgres"
    }

    fn image(&self, _: Option<&str>) -> &'static str {
        "postgres"
    }

    fn port(&self) -> u16 {
        PORT
    }

    fn own_database(&self) -> &'static str {
        SUPERUSER
    }

    fn incarnation(&self) -> &'static str {
        incarnation!()
    }

    fn takes_writes(&self) -> &'static str {
        "SELECT (NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off')::int"
    }

    fn readable_tables(&self) -> &'static str {
        "SELECT count(*) FROM pg_tables WHERE has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT') \
         AND schemaname NOT IN ('pg_catalog', 'information_schema')"
    }

    fn damage(&self) -> Option<(&'static str, &'static str)> {
        let counted = "SELECT coalesce(sum(checksum_failures), 0)::bigint FROM pg_stat_database";
        Some(("pg_stat_database counts checksum failures", counted))
    }

    fn unchecked(&self, unchecked: bool) -> &'static str {
        if unchecked { "SET session_replication_role = replica" } else { "RESET session_replication_role" }
    }

    fn size(&self) -> &'static str {
        "SELECT pg_database_size(current_database())"
    }

    fn digest(&self, table: &str, columns: &[&str]) -> String {
        format!(
            "SELECT count(*), coalesce(sum(('x' || substr(md5(ROW({})::text), 1, 15))::bit(60)::bigint), 0)::text FROM {table}",
            columns.join(", ")
        )
    }

    fn snapshot(&self) -> &'static str {
        "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; \
         SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET DateStyle = 'ISO'; SET bytea_output = 'hex'; \
         SET extra_float_digits = 1; SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0; \
         BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    }

    fn joining(&self) -> &'static str {
        "SELECT format('SET TRANSACTION SNAPSHOT %L', pg_export_snapshot())"
    }

    fn savepoint(&self) -> Option<[&'static str; 2]> {
        Some(["SAVEPOINT look", "ROLLBACK TO SAVEPOINT look"])
    }

    fn middle(&self, table: &str, key: &str, least: u64) -> String {
        let middle = format!("SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY {key}))::text FROM {table}");
        format!("SELECT CASE WHEN pg_relation_size('{table}') >= {least} THEN ({middle} TABLESAMPLE SYSTEM (1)) END")
    }

    fn heartbeat(&self) -> &'static str {
        "INSERT INTO blackstart.heartbeat (stream, beat, at) VALUES ('read', 0, now()), ('write', 0, now())"
    }

    fn read_beat(&self) -> String {
        concat!(
            "SELECT incarnation.* FROM blackstart.heartbeat, (",
            incarnation!(),
            ") incarnation WHERE stream = 'read'"
        )
        .to_owned()
    }

    fn write_beat(&self, beat: u64) -> String {
        let incarnation = incarnation!();
        format!(
            "WITH beat AS (UPDATE blackstart.heartbeat SET beat = {beat}, at = clock_timestamp() \
             WHERE stream = 'write' RETURNING 1) SELECT incarnation.* FROM beat, ({incarnation}) incarnation"
        )
    }

    fn last_beat(&self) -> &'static str {
        "SELECT beat FROM blackstart.heartbeat WHERE stream = 'write'"
    }

    fn plant(&self, id: &str, value: &str) -> String {
        format!("INSERT INTO blackstart.nonce (id, value) VALUES ({}, {})", literal(id), literal(value))
    }

    fn make_almighty(&self, account: &str) -> Vec<String> {
        vec![format!("CREATE ROLE \"{account}\" SUPERUSER")]
    }

    fn accounts(&self, name: &str) -> String {
        format!("SELECT count(*) FROM pg_roles WHERE rolname = {}", literal(name))
    }

    fn rename_role(&self, role: &str, to: &str) -> String {
        format!("ALTER ROLE \"{role}\" RENAME TO \"{to}\"")
    }

    fn planted(&self, id: &str) -> String {
        format!("SELECT value FROM blackstart.nonce WHERE id = {}", literal(id))
    }
}

/// A text as SQL takes it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
