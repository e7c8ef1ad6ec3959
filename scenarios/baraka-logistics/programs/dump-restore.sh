#!/usr/bin/env bash
# The document's restore at the DR site (lines 99 to 112), written anew: fetch, restore, count. The environment is as in
# dump-backup.sh.
set -euo pipefail
. "${0%/*}/clients.sh"

dump="baraka_backup_$BLACKSTART_BACKUP_ID.sql.gz"
archive="baraka_configuration_$BLACKSTART_BACKUP_ID.tar.enc"
trap 'rm -f "$TMPDIR/$dump" "$TMPDIR/$archive"' EXIT

mc cp --quiet "store/$BLACKSTART_BUCKET/mysql/$dump" "$TMPDIR/"
gunzip --stdout "$TMPDIR/$dump" | $sql

# Modes as they were: a key that everybody can read is not restored.
mc cp --quiet "store/$BLACKSTART_BUCKET/configuration/$archive" "$TMPDIR/"
mkdir -p "$BLACKSTART_CONFIGURATION"
openssl enc -d -aes-256-ctr -pbkdf2 -pass "file:${0%/*}/configuration.key" -in "$TMPDIR/$archive" |
    tar --extract --preserve-permissions --directory "$BLACKSTART_CONFIGURATION"

# Not as the document has it: this stops at another number, where the document prints it and goes on.
branches=$($sql --skip-column-names --execute='SELECT COUNT(*) FROM branches' "$BLACKSTART_DATABASE")
echo "branches: $branches"
[ "$branches" -eq 16 ]
