#!/usr/bin/env bash
# Makes what is handed out, for this machine's kind of processor, into a folder: a Python wheel (the SDK with
# the server as the command `gauntlet`), an archive of the server, the npm package, a bill of materials,
# checksums.
#
#   scripts/dist.sh [FOLDER]    into dist/, or FOLDER; builds the release binary first, unless GAUNTLET_BIN
#                               names one
#   scripts/dist.sh lock        writes scripts/requirements/dist.txt from dist.in again
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"
# shellcheck source=uv.sh
. "$ROOT/scripts/uv.sh"

REQUIREMENTS=$ROOT/scripts/requirements/dist
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")
LICENSES=THIRD-PARTY-LICENSES.txt
SBOM=gauntlet-$VERSION.cdx.json

# Sets `binary`, built for speed.
need_binary() {
    binary=${GAUNTLET_BIN:-}
    if [ -z "$binary" ]; then
        "$ROOT/scripts/setup.sh"
        read_toolchain
        "$ROOT/scripts/build.sh" release
        binary=$CARGO_TARGET_DIR/release/gauntlet
    fi
    [ "$("$binary" --version)" = "gauntlet $VERSION" ] ||
        die "$binary is not version $VERSION." "Build it again."
    grep -q 'pkg/gauntlet-run_bg.wasm' "$binary" ||
        die "$binary was built without its pages." "Build it with scripts/build.sh, or set GAUNTLET_SITE_DIR."
    # Debug information is many times the size of the program.
    strip -o "$work/gauntlet" "$binary"
}

# The SDK's wheel with the server beside it. auditwheel reads from the binary which glibc it needs, and puts
# that into the wheel's name, so that pip refuses it on an older system.
make_wheel() {
    local built=$work/wheel info
    quietly dist-sdk "$tools/python" -m build --wheel --no-isolation --outdir "$built" "$ROOT/sdk/python"
    quietly dist-unpack "$tools/wheel" unpack "$built"/*.whl --dest "$built"
    info=$(cd "$built" && printf '%s\n' */*.dist-info)
    mkdir -p "$built/${info%.dist-info}.data/scripts" "$built/$info/licenses" "$built/$info/sboms"
    install -m 755 "$work/gauntlet" "$built/${info%.dist-info}.data/scripts/gauntlet"
    cp "$ROOT"/LICENSE-* "$work/$LICENSES" "$built/$info/licenses/"
    cp "$work/$SBOM" "$built/$info/sboms/"
    sed -i -e 's/^Root-Is-Purelib: .*/Root-Is-Purelib: false/' \
        -e "s/^Tag: .*/Tag: py3-none-linux_$(uname -m)/" "$built/$info/WHEEL"
    quietly dist-pack "$tools/wheel" pack "$built/${info%%/*}" --dest-dir "$work"
    PATH="$tools:$PATH" quietly dist-tag \
        "$tools/auditwheel" repair --only-plat --wheel-dir "$OUT" "$work"/*.whl
}

# The glibc that the binary needs, as the wheel's name has it: `2.35`.
needed_glibc() { printf '%s\n' "$OUT"/*.whl | sed -n 's/.*manylinux_\([0-9]*\)_\([0-9]*\)_.*/\1.\2/p'; }

make_archive() {
    local glibc name
    glibc=$(needed_glibc)
    [ -n "$glibc" ] || die "The wheel's name says no glibc: $(ls "$OUT")"
    name=gauntlet-$VERSION-linux-$(uname -m)-glibc$glibc
    mkdir "$work/$name"
    cp "$work/gauntlet" "$work/$LICENSES" "$ROOT"/LICENSE-* "$work/$name/"
    cat >"$work/$name/README.md" <<EOF
# Gauntlet $VERSION

The flight recorder and X-ray of agent training: one program, which holds its pages and its documentation.
It runs on Linux ($(uname -m)) with glibc $glibc or newer (\`ldd --version\` tells) and needs nothing else.

    ./gauntlet serve              # http://127.0.0.1:4600, data in ./data
    ./gauntlet demo --rate 12     # in a second terminal: a training to watch
    ./gauntlet --help

The guides and the API reference are at http://127.0.0.1:4600/docs.

Licensed under either of LICENSE-APACHE or LICENSE-MIT, at your option. What it contains of others is in
$LICENSES.
EOF
    tar -C "$work" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        -cf - "$name" | gzip -n >"$OUT/$name.tar.gz"
}

make_npm_package() {
    "$ROOT/scripts/typescript.sh" build
    (cd "$ROOT/sdk/typescript" && quietly dist-npm npm pack --pack-destination "$OUT")
}

main() {
    [ "$(uname)" = Linux ] ||
        die "Packages are made on Linux only: their names say which glibc the program needs."
    has strip || die "strip is missing." "Debian, Ubuntu:  apt-get install binutils"
    OUT=${1:-$ROOT/dist}
    mkdir -p "$OUT"
    # What an earlier run left; a folder that holds anything else is not emptied.
    rm -f "$OUT"/gauntlet*.whl "$OUT"/gauntlet*.tar.gz "$OUT"/gauntlet*.tgz "$OUT"/gauntlet*.cdx.json \
        "$OUT/SHA256SUMS"
    [ -z "$(ls -A "$OUT")" ] || die "$OUT holds other files." "Name an empty folder."
    OUT=$(cd "$OUT" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cd "$ROOT"
    # The same commit gives the same times in the archives.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
    export SOURCE_DATE_EPOCH

    tool_environment dist "$REQUIREMENTS.txt"
    need_binary
    say "bill of materials and licences"
    "$tools/python" scripts/inventory.py "$work/$SBOM" "$work/$LICENSES"
    cp "$work/$SBOM" "$OUT/"
    say "wheel"
    make_wheel
    say "archive"
    make_archive
    say "npm package"
    make_npm_package
    (cd "$OUT" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
    say "in $OUT:"
    (cd "$OUT" && ls -sh1)
}

if [ "${1:-}" = lock ]; then write_lock "$REQUIREMENTS.in"; else main "$@"; fi
