//! What PostgreSQL's catalogs say.

use super::Definitions;

/// Schemas that belong to the server and not to its users.
macro_rules! own {
    ($namespace:literal) => {
        concat!("NOT (", $namespace, " LIKE 'pg\\_%' OR ", $namespace, " = 'information_schema')")
    };
}

/// Roles, with a digest of their passwords.
const ROLES: &str = "roles";

/// See [`super::forget_password`].
pub(super) fn forget_password(role: &str, definitions: &mut Definitions) {
    if let Some(definition) = definitions.get_mut(ROLES).and_then(|roles| roles.get_mut(role)) {
        let others = definition.split(' ').filter(|word| !word.starts_with("password="));
        *definition = others.collect::<Vec<_>>().join(" ");
    }
}

/// Kind and SQL, which answers name and definition, both text.
pub(super) const QUERIES: &[(&str, &str)] = &[
    (
        "schemas",
        concat!(
            "SELECT nspname, pg_get_userbyid(nspowner) || ' ' || coalesce(nspacl::text, '') FROM pg_namespace WHERE ",
            own!("nspname")
        ),
    ),
    (
        "tables, views and sequences",
        concat!(
            "SELECT c.oid::regclass::text, concat_ws(' ', ",
            "CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN ",
            "'sequence' WHEN 'p' THEN 'partitioned table' ELSE 'foreign table' END, ",
            "CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, 'of', pg_get_userbyid(c.relowner), ",
            "'rls=' || c.relrowsecurity || '/' || c.relforcerowsecurity, c.reloptions::text, ",
            "CASE WHEN NOT c.relispopulated THEN 'not populated' END, ",
            "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, ",
            "(SELECT concat_ws('/', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcycle) ",
            "FROM pg_sequence s WHERE s.seqrelid = c.oid), ",
            "(SELECT 'inherits ' || string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) FROM pg_inherits i ",
            "WHERE i.inhrelid = c.oid), pg_get_expr(c.relpartbound, c.oid), ",
            "CASE WHEN c.relreplident <> 'd' THEN 'replica identity ' || c.relreplident::text END) ",
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace ",
            "WHERE c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f') AND ",
            own!("n.nspname")
        ),
    ),
    (
        "columns",
        concat!(
            "SELECT c.oid::regclass || '.' || a.attname, concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), ",
            "CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, a.attgenerated, ",
            "pg_get_expr(d.adbin, d.adrelid), a.attcollation::regcollation, a.attstorage, a.attstattarget, a.attacl::text) ",
            "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace ",
            "LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum ",
            "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND ",
            own!("n.nspname")
        ),
    ),
    (
        "constraints",
        concat!(
            "SELECT con.conrelid::regclass || '.' || con.conname, concat_ws(' ', pg_get_constraintdef(con.oid), ",
            "con.convalidated, CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = con.oid AND ",
            "t.tgenabled NOT IN ('O', 'A')) THEN 'switched off' END) ",
            "FROM pg_constraint con JOIN pg_namespace n ON n.oid = con.connamespace WHERE con.conrelid <> 0 AND ",
            own!("n.nspname")
        ),
    ),
    (
        "indexes",
        concat!(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) || ' ' || ",
            "CASE WHEN i.indisvalid THEN 'valid' ELSE 'invalid' END ",
            "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ",
            own!("n.nspname")
        ),
    ),
    (
        "types",
        concat!(
            "SELECT t.oid::regtype::text, concat_ws(' ', t.typtype, pg_get_userbyid(t.typowner), t.typacl::text, ",
            "(SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), ",
            "CASE WHEN t.typtype = 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod), ",
            "CASE WHEN t.typnotnull THEN 'not null' END, t.typdefault, (SELECT string_agg(c.conname || ' ' || ",
            "pg_get_constraintdef(c.oid), ',' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = t.oid)) END, ",
            "(SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' ORDER BY a.attnum) ",
            "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid = t.typrelid AND c.relkind = 'c' ",
            "AND NOT a.attisdropped)) ",
            "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid ",
            "WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND ",
            own!("n.nspname")
        ),
    ),
    (
        "functions",
        concat!(
            "SELECT p.oid::regprocedure::text, pg_get_userbyid(p.proowner) || ' ' || coalesce(p.proacl::text, '') || ' ' || ",
            "CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END ",
            "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ",
            own!("n.nspname")
        ),
    ),
    (
        "triggers",
        "SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) || ' ' || tgenabled::text FROM pg_trigger \
         WHERE NOT tgisinternal",
    ),
    (
        "rules",
        concat!(
            "SELECT r.ev_class::regclass || '.' || r.rulename, pg_get_ruledef(r.oid) || ' ' || r.ev_enabled::text ",
            "FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace ",
            "WHERE r.rulename <> '_RETURN' AND ",
            own!("n.nspname")
        ),
    ),
    (
        "event triggers",
        "SELECT evtname, concat_ws(' ', evtevent, pg_get_userbyid(evtowner), evtfoid::regproc, evtenabled, evttags::text) \
         FROM pg_event_trigger",
    ),
    (
        "policies",
        "SELECT polrelid::regclass || '.' || polname, concat_ws(' ', polcmd, polpermissive, \
         (SELECT string_agg(pg_get_userbyid(role), ',' ORDER BY pg_get_userbyid(role)) FROM unnest(polroles) role), \
         pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy",
    ),
    (
        "grants",
        concat!(
            "SELECT c.oid::regclass::text || ' to ' || acl.grantee::regrole::text, ",
            "string_agg(acl.privilege_type || CASE WHEN acl.is_grantable THEN '*' ELSE '' END, ',' ",
            "ORDER BY acl.privilege_type) ",
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) acl WHERE ",
            own!("n.nspname"),
            " GROUP BY c.oid, acl.grantee"
        ),
    ),
    (
        "default privileges",
        "SELECT defaclrole::regrole || ' in ' || coalesce(defaclnamespace::regnamespace::text, 'any') || ' ' || \
         defaclobjtype::text, defaclacl::text FROM pg_default_acl",
    ),
    (
        ROLES,
        // Of a password only a digest of its salted verifier: it tells another one, and nothing else. What a membership is
        // good for is told by columns that differ from version to version.
        "SELECT rolname, concat_ws(' ', 'super=' || rolsuper, 'inherit=' || rolinherit, 'createrole=' || rolcreaterole, \
         'createdb=' || rolcreatedb, 'login=' || rolcanlogin, 'replication=' || rolreplication, \
         'bypassrls=' || rolbypassrls, 'limit=' || rolconnlimit, 'until=' || extract(epoch FROM rolvaliduntil), 'password=' || \
         coalesce(left(encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex'), 12), 'none'), \
         (SELECT string_agg(g.rolname || ' ' || (to_jsonb(m) - ARRAY['oid', 'roleid', 'member', 'grantor'])::text, ',' \
         ORDER BY g.rolname) FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid \
         WHERE m.member = r.oid)) FROM pg_authid r WHERE rolname NOT LIKE 'pg\\_%'",
    ),
    (
        "server settings",
        // Those that decide what survives a crash, who may do what, what values mean, and how much fits: what a server needs
        // for itself (memory, ports, paths, archiving) is another host's own affair. `reset_val`: as a new session has it.
        "SELECT name, concat_ws(' ', reset_val, CASE WHEN pending_restart THEN 'until the next start' END) FROM pg_settings \
         WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'data_checksums', \
         'zero_damaged_pages', 'ignore_checksum_failure', 'autovacuum', 'track_counts', 'session_replication_role', \
         'default_transaction_read_only', 'default_transaction_isolation', 'row_security', 'password_encryption', \
         'session_preload_libraries', 'shared_preload_libraries', 'event_triggers', 'TimeZone', 'DateStyle', \
         'IntervalStyle', 'lc_monetary', 'lc_numeric', 'search_path', 'standard_conforming_strings', 'server_encoding', \
         'max_connections', 'max_prepared_transactions', 'statement_timeout', 'lock_timeout', \
         'idle_in_transaction_session_timeout', 'transaction_timeout')",
    ),
    (
        "who may log in",
        // The first rule that fits decides: they are one text.
        "SELECT 'pg_hba.conf', string_agg(concat_ws(' ', type, database::text, user_name::text, address, netmask, \
         auth_method, options::text, error), '; ' ORDER BY line_number) FROM pg_hba_file_rules",
    ),
    (
        "settings",
        "SELECT coalesce(d.datname, 'any database') || ' for ' || coalesce(r.rolname, 'any role'), s.setconfig::text \
         FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase \
         LEFT JOIN pg_roles r ON r.oid = s.setrole \
         WHERE s.setdatabase = 0 OR d.datname = current_database()",
    ),
    (
        "database",
        "SELECT datname, concat_ws(' ', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, \
         CASE WHEN datconnlimit >= 0 THEN 'limit=' || datconnlimit END, datacl::text) FROM pg_database WHERE datname = current_database()",
    ),
    ("extensions", "SELECT extname, extversion FROM pg_extension"),
    (
        "publications",
        "SELECT pubname, concat_ws(' ', pg_get_userbyid(pubowner), puballtables, pubinsert, pubupdate, pubdelete, \
         pubtruncate, (SELECT string_agg(schemaname || '.' || tablename, ',' ORDER BY schemaname, tablename) \
         FROM pg_publication_tables t WHERE t.pubname = p.pubname)) FROM pg_publication p",
    ),
    (
        "subscriptions",
        // Not to what, which holds a password.
        "SELECT subname, concat_ws(' ', pg_get_userbyid(subowner), subenabled, subpublications::text) FROM pg_subscription \
         WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    ),
    (
        "foreign servers",
        "SELECT srvname, concat_ws(' ', pg_get_userbyid(srvowner), srvtype, srvversion, srvacl::text) FROM pg_foreign_server",
    ),
    (
        "extended statistics",
        "SELECT stxnamespace::regnamespace || '.' || stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext",
    ),
    (
        "comments",
        // Only what a user made has such a number.
        "SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description WHERE objoid >= 16384",
    ),
    (
        "large objects",
        "SELECT 'owned by ' || pg_get_userbyid(lomowner) || ' ' || coalesce(lomacl::text, ''), \
         CASE WHEN count(*) > 0 THEN 'some' END FROM pg_largeobject_metadata GROUP BY 1",
    ),
];
