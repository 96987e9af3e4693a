# What the other scripts share: where things are kept, which compiler is used, and how a step is told.
# Sourced, not run. Kept to what bash 3.2 understands, for macOS.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Tools and logs live outside the clone, so that a second clone is ready at once.
CACHE=${GAUNTLET_CACHE:-$HOME/.cache/gauntlet}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/gauntlet/target}
# What the browser downloads, as build.sh leaves it.
# shellcheck disable=SC2034 # used by the scripts that source this file
SITE=$CARGO_TARGET_DIR/site
LOGS=$CACHE/logs
TOOLCHAIN_FILE=$CACHE/toolchain.env
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

mkdir -p "$CARGO_TARGET_DIR" "$LOGS"

# setup.sh notes here when the browser side needs another compiler than the default one; everything then uses it,
# so that nothing is compiled twice.
if [ -f "$TOOLCHAIN_FILE" ]; then
    set -a
    # shellcheck disable=SC1090
    . "$TOOLCHAIN_FILE"
    set +a
fi

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

# The version of a package as Cargo.lock has it.
locked_version() {
    awk -v want="name = \"$1\"" '$0 == want { getline; gsub(/version = |"/, ""); print; exit }' "$ROOT/Cargo.lock"
}

# The wasm-bindgen program of exactly the version in Cargo.lock; prints nothing where there is none.
find_wasm_bindgen() {
    local version candidate
    version=$(locked_version wasm-bindgen)
    for candidate in "$CACHE/tools/wasm-bindgen-$version/bin/wasm-bindgen" wasm-bindgen; do
        if [ "$("$candidate" --version 2>/dev/null)" = "wasm-bindgen $version" ]; then
            printf '%s\n' "$candidate"
            return
        fi
    done
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
