// Count and Uncount: an exact sliding window.

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
	wait, err := store.Count(f.ctx, key, limit, window)
	if err != nil || wait != want {
		f.Errorf("%s: Count returned %s, %v, want %s", what, wait, err, want)
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
					wait, err := f.handles()[i%len(f.handles())].Count(f.ctx, key, limit, window)
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
		name: "the bounds hold",
		rule: "A key is at most MaxCountKey bytes, limit at most MaxCountLimit.",
		run: func(f *fixture) {
			long := strings.Repeat("k", session.MaxCountKey+1)
			if _, err := f.store.Count(f.ctx, long, 1, window); err == nil {
				f.Errorf("Count under a key of %d bytes: no error", len(long))
			}
			if _, err := f.store.Count(f.ctx, "k", session.MaxCountLimit+1, window); err == nil {
				f.Errorf("Count with limit %d: no error", session.MaxCountLimit+1)
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
