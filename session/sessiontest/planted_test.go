// Planted bugs: stores that are wrong on purpose, each of which the suite must
// catch by the check that is made for it. A checker that cannot fail proves
// nothing.

package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// planted is a wrong store and the check that is made for its mistake.
type planted struct {
	bug   string
	by    string // theme/check
	plant func(w *wrong)
}

func TestPlantedBugs(t *testing.T) {
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("stores", func(t *testing.T) {
		for _, p := range slices.Concat(plantedRecords, plantedLimits, plantedEndings, plantedRotations, plantedLists, plantedCounters) {
			t.Run(p.bug, func(t *testing.T) {
				t.Parallel()
				h := modelHarness(func(m *model) session.Store {
					w := &wrong{model: m}
					p.plant(w)
					return w
				})
				caught, first := observeAll(t, h)
				if !slices.Contains(caught, p.by) {
					t.Errorf("not caught by %q, which is made for it, but by %d others: %s", p.by, len(caught), strings.Join(caught, "; "))
					return
				}
				mu.Lock()
				defer mu.Unlock()
				rows[p.bug] = fmt.Sprintf("%-52s → %s (and %d more checks)\n%56s%s", p.bug, p.by, len(caught)-1, "", clip(first[p.by]))
			})
		}
	})
	var table strings.Builder
	for _, bug := range slices.Sorted(func(yield func(string) bool) {
		for bug := range rows {
			if !yield(bug) {
				return
			}
		}
	}) {
		fmt.Fprintln(&table, rows[bug])
	}
	t.Logf("%d planted bugs, caught by the check made for each:\n%s", len(rows), table.String())
}

// TestObserverPassesModel shows that the runner that sees planted bugs sees none
// in a store that has none.
func TestObserverPassesModel(t *testing.T) {
	caught, first := observeAll(t, modelHarness(func(m *model) session.Store { return &wrong{model: m} }))
	for _, name := range caught {
		t.Errorf("%s: %s", name, first[name])
	}
}

// observeAll runs every check but the random ones, and returns the names of those
// that failed with their first failures.
func observeAll(t testing.TB, h Harness) (caught []string, first map[string]string) {
	first = map[string]string{}
	for _, th := range themes() {
		if th.name == "model" {
			continue // it would catch everything, and takes its time to shrink
		}
		for _, c := range th.checks {
			if failures, _ := observe(t, h, c); len(failures) > 0 {
				name := th.name + "/" + c.name
				caught, first[name] = append(caught, name), failures[0]
			}
		}
	}
	return caught, first
}

var plantedRecords = []planted{
	{
		bug: "swapped replies",
		by:  "records/get returns the session asked for and no other",
		plant: func(w *wrong) {
			var last session.Session
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if err == nil {
						s, last = last, s
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "times cut to seconds",
		by:  "records/get returns every field as it was stored",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				s.LastActivity = s.LastActivity.Truncate(time.Second)
				return w.model.Create(ctx, s, a)
			}
		},
	},
	{
		bug: "create as upsert",
		by:  "records/create of a known ID is a conflict",
		plant: func(w *wrong) {
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				evicted, err := w.model.Create(ctx, s, a)
				if errors.Is(err, session.ErrConflict) {
					w.locked(func() { w.put(s) })
					return nil, nil
				}
				return evicted, err
			}
		},
	},
	{
		bug: "touch that creates",
		by:  "in flight/a validation about to touch does not bring the session back",
		plant: func(w *wrong) {
			var mu sync.Mutex
			cache := map[session.ID]session.Session{}
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					cache[id] = s
				}
				return s, err
			}
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				mu.Lock()
				s, ok := cache[seen.ID]
				mu.Unlock()
				if errors.Is(err, session.ErrNotFound) && ok {
					w.locked(func() { w.put(s) })
					return nil
				}
				return err
			}
		},
	},
	{
		bug: "touch that reads, then sets",
		by:  "in flight/touches at the moment of an ending do not bring the session back",
		plant: func(w *wrong) {
			var between gap
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				s, err := w.model.Get(ctx, seen.ID)
				if err != nil || s.ID != seen.ID {
					return session.ErrNotFound
				}
				between.wait()
				w.locked(func() {
					w.put(s)
					err = w.touch(seen)
				})
				return err
			}
			w.delete = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
				s, err := w.model.Delete(ctx, id, why)
				between.open()
				return s, err
			}
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
				n, err := w.model.DeleteUser(ctx, u, why, keep...)
				between.open()
				return n, err
			}
		},
	},
	{
		bug: "touch that writes the whole record back",
		by:  "touch/a touch beside an update loses neither",
		plant: func(w *wrong) {
			var between gap
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				s, err := w.model.Get(ctx, seen.ID)
				if err != nil || s.ID != seen.ID {
					return session.ErrNotFound
				}
				between.wait()
				w.locked(func() {
					if _, err = w.live(seen.ID); err == nil {
						w.put(s)
						err = w.touch(seen)
					}
				})
				return err
			}
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				defer between.open()
				return w.model.Update(ctx, id, version, md)
			}
		},
	},
	{
		bug: "touch that moves back",
		by:  "touch/touch never moves back",
		plant: func(w *wrong) {
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				w.locked(func() {
					if s, ok := w.records[seen.ID]; ok && err == nil && seen.ExpiresAt.Before(s.ExpiresAt) && seen.ExpiresAt.Before(s.Deadline) {
						s.LastActivity, s.ExpiresAt = seen.LastActivity, seen.ExpiresAt
						w.put(s)
					}
				})
				return err
			}
		},
	},
	{
		bug: "touch past the deadline",
		by:  "touch/touch never passes the deadline",
		plant: func(w *wrong) {
			w.touchOne = func(ctx context.Context, seen session.Seen) error {
				err := w.model.Touch(ctx, seen)
				w.locked(func() {
					if s, ok := w.records[seen.ID]; ok && err == nil && seen.ExpiresAt.After(s.Deadline) {
						s.ExpiresAt = seen.ExpiresAt
						w.put(s)
					}
				})
				return err
			}
		},
	},
	{
		bug: "touchall that stops at the first absent",
		by:  "touch/touchall touches the live and names the absent",
		plant: func(w *wrong) {
			w.touchAll = func(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
				for _, one := range seen {
					if err := w.model.Touch(ctx, one); errors.Is(err, session.ErrNotFound) {
						return []session.ID{one.ID}, nil
					} else if err != nil {
						return nil, err
					}
				}
				return nil, nil
			}
		},
	},
	{
		bug: "update as upsert",
		by:  "in flight/an update about to write does not bring the session back",
		plant: func(w *wrong) {
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				err := w.model.Update(ctx, id, version, md)
				if errors.Is(err, session.ErrNotFound) {
					w.locked(func() {
						for _, s := range w.history {
							if s.ID == id {
								s.EndedAt, s.Ending, s.Metadata = time.Time{}, session.Ending{}, md
								w.put(s)
								err = nil
							}
						}
					})
				}
				return err
			}
		},
	},
	{
		bug: "update that ignores the version",
		by:  "update/update of another version is a conflict",
		plant: func(w *wrong) {
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				if s, err := w.model.Get(ctx, id); err == nil && s.ID == id {
					version = s.Version
				}
				return w.model.Update(ctx, id, version, md)
			}
		},
	},
	{
		bug: "update that compares, then writes",
		by:  "update/of parallel updates exactly one wins",
		plant: func(w *wrong) {
			var between gap
			w.update = func(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
				s, err := w.model.Get(ctx, id)
				if err != nil || s.ID != id || s.Version != version {
					return w.model.Update(ctx, id, version, md)
				}
				between.meet()
				w.locked(func() {
					if s, err = w.live(id); err == nil {
						s.Metadata, s.Version = md, version+1
						w.put(s)
					}
				})
				return err
			}
		},
	},
	{
		bug: "expiry left to the server",
		by:  "expiry/live one nanosecond before ExpiresAt, absent at it",
		plant: func(w *wrong) {
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				s, err := w.model.Get(ctx, id)
				w.locked(func() {
					if kept, ok := w.records[id]; ok && errors.Is(err, session.ErrNotFound) && w.now().Before(kept.ExpiresAt.Add(time.Second)) {
						s, err = kept, nil
					}
				})
				return s, err
			}
		},
	},
	{
		bug: "a clock that runs back",
		by:  "expiry/once expired, always expired",
		plant: func(w *wrong) {
			w.runsBack = true
		},
	},
	{
		bug: "a cache of each process that nobody tells",
		by:  "records/what is written is visible to every process",
		plant: func(w *wrong) {
			w.another = func() session.Store {
				near := &wrong{model: w.model}
				var mu sync.Mutex
				cache := map[session.ID]session.Session{}
				near.get = func(ctx context.Context, id session.ID) (session.Session, error) {
					mu.Lock()
					defer mu.Unlock()
					if s, ok := cache[id]; ok && s.LiveAt(w.now()) {
						return s, nil
					}
					s, err := near.model.Get(ctx, id)
					if err == nil && s.ID == id {
						cache[id] = s
					}
					return s, err
				}
				return near
			}
		},
	},
	{
		bug: "users told apart without regard to case",
		by:  "records/users whose tags collide stay apart",
		plant: func(w *wrong) {
			w.deleteUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
				var same []session.User
				w.locked(func() {
					for known := range w.users {
						if known.Tag == u.Tag && strings.EqualFold(known.ID, u.ID) {
							same = append(same, known)
						}
					}
				})
				total := 0
				for _, known := range same {
					n, err := w.model.DeleteUser(ctx, known, why, keep...)
					if err != nil {
						return total, err
					}
					total += n
				}
				return total, ctx.Err()
			}
		},
	},
	{
		bug: "restore as upsert",
		by:  "restore/a known ID is a conflict",
		plant: func(w *wrong) {
			w.restore = func(ctx context.Context, s session.Session) error {
				err := w.model.Restore(ctx, s)
				if errors.Is(err, session.ErrConflict) {
					w.locked(func() { w.put(s) })
					return nil
				}
				return err
			}
		},
	},
	{
		bug: "a list that one bad record breaks",
		by:  "faults/a record that cannot be decoded ends that one session",
		plant: func(w *wrong) {
			w.list = func(ctx context.Context, q session.Query) (session.Page, error) {
				bad := false
				w.locked(func() {
					for _, p := range w.spoiled {
						bad = bad || p == Garbage
					}
				})
				if bad {
					return session.Page{}, errors.New("unexpected end of input")
				}
				return w.model.List(ctx, q)
			}
		},
	},
	{
		bug: "a newer format taken for garbage",
		by:  "faults/a record of a newer format is unavailable and left alone",
		plant: func(w *wrong) {
			w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
				w.locked(func() {
					if w.spoiled[id] == NewerFormat {
						w.spoiled[id] = Garbage
					}
				})
				return w.model.Get(ctx, id)
			}
		},
	},
}

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
							w.end(id, session.Ending{Reason: session.IdleTimeout})
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

func (m *model) listAllOf(u session.User) (all []session.Session) {
	m.locked(func() { all = m.of(u) })
	return all
}
