#!/usr/bin/env bash
# The document's restore of a table (lines 138 to 143), written anew. Not as the document has it: to load the table over the
# live one would take every shipment away that is newer than the backup, from under its scans and payments. So the backup is
# loaded beside the live database, and of each damaged row only the damaged column is taken from it, by its primary key.
# The environment is as in table-backup.sh.
set -euo pipefail
. "${0%/*}/clients.sh"

beside="${BLACKSTART_DATABASE}_backup"
tables="tables_$BLACKSTART_BACKUP_ID.sql.gz"
users="users_$BLACKSTART_BACKUP_ID.sql.gz"
trap 'rm -f "$TMPDIR/$tables" "$TMPDIR/$users"' EXIT
ask() { $sql --skip-column-names "$@"; }

for file in "$tables" "$users"; do
    mc cp --quiet "store/$BLACKSTART_BUCKET/mysql-tables/$file" "$TMPDIR/"
done

ask --execute="DROP DATABASE IF EXISTS $beside; CREATE DATABASE $beside"
gunzip --stdout "$TMPDIR/$tables" | $sql "$beside"

# The database was closed when the application was stopped: its rights come back first, because triggers run as its owner.
gunzip --stdout "$TMPDIR/$users" | $sql

# Neither a tracking number nor a branch's code ever changes, so each that differs is damage. No key changes and no row comes or
# goes: foreign keys hold. What was updated since the backup keeps its other columns.
ask "$BLACKSTART_DATABASE" <<SQL
START TRANSACTION;
UPDATE branches live JOIN $beside.branches kept USING (id) SET live.code = kept.code
    WHERE NOT live.code <=> kept.code;
SELECT CONCAT('branches repaired: ', ROW_COUNT());
UPDATE shipments live JOIN $beside.shipments kept USING (id) SET live.tracking_number = kept.tracking_number
    WHERE NOT live.tracking_number <=> kept.tracking_number;
SELECT CONCAT('shipments repaired: ', ROW_COUNT());
COMMIT;
SQL

# The document's own two counts (lines 124 and 125). What is newer than the backup is not in it.
ask "$BLACKSTART_DATABASE" --execute="
    SELECT CONCAT('shipments beyond repair, newer than the backup: ', COUNT(*)) FROM shipments WHERE tracking_number IS NULL;
    SELECT CONCAT('branches without a code: ', COUNT(*)) FROM branches WHERE code IS NULL"
ask --execute="DROP DATABASE $beside"
