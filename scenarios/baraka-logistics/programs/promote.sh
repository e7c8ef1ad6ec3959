#!/usr/bin/env bash
# The document's promotion (lines 43 and 44), in its own words. MySQL 8.4 and later know no SLAVE.
set -euo pipefail
. "${0%/*}/clients.sh"

$sql --execute="STOP SLAVE; RESET SLAVE ALL;"
$sql --execute="FLUSH PRIVILEGES;"

# Not the document's: a replica takes no writes of the application, and no line of it lets them in.
$sql --execute="SET GLOBAL read_only = OFF;"
