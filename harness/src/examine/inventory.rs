//! Everything of a database that is not rows: objects, roles, grants, settings, each as a definition to compare.

use std::collections::BTreeMap;

use tokio_postgres::GenericClient;

use crate::failure::{Context, Result};

/// Kind of object to name to definition.
pub type Definitions = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the inventory of the database that `client` is connected to, as a superuser.
///
/// # Errors
/// The server's answer, with the kind that could not be read.
pub async fn read(client: &impl GenericClient) -> Result<Definitions> {
    let mut found = Definitions::new();
    for (kind, sql) in QUERIES {
        let rows = client.query(*sql, &[]).await.cannot(format_args!("read the {kind}"))?;
        let definitions = found.entry((*kind).to_owned()).or_default();
        for row in rows {
            let definition: Option<String> = row.try_get(1)?;
            definitions.insert(row.try_get(0)?, definition.unwrap_or_default());
        }
    }
    Ok(found)
}

/// Schemas that belong to the server and not to its users.
macro_rules! own {
    ($namespace:literal) => {
        concat!("NOT (", $namespace, " LIKE 'pg\\_%' OR ", $namespace, " = 'information_schema')")
    };
}

/// Kind and SQL, which answers name and definition, both text.
const QUERIES: &[(&str, &str)] = &[
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
            "FROM pg_sequence s WHERE s.seqrelid = c.oid), obj_description(c.oid, 'pg_class')) ",
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
            "SELECT con.conrelid::regclass || '.' || con.conname, pg_get_constraintdef(con.oid) || ' ' || con.convalidated ",
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
        "roles",
        "SELECT rolname, concat_ws(' ', 'super=' || rolsuper, 'inherit=' || rolinherit, 'createrole=' || rolcreaterole, \
         'createdb=' || rolcreatedb, 'login=' || rolcanlogin, 'replication=' || rolreplication, \
         'bypassrls=' || rolbypassrls, 'limit=' || rolconnlimit, 'password=' || (rolpassword IS NOT NULL), \
         (SELECT string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid \
         WHERE m.member = r.oid)) FROM pg_authid r WHERE rolname NOT LIKE 'pg\\_%'",
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
         datacl::text) FROM pg_database WHERE datname = current_database()",
    ),
    ("extensions", "SELECT extname, extversion FROM pg_extension"),
    (
        "large objects",
        "SELECT 'owned by ' || pg_get_userbyid(lomowner) || ' ' || coalesce(lomacl::text, ''), \
         CASE WHEN count(*) > 0 THEN 'some' END FROM pg_largeobject_metadata GROUP BY 1",
    ),
];
