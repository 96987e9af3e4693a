# Python environments from pinned requirements, for the scripts that need Python tools. Sourced after lib.sh
# and apt.sh, not run.
# shellcheck shell=bash

PYTHON_NEEDED=3.11
UV_VERSION=0.13.8
# The interpreter is this machine's: one that uv downloads would be a surprise, and is not always reachable.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1

python_version() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

# An interpreter that is new enough; prints nothing where there is none.
find_python() {
    local candidate version
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
        if [ -n "$candidate" ] && has "$candidate"; then
            version=$(python_version "$candidate") || continue
            if version_at_least "$version" "$PYTHON_NEEDED"; then
                command -v "$candidate"
                return
            fi
        fi
    done
}

need_python() {
    python=$(find_python)
    if [ -z "$python" ]; then
        say "  ... installing Python"
        apt_install python python3 python3-venv || true
        python=$(find_python)
    fi
    [ -n "$python" ] || die "Python $PYTHON_NEEDED or later is not installed." \
        "Debian 12, Ubuntu 24.04:  apt-get install python3 python3-venv" \
        "macOS:                    brew install python" \
        "or name one with PYTHON=/path/to/python3"
}

# Any uv will do; without one it is installed beside the environment.
need_uv() {
    local own=$CACHE/tools/uv-$UV_VERSION
    for uv in uv "$own/bin/uv"; do
        if "$uv" --version >/dev/null 2>&1; then return; fi
    done
    say "  ... installing uv $UV_VERSION"
    rm -rf "$own"
    # Debian keeps the part that puts pip into an environment in a package of its own.
    if ! quietly python-venv "$python" -m venv "$own"; then
        apt_install python-venv python3-venv ||
            die "There is no uv, and $python cannot make an environment for it." \
                "Install uv (see https://docs.astral.sh/uv), or on Debian:  apt-get install python3-venv"
        rm -rf "$own"
        quietly python-venv "$python" -m venv "$own" || die "$python cannot make an environment; see above."
    fi
    quietly uv "$own/bin/pip" install "uv==$UV_VERSION" || die "uv could not be installed; see above."
    uv=$own/bin/uv
}

# tool_environment NAME LOCK: sets `tools` to the folder of programs of an environment outside the clone that
# holds what LOCK pins.
tool_environment() {
    local env
    env=$CACHE/tools/$1-$(sha256 <"$2" | cut -c 1-16)
    tools=$env/bin
    # The interpreter that it was made from may have gone since.
    if [ -f "$env/ready" ] && "$tools/python" -c '' 2>/dev/null; then return; fi
    need_python
    need_uv
    rm -rf "$env"
    quietly "$1-environment" "$uv" venv --python "$python" "$env" ||
        die "uv could not make an environment; see above."
    quietly "$1-packages" "$uv" pip sync --python "$tools/python" --require-hashes "$2" ||
        die "The Python packages of $2 could not be installed; see above."
    : >"$env/ready"
}

# write_lock IN: writes the requirements file beside IN again, with the newest versions and their hashes.
write_lock() {
    need_python
    need_uv
    "$uv" pip compile --quiet --universal --python-version "$PYTHON_NEEDED" --no-annotate \
        --no-emit-index-url --generate-hashes --custom-compile-command "$(basename "$0") lock" --upgrade -o "${1%.in}.txt" "$1"
}
