//go:build !race

package main

// This file says that the tests run without the race detector.

const raceDetector = false
