#!/usr/bin/env bash
# A copy of the application's files as they are tonight, in a folder of its own of another bucket.
# MC_CONFIG_DIR and BLACKSTART_* come from Blackstart: the README's "Your own pipeline" lists them.
set -euo pipefail
. "${0%/*}/clients.sh"

copy="store/$BLACKSTART_BUCKET/$BLACKSTART_BACKUP_ID"
users="$TMPDIR/users.sql.gz"
trap 'rm -f "$users"' EXIT

# Who may do what in the database, which is closed while the files are brought back.
accounts | gzip >"$users"
mc cp --quiet "$users" "$copy/"

# An object may go while the list of all is worked through: then the list is another.
for try in 1 2 3; do
    if mc mirror --quiet "store/$BLACKSTART_OBJECTS" "$copy/files"; then exit; fi
    echo "copy $try did not come to its end" >&2
done
exit 1
