// CountRule: the rule by which a store counts failed logins.

package session

import (
	"fmt"
	"time"
)

// Bounds of counters.
const (
	MaxCountKey   = 128  // bytes of a counter's key
	MaxCountLimit = 1000 // events a counter can be asked to hold
)

// CountRule is the rule by which Store.Count records an event or holds it back.
type CountRule struct {
	// Limit is how many events may lie within Window: 1 to MaxCountLimit.
	Limit int

	// Window slides and ends now: more than 0.
	Window time.Duration

	// Pace, if it is not 0, holds events back as well: after n events the next one is recorded
	// Apart(n) after the newest at the earliest.
	Pace time.Duration

	// Always records the event although the rule would hold it back. The newest 2·Limit events are
	// kept then.
	Always bool
}

// Apart is how long Pace holds the next event back after the newest of n events in the window: Pace
// after the first, twice as long after each further one, at most Window. More than Limit events
// count as Limit.
func (r CountRule) Apart(n int) time.Duration {
	if r.Pace == 0 || n < 1 {
		return 0
	}
	apart := r.Pace
	for n = min(n, r.Limit); n > 1 && apart < r.Window; n-- {
		apart *= 2
	}
	return min(apart, r.Window)
}

// Kept is how many events a store keeps under the rule.
func (r CountRule) Kept() int {
	if r.Always {
		return 2 * r.Limit
	}
	return r.Limit
}

// CheckCount reports arguments of Store.Count that are out of their bounds, as
// ErrMalformed or ErrTooLarge. Stores call it first.
func CheckCount(key string, r CountRule) error {
	switch {
	case key == "":
		return fmt.Errorf("%w counter: empty key", ErrMalformed)
	case len(key) > MaxCountKey:
		return fmt.Errorf("%w: counter key of %d bytes, at most %d", ErrTooLarge, len(key), MaxCountKey)
	case r.Limit < 1 || r.Limit > MaxCountLimit:
		return fmt.Errorf("%w counter: limit %d, want 1 to %d", ErrMalformed, r.Limit, MaxCountLimit)
	case r.Window <= 0:
		return fmt.Errorf("%w counter: window %s, want more than 0", ErrMalformed, r.Window)
	case r.Pace < 0:
		return fmt.Errorf("%w counter: pace %s, want 0 or more", ErrMalformed, r.Pace)
	}
	return nil
}
