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

// stats counts what Stats tells. Each answer is counted once: most are valid and
// write nothing, and a second count of those would cost a tenth of the answer. The
// valid ones are saved and others.
type stats struct {
	saved, others, invalid, unavailable atomic.Uint64
}

// answered counts an answer of Validate: saved says that it was valid and wrote
// nothing because the session had been seen.
func (s *stats) answered(saved bool, err error) {
	switch {
	case saved:
		s.saved.Add(1)
	case err == nil:
		s.others.Add(1)
	case errors.Is(err, ErrNotFound):
		s.invalid.Add(1)
	default:
		s.unavailable.Add(1)
	}
}

// Stats returns what the manager has counted. Counts read while calls run may
// differ by those.
func (m *Manager) Stats() Stats {
	saved := m.stats.saved.Load()
	return Stats{
		Valid:        saved + m.stats.others.Load(),
		Invalid:      m.stats.invalid.Load(),
		Unavailable:  m.stats.unavailable.Load(),
		TouchesSaved: saved,
	}
}
