#!/usr/bin/env bash
# Makes a machine ready to build Gauntlet: checks what is needed, installs what is missing, and says what it does.
#
#   scripts/setup.sh            what `make run` needs
#   scripts/setup.sh --tests    also a Chromium, which `make test` drives
#   scripts/setup.sh --checks   also rustfmt and clippy, which .ci/run calls
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"

# rustup reads rust-toolchain.toml of the folder that it is called in.
cd "$ROOT"
WASM=wasm32-unknown-unknown
NODE_NEEDED=18.19
RUST_NEEDED=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")

# step WHAT WHY CHECK: runs CHECK, which sets `found`, and tells what it found, what that is for, how long it took.
step() {
    local what=$1 why=$2 started=$SECONDS
    found=""
    "$3"
    printf '  %-13s %s: %s (%s s)\n' "$what" "$found" "$why" "$((SECONDS - started))"
}

installing() { say "  ... $1"; }

# ---- the compilers ----------------------------------------------------------------------------------------------

need_c_compiler() {
    if ! has cc; then
        installing "installing a C compiler (build-essential)"
        apt_install cc build-essential || die "There is no C compiler (cc); SQLite and zstd are built from source." \
            "Debian, Ubuntu:  apt-get install build-essential" \
            "Fedora:          dnf install gcc make" \
            "macOS:           xcode-select --install"
    fi
    found=$(command -v cc)
}

rust_version() { rustc --version 2>/dev/null | cut -d ' ' -f 2 | cut -d - -f 1; }

# The compiler of rust-toolchain.toml. Where it cannot be downloaded, the default one of rustup is used for
# everything.
need_pinned_rust() {
    local pinned default
    pinned=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")
    installing "rustup toolchain install $pinned"
    if quietly rust env RUSTUP_MAX_RETRIES=1 \
        rustup toolchain install "$pinned" --profile minimal --no-self-update; then
        return
    fi
    default=$(rustup default 2>/dev/null | cut -d ' ' -f 1) || default=""
    [ -n "$default" ] || return 0
    say "  ... rustup could not download it; using $default"
    printf 'RUSTUP_TOOLCHAIN=%s\n' "$default" >"$TOOLCHAIN_FILE"
    read_toolchain
}

need_rust() {
    local version
    version=$(rust_version) || version=""
    if [ -z "$version" ] && [ -f "$TOOLCHAIN_FILE" ]; then
        # The noted compiler has gone: forget it and look again.
        rm -f "$TOOLCHAIN_FILE"
        unset RUSTUP_TOOLCHAIN
        version=$(rust_version) || version=""
    fi
    if [ -z "$version" ] && has rustup; then
        need_pinned_rust
        version=$(rust_version) || version=""
    fi
    if [ -z "$version" ] || ! has cargo; then
        die "Rust is not installed; Gauntlet needs rustc and cargo $RUST_NEEDED or later." \
            "Install it with rustup, see https://rustup.rs:" \
            "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" \
            "then open a new shell and try again."
    fi
    version_at_least "$version" "$RUST_NEEDED" || die "rustc is $version; Gauntlet needs $RUST_NEEDED or later." \
        "With rustup:  rustup update stable"
    found="rustc $version${RUSTUP_TOOLCHAIN:+ (toolchain $RUSTUP_TOOLCHAIN)}"
}

has_wasm_target() {
    local libs
    libs=$(rustc --print target-libdir --target "$WASM" 2>/dev/null) || return 1
    ls "$libs"/libcore-*.rlib >/dev/null 2>&1 || return 1
    # A stand-in library fits the one compiler that built it, and apt may have brought a newer one since.
    [ -z "${STAND_IN_FOR:-}" ] || [ "$STAND_IN_FOR" = "$(rustc --version)" ]
}

need_wasm_target() {
    if has_wasm_target; then
        found="$WASM"
        return
    fi
    if [ -z "${STAND_IN_FOR:-}" ] && has rustup; then
        installing "rustup target add $WASM"
        if quietly wasm-target env RUSTUP_MAX_RETRIES=1 rustup target add "$WASM" && has_wasm_target; then
            found="$WASM, added with rustup"
            return
        fi
        say "  ... rustup could not add it; looking for another way"
    fi
    stand_in
    has_wasm_target || die "The stand-in for $WASM was built, but $(rustc --version) does not find it."
    found="$WASM, built from Debian's Rust sources"
}

# Debian 12 and its relatives carry a recent compiler with its library sources (for building browsers). Where rustup
# cannot download the wasm target, that compiler builds the library once, and is then used for everything.
stand_in() {
    local work version lld
    if ! can_apt || ! apt_update || ! apt_has rustc-web; then
        die "The Rust target $WASM is missing and could not be added." \
            "With rustup:            rustup target add $WASM     (its output: $LOGS/wasm-target.log)" \
            "Fedora:                 dnf install rust-std-static-$WASM" \
            "Arch:                   pacman -S rust-wasm" \
            "Debian 12, as root:     this script builds a stand-in from the packages rustc-web and rust-web-src"
    fi

    installing "installing Debian's rustc-web with its library sources (about 1 min)"
    apt_install rustc-web rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy rustfmt-web ||
        die "apt-get could not install rustc-web; see above."
    # The linker in rust-web-llvm is a link to one from another package, which apt does not pull in.
    lld=$(readlink /usr/bin/rust-lld || true)
    if [ -n "$lld" ] && ! has "$lld"; then
        apt_install lld "$lld" || die "apt-get could not install $lld, the linker for wasm; see above."
    fi
    version=$(/usr/bin/rustc --version)
    version_at_least "$(printf '%s' "$version" | cut -d ' ' -f 2)" "$RUST_NEEDED" ||
        die "Debian's compiler is $version; Gauntlet needs $RUST_NEEDED or later."

    installing "building the Rust library for $WASM (about 1 min)"
    work=$CACHE/stand-in
    rm -rf "$work"
    mkdir -p "$work/src"
    printf '[package]\nname = "standin"\nedition = "2021"\n[workspace]\n' >"$work/Cargo.toml"
    : >"$work/src/lib.rs"
    (
        cd "$work"
        # Nightly's build-std on a release compiler: meant for exactly this, building a library for one's own target.
        quietly stand-in env -u RUSTUP_TOOLCHAIN -u RUSTFLAGS CARGO_TARGET_DIR="$work/target" RUSTC_BOOTSTRAP=1 \
            RUSTC=/usr/bin/rustc /usr/bin/cargo build --release --target "$WASM" \
            -Zbuild-std=std,panic_abort,panic_unwind,proc_macro
    ) || die "The Rust library for $WASM could not be built; see above."
    rm -f "$work/target/$WASM/release/deps"/libstandin-*
    as_root rm -rf "/usr/lib/rustlib/$WASM"
    as_root install -m 644 -D -t "/usr/lib/rustlib/$WASM/lib" "$work/target/$WASM/release/deps"/*.rlib
    rm -rf "$work"

    printf 'STAND_IN_FOR="%s"\n' "$version" >"$TOOLCHAIN_FILE"
    if has rustup; then
        quietly toolchain-link rustup toolchain link debian /usr || die "rustup could not link /usr as a toolchain."
        printf 'RUSTUP_TOOLCHAIN=debian\n' >>"$TOOLCHAIN_FILE"
    fi
    read_toolchain
}

need_rust_components() {
    local missing=""
    cargo fmt --version >/dev/null 2>&1 || missing="rustfmt"
    cargo clippy --version >/dev/null 2>&1 || missing="$missing clippy"
    if [ -n "$missing" ]; then
        installing "rustup component add $missing"
        # shellcheck disable=SC2086 # one word a component
        quietly components rustup component add $missing ||
            die "Missing: $missing." "With rustup:  rustup component add $missing"
    fi
    found="rustfmt, clippy"
}

# ---- the tools of the browser side ------------------------------------------------------------------------------

need_bindgen() {
    local version folder
    version=$(locked_version wasm-bindgen-cli-support "$ROOT/scripts/bindgen/Cargo.lock")
    [ "$version" = "$(locked_version wasm-bindgen)" ] ||
        die "scripts/bindgen uses wasm-bindgen $version, the workspace $(locked_version wasm-bindgen)." \
            "Both Cargo.toml have to name the same version."
    folder=$(bindgen_folder)
    if [ ! -x "$folder/bin/gauntlet-bindgen" ]; then
        installing "compiling wasm-bindgen $version (about 30 s, once)"
        quietly bindgen env CARGO_TARGET_DIR="$CACHE/tools/build" \
            cargo install --path "$ROOT/scripts/bindgen" --locked --debug --root "$folder" ||
            die "scripts/bindgen could not be compiled; see above."
        rm -rf "$CACHE/tools/build"
    fi
    found="wasm-bindgen $version"
}

need_node_js() {
    if ! has node || ! has npm; then
        installing "installing Node.js and npm"
        apt_install nodejs nodejs npm || die "Node.js (with npm) $NODE_NEEDED or later is not installed." \
            "Debian, Ubuntu:  apt-get install nodejs npm" \
            "Fedora:          dnf install nodejs" \
            "macOS:           brew install node" \
            "or from https://nodejs.org"
    fi
    found="node $(node --version | tr -d v)"
    version_at_least "${found#node }" "$NODE_NEEDED" || die "$found is too old: $NODE_NEEDED or later is needed." \
        "See https://nodejs.org"
}

need_npm_packages() {
    local tools link=$ROOT/end2end/node_modules
    tools=$(npm_tools)
    if [ ! -f "$tools/ready" ]; then
        installing "npm ci of what end2end/package-lock.json pins (about 10 s)"
        rm -rf "$tools"
        mkdir -p "$tools"
        cp "$ROOT/end2end/package.json" "$ROOT/end2end/package-lock.json" "$tools/"
        # Optional packages are file watchers in machine code: not needed to build once.
        quietly npm npm ci --prefix "$tools" --omit=optional --ignore-scripts --no-audit --no-fund ||
            die "npm could not install the tools; see above."
        : >"$tools/ready"
    fi
    if [ -L "$link" ] || [ ! -e "$link" ]; then
        ln -sfn "$tools/node_modules" "$link"
    fi
    found="wasm-opt, sass, playwright-core"
}

# ---- the browser of the tests -----------------------------------------------------------------------------------

need_chromium() {
    local program
    program=$(find_chromium)
    if [ -z "$program" ]; then
        installing "installing Chromium (about 1 min)"
        apt_install chromium chromium || die "There is no Chromium for the tests." \
            "Debian:   apt-get install chromium" \
            "Ubuntu:   install Google Chrome from https://www.google.com/chrome" \
            "Fedora:   dnf install chromium" \
            "macOS:    brew install --cask chromium" \
            "or name one with CHROMIUM=/path/to/chrome"
        program=$(find_chromium)
    fi
    found=$("$program" --version 2>/dev/null </dev/null | head -n 1) || found=""
    [ -n "$found" ] || die "$program does not start; try \`$program --version\`, or name another with CHROMIUM=..."
}

need_postgres() {
    local program
    program=$(find_postgres)
    if [ -z "$program" ]; then
        installing "installing PostgreSQL (about 1 min)"
        # Only its programs are needed: each test runs a server of its own.
        apt_install postgres postgresql || die "There is no PostgreSQL for the tests." \
            "Debian, Ubuntu:  apt-get install postgresql" \
            "Fedora:          dnf install postgresql-server" \
            "macOS:           brew install postgresql"
        program=$(find_postgres)
    fi
    found=$("$program" --version 2>/dev/null) || die "$program does not start."
}

need_nginx() {
    if [ ! -x "${NGINX:-/usr/sbin/nginx}" ] && ! has nginx; then
        installing "installing nginx"
        apt_install nginx nginx-light || die "There is no nginx for the tests." \
            "Debian, Ubuntu:  apt-get install nginx-light" \
            "macOS:           brew install nginx, and NGINX=\$(command -v nginx)"
    fi
    found=$("${NGINX:-/usr/sbin/nginx}" -v 2>&1) || die "nginx does not start."
}

need_s3() {
    found=none
    if quietly s3-server "$ROOT/scripts/s3.sh" ready; then found=moto; fi
}

# Only promtool of Debian's package: nothing is installed, and no Prometheus is started. Without it a test says that it
# skips its part.
need_promtool() {
    local folder=$CACHE/tools/promtool
    if [ ! -x "$folder/promtool" ] && ! has promtool && has dpkg-deb; then
        installing "fetching promtool"
        fetch_promtool "$folder" || say "  ... apt could not fetch it"
    fi
    found=none
    if [ -x "$folder/promtool" ]; then found=$folder/promtool; elif has promtool; then found=$(command -v promtool); fi
}

fetch_promtool() {
    local folder=$1 work
    work=$(mktemp -d)
    if (cd "$work" && quietly promtool apt-get download prometheus && dpkg-deb -x prometheus_*.deb .); then
        mkdir -p "$folder"
        mv "$work/usr/bin/promtool" "$folder/promtool"
    fi
    rm -rf "$work"
    [ -x "$folder/promtool" ]
}

find_postgres() {
    local found
    # One of the two folders is missing, which `find` calls a failure.
    found=$(find /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin -name postgres 2>/dev/null |
        sort -rV | head -n 1) || true
    printf '%s\n' "${found:-$(command -v postgres || true)}"
}

main() {
    local with_tests="" with_checks=""
    for option in "$@"; do
        case $option in
            --tests) with_tests=yes ;;
            --checks) with_checks=yes ;;
            *) die "setup.sh does not know '$option'; it knows --tests and --checks." ;;
        esac
    done
    say "setup: tools in $CACHE, builds in $CARGO_TARGET_DIR"
    step "C compiler" "for SQLite and zstd" need_c_compiler
    step "Rust" "compiles everything" need_rust
    step "wasm target" "the browser side is Rust too" need_wasm_target
    [ -z "$with_checks" ] || step "Rust checks" "formatting and lints" need_rust_components
    step "wasm-bindgen" "writes the JavaScript around the wasm" need_bindgen
    step "Node.js" "runs the npm tools" need_node_js
    step "npm tools" "make the wasm small, compile the style, drive the browser" need_npm_packages
    [ -z "$with_tests" ] || step "Chromium" "the end-to-end stories run in it" need_chromium
    [ -z "$with_tests" ] || step "PostgreSQL" "the second backend is tested with it" need_postgres
    [ -z "$with_tests" ] || step "nginx" "the pages are tested behind it" need_nginx
    [ -z "$with_tests" ] || step "promtool" "checks the metrics" need_promtool
    [ -z "$with_tests" ] || step "an S3 server" "backups are tested with it" need_s3
}

main "$@"
