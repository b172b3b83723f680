//go:build !race

package shop

// raceDetector says that the race detector is on.
const raceDetector = false
