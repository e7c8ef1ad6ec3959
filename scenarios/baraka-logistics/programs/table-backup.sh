#!/usr/bin/env bash
# The backup that the document restores a table from (line 142), which no step of it takes: every table as of one moment, under
# no database's name, so that it can be loaded beside the live one. The users are a file of their own.
# The client programs find the server by themselves; MC_CONFIG_DIR and BLACKSTART_* come from Blackstart: the README's
# "Your own pipeline" lists them.
set -euo pipefail
. "${0%/*}/clients.sh"

tables="$TMPDIR/tables_$BLACKSTART_BACKUP_ID.sql.gz"
users="$TMPDIR/users_$BLACKSTART_BACKUP_ID.sql.gz"
trap 'rm -f "$tables" "$users"' EXIT

"${dumper[@]}" --single-transaction --skip-triggers --hex-blob "$BLACKSTART_DATABASE" | gzip >"$tables"
accounts | gzip >"$users"
mc cp --quiet "$tables" "$users" "store/$BLACKSTART_BUCKET/mysql-tables/"
