#!/usr/bin/env bash
# The document's synchronisation of files (line 217). What fills production/ it does not say: here the application's storage.
# MC_CONFIG_DIR and BLACKSTART_* come from Blackstart: the README's "Your own pipeline" lists them.
set -euo pipefail
. "${0%/*}/clients.sh"

storage="store/$BLACKSTART_OBJECTS"
bucket="store/$BLACKSTART_BUCKET"
users="$TMPDIR/users.sql.gz"
trap 'rm -f "$users"' EXIT

# Not the document's: who may do what in the database, which is closed while the files are brought back.
accounts | gzip >"$users"
mc cp --quiet "$users" "$bucket/users/"

mc mirror --quiet --overwrite --remove "$storage" "$bucket/production"
mc mirror --quiet --overwrite --remove "$bucket/production" "$bucket/dr"
