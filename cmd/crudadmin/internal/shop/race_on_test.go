//go:build race

package shop

// This file says that the race detector is on.

// raceDetector says that the race detector is on: SQLite in Go is twenty times slower under it.
const raceDetector = true
