#!/usr/bin/env bash
# The dump that the document restores (line 101), which no step of it takes: one transaction for all tables, with what is
# not rows, and with the users, whom a dump of one database leaves behind.
# The client programs find the server by themselves; MC_CONFIG_DIR and BLACKSTART_* come from Blackstart: the README's
# "Your own pipeline" lists them.
set -euo pipefail
. "${0%/*}/clients.sh"

dump="$TMPDIR/baraka_backup_$BLACKSTART_BACKUP_ID.sql"
archive="$TMPDIR/baraka_configuration_$BLACKSTART_BACKUP_ID.tar.enc"
trap 'rm -f "$dump.gz" "$archive"' EXIT

{
    "${dumper[@]}" --single-transaction --routines --events --triggers --hex-blob --databases "$BLACKSTART_DATABASE"
    # After what their grants are on.
    accounts
} | gzip >"$dump.gz"
mc cp --quiet "$dump.gz" "store/$BLACKSTART_BUCKET/mysql/"

# The configuration, which the document only pushes to git (line 220): encrypted by a key that is not on the host that is saved.
tar --create --directory "$BLACKSTART_CONFIGURATION" . |
    openssl enc -aes-256-ctr -pbkdf2 -pass "file:${0%/*}/configuration.key" >"$archive"
mc cp --quiet "$archive" "store/$BLACKSTART_BUCKET/configuration/"
