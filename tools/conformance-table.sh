#!/usr/bin/env bash
# Prints the table that the conformance suite has written (see TableFile in
# session/sessiontest): a row a store, a column a theme.
set -euo pipefail
sort -u "$1" | awk -F '\t' '
NR == 1 {
	printf "%-44s", "store"
	for (i = 2; i <= NF; i++) { name = $i; sub(/ [^ ]*$/, "", name); printf " %s", name; width[i] = length(name) }
	print ""
}
{
	printf "%-44s", $1
	for (i = 2; i <= NF; i++) { n = split($i, words, " "); printf " %-" width[i] "s", words[n] }
	print ""
}'
