#!/usr/bin/env bash
# Builds Gauntlet: the browser side (wasm, JavaScript, style) into a site folder, then the server around it.
#
#   scripts/build.sh            both, for development
#   scripts/build.sh release    both, as they are handed out and measured
#   scripts/build.sh run        both, as `make run` starts them: see the profile `quick` in Cargo.toml
#   scripts/build.sh site       the browser side alone
#
# The site folder is $CARGO_TARGET_DIR/site; the server's build reads its path from GAUNTLET_SITE_DIR.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

WASM=wasm32-unknown-unknown
# The bundles of the browser side (frontend/src/bin), each with what a browser may be made to download for it, in bytes
# of brotli of its wasm.
BUNDLES="gauntlet-list=400000 gauntlet-run=700000"
# Nothing is below the first kilobyte of memory but the far end of the stack. Of the functions with one caller those of
# at most 60 nodes become part of it: with larger ones the code gets shorter, but compresses worse. Features are named
# one by one: --all-features writes encodings that browsers do not read yet.
WASM_OPT_FLAGS="-Oz --converge --low-memory-unused --one-caller-inline-max-function-size=60
    --enable-bulk-memory --enable-bulk-memory-opt --enable-reference-types --enable-sign-ext --enable-mutable-globals
    --enable-nontrapping-float-to-int --enable-multivalue"

cd "$ROOT"
# Beside the site, not in it: everything in the site goes into the binary.
STAMPS=$CARGO_TARGET_DIR/site.stamps
TOOLS=$(npm_tools)/node_modules/.bin
BINDGEN=$(bindgen_folder)/bin/gauntlet-bindgen
if [ ! -x "$BINDGEN" ] || [ ! -x "$TOOLS/sass" ]; then
    die "The tools of the browser side are missing." "Run scripts/setup.sh first."
fi

# unless_same STAMP HASH COMMAND...: runs it unless its inputs, as one hash, are those of the last time.
unless_same() {
    local stamp=$STAMPS/$1 hash=$2
    shift 2
    if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then
        return
    fi
    rm -f "$stamp"
    "$@"
    printf '%s\n' "$hash" >"$stamp"
}

# bind_and_shrink FOLDER PROFILE: the wasm of each bundle as cargo left it -> BUNDLE.js and a small BUNDLE_bg.wasm.
bind_and_shrink() {
    local work=$STAMPS/work bundle
    rm -rf "$work"
    for bundle in $BUNDLES; do
        bundle=${bundle%=*}
        say "wasm-bindgen $bundle"
        "$BINDGEN" "$1/$bundle.wasm" "$work"
        if [ "$2" != quick ]; then
            say "wasm-opt -Oz $bundle"
            # shellcheck disable=SC2086 # a list of words
            "$TOOLS/wasm-opt" $WASM_OPT_FLAGS "$work/${bundle}_bg.wasm" -o "$work/small.wasm"
            mv "$work/small.wasm" "$work/${bundle}_bg.wasm"
        fi
    done
    # wasm-bindgen may write `snippets/` beside them: they belong to the page as well.
    rm -rf "$SITE"/pkg/gauntlet*.js* "$SITE"/pkg/gauntlet*.wasm* "$SITE/pkg/snippets"
    mv "$work"/* "$SITE/pkg/"
    rm -rf "$work"
}

compile_style() {
    say "sass"
    "$TOOLS/sass" --no-source-map --style=compressed style/main.scss "$SITE/pkg/gauntlet.css"
    rm -f "$SITE/pkg/gauntlet.css.br"
    find "$SITE" -mindepth 1 -maxdepth 1 ! -name pkg -exec rm -rf {} +
    if [ -d style/static ]; then
        cp -R style/static/. "$SITE/"
    fi
}

# The script of the charts and the library that draws them, as they are, with its licence.
copy_charts() {
    rm -rf "$SITE/pkg/charts" "$SITE/pkg/uplot"
    mkdir -p "$SITE/pkg/charts" "$SITE/pkg/uplot"
    cp frontend/charts/*.js "$SITE/pkg/charts/"
    cp "$TOOLS/../uplot/dist/uPlot.iife.min.js" "$TOOLS/../uplot/dist/uPlot.min.css" "$SITE/pkg/uplot/"
    cp "$TOOLS/../uplot/LICENSE" "$SITE/pkg/uplot/LICENSE.txt"
}

# Contents and names of everything under the given folders, as one hash.
tree_hash() {
    find "$@" -type f -exec cksum {} + | LC_ALL=C sort -k 3 | sha256
}

# build_site PROFILE [OPTION...]: the browser side by that profile of Cargo.toml, with these options for cargo.
build_site() {
    local built=$CARGO_TARGET_DIR/$WASM/$1 tools
    mkdir -p "$SITE/pkg" "$STAMPS"
    # One at a time: two would write the same files.
    if has flock; then
        exec 9>"$STAMPS/lock"
        flock 9
    fi
    say "browser side"
    cargo build -p gauntlet-frontend --bins --target "$WASM" --profile "$@"
    tools="$BINDGEN $(sha256 <"$ROOT/end2end/package-lock.json") $(sha256 <"$ROOT/scripts/build.sh")"
    unless_same wasm "$(cat "$built"/gauntlet-*.wasm | sha256) $tools" bind_and_shrink "$built" "$1"
    [ -f style/main.scss ] || die "style/main.scss is missing: the page would have no style."
    unless_same style "$(tree_hash style) $tools" compile_style
    copy_charts
    # What one machine serves to itself need be neither small nor compressed.
    # shellcheck disable=SC2086 # a list of words
    [ "$1" = quick ] || node scripts/sizes.mjs "$SITE/pkg" $BUNDLES
}

build_server() {
    say "server ($1)"
    if [ "$1" = release ]; then
        cargo build -p gauntlet-cli --release
    else
        cargo build -p gauntlet-cli
    fi
}

case ${1:-dev} in
    site) build_site wasm-release ;;
    run)
        # A site of its own beside the program, which reads it from there: nothing is built in, so that neither waits
        # for the other, and a site that is built later for the tests does not change a server that runs.
        SITE=$CARGO_TARGET_DIR/quick/site
        STAMPS=$CARGO_TARGET_DIR/quick/site.stamps
        # The browser compiles the pages' code again at each visit, so here it is worth making smaller.
        build_site quick --config profile.quick.package.gauntlet-app.opt-level=1
        say "server (quick)"
        env -u GAUNTLET_SITE_DIR cargo build -p gauntlet-cli --profile quick
        ;;
    dev | release)
        build_site wasm-release
        build_server "${1:-dev}"
        ;;
    *) die "build.sh does not know '$1'; it knows dev, release, run and site." ;;
esac
