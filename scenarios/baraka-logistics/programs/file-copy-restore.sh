#!/usr/bin/env bash
# The restore of files (line 104) out of the copy of one night, while the database stays as it is: what is missing comes back, and
# nothing that the application has removed since. The environment is as in file-copy-backup.sh.
set -euo pipefail
. "${0%/*}/clients.sh"

copy="store/$BLACKSTART_BUCKET/$BLACKSTART_BACKUP_ID"
folder=shipping-documents

mc cat "$copy/users.sql.gz" | gunzip | $sql

wanted=$($sql --skip-column-names --execute="SELECT LPAD(object, 16, '0') FROM shipping_documents" "$BLACKSTART_DATABASE")
kept=$(mc ls "$copy/files/$folder/" | awk '{ print $NF }')
leave=()
while read -r number; do
    leave+=(--exclude "$folder/$number")
done < <(comm -13 <(sort <<<"$wanted") <(sort <<<"$kept"))
echo "not brought back, as no row refers to them any more: $((${#leave[@]} / 2))"

mc mirror --quiet ${leave[@]+"${leave[@]}"} "$copy/files" "store/$BLACKSTART_OBJECTS"
