// Planted bugs of reading and storing records.

package sessiontest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var plantedRecords = []planted{
	{
		bug: "a report whose counters come and go",
		by:  "records/the report says something and its counters stay",
		plant: func(w *wrong) {
			var created atomic.Uint64
			w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
				created.Add(1)
				return w.model.Create(ctx, s, a)
			}
			w.report = func() session.Report {
				r := session.Report{Detail: "some sessions"}
				if n := created.Load(); n > 0 {
					r.Counters = append(r.Counters, session.Counter{Name: "created", N: n})
				}
				return r
			}
		},
	},
	{
		bug: "a report that counts one thing twice",
		by:  "records/the report says something and its counters stay",
		plant: func(w *wrong) {
			w.report = func() session.Report {
				return session.Report{Detail: "some sessions", Counters: []session.Counter{{Name: "hits"}, {Name: "hits"}}}
			}
		},
	},
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
