#!/usr/bin/env bash
# Prints what `go test` needs to run the tests that the run with the race detector leaves out:
# those that call WithoutRaceDetector themselves.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(grep -rlE --include='*_test.go' --exclude-dir={bench,faults,e2e,examples,testserver} 'testserver\.WithoutRaceDetector\(' .)
names=$(awk '
	/^func / { name = match($0, /^func Test[A-Z_]/) ? $2 : ""; sub(/\(.*/, "", name) }
	/^[ \t]+testserver\.WithoutRaceDetector\(/ {
		if (name == "") { print FILENAME ": WithoutRaceDetector is called by something else than a test" > "/dev/stderr"; exit 1 }
		print name
	}
' $files)
echo -run "^($(sort -u <<<"$names" | paste -sd '|'))\$" $(xargs -n 1 dirname <<<"$files" | sort -u)
