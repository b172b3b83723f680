//go:build !race

package hybridstore

// This file says that the race detector is off.

const raceDetector = false
