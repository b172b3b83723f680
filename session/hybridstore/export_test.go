package hybridstore

// This file shows what the tests from outside need.

// RaceDetector says whether the race detector is on.
const RaceDetector = raceDetector

// SweepAtOnce lets Sweep not wait for the database to have been calm.
func (s *Store) SweepAtOnce() { s.hold = 0 }
