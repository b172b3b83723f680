//go:build race

package hybridstore

// This file says that the race detector is on.

const raceDetector = true
