#!/bin/sh
# Runs a PostgreSQL server of its own for tests and benchmarks, until its standard input ends: so it ends with
# whoever started it, however that ends. Prints the address of the server, whose user may create databases, and for
# each line of its input, a name, creates that database and prints its address. Its data is in a temporary folder,
# nothing listens on the network, and everybody who reaches the socket is trusted.
#
#   scripts/postgres.sh [durable]
#
# `durable` writes to the disk before it acknowledges, as a real server does; without it, tests are faster.
set -eu
fail() { echo "scripts/postgres.sh: $*" >&2; exit 1; }

bin=${GAUNTLET_POSTGRES_BIN:-}
for folder in "$bin" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) /opt/homebrew/opt/postgresql*/bin; do
  [ -x "$folder/initdb" ] && bin=$folder && break
done
if [ ! -x "$bin/initdb" ]; then
  initdb=$(command -v initdb) || fail "PostgreSQL is not installed; scripts/setup.sh installs it"
  bin=$(dirname "$initdb")
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/gauntlet-postgres.XXXXXX")
# PostgreSQL refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
  chown nobody "$folder"
  as="setpriv --reuid=nobody --regid=$(id -g nobody) --clear-groups"
fi
server=
stop() {
  trap - EXIT INT TERM
  [ -z "$server" ] || { kill -INT "$server" 2>/dev/null && wait "$server" || true; }
  rm -rf "$folder"
}
trap stop EXIT INT TERM

cd "$folder"
$as "$bin/initdb" -D "$folder/data" -U gauntlet -A trust -E UTF8 --locale=C -N >"$folder/log" 2>&1 ||
  { cat "$folder/log" >&2; fail "initdb failed"; }
fsync=off
[ "${1:-}" = durable ] && fsync=on
$as "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=$fsync \
  -c max_connections=400 -c log_min_messages=warning >>"$folder/log" 2>&1 </dev/null &
server=$!
until "$bin/pg_isready" -q -h "$folder"; do
  kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; fail "the server did not start"; }
  sleep 0.1
done
echo "postgres://gauntlet@localhost/postgres?host=$folder"
while read -r name; do
  "$bin/createdb" -h "$folder" -U gauntlet "$name" >&2 || fail "there is no database $name"
  echo "postgres://gauntlet@localhost/$name?host=$folder"
done
