#!/usr/bin/env bash
# Measures sessions side by side with other libraries, prints the tables, and puts
# them into docs/. Each part is a process of its own with a time of its own, and
# writes when it is finished, so that one that fails costs its own table only.
# Arguments go to the test binary: -turn 200ms, -rounds 9, -store Redis …
set -euo pipefail
cd "$(dirname "$0")/../bench"
export BENCHFLAGS="$*" CRUDADMIN_REQUIRE_SERVERS=1

parts=(${BENCHPARTS:-Circumstances Failures Limits HTTP Fiber NearCache Cluster Growth Targets})
program=$(mktemp -d)/bench
trap 'rm -rf "$(dirname "$program")"' EXIT
go test -c -o "$program" .

failed=()
for part in "${parts[@]}"; do
	start=$SECONDS
	timeout -k 10 "${PARTTIME:-15m}" "$program" -test.timeout 0 -test.run "^Test$part\$" -measure -write ../docs "$@" || failed+=("$part")
	printf '(%s: %d s)\n' "$part" $((SECONDS - start))
done
printf '\n%d s. Tables: docs/benchmarks.md, charts: docs/benchmarks/.\n' "$SECONDS"
if [ "${#failed[@]}" -gt 0 ]; then
	echo "Failed, the rest was measured: ${failed[*]}"
	exit 1
fi
