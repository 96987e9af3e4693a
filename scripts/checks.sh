#!/usr/bin/env bash
# Checks the dependencies of the workspace, with prebuilt tools: licences, sources and banned crates
# (cargo-deny, rules in deny.toml), and dependencies that no code uses (cargo-shear).
#
#   scripts/checks.sh           runs both
#   scripts/checks.sh lock      writes scripts/requirements/checks.txt from checks.in again
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"
# shellcheck source=uv.sh
. "$ROOT/scripts/uv.sh"

REQUIREMENTS=$ROOT/scripts/requirements/checks

main() {
    tool_environment checks "$REQUIREMENTS.txt"
    cd "$ROOT"
    # Advisories are left out: their database is a repository that has to be downloaded.
    "$tools/cargo-deny" --log-level error check bans licenses sources
    "$tools/cargo-shear"
}

if [ "${1:-}" = lock ]; then write_lock "$REQUIREMENTS.in"; else main; fi
