package hybridstore

// This file shows what the tests from outside need.

import "time"

// CompareEvery sets how often cache and database are compared.
func (s *Store) CompareEvery(d time.Duration) { s.compareEvery = d }

// SweepAtOnce lets Sweep not wait for the database to have been calm.
func (s *Store) SweepAtOnce() { s.hold = 0 }
