package hybridstore

// This file shows what the tests from outside need.

// RaceDetector says whether the race detector is on.
const RaceDetector = raceDetector
