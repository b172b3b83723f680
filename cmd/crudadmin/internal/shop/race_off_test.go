//go:build !race

package shop

// This file says that the race detector is off.

// raceDetector says that the race detector is on.
const raceDetector = false
