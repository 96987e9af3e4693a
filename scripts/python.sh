#!/usr/bin/env bash
# Makes the Python environment that the SDK is tested in, and runs the tests. What it holds is in the dependency groups
# of sdk/python/pyproject.toml: `test` as requirements-test.txt pins it, and `verl` beside it. The environment lives
# outside the clone and is named after what it holds; the SDK itself is taken from the clone by PYTHONPATH, so that two
# clones can share one environment.
#
#   scripts/python.sh              makes the environment ready
#   scripts/python.sh test [...]   ruff, mypy, pytest (with what else is given); pytest's summary comes last
#   scripts/python.sh run CMD...   runs a program in it, for example `run python sdk/python/examples/trl_grpo.py`
#   scripts/python.sh lock         resolves the group `test` into requirements-test.txt again
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=apt.sh
. "$ROOT/scripts/apt.sh"
# shellcheck source=uv.sh
. "$ROOT/scripts/uv.sh"

SDK=$ROOT/sdk/python
LOCK=$SDK/requirements-test.txt
VERL_BELOW=3.13

verl_group() { sed -n '/^verl = \[$/,/^]/p' "$SDK/pyproject.toml"; }

environment() {
    printf '%s/tools/python-%s\n' "$CACHE" "$({ cat "$LOCK" && verl_group; } | sha256 | cut -c 1-16)"
}

# Sets `env`. Torch makes this large on Linux, where the wheels on PyPI carry CUDA: 6 GB.
need_environment() {
    env=$(environment)
    # The interpreter that it was made from may have gone since.
    if [ -f "$env/ready" ] && "$env/bin/python" -c '' 2>/dev/null; then return; fi
    need_python
    need_uv
    say "  ... installing what sdk/python/requirements-test.txt pins (about 1 min)"
    rm -rf "$env"
    quietly python-environment "$uv" venv --python "$python" "$env" || die "uv could not make an environment; see above."
    quietly python-packages "$uv" pip sync --python "$env/bin/python" "$LOCK" ||
        die "The Python packages could not be installed; see above."
    if version_at_least "$(python_version "$env/bin/python")" "$VERL_BELOW"; then
        say "  ... verl needs Python below $VERL_BELOW: its tests are left out"
    else
        quietly python-verl "$uv" pip install --python "$env/bin/python" --no-deps \
            --group "$SDK/pyproject.toml:verl" ||
            die "verl could not be installed; see above."
    fi
    : >"$env/ready"
}

# in_environment COMMAND...: in the clone's SDK folder, seeing this clone's SDK and nothing of the caller's settings.
in_environment() {
    (
        cd "$SDK"
        unset "${!GAUNTLET_@}" "${!WANDB_@}" "${!OTEL_@}"
        export PATH="$env/bin:$PATH" VIRTUAL_ENV="$env" PYTHONPATH="$SDK/src" PYTHONPYCACHEPREFIX="$env/pycache"
        # Nothing is downloaded and no GPU is looked for: the tests mean the same everywhere.
        export HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 CUDA_VISIBLE_DEVICES="" TOKENIZERS_PARALLELISM=false
        export GAUNTLET_BIN="$BINARY"
        "$@"
    )
}

tests() {
    local output=$LOGS/pytest.log failed=""
    [ -x "$BINARY" ] || die "There is no $BINARY; build it first, or name another with GAUNTLET_BIN=..."
    in_environment ruff check --no-cache . "$ROOT/scripts" "$ROOT/bench" || failed=yes
    # Without the documents: their examples are set for the reader.
    in_environment ruff format --no-cache --check --exclude '*.md' . "$ROOT/scripts" "$ROOT/bench" || failed=yes
    in_environment mypy --cache-dir "$CACHE/mypy" src/gauntlet tests examples || failed=yes
    in_environment python -m pytest -p no:cacheprovider "$@" tests 2>&1 | tee "$output" || failed=yes
    if tail -n 1 "$output" | grep -q ' skipped'; then
        say "error: a test was skipped; all that is needed is here, so none may be." >&2
        failed=yes
    fi
    [ -z "$failed" ]
}

lock() {
    need_python
    need_uv
    (
        cd "$SDK"
        "$uv" pip compile --quiet --universal --python-version "$PYTHON_NEEDED" --no-annotate --no-emit-index-url \
            --custom-compile-command "scripts/python.sh lock" --upgrade --group test -o requirements-test.txt
    )
}

BINARY=${GAUNTLET_BIN:-$CARGO_TARGET_DIR/debug/gauntlet}

main() {
    local verb=${1:-ready} started=$SECONDS
    [ $# -eq 0 ] || shift
    case $verb in
        ready)
            need_environment
            say "  Python        python $(python_version "$env/bin/python"), $env: the SDK's tests ($((SECONDS - started)) s)"
            ;;
        test)
            need_environment
            tests "$@"
            ;;
        run)
            need_environment
            in_environment "$@"
            ;;
        lock) lock ;;
        *) die "python.sh does not know '$verb'; it knows test, run and lock, or nothing at all." ;;
    esac
}

main "$@"
