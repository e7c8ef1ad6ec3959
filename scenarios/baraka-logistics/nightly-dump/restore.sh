#!/usr/bin/env bash
# The document's restore at the DR site (lines 99 to 112), written anew: fetch, restore, count. The environment is as in
# backup.sh.
set -euo pipefail

dump="baraka_backup_$BLACKSTART_BACKUP_ID.sql.gz"
trap 'rm -f "$TMPDIR/$dump"' EXIT

mc cp --quiet "store/$BLACKSTART_BUCKET/mysql/$dump" "$TMPDIR/"
gunzip --stdout "$TMPDIR/$dump" | mariadb

# Not as the document has it: this stops at another number, where the document prints it and goes on.
branches=$(mariadb --skip-column-names --execute='SELECT COUNT(*) FROM branches' "$BLACKSTART_DATABASE")
echo "branches: $branches"
[ "$branches" -eq 16 ]
