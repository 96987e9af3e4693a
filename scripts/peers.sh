#!/usr/bin/env bash
# Measures Gauntlet and its peers (Phoenix, MLflow, Trackio, from PyPI) under the same load on this machine,
# and writes the table into docs/peers.md. Needs 2 GB of disk for their packages, outside the clone.
#
#   scripts/peers.sh               three rounds
#   scripts/peers.sh --rounds 1    one
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"
# shellcheck source=uv.sh
. "$ROOT/scripts/uv.sh"

cd "$ROOT"
scripts/setup.sh
read_toolchain
scripts/build.sh release
need_python
need_uv
mkdir -p "$CACHE/tools/peers"
GAUNTLET_BIN=$CARGO_TARGET_DIR/release/gauntlet "$python" bench/peers/compare.py --uv "$uv" \
    --environments "$CACHE/tools/peers" "$@"
