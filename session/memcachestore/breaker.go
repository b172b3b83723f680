// The breaker: a server that failed is left alone for a moment.

package memcachestore

import (
	"sync"
	"time"
)

// How long a server that failed is left alone: the first time, and at most.
const (
	minBackoff = 25 * time.Millisecond
	maxBackoff = 500 * time.Millisecond
)

// breaker keeps calls from a server that fails: after each failure all are
// refused for a while, then one at a time is let through to try.
type breaker struct {
	mu     sync.Mutex
	fails  int
	until  time.Time
	trying bool
}

// down reports whether the server is to be left alone, and for how long. If it
// does not, the caller must call up or fail.
func (b *breaker) down(now time.Time) (wait time.Duration, down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.fails == 0:
		return 0, false
	case b.trying || now.Before(b.until):
		return max(b.until.Sub(now), 0), true
	}
	b.trying = true
	return 0, false
}

// up says that the server answered. back says that it did not before.
func (b *breaker) up() (back bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	back = b.fails > 0
	b.fails, b.trying, b.until = 0, false, time.Time{}
	return back
}

// fail says that it did not. first says that it did before.
func (b *breaker) fail(now time.Time) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first = b.fails == 0
	if !now.Before(b.until) { // of those that fail together one counts
		b.fails++
	}
	b.trying = false
	b.until = now.Add(min(minBackoff<<min(b.fails-1, 8), maxBackoff))
	return first
}
