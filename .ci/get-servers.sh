#!/usr/bin/env bash
# .ci/get-servers.sh [DIR]: puts Redis 8 and Valkey 8, as Debian 13 has them, into DIR/bin as
# redis8-server, redis8-cli, redis8-check-rdb, valkey8-server, … for the tests that compare us with
# them. Needs no root and leaves the system as it is: apt works on a state of its own, the packages
# are unpacked and not installed, and each program runs on the C library it came with.
# Default DIR: where test/support/real-servers.ts looks.
set -euo pipefail
export LC_ALL=C
release=trixie
dir=$(readlink -m "${1:-${REDIS_REPL_SERVERS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/redis-repl/servers}}")

if "$dir/bin/redis8-server" --version >/dev/null 2>&1 && [ -x "$dir/bin/valkey8-check-aof" ] &&
   "$dir/bin/valkey8-server" --version >/dev/null 2>&1; then
  echo "servers are already in $dir"
  exit 0
fi

. "$(dirname "$0")/own-apt.sh"
rm -rf "$dir"
apt=$dir/apt root=$dir/root
trap 'rm -rf "$apt"' EXIT
mkdir -p "$root"
own_apt "$apt" "deb $release main"
apt-get -qq -y --download-only --no-install-recommends install \
  redis-server redis-tools valkey-server valkey-tools
for package in "$apt"/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x --no-same-owner -C "$root" -f -
done

# The starters come last, so that a DIR/bin is a whole one.
loader=$(find "$root" -name 'ld-linux*.so.*' | head -n 1)
libraries=$(dirname "$(find "$root" -name libc.so.6 | head -n 1)")
starter() { # NAME PROGRAM: a script NAME that becomes PROGRAM, so that the pid stays the same
  printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 "%s" "%s" "$@"\n' \
    "$loader" "$libraries" "$2" "$root/usr/bin/$2" >"$dir/bin/$1"
  chmod +x "$dir/bin/$1"
}
mkdir -p "$dir/bin"
for tool in check-aof check-rdb cli benchmark server; do
  starter "redis8-$tool" "redis-$tool"
  starter "valkey8-$tool" "valkey-$tool"
done
"$dir/bin/redis8-server" --version
"$dir/bin/valkey8-server" --version
