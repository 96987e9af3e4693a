#!/usr/bin/env bash
# The TypeScript SDK: installs what its build and tests need, builds it, tests it against the real server.
#
#   scripts/typescript.sh         installs what sdk/typescript/package-lock.json pins, outside the clone
#   scripts/typescript.sh build   also compiles sdk/typescript/dist
#   scripts/typescript.sh test    also runs every test in sdk/typescript/test; the server is $GAUNTLET_BIN or what
#                                 `make test` built; a tap report goes to $LOGS/typescript.tap
#   scripts/typescript.sh format  formats every JavaScript and TypeScript file of the repository
#   scripts/typescript.sh lint    checks their formatting, the types, and eslint's rules
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SDK=$ROOT/sdk/typescript
TYPESCRIPT_OUTPUT=$LOGS/typescript.tap

install() {
    local tools link=$SDK/node_modules
    tools=$CACHE/tools/npm-sdk-$(sha256 <"$SDK/package-lock.json" | cut -c 1-16)
    if [ ! -f "$tools/ready" ]; then
        say "  ... npm ci of what sdk/typescript/package-lock.json pins (about 10 s)"
        rm -rf "$tools"
        mkdir -p "$tools"
        cp "$SDK/package.json" "$SDK/package-lock.json" "$tools/"
        quietly npm-sdk npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund ||
            die "npm could not install what the TypeScript SDK is built with; see above."
        : >"$tools/ready"
    fi
    if [ -L "$link" ] || [ ! -e "$link" ]; then
        ln -sfn "$tools/node_modules" "$link"
    fi
}

build() {
    rm -rf "$SDK/dist"
    (cd "$SDK" && node node_modules/typescript/bin/tsc)
}

# Compiles the tests into sdk/typescript/build, as deep as test/, so that their paths are the same. `lint` checks their
# types; harnesses in JavaScript outside the folder are imported as they are.
build_tests() {
    rm -rf "$SDK/build"
    (cd "$SDK" && node node_modules/typescript/bin/tsc -p test --noEmit false --noCheck --allowJs false \
        --rootDir test --outDir build --declaration false)
}

tests() {
    local chromium
    chromium=$(find_chromium)
    [ -n "$chromium" ] || die "There is no Chromium for the SDK's test in a browser." "Run scripts/setup.sh --tests"
    rm -f "$TYPESCRIPT_OUTPUT"
    cd "$SDK"
    CHROMIUM=$chromium GAUNTLET_BIN=${GAUNTLET_BIN:-$CARGO_TARGET_DIR/debug/gauntlet} \
        node --test --test-concurrency=1 \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$TYPESCRIPT_OUTPUT" build/*.test.js
}

# prettier ARGUMENT...: with .prettierrc.json, over every file of JavaScript and TypeScript.
prettier() {
    (cd "$ROOT" && node sdk/typescript/node_modules/prettier/bin/prettier.cjs --log-level warn \
        --no-error-on-unmatched-pattern "$@" \
        'sdk/typescript/{src,test,examples}/**/*' 'sdk/typescript/*.{ts,js}' \
        'sdk/typescript/{package,tsconfig,test/tsconfig}.json' 'end2end/*.{mjs,ts,js}' end2end/package.json \
        'scripts/*.mjs' 'tests/dist/*.mjs' 'frontend/charts/*.js')
}

# What is built is checked by tsc as it is built.
lint() {
    prettier --check && build &&
        (cd "$SDK" && node node_modules/typescript/bin/tsc -p test && node node_modules/eslint/bin/eslint.js .) &&
        (cd "$ROOT/end2end" && node "$SDK/node_modules/eslint/bin/eslint.js" .) && charts
}

# The script of the charts is plain JavaScript with its types in comments: nothing has to be built before it is served.
charts() {
    (cd "$ROOT" && node "$SDK/node_modules/eslint/bin/eslint.js" --config end2end/eslint.config.js frontend/charts &&
        node "$SDK/node_modules/typescript/bin/tsc" --noEmit --allowJs --checkJs --strict \
            --lib es2023,dom,dom.iterable --target es2022 --module es2022 --moduleResolution bundler \
            frontend/charts/main.js frontend/charts/list.js)
}

case ${1:-install} in
    install) install ;;
    build) install && build ;;
    test) install && build && build_tests && tests ;;
    format) install && prettier --write ;;
    lint) install && lint ;;
    *) die "typescript.sh does not know '$1'; it knows build, test, format and lint." ;;
esac
