#!/usr/bin/env bash
# Installs the servers, the browser and the C compiler that the tests need and
# this machine lacks, from Debian's packages. Says what it installs, installs
# nothing that is there, and leaves no service running that it brought along.
set -euo pipefail

# The same places the tests look in.
PATH=$PATH:/usr/sbin:/sbin
for dir in /usr/lib/postgresql/*/bin; do
	[ -d "$dir" ] && PATH=$PATH:$dir
done

packages=()
need() { # need PACKAGE PROGRAM...: the package, unless every program is there
	local package=$1 program
	shift
	for program; do
		if ! command -v "$program" >/dev/null; then
			packages+=("$package")
			return
		fi
	done
}
need redis-server redis-server
need memcached memcached
need postgresql postgres initdb psql
need pgbouncer pgbouncer
need mariadb-server mariadbd mariadb-install-db mariadb
any_browser=$(command -v chromium chromium-browser google-chrome google-chrome-stable chrome || true)
[ -n "$any_browser" ] || need chromium-headless-shell chromium-headless-shell
if ! command -v gcc cc >/dev/null; then # the race detector is linked with it
	packages+=(gcc libc6-dev)
fi

# The headless shell halves what the browser's tests cost. Where another browser is there, the shell
# is put beside it if that needs nobody's password and the package archive answers within seconds.
add_shell() {
	local dir answers=no
	[ "$(id -u)" -eq 0 ] && apt-cache show chromium-headless-shell || return 1
	dir=$(mktemp -d)
	(cd "$dir" && timeout 5 apt-get download hostname) && answers=yes # a small package
	rm -rf "$dir"
	[ $answers = yes ] || return 1
	# A download may be broken off, and goes on the next time; an installation may not.
	timeout 180 apt-get install -y --no-install-recommends --download-only chromium-headless-shell &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --no-download chromium-headless-shell
}
if [ -n "$any_browser" ] && ! command -v chromium-headless-shell >/dev/null && ! add_shell </dev/null >/dev/null 2>&1; then
	echo "The browser's tests run with $(head -n 1 <<<"$any_browser"): with Debian's chromium-headless-shell they take half as long."
fi

if [ ${#packages[@]} -eq 0 ]; then
	echo "The tests' servers are installed: Redis, Memcached, PostgreSQL, PgBouncer, MariaDB, Chromium."
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "The tests need what Debian calls ${packages[*]}, and there is no apt-get here: install them by other means, or run 'make test-short'." >&2
	exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "Run as root: apt-get install ${packages[*]}. Or run 'make test-short', which needs no servers." >&2
		exit 1
	fi
	as_root=(sudo)
	[ "${CI:-}" = true ] && as_root=(sudo -n) # nobody is there to be asked
fi

echo "Installing for the tests: ${packages[*]}"
"${as_root[@]}" apt-get update -q
if ! apt-cache show chromium-headless-shell >/dev/null 2>&1; then # an older release
	packages=("${packages[@]/#chromium-headless-shell/chromium}")
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends "${packages[@]}" </dev/null

# Debian starts what it installs. The tests start their own servers, so what
# came with this run is stopped; what was here before is left alone.
for package in "${packages[@]}"; do
	case $package in
	redis-server | memcached | postgresql | pgbouncer) service=$package ;;
	mariadb-server) service=mariadb ;;
	*) continue ;;
	esac
	if [ -d /run/systemd/system ]; then
		"${as_root[@]}" systemctl disable --now "$service" || echo "could not stop the service $service: it goes on running"
	elif [ -x "/etc/init.d/$service" ]; then
		"${as_root[@]}" "/etc/init.d/$service" stop >/dev/null 2>&1 || true # it was not running
	fi
done
echo "Installed: ${packages[*]}"
