// Planted bugs of Delete, DeleteUser and Sweep.

package sessiontest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedEndings = []planted{
	{
		bug: "a swallowed delete error",
		by:  "faults/a call whose context has ended is unavailable, never an answer",
		plant: func(w *wrong) {
			w.delete = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
				s, err := w.model.Delete(ctx, id, why)
				if errors.Is(err, session.ErrUnavailable) {
					return session.Session{ID: id}, nil
				}
				return s, err
			}
		},
	},
	{
		bug: "an unreachable server taken for a missing session",
		by:  "faults/a manager whose context has ended says unavailable",
		plant: func(w *wrong) {
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				if err != nil {
					err = session.ErrNotFound
				}
				return s, err
			}
		},
	},
	{
		bug: "a delete that two callers get",
		by:  "records/of many deletes exactly one gets the session",
		plant: func(w *wrong) {
			var between gap
			w.delete = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				if err != nil {
					return s, err
				}
				between.meet()
				_, _ = w.model.Delete(ctx, id, why)
				return s, nil
			}
		},
	},
	{
		bug: "the user index is never pruned",
		by:  "records/delete ends the session and returns it as it was",
		plant: func(w *wrong) {
			w.delete = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
				s, err := w.model.Delete(ctx, id, why)
				if err == nil && s.UserID != "" {
					w.locked(func() {
						if w.users[s.User()] == nil {
							w.users[s.User()] = map[session.ID]struct{}{}
						}
						w.users[s.User()][s.ID] = struct{}{}
					})
				}
				return s, err
			}
		},
	},
	{
		bug: "a delete that does not follow the grace",
		by:  "rotate/a delete of the old ID in its grace ends the successor",
		plant: func(w *wrong) {
			w.delete = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
				if s, err := w.model.Get(ctx, id); err == nil && s.ID != id {
					return session.Session{}, session.ErrNotFound
				}
				return w.model.Delete(ctx, id, why)
			}
		},
	},
	{
		bug: "deleteuser that forgets keep",
		by:  "revoke/all but the kept end",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, _ ...session.ID) (int, error) {
				return w.model.DeleteUser(ctx, u, why)
			}
		},
	},
	{
		bug: "deleteuser that counts the expired",
		by:  "expiry/an expired session is not counted, ended or kept by deleteuser",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
				expired := 0
				w.locked(func() {
					for id := range w.users[u] {
						if s := w.records[id]; !s.LiveAt(w.now()) {
							expired++
						}
					}
				})
				n, err := w.model.DeleteUser(ctx, u, why, keep...)
				return n + expired, err
			}
		},
	},
	{
		bug: "deleteuser by the time of sign-in",
		by:  "revoke/a session created after lives",
		plant: func(w *wrong) {
			var mu sync.Mutex
			until := map[session.User]time.Time{}
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
				n, err := w.model.DeleteUser(ctx, u, why, keep...)
				mu.Lock()
				defer mu.Unlock()
				until[u] = w.now()
				return n, err
			}
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				if at, ok := until[s.User()]; err == nil && ok && !s.CreatedAt.After(at) {
					return session.Session{}, session.ErrNotFound
				}
				return s, err
			}
		},
	},
	{
		bug: "deleteuser that ends one page",
		by:  "revoke/however many there are",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
				page, err := w.model.List(ctx, session.Query{User: u, Limit: 50})
				if err != nil {
					return 0, err
				}
				for _, s := range w.listAllOf(u) {
					if !slices.Contains(idsOf(page.Sessions), s.ID) {
						keep = append(keep, s.ID)
					}
				}
				return w.model.DeleteUser(ctx, u, why, keep...)
			}
		},
	},
	{
		bug: "sweep by the expiry a session had at first",
		by:  "sweep/a session whose end was postponed is not removed",
		plant: func(w *wrong) {
			first := map[session.ID]time.Time{}
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				w.locked(func() { first[s.ID] = s.ExpiresAt })
				return w.model.Create(ctx, s, a)
			}
			w.sweep = func(ctx context.Context, limit int) (int, error) {
				n, err := w.model.Sweep(ctx, limit)
				w.locked(func() {
					for id, at := range first {
						if _, ok := w.records[id]; ok && !w.now().Before(at) && n < limit && err == nil {
							w.end(id, session.Ending{Reason: session.ReasonIdleTimeout})
							n++
						}
					}
				})
				return n, err
			}
		},
	},
	{
		bug: "sweep without a bound",
		by:  "sweep/only what expired is removed, at most max",
		plant: func(w *wrong) {
			w.sweep = func(ctx context.Context, _ int) (int, error) { return w.model.Sweep(ctx, 1<<30) }
		},
	},
}
