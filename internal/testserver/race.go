// This file leaves tests to the run without the race detector.

package testserver

import "testing"

// WithoutRaceDetector leaves a test to the run of `make test` that has no race detector: one of
// hundreds of requests or of many megabytes, one after the other. With it they take minutes,
// and nothing in them happens at the same time as anything else. It is called by the test
// itself, where tools/without-race.sh finds it.
func WithoutRaceDetector(t testing.TB) {
	t.Helper()
	if RaceDetector {
		t.Skip("make test runs it without the race detector")
	}
}
