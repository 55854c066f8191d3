#!/usr/bin/env bash
# .ci/get-suite.sh [DIR]: puts Redis's own Tcl test suite, as Debian 12's source package of Redis
# 7.0.15 has it, into DIR/tests, for `npm run conformance`. It is fetched and unpacked, nothing is
# installed or built. Default DIR: where test/conformance/suite.ts looks.
set -euo pipefail
export LC_ALL=C
dir=$(readlink -m "${1:-${REDIS_REPL_SUITE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/redis-repl/suite}}")
wanted=7.0.15

[ ! -f "$dir/tests/test_helper.tcl" ] || { echo "the suite is already in $dir"; exit 0; }
for tool in apt-get dpkg-source; do
  command -v $tool >/dev/null || { echo "no $tool here; apt-get install dpkg-dev" >&2; exit 1; }
done

. "$(dirname "$0")/own-apt.sh"
mkdir -p "$dir"
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
own_apt "$work/apt" 'deb-src bookworm main'
cd "$work"
apt-get -qq source redis >/dev/null
[ -f "redis-$wanted/tests/test_helper.tcl" ] || { echo "no suite of Redis $wanted there" >&2; exit 1; }
mv "redis-$wanted/tests" "$dir/tests"
echo "the suite of Redis $wanted is in $dir"
