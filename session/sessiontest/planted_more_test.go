// Planted bugs of limits, rotations, lists and counters.

package sessiontest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedLimits = []planted{
	{
		bug: "count, then insert",
		by:  "limit/of parallel creates all but the limit are reported evicted once",
		plant: func(w *wrong) {
			var between gap
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				if s.UserID == "" || a.Limit == 0 {
					return w.model.Create(ctx, s, a)
				}
				var evict []session.ID
				var err error
				w.locked(func() { evict, err = w.admit(s, a) })
				if err != nil {
					return nil, err
				}
				between.meet()
				if _, err := w.model.Create(ctx, s, session.Admission{}); err != nil {
					return nil, err
				}
				for _, id := range evict {
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.LimitReached})
				}
				return evict, nil
			}
		},
	},
	{
		bug: "count, then refuse",
		by:  "limit/of parallel creates under refuse exactly the limit succeed",
		plant: func(w *wrong) {
			var between gap
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				if !a.Refuse {
					return w.model.Create(ctx, s, a)
				}
				var err error
				w.locked(func() { _, err = w.admit(s, a) })
				if err != nil {
					return nil, err
				}
				between.meet()
				return w.model.Create(ctx, s, session.Admission{})
			}
		},
	},
	{
		bug: "evicts the newest",
		by:  "limit/the oldest go first",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				live := w.listAllOf(s.User())
				if a.Limit == 0 || a.Refuse || len(live) < a.Limit || s.UserID == "" {
					return w.model.Create(ctx, s, a)
				}
				if _, err := w.model.Create(ctx, s, session.Admission{}); err != nil {
					return nil, err
				}
				evict := idsOf(live)[:len(live)-a.Limit+1]
				for _, id := range evict {
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.LimitReached})
				}
				return evict, nil
			}
		},
	},
	{
		bug: "evicts the least recently used",
		by:  "limit/activity and rotation keep a session's place in the line",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				live := w.listAllOf(s.User())
				if a.Limit == 0 || a.Refuse || len(live) < a.Limit || s.UserID == "" {
					return w.model.Create(ctx, s, a)
				}
				slices.SortStableFunc(live, func(a, b session.Session) int { return b.LastActivity.Compare(a.LastActivity) })
				if _, err := w.model.Create(ctx, s, session.Admission{}); err != nil {
					return nil, err
				}
				evict := idsOf(live)[a.Limit-1:]
				for _, id := range evict {
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.LimitReached})
				}
				return evict, nil
			}
		},
	},
	{
		bug: "evicts after it has returned",
		by:  "limit/the evicted are dead when create returns",
		plant: func(w *wrong) {
			var mu sync.Mutex
			var later []session.ID
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				mu.Lock()
				defer mu.Unlock()
				for _, id := range later { // in the background, as it were
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.LimitReached})
				}
				later = nil
				if a.Refuse {
					return w.model.Create(ctx, s, a)
				}
				var evict []session.ID
				w.locked(func() { evict, _ = w.admit(s, a) })
				if _, err := w.model.Create(ctx, s, session.Admission{}); err != nil {
					return nil, err
				}
				later = evict
				return evict, nil
			}
		},
	},
	{
		bug: "inserts, then evicts",
		by:  "limit/a thousand parallel logins never pass the limit",
		plant: func(w *wrong) {
			var between gap
			var one sync.Mutex
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				if a.Refuse || a.Limit == 0 {
					return w.model.Create(ctx, s, a)
				}
				one.Lock()
				defer one.Unlock()
				var evict []session.ID
				w.locked(func() { evict, _ = w.admit(s, a) })
				if _, err := w.model.Create(ctx, s, session.Admission{}); err != nil {
					return nil, err
				}
				between.wait()
				for _, id := range evict {
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.LimitReached})
				}
				return evict, nil
			}
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				page, err := w.model.List(ctx, q)
				between.open()
				return page, err
			}
		},
	},
	{
		bug: "the expired take a place",
		by:  "limit/expired sessions take no place",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				w.locked(func() {
					for id := range w.users[s.User()] {
						if r := w.records[id]; !r.LiveAt(w.now()) && a.Limit > 1 {
							a.Limit--
						}
					}
				})
				return w.model.Create(ctx, s, a)
			}
		},
	},
	{
		bug: "a limit on anonymous sessions",
		by:  "limit/anonymous sessions have no limit",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				if s.UserID == "" && a.Refuse {
					return nil, session.ErrLimit
				}
				return w.model.Create(ctx, s, a)
			}
		},
	},
	{
		bug: "evicts, then finds the ID taken",
		by:  "limit/a create that fails evicts nobody",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				var evict []session.ID
				w.locked(func() { evict, _ = w.admit(s, a) })
				for _, id := range evict {
					if !a.Refuse {
						_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.LimitReached})
					}
				}
				_, err := w.model.Create(ctx, s, session.Admission{Limit: a.Limit, Refuse: a.Refuse})
				return evict, err
			}
		},
	},
	{
		bug: "refuse is ignored",
		by:  "limit/refuse does nothing over the limit",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				a.Refuse = false
				return w.model.Create(ctx, s, a)
			}
		},
	},
}

var plantedRotations = []planted{
	{
		bug: "rotate leaves the old one alive",
		by:  "rotate/the successor takes the place and the old is absent at once",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, err := w.model.Get(ctx, old)
				if err := w.model.Rotate(ctx, old, next); err != nil {
					return err
				}
				if err == nil && next.Previous != old {
					w.locked(func() { w.put(s) })
				}
				return nil
			}
		},
	},
	{
		bug: "rotate in a grace gives a second successor",
		by:  "rotate/only get and delete follow an ID in its grace",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				if errors.Is(err, session.ErrConflict) {
					if s, get := w.model.Get(ctx, old); get == nil && s.ID != old {
						w.locked(func() { w.put(next) })
						return nil
					}
				}
				return err
			}
		},
	},
	{
		bug: "rotate that reads, then writes",
		by:  "rotate/of parallel rotations exactly one succeeds",
		plant: func(w *wrong) {
			var between gap
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, err := w.model.Get(ctx, old)
				if err != nil || s.ID != old || s.Version != next.Version {
					return w.model.Rotate(ctx, old, next)
				}
				between.meet()
				w.locked(func() {
					if _, ok := w.records[old]; ok {
						w.drop(old)
					}
					w.put(next)
					if next.Previous == old {
						w.aliases[old] = next.ID
					}
				})
				return nil
			}
		},
	},
	{
		bug: "rotate that brings the dead back",
		by:  "in flight/a renewal about to write does not bring the session back",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				if errors.Is(err, session.ErrNotFound) {
					w.locked(func() { w.put(next) })
					return nil
				}
				return err
			}
		},
	},
	{
		bug: "rotate that ignores the version",
		by:  "rotate/rotate at another version is a conflict",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				if s, err := w.model.Get(ctx, old); err == nil && s.ID == old {
					next.Version = s.Version
				}
				return w.model.Rotate(ctx, old, next)
			}
		},
	},
	{
		bug: "a grace without an end",
		by:  "rotate/an ID in its grace finds the successor",
		plant: func(w *wrong) {
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if next, ok := w.aliases[id]; ok && errors.Is(err, session.ErrNotFound) {
						s, err = w.live(next)
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "a rotation leaves older graces running",
		by:  "rotate/a rotation without grace ends older graces",
		plant: func(w *wrong) {
			latest := map[session.ID]session.ID{}
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				err := w.model.Rotate(ctx, old, next)
				w.locked(func() {
					if err == nil && next.Previous == old {
						latest[old] = next.ID
					} else if err == nil {
						for from, to := range latest {
							if to == old {
								latest[from] = next.ID
							}
						}
					}
				})
				return err
			}
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if next, ok := latest[id]; ok && errors.Is(err, session.ErrNotFound) {
						if s, err = w.live(next); err == nil && s.Previous == id {
							s, err = session.Session{}, session.ErrNotFound
						}
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "the old ID survives its revoked successor",
		by:  "rotate/a delete of the successor ends the old ID too",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				s, _ := w.model.Get(ctx, old)
				err := w.model.Rotate(ctx, old, next)
				if err == nil && next.Previous == old {
					w.locked(func() { w.records[old] = s }) // until the server's own expiry, as it were
				}
				return err
			}
		},
	},
	{
		bug: "rotate drops the metadata",
		by:  "rotate/the successor takes the place and the old is absent at once",
		plant: func(w *wrong) {
			w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
				next.Metadata = session.Metadata{}
				return w.model.Rotate(ctx, old, next)
			}
		},
	},
}

var plantedLists = []planted{
	{
		bug: "a cursor of the time alone",
		by:  "list/pages neither skip nor repeat where CreatedAt ties",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if c, ok, err := q.After(); ok && err == nil {
					c.ID = session.ID{} // skips what has the same time
					q.Cursor = c.String()
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "a cursor that is a session",
		by:  "list/sessions removed between pages spoil nothing",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if c, ok, err := q.After(); ok && err == nil && !q.Ended {
					if s, err := w.model.Get(ctx, c.ID); err != nil || s.ID != c.ID {
						return session.Page{}, nil
					}
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "pages by offset",
		by:  "list/sessions removed between pages spoil nothing",
		plant: func(w *wrong) {
			pages := map[string]int{}
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if _, _, err := q.After(); err != nil {
					return session.Page{}, err
				}
				page, err := w.model.List(ctx, q)
				w.locked(func() {
					all, from := w.matching(q), 0
					if q.Cursor != "" {
						from = min(pages[q.Cursor], len(all))
					}
					if err == nil {
						page = session.Page{Sessions: all[from:min(from+q.Size(), len(all))]}
						if from+q.Size() < len(all) {
							page.Next = place(page.Sessions[len(page.Sessions)-1], q).String()
							pages[page.Next] = from + q.Size()
						}
					}
				})
				return page, err
			}
		},
	},
	{
		bug: "oldest first",
		by:  "list/newest first, by CreatedAt, then ID",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				page, err := w.model.List(ctx, q)
				slices.Reverse(page.Sessions)
				return page, err
			}
		},
	},
	{
		bug: "a bad cursor is the first page",
		by:  "list/a bad cursor or limit is malformed",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				if _, err := session.ParseCursor(q.Cursor); err != nil {
					q.Cursor = ""
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "the expired are listed",
		by:  "list/expired sessions are not listed",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				page, err := w.model.List(ctx, q)
				w.locked(func() {
					for _, s := range w.records {
						if s.User() == q.User && !s.LiveAt(w.now()) && page.Next == "" && err == nil {
							page.Sessions = append(page.Sessions, s)
						}
					}
				})
				return page, err
			}
		},
	},
	{
		bug: "history without the reason",
		by:  "history/what ended is listed with when and why, newest ending first",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, _ session.Ending, keep ...session.ID) (int, error) {
				return w.model.DeleteUser(ctx, u, session.Ending{Reason: session.Revoked}, keep...)
			}
		},
	},
}

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
