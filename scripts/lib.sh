# What the other scripts share: where things are kept, which compiler is used, and how a step is told.
# Sourced, not run. Kept to what bash 3.2 understands, for macOS.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Tools and logs live outside the clone, so that a second clone is ready at once.
CACHE=${GAUNTLET_CACHE:-$HOME/.cache/gauntlet}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/gauntlet/target}
case $CARGO_TARGET_DIR in /*) ;; *) CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR ;; esac
# What the browser downloads, as build.sh leaves it; the server's build takes it in. Set for every cargo call alike,
# as a change of it would build the server again.
SITE=$CARGO_TARGET_DIR/site
export GAUNTLET_SITE_DIR=$SITE
LOGS=$CACHE/logs
TOOLCHAIN_FILE=$CACHE/toolchain.env
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

mkdir -p "$SITE" "$LOGS"

# setup.sh notes a compiler here when the browser side needs another than the default one; everything then uses it, so
# that nothing is compiled twice. Read now, and again by whoever has run setup.sh since.
read_toolchain() {
    if [ -f "$TOOLCHAIN_FILE" ]; then
        set -a
        # shellcheck disable=SC1090
        . "$TOOLCHAIN_FILE"
        set +a
    fi
}
read_toolchain

say() { printf '%s\n' "$*"; }

# Says what went wrong and ends the script.
die() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# quietly NAME COMMAND...: runs it with its output in a log, and shows the end of the log if it fails.
quietly() {
    local log=$LOGS/$1.log
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        printf '\n--- the end of %s\n' "$log" >&2
        tail -n 25 "$log" >&2
        return 1
    fi
}

# The sha256 of standard input, in hexadecimal.
sha256() {
    if has sha256sum; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# version_at_least HAVE NEED: compares dotted numbers, three parts at most.
version_at_least() {
    local have need
    have=$(printf '%s' "$1" | awk -F. '{ printf "%d%05d%05d", $1, $2, $3 }')
    need=$(printf '%s' "$2" | awk -F. '{ printf "%d%05d%05d", $1, $2, $3 }')
    [ "$have" -ge "$need" ]
}

# locked_version PACKAGE [LOCK]: the version of a package as Cargo.lock, or another lock file, has it.
locked_version() {
    awk -v want="name = \"$1\"" '$0 == want { getline; gsub(/version = |"/, ""); print; exit }' "${2:-$ROOT/Cargo.lock}"
}

# Where the wasm-bindgen step of the build is kept, as scripts/bindgen has it.
bindgen_folder() {
    local sources=$ROOT/scripts/bindgen
    printf '%s/tools/bindgen-%s\n' "$CACHE" \
        "$(cat "$sources/Cargo.toml" "$sources/Cargo.lock" "$sources/src/main.rs" | sha256 | cut -c 1-16)"
}

# The folder with the npm tools that end2end/package-lock.json pins.
npm_tools() {
    printf '%s/tools/npm-%s\n' "$CACHE" "$(sha256 <"$ROOT/end2end/package-lock.json" | cut -c 1-16)"
}

# A Chromium for the tests; prints nothing where there is none.
find_chromium() {
    local candidate
    for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [ -n "$candidate" ] && has "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
}

# part NAME COMMAND...: runs it under a heading, notes how long it took, and goes on after a failure so that the account
# is whole. Whoever uses it prints parts_table and fails when BROKEN names anything.
PARTS=""
BROKEN=""
part() {
    local name=$1 started=$SECONDS state=ok
    shift
    printf '\n== %s\n' "$name"
    if ! "$@"; then
        state=FAILED
        BROKEN="$BROKEN${BROKEN:+,} $name"
    fi
    PARTS="$PARTS$(printf '  %-22s %5s s  %s' "$name" "$((SECONDS - started))" "$state")
"
}

parts_table() { printf '\nWhere the time went:\n%s  %-22s %5s s\n' "$PARTS" "all" "$SECONDS"; }
