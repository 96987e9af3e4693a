# Installing with apt, for the scripts that make a machine ready. Sourced after lib.sh, not run.
# shellcheck shell=bash

is_root() { [ "$(id -u)" -eq 0 ]; }

# Whether sudo will work: without a password, or because there is somebody to type it.
can_sudo() { has sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }

can_apt() { has apt-get && { is_root || can_sudo; }; }

as_root() { if is_root; then "$@"; else sudo "$@"; fi; }

apt_has() { [ -n "$(apt-cache show "$1" 2>/dev/null)" ]; }

# A fresh image has no package lists, and an old one has lists that name files which are gone.
apt_update() {
    [ -n "${apt_is_fresh:-}" ] || quietly apt-update as_root apt-get update || return 1
    apt_is_fresh=yes
}

# apt_install LOG PACKAGE...
apt_install() {
    local log=$1
    shift
    can_apt || return 1
    apt_update || return 1
    quietly "apt-$log" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}
