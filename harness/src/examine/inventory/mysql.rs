//! What the dictionary of MariaDB and MySQL says, as far as both have it.

use super::Definitions;

/// Accounts and their passwords.
const PASSWORDS: &str = "passwords";

/// See [`super::forget_password`].
pub(super) fn forget_password(role: &str, definitions: &mut Definitions) {
    if let Some(passwords) = definitions.get_mut(PASSWORDS) {
        passwords.retain(|account, _| account.rsplit_once('@').is_none_or(|(user, _)| user != role));
    }
}

/// Kind and SQL, which answers name and definition, both text.
pub(super) const QUERIES: &[(&str, &str)] = &[
    (
        "databases",
        "SELECT schema_name, concat_ws(' ', default_character_set_name, default_collation_name) \
         FROM information_schema.schemata WHERE schema_name = database()",
    ),
    (
        "tables and views",
        "SELECT table_name, concat_ws(' ', table_type, engine, row_format, table_collation, create_options, table_comment) \
         FROM information_schema.tables WHERE table_schema = database()",
    ),
    (
        "columns",
        "SELECT concat(table_name, '.', column_name), concat_ws(' ', ordinal_position, column_type, character_set_name, \
         collation_name, if(is_nullable = 'NO', 'not null', NULL), concat('default ', column_default), extra, \
         nullif(generation_expression, ''), column_comment) FROM information_schema.columns WHERE table_schema = database()",
    ),
    (
        "indexes",
        "SELECT concat(table_name, '.', index_name), concat_ws(' ', if(max(non_unique) = 0, 'unique', NULL), max(index_type), \
         group_concat(concat_ws('', column_name, concat('(', sub_part, ')'), collation) ORDER BY seq_in_index)) \
         FROM information_schema.statistics WHERE table_schema = database() GROUP BY table_name, index_name",
    ),
    (
        "foreign keys",
        "SELECT concat(k.table_name, '.', k.constraint_name), concat_ws(' ', group_concat(concat(k.column_name, ' -> ', \
         k.referenced_table_name, '.', k.referenced_column_name) ORDER BY k.ordinal_position), max(r.update_rule), \
         max(r.delete_rule)) FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
         AND r.table_name = k.table_name WHERE k.table_schema = database() AND k.referenced_table_name IS NOT NULL \
         GROUP BY k.table_name, k.constraint_name",
    ),
    (
        "checks",
        "SELECT constraint_name, check_clause FROM information_schema.check_constraints WHERE constraint_schema = database()",
    ),
    (
        "views",
        "SELECT table_name, concat_ws(' ', definer, security_type, check_option, view_definition) \
         FROM information_schema.views WHERE table_schema = database()",
    ),
    (
        "routines",
        "SELECT concat(routine_type, ' ', routine_name), concat_ws(' ', definer, security_type, sql_data_access, \
         is_deterministic, sql_mode, dtd_identifier, (SELECT group_concat(concat_ws(' ', p.parameter_mode, p.parameter_name, \
         p.dtd_identifier) ORDER BY p.ordinal_position) FROM information_schema.parameters p WHERE p.specific_schema = \
         routine_schema AND p.specific_name = r.specific_name AND p.ordinal_position > 0), routine_definition) \
         FROM information_schema.routines r WHERE routine_schema = database()",
    ),
    (
        "triggers",
        "SELECT trigger_name, concat_ws(' ', action_timing, event_manipulation, event_object_table, action_order, definer, \
         sql_mode, action_statement) FROM information_schema.triggers WHERE trigger_schema = database()",
    ),
    (
        "events",
        // A dump carries an event over as it is, but for when it began.
        "SELECT event_name, concat_ws(' ', status, event_type, execute_at, interval_value, interval_field, on_completion, \
         time_zone, definer, sql_mode, event_definition) FROM information_schema.events WHERE event_schema = database()",
    ),
    (
        "roles and grants",
        "SELECT concat(grantee, ' on ', what), group_concat(concat(privilege_type, if(is_grantable = 'YES', '*', '')) \
         ORDER BY privilege_type) FROM (\
         SELECT grantee, 'everything' AS what, privilege_type, is_grantable FROM information_schema.user_privileges UNION ALL \
         SELECT grantee, 'the database', privilege_type, is_grantable FROM information_schema.schema_privileges \
         WHERE table_schema = database() UNION ALL \
         SELECT grantee, table_name, privilege_type, is_grantable FROM information_schema.table_privileges \
         WHERE table_schema = database() UNION ALL \
         SELECT grantee, concat(table_name, '.', column_name), privilege_type, is_grantable \
         FROM information_schema.column_privileges WHERE table_schema = database()) g GROUP BY grantee, what",
    ),
    (
        PASSWORDS,
        // An account that names no plugin has the oldest of them.
        "SELECT concat(user, '@', host), concat_ws(' ', coalesce(nullif(plugin, ''), 'mysql_native_password'), \
         sha2(authentication_string, 256)) FROM mysql.user",
    ),
    (
        "settings",
        // What changes what data mean, or whether a commit is kept.
        "SHOW GLOBAL VARIABLES WHERE variable_name IN ('sql_mode', 'time_zone', 'character_set_server', 'collation_server', \
         'lower_case_table_names', 'innodb_flush_log_at_trx_commit', 'sync_binlog', 'innodb_doublewrite', 'log_bin', \
         'binlog_format', 'transaction_isolation', 'foreign_key_checks', 'unique_checks', 'event_scheduler', 'read_only', \
         'default_storage_engine', 'explicit_defaults_for_timestamp', 'innodb_checksum_algorithm', 'local_infile', \
         'skip_grant_tables', 'secure_file_priv')",
    ),
];
