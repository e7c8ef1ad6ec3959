#!/usr/bin/env bash
# The document's nightly backup (lines 70 to 76), written anew: dump, compress, copy to the bucket.
# PG*, MC_CONFIG_DIR and BLACKSTART_* come from Blackstart; the README's "Your own pipeline" lists them.
set -euo pipefail

dump="$TMPDIR/fulexo_$BLACKSTART_BACKUP_ID.dump"
trap 'rm -f "$dump" "$dump.gz"' EXIT

# Not as the document has it (plan.toml, "dump-as-owner"): it dumps as the owner, who may not.
pg_dump --format=custom --file="$dump"
gzip "$dump"
mc cp --quiet "$dump.gz" "store/$BLACKSTART_BUCKET/postgres/"
