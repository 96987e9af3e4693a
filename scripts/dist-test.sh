#!/usr/bin/env bash
# Tests what `make dist` makes: packages the binary that `make test` built (GAUNTLET_BIN, or the debug build),
# installs each package into an environment that holds nothing else, and uses it. A tap report goes to
# $LOGS/dist.tap.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"
# shellcheck source=uv.sh
. "$ROOT/scripts/uv.sh"

DIST_OUTPUT=$LOGS/dist.tap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -f "$DIST_OUTPUT"

GAUNTLET_BIN=${GAUNTLET_BIN:-$CARGO_TARGET_DIR/debug/gauntlet} "$ROOT/scripts/dist.sh" "$work/dist"
need_python
need_uv
quietly dist-python "$uv" venv --seed --python "$python" "$work/python"
DIST=$work/dist BARE_PYTHON=$work/python node --test \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$DIST_OUTPUT" "$ROOT/tests/dist/dist.test.mjs"
