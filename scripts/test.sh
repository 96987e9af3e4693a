#!/usr/bin/env bash
# Runs every test: Rust's (unit, property, conformance, crash, architecture), the Python and TypeScript SDKs and the
# browser stories against the real binary, then the packages of `make dist`, installed and used. Says where the time
# went; the last line is the totals.
# shellcheck disable=SC2317 # functions are called through `part`
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
RUST_OUTPUT=$LOGS/cargo-test.log
STORIES_OUTPUT=$LOGS/stories.tap
PYTHON_OUTPUT=$LOGS/pytest.log
TYPESCRIPT_OUTPUT=$LOGS/typescript.tap
PACKAGES_OUTPUT=$LOGS/dist.tap
export GAUNTLET_BIN=$CARGO_TARGET_DIR/debug/gauntlet
PASSED=0
FAILED=0
SKIPPED=0

setup() { scripts/setup.sh --tests && read_toolchain && scripts/python.sh && scripts/typescript.sh; }

# The binaries and the tests in one go, so that both are built with the same features, once.
compile() { cargo build --workspace --bins --tests; }

rust_tests() { cargo test --workspace --no-fail-fast 2>&1 | tee "$RUST_OUTPUT"; }

# What the server does with a log in PostgreSQL: some of its tests once more.
postgresql_tests() {
    GAUNTLET_TEST_DATABASE=postgresql cargo test --workspace --no-fail-fast \
        --test api --test columns --test live --test monitors --test search --test writers 2>&1 | tee -a "$RUST_OUTPUT"
}

stories() {
    CHROMIUM=$(find_chromium) node --test --test-concurrency=1 \
        --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$STORIES_OUTPUT" end2end/*.test.mjs
}

# count RUNNER OUTPUT AWK_RULES: adds the figures that the rules sum up in p, f and s. A runner that reports no test has
# not run, which is a failure.
count() {
    local passed failed skipped
    touch "$2"
    read -r passed failed skipped <<<"$(awk "$3 END { print p + 0, f + 0, s + 0 }" "$2")"
    if [ "$((passed + failed))" -eq 0 ]; then
        say "error: $1 reported no test at all."
        failed=1
    fi
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
    SKIPPED=$((SKIPPED + skipped))
}

rm -f "$RUST_OUTPUT" "$STORIES_OUTPUT" "$PYTHON_OUTPUT" "$TYPESCRIPT_OUTPUT" "$PACKAGES_OUTPUT"
part "setup" setup
part "browser side" scripts/build.sh site
part "compile" compile
part "cargo test" rust_tests
part "on PostgreSQL" postgresql_tests
part "Python SDK" scripts/python.sh test
part "TypeScript SDK" scripts/typescript.sh test
part "stories" stories
part "packages" scripts/dist-test.sh
parts_table

# shellcheck disable=SC2016 # awk's fields, not ours
count "cargo test" "$RUST_OUTPUT" '/^test result:/ { p += $4; f += $6; s += $8 }'
# pytest's last line: `= 2 failed, 80 passed, 1 skipped in 12.3s =`, without the signs where it is told to be quiet
# shellcheck disable=SC2016
count "Python SDK" "$PYTHON_OUTPUT" '/[0-9]+ (passed|failed|error).* in [0-9.]+s/ {
    for (i = 2; i < NF; i++) {
        if ($i ~ /^passed/) p += $(i - 1)
        if ($i ~ /^(failed|error)/) f += $(i - 1)
        if ($i ~ /^(skipped|xfailed|deselected)/) s += $(i - 1)
    }
}'
# shellcheck disable=SC2016
TAP='/^# pass / { p += $3 } /^# (fail|cancelled) / { f += $3 } /^# (skipped|todo) / { s += $3 }'
count "TypeScript SDK" "$TYPESCRIPT_OUTPUT" "$TAP"
count "stories" "$STORIES_OUTPUT" "$TAP"
count "packages" "$PACKAGES_OUTPUT" "$TAP"
if [ -n "$BROKEN" ]; then
    say "error: went wrong:$BROKEN"
    # A part may break without naming a test: a compile error, a crash.
    [ "$FAILED" -gt 0 ] || FAILED=1
fi
if [ "$SKIPPED" -gt 0 ]; then
    say "$SKIPPED skipped"
    if [ "${CI:-}" = true ]; then
        say "error: under CI nothing may be skipped; the skipped ones count as failed."
        FAILED=$((FAILED + SKIPPED))
    fi
fi
say "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
