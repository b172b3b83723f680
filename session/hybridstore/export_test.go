package hybridstore

// This file shows what the tests from outside need.

import "time"

// RaceDetector says whether the race detector is on.
const RaceDetector = raceDetector

// CompareEvery sets how often cache and database are compared.
func (s *Store) CompareEvery(d time.Duration) { s.compareEvery = d }

// SweepAtOnce lets Sweep not wait for the database to have been calm.
func (s *Store) SweepAtOnce() { s.hold = 0 }
