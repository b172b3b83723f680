#!/usr/bin/env bash
# Runs every fuzz test of the module, one after the other, for the time given as
# the first argument (default 1m each). Findings go to the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-1m}

grep --recursive --include='*_test.go' --only-matching --no-messages '^func Fuzz[A-Za-z0-9_]*' . |
	sed 's/:func / /' | sort | while read -r file name; do
	package=$(dirname "$file")
	echo "== $package $name ($time)"
	go test -run='^$' -fuzz="^$name\$" -fuzztime="$time" "$package" </dev/null
done
echo "Fuzzing found nothing."
