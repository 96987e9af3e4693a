#!/usr/bin/env bash
# Runs an S3 server of its own for tests and benchmarks (moto, from PyPI), until its standard input ends: so it ends with
# whoever started it, however that ends. It has one bucket, `lab`, holds everything in memory, takes any credentials, and
# listens on loopback. Prints its address, then an empty line for each line of its input, which says how it answers from
# then on (see scripts/s3_server.py).
#
#   scripts/s3.sh           runs it
#   scripts/s3.sh ready     only makes its environment ready
#   scripts/s3.sh lock      writes scripts/requirements/s3.txt from s3.in again
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"
# shellcheck source=uv.sh
. "$ROOT/scripts/uv.sh"

REQUIREMENTS=$ROOT/scripts/requirements/s3

if [ "${1:-}" = lock ]; then
    write_lock "$REQUIREMENTS.in"
    exit
fi
# Tests of several programs may want it at once. What is said on the way is not the address.
{
    exec 7>"$CACHE/s3.lock"
    if has flock; then flock 7; fi
    tool_environment s3 "$REQUIREMENTS.txt"
    exec 7>&-
} >&2
[ "${1:-}" = ready ] || exec "$tools/python" "$ROOT/scripts/s3_server.py"
