#!/usr/bin/env bash
# The document's restore.sh (lines 112 to 133), written anew: fetch, restore beside the damaged database, count, swap names.
# Stopping and starting the application is the runbook's part. The environment is as in backup.sh.
set -euo pipefail

dump="$TMPDIR/fulexo_$BLACKSTART_BACKUP_ID.dump"
trap 'rm -f "$dump" "$dump.gz"' EXIT
export PGDATABASE=postgres PGOPTIONS='--client-min-messages=warning'
sql() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"; }

mc cp --quiet "store/$BLACKSTART_BUCKET/postgres/$(basename "$dump").gz" "$TMPDIR/"
gunzip "$dump.gz"

# Not as the document has it (plan.toml, "restore-database-never-made"): it restores into a database that nothing makes.
createdb fulexo_restore
# Not as the document has it (plan.toml, "dump-as-owner"): as the superuser, and with row security on, because a
# materialized view is refreshed as its owner, whom forced row security binds.
pg_restore --dbname=fulexo_restore --clean --if-exists --enable-row-security "$dump"

# Not as the document has it: this stops at an empty table, where the document prints a count and goes on.
orders=$(sql --dbname=fulexo_restore --tuples-only --no-align --command='SELECT count(*) FROM app.orders')
echo "orders: $orders"
[ "$orders" -gt 0 ]

# Not as the document has it (plan.toml, "swap-loses-settings"): what belongs to a database and not to its contents is in no
# dump, so it is carried over before the names are swapped.
sql <<'SQL'
SELECT format('%s SET %I TO %L',
              CASE setrole WHEN 0 THEN 'ALTER DATABASE fulexo_restore'
                           ELSE format('ALTER ROLE %I IN DATABASE fulexo_restore', setrole::regrole::text) END,
              split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1))
FROM pg_db_role_setting, unnest(setconfig) AS setting
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = 'fulexo')
\gexec
SELECT 'REVOKE ALL ON DATABASE fulexo_restore FROM public' FROM pg_database WHERE datname = 'fulexo' AND datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %s ON DATABASE fulexo_restore TO %s%s', privilege_type,
              CASE grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(grantee)) END,
              CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_database, aclexplode(datacl) WHERE datname = 'fulexo'
\gexec
SQL

sql --command='ALTER DATABASE fulexo RENAME TO fulexo_old; ALTER DATABASE fulexo_restore RENAME TO fulexo'
