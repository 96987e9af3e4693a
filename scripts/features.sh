#!/usr/bin/env bash
# Checks that the crates other programs use compile without warnings in each combination of features that makes sense:
# none, each one alone, and all.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
# check CRATE FEATURES
check() {
    say "$1 with features: ${2:-none}"
    cargo clippy --quiet -p "$1" --lib --no-default-features --features "$2" -- -D warnings
}
for features in "" http; do check gauntlet-telemetry "$features"; done
for features in "" http live database tracing http,live,database,tracing; do check gauntlet-sdk "$features"; done
