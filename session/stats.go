// Stats: what a manager has answered, for metrics.

package session

import (
	"errors"
	"sync/atomic"
)

// Stats are counts since New.
type Stats struct {
	// Valid, Invalid and Unavailable are the answers of Validate, those to tokens
	// that are not genuine included.
	Valid, Invalid, Unavailable uint64

	// TouchesSaved are validations that wrote nothing because the session had been
	// seen within TouchInterval.
	TouchesSaved uint64
}

// stats counts what Stats tells.
type stats struct {
	valid, invalid, unavailable, touchesSaved atomic.Uint64
}

// answered counts an answer of Validate.
func (s *stats) answered(err error) {
	switch {
	case err == nil:
		s.valid.Add(1)
	case errors.Is(err, ErrNotFound):
		s.invalid.Add(1)
	default:
		s.unavailable.Add(1)
	}
}

// Stats returns what the manager has counted. Counts read while calls run may
// differ by those.
func (m *Manager) Stats() Stats {
	return Stats{
		Valid:        m.stats.valid.Load(),
		Invalid:      m.stats.invalid.Load(),
		Unavailable:  m.stats.unavailable.Load(),
		TouchesSaved: m.stats.touchesSaved.Load(),
	}
}
