// Planted bugs of Count and Uncount.

package sessiontest

import (
	"context"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedCounters = []planted{
	{
		bug: "read the counter, then write it",
		by:  "count/of parallel events exactly the limit is recorded",
		plant: func(w *wrong) {
			var between gap
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				var in []time.Time
				w.locked(func() { in = slices.Clone(w.events[key]) })
				now := w.now()
				in = slices.DeleteFunc(in, func(t time.Time) bool { return now.Sub(t) >= rule.Window })
				if len(in) >= rule.Limit || session.CheckCount(key, rule) != nil {
					return w.model.Count(ctx, key, rule)
				}
				if err := ctx.Err(); err != nil {
					return 0, session.ErrUnavailable
				}
				if rule.Limit < 40 { // the check that fills a counter would take long
					between.meet()
				}
				w.locked(func() { w.events[key] = append(in, now) })
				return 0, nil
			}
		},
	},
	{
		bug: "a fixed window",
		by:  "count/the window slides and is exact to the microsecond",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				w.locked(func() {
					if in := w.events[key]; len(in) > 0 && w.now().Sub(in[0]) >= rule.Window {
						w.events[key] = nil // all begin and end with the first
					}
				})
				return w.model.Count(ctx, key, rule)
			}
		},
	},
	{
		bug: "what is refused is recorded",
		by:  "count/the window slides and is exact to the microsecond",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				wait, err := w.model.Count(ctx, key, rule)
				if wait > 0 {
					w.locked(func() { w.events[key] = append(w.events[key][1:], w.now()) })
				}
				return wait, err
			}
		},
	},
	{
		bug: "uncount forgets the oldest",
		by:  "count/uncount forgets the newest n, or all",
		plant: func(w *wrong) {
			w.uncount = func(ctx context.Context, key string, n int) error {
				w.locked(func() { slices.Reverse(w.events[key]) })
				err := w.model.Uncount(ctx, key, n)
				w.locked(func() { slices.Reverse(w.events[key]) })
				return err
			}
		},
	},
	{
		bug: "a pace that does not grow",
		by:  "count/a pace holds the next event back, twice as long after each",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				if rule.Pace == 0 {
					return w.model.Count(ctx, key, rule)
				}
				pace := rule.Pace
				rule.Pace = 0
				var wait time.Duration
				w.locked(func() {
					if in := within(w.events[key], w.now(), rule.Window); len(in) > 0 {
						wait = in[len(in)-1].Add(pace).Sub(w.now())
					}
				})
				if wait > 0 {
					return wait, nil
				}
				return w.model.Count(ctx, key, rule)
			}
		},
	},
	{
		bug: "look at the pace, then record",
		by:  "count/of parallel events all are recorded where they always are",
		plant: func(w *wrong) {
			var between gap
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				if rule.Pace == 0 || rule.Limit < 40 {
					return w.model.Count(ctx, key, rule)
				}
				empty := false
				w.locked(func() { empty = len(w.events[key]) == 0 })
				if !empty {
					return w.model.Count(ctx, key, rule)
				}
				between.meet()
				w.locked(func() { w.events[key] = append(w.events[key], w.now()) })
				return 0, nil
			}
		},
	},
	{
		bug: "always recorded, and the oldest are kept",
		by:  "count/what is always recorded tells its wait, and the newest are kept",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				full := false
				w.locked(func() { full = len(within(w.events[key], w.now(), rule.Window)) >= 2*rule.Limit })
				rule.Always = rule.Always && !full
				return w.model.Count(ctx, key, rule)
			}
		},
	},
	{
		bug: "a look counts",
		by:  "count/counted looks and changes nothing",
		plant: func(w *wrong) {
			w.counted = func(ctx context.Context, key string, window time.Duration) (int, error) {
				n, err := w.model.Counted(ctx, key, window)
				w.locked(func() { w.events[key] = within(w.events[key], w.now(), window) })
				return n, err
			}
		},
	},
	{
		bug: "events of a clock that was ahead stay",
		by:  "count/an event of a clock that was ahead is forgotten",
		plant: func(w *wrong) {
			w.runsBack = true // so that a second handle has the right time
			w.another = func() session.Store {
				other := *w
				return &other
			}
			clamp := func(key string) {
				w.locked(func() {
					for i, t := range w.events[key] {
						if now := w.now(); t.After(now) {
							w.events[key][i] = now
						}
					}
				})
			}
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				clamp(key)
				return w.model.Count(ctx, key, rule)
			}
			w.counted = func(ctx context.Context, key string, window time.Duration) (int, error) {
				clamp(key)
				return w.model.Counted(ctx, key, window)
			}
		},
	},
	{
		bug: "waits cut to seconds",
		by:  "count/the window slides and is exact to the microsecond",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
				wait, err := w.model.Count(ctx, key, rule)
				return wait.Round(time.Second), err
			}
		},
	},
}
