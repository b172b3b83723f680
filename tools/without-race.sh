#!/usr/bin/env bash
# Prints what `go test` needs to run the tests that have something left for a run without the
# race detector: those whose function asks RaceDetector or calls WithoutRaceDetector, and
# every test of a package where something else than a test asks, or that walks the whole
# program with internal/programtest.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(grep -rliE --include='*_test.go' --exclude-dir={bench,faults,e2e,examples,testserver} 'RaceDetector' .)
names=$(awk '
	FNR == 1 { name = "-" }
	/^func / { name = match($0, /^func Test[A-Z_]/) && !/^func TestMain\(/ ? $2 : ""; sub(/\(.*/, "", name) }
	/^}/ { name = "-" }
	/^[ \t]*\/\// || name == "-" || !/[rR]aceDetector/ { next }
	{ dir = FILENAME; sub(/\/[^\/]*$/, "", dir); print dir, name }
' $files; grep -rl --include='*_test.go' --exclude-dir={bench,faults,e2e,examples} 'crudadmin/internal/programtest"' . | xargs -r -n 1 dirname)
names=$(sort -u <<<"$names")
packages=$(cut -d ' ' -f 1 <<<"$names" | sort -u)
for whole in $(awk 'NF == 1' <<<"$names"); do
	names+=$(printf '\n'; sed -nE "/^func TestMain\(/d; s,^func (Test[A-Z_][A-Za-z0-9_]*)\(.*,$whole \1,p" "$whole"/*_test.go)
done
echo -run "^($(awk 'NF == 2 { print $2 }' <<<"$names" | sort -u | paste -sd '|'))\$" $packages
