// MonotonicClock: a clock that never runs backwards.

package session

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxStandstill is how long a clock whose source fell back stands still, by the source: an
	// hour, the most that a switch to or from summer time can move a clock which shows local time.
	// A source that has not caught up by then had been ahead by mistake, and the clock falls back
	// with it: a moment a month ahead must not stop time for a month.
	maxStandstill = time.Hour

	// tremble is how far a source may fall back before it is logged.
	tremble = time.Second
)

// MonotonicClock returns a clock that shows now's time in UTC, truncated to microseconds, and never
// runs backwards: when now falls back, the clock stands still until now has caught up. So a session
// that has expired stays expired. If now has not caught up within an hour, the clock falls back
// too. A nil now is the machine's time, whose jumps are noticed within a tenth of a second. The
// clock is safe for many goroutines, and is read faster than time.Now (BenchmarkMonotonicClock).
func MonotonicClock(now func() time.Time) func() time.Time {
	return monotonicClock(now, func(time.Duration, bool) {})
}

// monotonicClock is MonotonicClock with a function that hears of each fall by more than a tremble:
// how far the source is behind, and later whether the clock has fallen back with it.
func monotonicClock(now func() time.Time, tell func(behind time.Duration, believed bool)) func() time.Time {
	if now == nil {
		c := newWallClock(time.Now)
		c.tell = tell
		return c.read
	}
	c := &givenClock{now: now, tell: tell}
	c.shown.Store(math.MinInt64)
	return c.read
}

// fall is what a clock knows about its source while the source is behind.
type fall struct {
	from int64 // the least that the source has shown since; 0: it is not behind
	told bool
}

// behind returns the fall after the source has shown at, which is less than the clock has shown,
// and whether the clock must fall back with it.
func (f fall) behind(at, hour int64) (_ fall, believe bool) {
	if f.from == 0 || at < f.from {
		f.from = at
	}
	return f, at-f.from >= hour
}

// givenClock is a clock on the Now of a Config.
type givenClock struct {
	now   func() time.Time
	tell  func(behind time.Duration, believed bool)
	shown atomic.Int64 // last, Unix microseconds

	falling atomic.Bool
	mu      sync.Mutex
	fall    fall
}

func (c *givenClock) read() time.Time {
	t := c.now().UnixMicro()
	for {
		seen := c.shown.Load()
		if t < seen {
			return c.still(t)
		}
		if t == seen || c.shown.CompareAndSwap(seen, t) {
			if t > seen && c.falling.Load() {
				c.mu.Lock()
				c.fall = fall{}
				c.falling.Store(false)
				c.mu.Unlock()
			}
			return time.UnixMicro(t).UTC()
		}
	}
}

// still is read for a source that shows less than the clock has shown.
func (c *givenClock) still(t int64) time.Time {
	c.mu.Lock()
	seen := c.shown.Load()
	if t >= seen { // another reader has let the clock fall back
		c.mu.Unlock()
		return time.UnixMicro(seen).UTC()
	}
	var believe bool
	c.fall, believe = c.fall.behind(t, maxStandstill.Microseconds())
	behind := time.Duration(seen-t) * time.Microsecond
	tell := believe || behind > tremble && !c.fall.told
	if tell {
		c.fall.told = true
	}
	c.falling.Store(true)
	if believe {
		c.fall = fall{}
		c.falling.Store(false)
		c.shown.Store(t)
		seen = t
	}
	c.mu.Unlock()
	if tell {
		c.tell(behind, believe)
	}
	return time.UnixMicro(seen).UTC()
}

// wallClock is the machine's time. It reads the wall clock once in a stretch and goes on from there
// by the monotonic clock, which is read faster. Readers share nothing that changes, as they would
// with the greatest time seen.
type wallClock struct {
	now     func() time.Time
	tell    func(behind time.Duration, believed bool)
	stretch atomic.Pointer[stretch]
}

// stretch is a part of the time. It begins at the latest time that the stretch before it can have
// shown.
type stretch struct {
	began time.Time // by the monotonic clock
	wall  int64     // what the machine's clock showed then, Unix nanoseconds
	least int64     // nothing earlier is shown
	fall  fall
}

// stretchLength is how long a stretch lasts.
const stretchLength = 100 * time.Millisecond

func newWallClock(now func() time.Time) *wallClock {
	c := &wallClock{now: now, tell: func(time.Duration, bool) {}}
	c.stretch.Store(&stretch{began: time.Now(), wall: c.now().UnixNano(), least: math.MinInt64})
	return c
}

// next begins the stretch after s.
func (c *wallClock) next(s *stretch) {
	next := &stretch{began: time.Now(), wall: c.now().UnixNano(), least: max(s.wall+int64(stretchLength), s.least)}
	behind := time.Duration(next.least - next.wall)
	believe, tell := false, false
	if behind > 0 {
		if next.fall, believe = s.fall.behind(next.wall, int64(maxStandstill)); believe {
			next.fall, next.least = fall{}, math.MinInt64
		} else if tell = behind > tremble && !next.fall.told; tell {
			next.fall.told = true
		}
	}
	if c.stretch.CompareAndSwap(s, next) && (tell || believe) {
		c.tell(behind, believe)
	}
}

func (c *wallClock) read() time.Time {
	for {
		s := c.stretch.Load()
		if passed := time.Since(s.began); passed < stretchLength {
			return time.UnixMicro(max(s.wall+int64(passed), s.least) / 1000).UTC()
		}
		c.next(s)
	}
}
