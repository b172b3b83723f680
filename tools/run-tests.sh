#!/usr/bin/env bash
# Usage: tools/run-tests.sh NAME AT_ONCE BUILDFLAGS [-only FILE] PACKAGE...
#
# Builds the tests of packages with these flags and runs them, AT_ONCE packages side by side, in
# this order; with -only those tests that the file names, in lines as tools/without-race.sh prints
# them. As `go test -count=1` does, but that the programs stay in bin/tests/NAME: the linker, which
# takes longer than many of the tests, works only for what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1 at_once=$2 flags=$3
shift 3
only=/dev/null
if [ "$1" = -only ]; then only=$2; shift 2; fi
built=bin/tests/$name

# A program is called by the last word of its package's path: those of one name go into folders of
# their own.
plan=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' "$@" | awk -v top="$PWD" -v built="$PWD/$built" '
	FILENAME != "-" { tests[$1] = $2; next }
	NF {
		file = $1; sub(/.*\//, "", file)
		folder = substr($2, length(top) + 2)
		print built "/" ++seen[file], $1, $2, file ".test", tests[folder == "" ? "." : "./" folder]
	}' "$only" -)
while read -r folder; do
	mkdir -p "$folder"
	# shellcheck disable=SC2086,SC2046
	go test -c $flags -o "$folder/" $(awk -v folder="$folder" '$1 == folder { print $2 }' <<<"$plan")
done < <(cut -d ' ' -f 1 <<<"$plan" | sort -u)

one() {
	read -r folder package directory program tests <<<"$1"
	cd "$directory"
	said=$(mktemp) result=ok
	TIMEFORMAT='%0R s, %0U + %0S s of processor'
	took=$({ time "$folder/$program" -test.paniconexit0 -test.timeout 25m ${tests:+-test.run "$tests"} >"$said" 2>&1; } 2>&1) || result=FAIL
	[ $result = ok ] || cat "$said"
	rm -f "$said"
	printf '%s\t%s\t%s\n' $result "$package" "$took"
	[ $result = ok ]
}
export -f one
export GORACE=atexit_sleep_ms=50 # a whole second otherwise, for races of what runs while a program ends
tr '\n' '\0' <<<"$plan" | xargs -0 -P "$at_once" -I {} bash -c '[ -z "$1" ] || one "$1"' one {}
