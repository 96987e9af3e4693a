#!/usr/bin/env bash
# Builds what is handed out, and measures it: prints a table and writes bench.json.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
scripts/setup.sh --tests
read_toolchain
scripts/build.sh release
CHROMIUM=$(find_chromium) cargo run --release -p gauntlet-bench -- "$@"
