#!/usr/bin/env bash
# Starts Gauntlet with a demo training to watch, and stops both at Ctrl-C.
#
# GAUNTLET_LISTEN (default 127.0.0.1:4600) and GAUNTLET_DATA (default ./data) say where.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export GAUNTLET_LISTEN=${GAUNTLET_LISTEN:-127.0.0.1:4600}
export GAUNTLET_DATA=${GAUNTLET_DATA:-$ROOT/data}
export GAUNTLET_SITE=$CARGO_TARGET_DIR/quick/site
PROGRAM=$CARGO_TARGET_DIR/quick/gauntlet
HOST=${GAUNTLET_LISTEN%:*}
HOST=${HOST#[}
HOST=${HOST%]}
PORT=${GAUNTLET_LISTEN##*:}
LOG=$LOGS/server.log
SERVER=""
DEMO=""

port_answers() { (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; }

is_ready() {
    (
        exec 3<>"/dev/tcp/$HOST/$PORT" || exit 1
        printf 'GET /readyz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$GAUNTLET_LISTEN" >&3
        read -r -t 5 answer <&3
        case $answer in *" 200 "*) exit 0 ;; *) exit 1 ;; esac
    ) 2>/dev/null
}

refuse_taken_port() {
    if port_answers; then
        die "Port $PORT is taken: something else, perhaps another Gauntlet, answers at $GAUNTLET_LISTEN." \
            "Stop it, or choose another port:  GAUNTLET_LISTEN=127.0.0.1:4601 make run"
    fi
}

stop() {
    trap - EXIT INT TERM
    for process in $DEMO $SERVER; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    say "Stopped. The films are kept in $GAUNTLET_DATA."
    exit "$1"
}

start_server() {
    "$PROGRAM" serve >"$LOG" 2>&1 </dev/null &
    SERVER=$!
    for _ in $(seq 100); do
        if is_ready; then
            return
        fi
        if ! kill -0 "$SERVER" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    tail -n 20 "$LOG" >&2
    say "error: the server did not become ready; its log is $LOG" >&2
    stop 1
}

# Before the build as well, so that nobody waits minutes for a refusal.
refuse_taken_port
"$ROOT/scripts/setup.sh"
"$ROOT/scripts/build.sh" run
refuse_taken_port

trap 'stop 0' INT TERM
trap 'stop $?' EXIT
start_server
cat <<EOF

  ==================================================================
    Gauntlet is running:   http://$GAUNTLET_LISTEN
  ==================================================================
    A demo training streams into it. Ctrl-C stops both.
    Data: $GAUNTLET_DATA   Log: $LOG

EOF
"$PROGRAM" demo --rate 12 </dev/null &
DEMO=$!
# The demo ends by itself after a while; the server stays until it is stopped.
wait "$SERVER" || {
    tail -n 20 "$LOG" >&2
    say "error: the server ended by itself; its log is $LOG" >&2
    stop 1
}
