// Package breaker keeps calls away from a server that fails, for a moment after each failure, so
// that a server that is down costs its callers nothing and is used again as soon as it is back.
package breaker

import (
	"sync"
	"time"
)

// Breaker is closed while the server answers. A failure opens it: all calls are refused for a
// pause, then one call at a time is let through to find out. It is safe for many goroutines.
type Breaker struct {
	// MinPause is the pause after the first failure. Each further failure doubles it, up to
	// MaxPause.
	MinPause, MaxPause time.Duration

	mu       sync.Mutex
	failures int       // in a row; those that came during one pause count as one
	until    time.Time // the end of the pause
	trying   bool      // one call is finding out
}

// Enter reports whether a call may go to the server, and if not, how long the pause lasts still.
// After a call that was let through, Succeed, Fail or Skip must be called.
func (b *Breaker) Enter(now time.Time) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failures == 0:
		return 0, true
	case b.trying || now.Before(b.until):
		return max(b.until.Sub(now), 0), false
	}
	b.trying = true
	return 0, true
}

// Succeed closes the breaker: the server answered. It reports whether the breaker was open.
func (b *Breaker) Succeed() (back bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	back = b.failures > 0
	b.failures, b.trying, b.until = 0, false, time.Time{}
	return back
}

// Fail opens the breaker for a pause: the server failed. It reports whether the breaker was
// closed.
func (b *Breaker) Fail(now time.Time) (first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first = b.failures == 0
	if !now.Before(b.until) {
		b.failures++
	}
	b.trying = false
	b.until = now.Add(min(b.MinPause<<min(b.failures-1, 8), b.MaxPause))
	return first
}

// Skip leaves the breaker as it is: the call says nothing about the server. The next call may
// find out.
func (b *Breaker) Skip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
}

// Failing reports whether the server failed when it was last asked.
func (b *Breaker) Failing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures > 0
}
