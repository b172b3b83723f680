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
			w.count = func(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
				var in []time.Time
				w.locked(func() { in = slices.Clone(w.events[key]) })
				now := w.now()
				in = slices.DeleteFunc(in, func(t time.Time) bool { return now.Sub(t) >= window })
				if len(in) >= limit || len(key) > session.MaxCountKey || limit > session.MaxCountLimit {
					return w.model.Count(ctx, key, limit, window)
				}
				if err := ctx.Err(); err != nil {
					return 0, session.ErrUnavailable
				}
				if limit < 40 { // the check that fills a counter would take long
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
			w.count = func(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
				w.locked(func() {
					if in := w.events[key]; len(in) > 0 && w.now().Sub(in[0]) >= window {
						w.events[key] = nil // all begin and end with the first
					}
				})
				return w.model.Count(ctx, key, limit, window)
			}
		},
	},
	{
		bug: "what is refused is recorded",
		by:  "count/the window slides and is exact to the microsecond",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
				wait, err := w.model.Count(ctx, key, limit, window)
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
		bug: "waits cut to seconds",
		by:  "count/the window slides and is exact to the microsecond",
		plant: func(w *wrong) {
			w.count = func(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
				wait, err := w.model.Count(ctx, key, limit, window)
				return wait.Round(time.Second), err
			}
		},
	},
}
