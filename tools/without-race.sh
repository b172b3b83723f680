#!/usr/bin/env bash
# Prints the tests that the run with the race detector leaves out, those that call
# WithoutRaceDetector themselves: a package a line, and what `go test -run` takes for them.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(grep -rlE --include='*_test.go' --exclude-dir={bench,faults,e2e,examples,testserver} 'testserver\.WithoutRaceDetector\(' .)
awk '
	/^func / { name = match($0, /^func Test[A-Z_]/) ? $2 : ""; sub(/\(.*/, "", name) }
	/^[ \t]+testserver\.WithoutRaceDetector\(/ {
		if (name == "") { print FILENAME ": WithoutRaceDetector is called by something else than a test" > "/dev/stderr"; exit 1 }
		package = FILENAME; sub(/\/[^\/]*$/, "", package)
		names[package] = package in names ? names[package] "|" name : name
	}
	END { for (package in names) print package, "^(" names[package] ")$" }
' $files | sort
