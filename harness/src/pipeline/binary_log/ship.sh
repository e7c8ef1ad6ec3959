#!/bin/sh
# Brings a server's binary logs to the store, each once and whole.
#
#   ship.sh closed         those that the server writes to no more
#   ship.sh every SECONDS  has it begin a new one, and ships those, again and again
#   ship.sh rest           ends that, and ships all that there is
#
# DATA is the data directory, CLIENT the command-line client, TO where the logs go, STATE a folder to remember in. There the
# file `from` names the first log that a dump needs.
set -u

logs() {
    sed 's|.*/||' "$DATA/binlog.index" | awk -v from="$(cat "$STATE/from")" '$0 >= from'
}

# Stops at the first that does not arrive: later ones are of no use without it.
ship() {
    for log; do
        grep -qxF "$log" "$STATE/shipped" && continue
        mc cp --quiet "$DATA/$log" "$TO/$log" || return
        echo "$log" >> "$STATE/shipped"
    done
}

# The server writes to the last.
closed() {
    ship $(logs | sed '$d')
}

begin_another() {
    "$CLIENT" --connect-timeout=5 --execute='FLUSH BINARY LOGS'
}

every() {
    if [ -e "$STATE/loop" ] && kill -0 "$(cat "$STATE/loop")" 2> /dev/null; then
        exit 0
    fi
    nap=
    trap 'kill $nap 2> /dev/null; rm -f "$STATE/loop"; exit 0' TERM
    echo $$ > "$STATE/loop"
    while :; do
        sleep "$1" &
        nap=$!
        wait "$nap"
        { begin_another && closed; } || echo "not shipped: tried again in $1 s" >&2
    done
}

rest() {
    if [ -e "$STATE/loop" ]; then
        kill "$(cat "$STATE/loop")" 2> /dev/null
        while [ -e "$STATE/loop" ] && kill -0 "$(cat "$STATE/loop")" 2> /dev/null; do
            sleep 0.05
        done
    fi
    if begin_another; then
        closed
    else
        # It has ended: nobody writes to the last one any more.
        ship $(logs)
    fi
}

touch "$STATE/shipped"
"$@"
