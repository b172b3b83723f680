//go:build race

package main

// This file says that the tests run with the race detector.

const raceDetector = true
