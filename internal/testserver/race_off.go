//go:build !race

// This file says that the race detector is off.

package testserver

// RaceDetector says whether the race detector is on, with which SQLite, being in Go, is
// some twenty times as slow.
const RaceDetector = false
