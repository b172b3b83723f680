// Planted bugs: wrong stores, each of which some history shows to be wrong. A checker
// that cannot fail proves nothing.

package histories

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// planted is a wrong store.
type planted struct {
	bug   string
	plant func(w *wrong)
}

// sometimes is true once in n calls.
func sometimes(n int64) func() bool {
	var calls atomic.Int64
	return func() bool { return calls.Add(1)%n == 0 }
}

var plantedStores = []planted{
	{"create that counts, then inserts", func(w *wrong) {
		w.create = func(ctx context.Context, s session.Session, a session.Admission) (gone []session.ID, err error) {
			for all := w.all(ctx, s.User()); a.Limit > 0 && len(all) >= a.Limit; all = all[:len(all)-1] {
				if a.Refuse {
					return nil, session.ErrLimit
				}
				last := all[len(all)-1]
				_, _ = w.Store.Delete(ctx, last.ID, session.Ending{})
				gone = append(gone, last.ID)
			}
			pause()
			_, err = w.Store.Create(ctx, s, session.Admission{})
			return gone, err
		}
	}},
	{"create that inserts, then evicts", func(w *wrong) {
		w.create = func(ctx context.Context, s session.Session, a session.Admission) (gone []session.ID, err error) {
			if a.Refuse {
				return w.Store.Create(ctx, s, a)
			}
			if _, err = w.Store.Create(ctx, s, session.Admission{}); err != nil || a.Limit == 0 {
				return nil, err
			}
			pause()
			for _, old := range slices.Backward(w.all(ctx, s.User())) {
				if len(w.all(ctx, s.User())) > a.Limit {
					_, _ = w.Store.Delete(ctx, old.ID, session.Ending{})
					gone = append(gone, old.ID)
				}
			}
			return gone, nil
		}
	}},
	{"create that evicts the newest", func(w *wrong) {
		w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			all := w.all(ctx, s.User())
			if a.Refuse || a.Limit == 0 || len(all) < a.Limit || len(all) < 2 {
				return w.Store.Create(ctx, s, a)
			}
			_, _ = w.Store.Delete(ctx, all[0].ID, session.Ending{})
			gone, err := w.Store.Create(ctx, s, a)
			return append(gone, all[0].ID), err
		}
	}},
	{"create that does not tell whom it evicted", func(w *wrong) {
		w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			_, err := w.Store.Create(ctx, s, a)
			return nil, err
		}
	}},
	{"create that is refused and inserts", func(w *wrong) {
		w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			gone, err := w.Store.Create(ctx, s, a)
			if err != nil {
				_ = w.Store.Restore(ctx, s)
			}
			return gone, err
		}
	}},
	{"touch that brings back", func(w *wrong) {
		w.touch = func(ctx context.Context, seen session.Seen) error {
			s, err := w.Store.Get(ctx, seen.ID)
			if err != nil || s.ID != seen.ID {
				return session.ErrNotFound
			}
			pause()
			if w.Store.Touch(ctx, seen) != nil {
				_ = w.Store.Restore(ctx, s)
			}
			return nil
		}
	}},
	{"touch that writes the whole record back", func(w *wrong) {
		w.touch = func(ctx context.Context, seen session.Seen) error {
			s, err := w.Store.Get(ctx, seen.ID)
			if err != nil || s.ID != seen.ID {
				return session.ErrNotFound
			}
			pause()
			if now, err := w.Store.Get(ctx, seen.ID); err == nil && now.Version > s.Version {
				w.put(ctx, s)
			}
			return w.Store.Touch(ctx, seen)
		}
	}},
	{"touch that moves back", func(w *wrong) {
		w.touch = func(ctx context.Context, seen session.Seen) error {
			s, err := w.Store.Get(ctx, seen.ID)
			if err != nil || s.ID != seen.ID {
				return session.ErrNotFound
			}
			s.LastActivity, s.ExpiresAt = seen.LastActivity, seen.ExpiresAt
			w.put(ctx, s)
			return nil
		}
	}},
	{"update without a version: lost", func(w *wrong) {
		w.update = func(ctx context.Context, id session.ID, _ uint64, m session.Metadata) error {
			s, err := w.Store.Get(ctx, id)
			if err != nil || s.ID != id {
				return session.ErrNotFound
			}
			return w.Store.Update(ctx, id, s.Version, m)
		}
	}},
	{"update that is acknowledged and dropped", func(w *wrong) {
		drop := sometimes(20)
		w.update = func(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
			if s, err := w.Store.Get(ctx, id); err == nil && s.ID == id && s.Version == version && drop() {
				return nil
			}
			return w.Store.Update(ctx, id, version, m)
		}
	}},
	{"rotate with two successors", func(w *wrong) {
		w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
			s, err := w.Store.Get(ctx, old)
			if err != nil || s.ID != old {
				return session.ErrNotFound
			}
			pause()
			_, _ = w.Store.Delete(ctx, old, session.Ending{})
			return w.Store.Restore(ctx, next)
		}
	}},
	{"rotate that leaves the old one", func(w *wrong) {
		w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
			if _, err := w.Store.Get(ctx, old); err != nil {
				return err
			}
			return w.Store.Restore(ctx, next)
		}
	}},
	{"rotate that forgets the grace", func(w *wrong) {
		w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
			next.Previous, next.PreviousUntil = session.ID{}, time.Time{}
			return w.Store.Rotate(ctx, old, next)
		}
	}},
	{"delete that two callers get", func(w *wrong) {
		w.remove = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if err != nil {
				return s, err
			}
			pause()
			_, _ = w.Store.Delete(ctx, id, why)
			return s, nil
		}
	}},
	{"delete that is acknowledged first", func(w *wrong) {
		w.remove = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if err == nil {
				go func() {
					pause()
					_, _ = w.Store.Delete(context.WithoutCancel(ctx), id, why)
				}()
			}
			return s, err
		}
	}},
	{"delete that says unavailable and deletes", func(w *wrong) {
		lie := sometimes(5)
		w.remove = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
			s, err := w.Store.Delete(ctx, id, why)
			if err == nil && lie() {
				return session.Session{}, session.ErrUnavailable
			}
			return s, err
		}
	}},
	{"deleteuser that misses one", func(w *wrong) {
		w.removeUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
			if all := w.all(ctx, u); len(all) > 1 {
				keep = append(keep, all[0].ID)
			}
			return w.Store.DeleteUser(ctx, u, why, keep...)
		}
	}},
	{"deleteuser one by one", func(w *wrong) {
		w.removeUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (n int, err error) {
			for _, s := range w.all(ctx, u) {
				pause()
				if !slices.Contains(keep, s.ID) {
					if _, err := w.Store.Delete(ctx, s.ID, why); err == nil {
						n++
					}
				}
			}
			return n, nil
		}
	}},
	{"deleteuser that forgets keep", func(w *wrong) {
		w.removeUser = func(ctx context.Context, u session.User, why session.Ending, _ ...session.ID) (int, error) {
			return w.Store.DeleteUser(ctx, u, why)
		}
	}},
	{"get that says invalid now and then", func(w *wrong) {
		lie := sometimes(100)
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			if lie() {
				return session.Session{}, session.ErrNotFound
			}
			return w.Store.Get(ctx, id)
		}
	}},
	{"get that swaps replies", func(w *wrong) {
		var last atomic.Value
		swap := sometimes(100)
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if err != nil {
				return s, err
			}
			if other := last.Swap(s); other != nil && swap() {
				return other.(session.Session), nil
			}
			return s, nil
		}
	}},
	{"list of a moment ago", func(w *wrong) {
		var mu sync.Mutex
		before := map[session.User]session.Page{}
		w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
			page, err := w.Store.List(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			old := before[q.User]
			before[q.User] = page
			return old, err
		}
	}},
	{"list without the oldest", func(w *wrong) {
		w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
			page, err := w.Store.List(ctx, q)
			page.Sessions = page.Sessions[:max(0, len(page.Sessions)-1)]
			return page, err
		}
	}},
}

// plantedHarness is two handles on one store in memory, each with the bug.
func plantedHarness(plant func(w *wrong), now func(func() time.Time) func() time.Time) sessiontest.Harness {
	handle := func(s session.Store) session.Store {
		w := &wrong{Store: s}
		plant(w)
		return w
	}
	return sessiontest.Harness{
		Open: func(_ testing.TB, clock func() time.Time) session.Store {
			if now != nil {
				clock = now(clock)
			}
			return handle(memstore.New(memstore.Config{Now: clock}))
		},
		Second: func(_ testing.TB, first session.Store, _ func() time.Time) session.Store {
			return handle(first.(*wrong).Store)
		},
	}
}

// plantedCalls is how many calls a bug has to show itself.
const plantedCalls = 50 * mostCalls

// TestPlantedBugs shows that each wrong store is caught, and by which check.
func TestPlantedBugs(t *testing.T) {
	var mu sync.Mutex
	var rows []string
	caught := func(bug string, wrong *failure, result Result) {
		mu.Lock()
		defer mu.Unlock()
		what := "an answer that the contract does not know"
		if len(wrong.violations) > 0 {
			what = fmt.Sprintf("by %-7s a %s that fits nowhere", wrong.violations[0].By+":", wrong.violations[0].Call)
		}
		rows = append(rows, fmt.Sprintf("%-42s → %s, in history %d", bug, what, result.Histories))
	}
	t.Run("stores", func(t *testing.T) {
		try := func(bug string, h sessiontest.Harness, o Options) {
			t.Run(bug, func(t *testing.T) {
				t.Parallel()
				o.Seed, o.Calls, o.Excused = 1, plantedCalls, 100_000
				result, wrong := o.run(t, h)
				if wrong == nil {
					t.Fatalf("not caught: %s", result)
				}
				caught(bug, wrong, result)
			})
		}
		for _, p := range plantedStores {
			try(p.bug, plantedHarness(p.plant, nil), Options{Rules: oneMoment})
		}
		for _, p := range plantedCaches {
			try(p.bug, plantedHarness(p.plant, nil), Options{Rules: inFront})
		}
		try("a clock that stands still", plantedHarness(func(*wrong) {}, func(now func() time.Time) func() time.Time {
			at := now()
			return func() time.Time { return at }
		}), Options{Rules: oneMoment})
		h := plantedHarness(func(*wrong) {}, nil)
		var store session.Store
		open := h.Open
		h.Open = func(t testing.TB, now func() time.Time) session.Store {
			store = open(t, now)
			return store
		}
		try("a server that loses what it acknowledged", h, Options{Rules: oneMoment, Fault: func(w *Watch) {
			w.Calls(200)
			page, _ := store.List(t.Context(), session.Query{Limit: session.MaxPage})
			for _, s := range page.Sessions {
				_, _ = store.(*wrong).Store.Delete(t.Context(), s.ID, session.Ending{})
			}
		}})
	})
	slices.Sort(rows)
	t.Logf("%d planted bugs, each caught:\n%s", len(rows), strings.Join(rows, "\n"))
}

// TestRightStorePasses shows that what catches planted bugs sees none where none is.
func TestRightStorePasses(t *testing.T) {
	t.Log(Run(t, plantedHarness(func(*wrong) {}, nil), Options{Seed: 1, Calls: 4 * mostCalls, Rules: oneMoment}))
}
