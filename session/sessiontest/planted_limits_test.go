// Planted bugs of the limit.

package sessiontest

import (
	"context"
	"slices"
	"sync"

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
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.ReasonLimitReached})
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
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.ReasonLimitReached})
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
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.ReasonLimitReached})
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
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.ReasonLimitReached})
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
					_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.ReasonLimitReached})
				}
				return evict, nil
			}
			w.list = func(ctx context.Context, q session.Query) (page session.Page, err error) {
				between.into(func() { page, err = w.model.List(ctx, q) })
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
						_, _ = w.model.Delete(ctx, id, session.Ending{Reason: session.ReasonLimitReached})
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
