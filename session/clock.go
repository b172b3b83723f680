// The clock that does not run back.

package session

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxStandstill is how long a clock whose source fell back stands still, by the
	// source: an hour, the most that a switch to or from summer time can move a clock
	// which shows local time. A source that has not caught up by then had been ahead by
	// mistake, and is believed: a moment a month ahead must not stop time for a month.
	maxStandstill = time.Hour

	// tremble is how far a source may fall back without a word.
	tremble = time.Second
)

// MonotonicClock returns a clock that shows now's time in UTC, truncated to
// microseconds, and never runs backwards: where now falls back it stands still
// until now has caught up. So what expired once stays expired. If now goes on for an
// hour without having caught up, it is believed: only then the clock falls back. A nil
// now is the machine's time, whose jumps it notices within a tenth of a second. It is
// safe for many goroutines, and costs them less than time.Now.
func MonotonicClock(now func() time.Time) func() time.Time {
	return monotonicClock(now, func(time.Duration, bool) {})
}

// monotonicClock is MonotonicClock that tells of each fall by more than a tremble, how
// far the source is behind, and when it believes the source again.
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

// fall is what a clock knows of its source while that is behind.
type fall struct {
	from int64 // the least that the source has shown since; 0: it is not behind
	told bool
}

// behind returns the fall after the source has shown at, while the clock has shown
// more, and whether the source is to be believed.
func (f fall) behind(at, hour int64) (_ fall, believe bool) {
	if f.from == 0 || at < f.from {
		f.from = at
	}
	return f, at-f.from >= hour
}

// givenClock is a clock on a source that a program gave.
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

// still is read where the source shows less than the clock has shown.
func (c *givenClock) still(t int64) time.Time {
	c.mu.Lock()
	seen := c.shown.Load()
	if t >= seen { // another reader has believed it
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

// wallClock is the machine's time. It asks for it once in a stretch and goes on
// from there by the monotonic clock, which is read faster and, unlike a greatest
// time seen, makes readers share nothing that changes.
type wallClock struct {
	now     func() time.Time
	tell    func(behind time.Duration, believed bool)
	stretch atomic.Pointer[stretch]
}

// stretch is a part of the time that begins where the one before it can have shown
// nothing later.
type stretch struct {
	began time.Time // by the monotonic clock
	wall  int64     // what the machine's clock showed then, Unix nanoseconds
	least int64     // nothing earlier is shown
	fall  fall
}

// stretchLength is how long a stretch counts.
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
