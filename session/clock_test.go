// The machine's clock, stretch by stretch: it keeps time, never runs back, and
// notices jumps.

package session

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var set time.Duration // how far the machine's clock has been set
		c := newWallClock(func() time.Time { return time.Now().Add(set) })
		shows := func(want time.Time, when string) {
			t.Helper()
			if got := c.read(); !got.Equal(want.Truncate(time.Microsecond)) || got.Location() != time.UTC {
				t.Errorf("%s: %s, want %s", when, got, want)
			}
		}
		shows(time.Now(), "at the start")
		for range 5 {
			time.Sleep(stretchLength / 3)
			shows(time.Now(), "a third of a stretch later")
		}
		time.Sleep(time.Hour)
		shows(time.Now(), "an hour later")

		set = -time.Hour
		before := c.read()
		time.Sleep(stretchLength - 1)
		shows(time.Now(), "set back, within the stretch")
		time.Sleep(time.Nanosecond)
		shows(before.Add(stretchLength), "set back, after it")
		time.Sleep(time.Minute)
		shows(before.Add(stretchLength), "set back, a minute later: it stands still")
		time.Sleep(time.Hour)
		shows(time.Now().Add(set), "when the machine's clock has caught up")

		set = 0
		time.Sleep(stretchLength)
		shows(time.Now(), "set forward")
	})
}

// TestWallClockNeverRunsBack lets many read while the machine's clock trembles.
func TestWallClockNeverRunsBack(t *testing.T) {
	var n atomic.Int64
	c := newWallClock(func() time.Time { return time.Now().Add(time.Duration(n.Add(1)%7-3) * time.Millisecond) })
	var latest atomic.Int64
	var readers sync.WaitGroup
	until := time.Now().Add(3 * stretchLength)
	for range 4 {
		readers.Go(func() {
			for time.Now().Before(until) {
				seen := latest.Load()
				got := c.read().UnixMicro()
				if got < seen {
					t.Errorf("it ran back by %d µs", seen-got)
					return
				}
				latest.CompareAndSwap(seen, got)
			}
		})
	}
	readers.Wait()
}
