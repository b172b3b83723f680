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

// stats counts the answers. Each answer adds to one counter only: a second atomic addition would
// cost a tenth of a validation in memory (BenchmarkMemory/validate-parallel of package
// sessiontest). The valid answers are saved plus others.
type stats struct {
	saved, others, invalid, unavailable atomic.Uint64
}

// answered counts an answer of Validate. saved says that the answer was valid and nothing was
// written, because the session had been seen lately.
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

// Stats returns the counts. Calls that run meanwhile may or may not be counted in them.
func (m *Manager) Stats() Stats {
	saved := m.stats.saved.Load()
	return Stats{
		Valid:        saved + m.stats.others.Load(),
		Invalid:      m.stats.invalid.Load(),
		Unavailable:  m.stats.unavailable.Load(),
		TouchesSaved: saved,
	}
}
