#!/usr/bin/env bash
# The document's restore of files (line 104), out of the folder that is its copy. The environment is as in file-sync-backup.sh.
set -euo pipefail
. "${0%/*}/clients.sh"

storage="store/$BLACKSTART_OBJECTS"
bucket="store/$BLACKSTART_BUCKET"

# A night goes by before somebody misses a file, and with it the next synchronisation.
mc mirror --quiet --overwrite --remove "$storage" "$bucket/production"
mc mirror --quiet --overwrite --remove "$bucket/production" "$bucket/dr"

mc mirror --quiet "$bucket/dr" "$storage"
mc cat "$bucket/users/users.sql.gz" | gunzip | $sql
