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

// A source that was ahead for a moment stops the clock for an hour, not for as long as
// it was ahead, and is told of; one that is behind by less catches up and nothing is
// believed that runs back.
func TestStandstillIsBounded(t *testing.T) {
	type told struct {
		behind   time.Duration
		believed bool
	}
	for _, source := range []string{"the machine's", "a given one"} {
		for _, ahead := range []time.Duration{30 * 24 * time.Hour, 2 * time.Hour, 40 * time.Minute, time.Millisecond} {
			t.Run(source+", "+ahead.String()+" ahead", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var lines []told
					tell := func(behind time.Duration, believed bool) { lines = append(lines, told{behind, believed}) }
					var set time.Duration
					now := func() time.Time { return time.Now().Add(set) }
					read := monotonicClock(now, tell)
					if source == "the machine's" {
						c := newWallClock(now)
						c.tell = tell
						read = c.read
					}
					read()
					time.Sleep(2 * stretchLength)
					set = ahead
					time.Sleep(2 * stretchLength)
					highest := read()
					set = 0
					for range 59 {
						time.Sleep(time.Minute)
						if got := read(); got.Before(highest) {
							t.Fatalf("it ran back by %s within the hour", highest.Sub(got))
						}
					}
					time.Sleep(3 * time.Minute)
					read()
					time.Sleep(2 * stretchLength)
					if got := read(); time.Until(got).Abs() > time.Microsecond {
						t.Errorf("an hour later it is %s off", time.Until(got))
					}
					want := 0
					if ahead > time.Second {
						want++
					}
					if ahead > time.Hour {
						want++
					}
					if len(lines) != want || want == 2 && (lines[0].believed || !lines[1].believed) {
						t.Errorf("it told %v, want %d lines", lines, want)
					}
				})
			})
		}
	}
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

// BenchmarkMonotonicClock compares the clock with time.Now, which it reads ten times a second.
func BenchmarkMonotonicClock(b *testing.B) {
	for name, now := range map[string]func() time.Time{"clock": MonotonicClock(nil), "time.Now": time.Now} {
		b.Run(name, func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_ = now()
				}
			})
		})
	}
}
