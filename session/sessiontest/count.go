// Count, Counted and Uncount: an exact sliding window, and a pace.

package sessiontest

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const window = time.Minute

// count records an event and fails the check unless the answer is want.
func (f *fixture) count(store session.Store, key string, limit int, want time.Duration, what string) {
	f.Helper()
	wait, err := store.Count(f.ctx, key, session.CountRule{Limit: limit, Window: window})
	if err != nil || wait != want {
		f.Errorf("%s: Count returned %s, %v, want %s", what, wait, err, want)
	}
}

// counted fails the check unless so many events lie in the window.
func (f *fixture) counted(store session.Store, key string, want int, what string) {
	f.Helper()
	n, err := store.Counted(f.ctx, key, window)
	if err != nil || n != want {
		f.Errorf("%s: Counted returned %d, %v, want %d", what, n, err, want)
	}
}

var countChecks = []check{
	{
		name: "the window slides and is exact to the microsecond",
		rule: "Count records one event unless limit of them lie within the window that ends now. It returns 0 if the event was recorded, else how long until it would be.",
		run: func(f *fixture) {
			start := f.clock.Now()
			at := func(d time.Duration) { f.clock.Set(start.Add(d)) }
			f.count(f.store, "k", 3, 0, "the first of three")
			at(10 * time.Second)
			f.count(f.other, "k", 3, 0, "the second of three, 10 s later")
			at(20*time.Second + time.Microsecond)
			f.count(f.store, "k", 3, 0, "the third of three")
			for range 5 { // what is refused is not recorded
				f.count(f.other, "k", 3, 40*time.Second-time.Microsecond, "the fourth of three")
			}
			at(window - time.Microsecond)
			f.count(f.store, "k", 3, time.Microsecond, "1 µs before the first leaves the window")
			at(window)
			f.count(f.other, "k", 3, 0, "when the first has left the window")
			f.count(f.store, "k", 3, 10*time.Second, "right after: the second leaves 10 s later")
			at(window + 10*time.Second)
			f.count(f.store, "k", 3, 0, "when the second has left the window")
			f.count(f.store, "k", 3, 10*time.Second+time.Microsecond, "right after: the third leaves next")
			at(10 * window)
			for range 3 {
				f.count(f.other, "k", 3, 0, "long after")
			}
			f.count(f.store, "k", 3, window, "a fourth at one instant")
		},
	},
	{
		name: "keys are apart, whatever their bytes",
		rule: "Count records one event under key. A key is at most MaxCountKey bytes.",
		run: func(f *fixture) {
			keys := []string{
				"a", "A", "a ", " a", "a:b", "a\nb", "a\r\nset x", "ä", "'; --", "{a}", "*", "a\\", "%",
				strings.Repeat("k", session.MaxCountKey), strings.Repeat("k", session.MaxCountKey-1),
			}
			for _, key := range keys {
				f.count(f.store, key, 1, 0, "the first under a key of its own")
			}
			for _, key := range keys {
				f.count(f.other, key, 1, window, "the second under the same key")
			}
			f.must(f.store.Uncount(f.ctx, "a", -1), "Uncount")
			f.count(f.other, "A", 1, window, "a key beside one that was cleared")
		},
	},
	{
		name: "of parallel events exactly the limit is recorded",
		rule: "Counting and recording are one step.",
		run: func(f *fixture) {
			for _, limit := range []int{1, 7} {
				key := strings.Repeat("p", limit)
				var recorded atomic.Int32
				together(f.times(200, 50), func(i int) {
					wait, err := f.handles()[i%len(f.handles())].Count(f.ctx, key, session.CountRule{Limit: limit, Window: window})
					f.want(err, nil, "Count beside others")
					switch wait {
					case 0:
						recorded.Add(1)
					case window:
					default:
						f.Errorf("Count beside others returned %s, want 0 or %s", wait, window)
					}
				})
				if n := recorded.Load(); int(n) != limit {
					f.Errorf("%d parallel events were recorded, want %d", n, limit)
				}
			}
		},
	},
	{
		name: "uncount forgets the newest n, or all",
		rule: "Uncount forgets the newest n events under key, all of them if n < 0.",
		run: func(f *fixture) {
			start := f.clock.Now()
			at := func(d time.Duration) { f.clock.Set(start.Add(d)) }
			f.must(f.store.Uncount(f.ctx, "never counted", 1), "Uncount of no events")
			f.must(f.store.Uncount(f.ctx, "never counted", -1), "Uncount of no events")
			for i := range 3 {
				at(time.Duration(i) * 10 * time.Second)
				f.count(f.store, "k", 3, 0, "one of three")
			}
			f.must(f.other.Uncount(f.ctx, "k", 0), "Uncount of none")
			f.count(f.store, "k", 3, 40*time.Second, "after Uncount of none")
			f.must(f.other.Uncount(f.ctx, "k", 1), "Uncount of one")
			at(30 * time.Second)
			f.count(f.store, "k", 3, 0, "after Uncount of the newest")
			f.count(f.store, "k", 3, 30*time.Second, "right after: the oldest is still there")
			f.must(f.other.Uncount(f.ctx, "k", 2), "Uncount of two")
			f.count(f.store, "k", 2, 0, "after Uncount of two")
			f.count(f.store, "k", 2, 30*time.Second, "right after: the oldest is still there")
			f.must(f.other.Uncount(f.ctx, "k", 100), "Uncount of more than there are")
			f.count(f.store, "k", 1, 0, "after Uncount of more than there are")
			f.must(f.other.Uncount(f.ctx, "k", -1), "Uncount of all")
			f.count(f.store, "k", 1, 0, "after Uncount of all")
		},
	},
	{
		name: "a limit that was lowered waits for enough to leave",
		rule: "Count returns how long until the event would be recorded.",
		run: func(f *fixture) {
			start := f.clock.Now()
			for i := range 4 {
				f.clock.Set(start.Add(time.Duration(i) * 10 * time.Second))
				f.count(f.store, "k", 5, 0, "one of five")
			}
			f.count(f.store, "k", 2, 50*time.Second, "under a limit of two, four recorded, the third is the last to leave")
			f.clock.Advance(50 * time.Second)
			f.count(f.other, "k", 2, 0, "when the third has left")
		},
	},
	{
		name: "a pace holds the next event back, twice as long after each",
		rule: "Pace: after n events the next one is recorded Apart(n) after the newest, at the earliest: Pace, doubled by each further one, at most Window.",
		run: func(f *fixture) {
			paced := session.CountRule{Limit: 9, Window: window, Pace: time.Second}
			count := func(store session.Store, rule session.CountRule, want time.Duration, what string) {
				f.Helper()
				wait, err := store.Count(f.ctx, "k", rule)
				if err != nil || wait != want {
					f.Errorf("%s: Count returned %s, %v, want %s", what, wait, err, want)
				}
			}
			count(f.store, paced, 0, "the first, which nothing holds back")
			for i, apart := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
				for range 2 { // what is held back is not recorded
					count(f.other, paced, apart, "at the moment of the newest")
				}
				f.clock.Advance(apart - time.Microsecond)
				count(f.store, paced, time.Microsecond, "1 µs too early")
				f.clock.Advance(time.Microsecond)
				count(f.handles()[i%len(f.handles())], paced, 0, "in time")
			}
			count(f.other, session.CountRule{Limit: 9, Window: window}, 0, "without a pace")
			count(f.store, session.CountRule{Limit: 9, Window: window, Pace: window}, window, "a pace that has grown to the window")
			count(f.store, session.CountRule{Limit: 6, Window: window, Pace: time.Second}, window-15*time.Second, "the limit, where it holds back longer")
			f.clock.Advance(window)
			count(f.store, paced, 0, "when all have left the window")
			count(f.store, paced, time.Second, "right after")
		},
	},
	{
		name: "what is always recorded tells its wait, and the newest are kept",
		rule: "Always records the event although the rule would hold it back. Of the events the newest 2·Limit are kept then.",
		run: func(f *fixture) {
			start := f.clock.Now()
			always := session.CountRule{Limit: 3, Window: window, Always: true}
			for i := range 20 {
				f.clock.Set(start.Add(time.Duration(i) * time.Second))
				want := window - 3*time.Second
				if i < 3 {
					want = 0
				}
				wait, err := f.handles()[i%len(f.handles())].Count(f.ctx, "k", always)
				if err != nil || wait != want {
					f.Errorf("event %d: Count returned %s, %v, want %s", i, wait, err, want)
				}
				f.counted(f.other, "k", min(i+1, 6), "the newest six")
			}
			f.count(f.store, "k", 3, window-2*time.Second, "an event that is not always recorded")
			f.clock.Set(start.Add(window + 16*time.Second))
			f.counted(f.store, "k", 3, "the newest three, when the others have left the window")
			f.must(f.other.Uncount(f.ctx, "k", 1), "Uncount of one")
			f.counted(f.store, "k", 2, "after Uncount of the newest")
			f.clock.Set(start.Add(window + 18*time.Second))
			f.counted(f.store, "k", 0, "when the rest has left the window")
		},
	},
	{
		name: "of parallel events all are recorded where they always are",
		rule: "Counting and recording are one step.",
		run: func(f *fixture) {
			n := f.times(100, 40)
			together(n, func(i int) {
				_, err := f.handles()[i%len(f.handles())].Count(f.ctx, "k", session.CountRule{Limit: n, Window: window, Always: true})
				f.want(err, nil, "Count beside others")
			})
			f.counted(f.store, "k", n, "parallel events")
			var recorded atomic.Int32
			together(n, func(i int) {
				wait, err := f.handles()[i%len(f.handles())].Count(f.ctx, "paced", session.CountRule{Limit: n, Window: window, Pace: time.Second})
				f.want(err, nil, "Count beside others")
				if wait == 0 {
					recorded.Add(1)
				}
			})
			if got := recorded.Load(); got != 1 {
				f.Errorf("%d parallel events were recorded under a pace, want 1", got)
			}
		},
	},
	{
		name: "counted looks and changes nothing",
		rule: "Counted returns how many of the events kept under key lie within the window that ends now. It changes nothing.",
		run: func(f *fixture) {
			f.counted(f.store, "never counted", 0, "no events")
			for i := range 3 {
				f.count(f.store, "k", 3, 0, "one of three")
				f.counted(f.other, "k", i+1, "right after")
				f.clock.Advance(10 * time.Second)
			}
			for range 3 {
				n, err := f.store.Counted(f.ctx, "k", 15*time.Second)
				if err != nil || n != 1 {
					f.Errorf("Counted within a shorter window returned %d, %v, want 1", n, err)
				}
			}
			f.counted(f.other, "k", 3, "after a look at a shorter window")
			f.counted(f.other, "K", 0, "another key")
			f.clock.Advance(30*time.Second - time.Microsecond)
			f.counted(f.store, "k", 3, "1 µs before the first leaves the window")
			f.clock.Advance(time.Microsecond)
			f.counted(f.store, "k", 2, "when the first has left the window")
		},
	},
	{
		name: "an event of a clock that was ahead is forgotten",
		rule: "An event that lies a window or more after now is forgotten: the clock was wrong by which it was recorded.",
		run: func(f *fixture) {
			if f.other == f.store || f.traits.Background != nil {
				return // the handle that is to be right sees the wrong clock too, and never runs back
			}
			now := f.clock.Now()
			f.count(f.other, "k", 1, 0, "by the right clock")
			f.clock.Set(now.Add(30 * 24 * time.Hour))
			for range 2 {
				_, err := f.store.Count(f.ctx, "k", session.CountRule{Limit: 1, Window: window})
				f.must(err, "Count by a clock that is a month ahead")
			}
			f.clock.Set(now.Add(window))
			f.counted(f.other, "k", 0, "by the right clock")
			f.count(f.other, "k", 1, 0, "by the right clock, a window later")
			f.count(f.other, "k", 1, window, "right after")
		},
	},
	{
		name: "the bounds hold",
		rule: "A key is at most MaxCountKey bytes, limit at most MaxCountLimit.",
		run: func(f *fixture) {
			long := strings.Repeat("k", session.MaxCountKey+1)
			if _, err := f.store.Count(f.ctx, long, session.CountRule{Limit: 1, Window: window}); err == nil {
				f.Errorf("Count under a key of %d bytes: no error", len(long))
			}
			for _, rule := range []session.CountRule{
				{Limit: session.MaxCountLimit + 1, Window: window}, {Limit: 0, Window: window}, {Limit: 1}, {Limit: 1, Window: window, Pace: -1},
			} {
				if _, err := f.store.Count(f.ctx, "k", rule); err == nil {
					f.Errorf("Count under %+v: no error", rule)
				}
			}
			f.count(f.store, "k", 1, 0, "after a Count that failed")
			limit := f.times(250, 40) // over a network the largest would take long
			if f.traits.Local {
				limit = session.MaxCountLimit
			}
			for range limit {
				f.count(f.store, "full", limit, 0, "one of many")
			}
			f.count(f.store, "full", limit, window, "one over many")
		},
	},
}
