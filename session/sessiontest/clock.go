// Clock: the time as a test wants it.

package sessiontest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until it is told to move. It starts at
// the real time, truncated to microseconds, so that lifetimes that a server
// counts down by itself agree with it. It is safe for many goroutines.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock returns a clock that shows the time of the call, in UTC.
func NewClock() *Clock {
	return &Clock{t: time.Now().UTC().Truncate(time.Microsecond)}
}

// Now returns the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Advance moves the clock by d and returns the new time. A negative d is a
// clock that was set back.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
	return c.t
}

// Set makes the clock show t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}
