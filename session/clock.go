// The clock that never runs back.

package session

import (
	"math"
	"sync/atomic"
	"time"
)

// MonotonicClock returns a clock that shows now's time in UTC, truncated to
// microseconds, and never runs backwards: where now jumps back it stands still
// until now has caught up. So what expired once stays expired. A nil now is the
// machine's time, whose jumps it notices within a tenth of a second. It is safe
// for many goroutines, and costs them less than time.Now.
func MonotonicClock(now func() time.Time) func() time.Time {
	if now == nil {
		return newWallClock(time.Now).read
	}
	var last atomic.Int64
	last.Store(math.MinInt64)
	return func() time.Time {
		t := now().UnixMicro()
		for {
			seen := last.Load()
			if t <= seen {
				return time.UnixMicro(seen).UTC()
			}
			if last.CompareAndSwap(seen, t) {
				return time.UnixMicro(t).UTC()
			}
		}
	}
}

// wallClock is the machine's time. It asks for it once in a stretch and goes on
// from there by the monotonic clock, which is read faster and, unlike a greatest
// time seen, makes readers share nothing that changes.
type wallClock struct {
	now     func() time.Time
	stretch atomic.Pointer[stretch]
}

// stretch is a part of the time that begins where the one before it can have shown
// nothing later.
type stretch struct {
	began time.Time // by the monotonic clock
	wall  int64     // what the machine's clock showed then, Unix nanoseconds
	least int64     // nothing earlier is shown
}

// stretchLength is how long a stretch counts.
const stretchLength = 100 * time.Millisecond

func newWallClock(now func() time.Time) *wallClock {
	c := &wallClock{now: now}
	c.stretch.Store(c.begin(math.MinInt64))
	return c
}

func (c *wallClock) begin(least int64) *stretch {
	return &stretch{began: time.Now(), wall: c.now().UnixNano(), least: least}
}

func (c *wallClock) read() time.Time {
	for {
		s := c.stretch.Load()
		if passed := time.Since(s.began); passed < stretchLength {
			return time.UnixMicro(max(s.wall+int64(passed), s.least) / 1000).UTC()
		}
		c.stretch.CompareAndSwap(s, c.begin(max(s.wall+int64(stretchLength), s.least)))
	}
}
