// Planted bugs: a good store made wrong on purpose, each of which the suite must
// catch by the row that is made for it.

package faults

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// wrong is a store with some methods replaced.
type wrong struct {
	session.Store
	addr string
	now  func() time.Time
	get  func(ctx context.Context, id session.ID) (session.Session, error)
	del  func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error)
	make func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error)
	shut func()
}

func (w *wrong) Get(ctx context.Context, id session.ID) (session.Session, error) {
	if w.get != nil {
		return w.get(ctx, id)
	}
	return w.Store.Get(ctx, id)
}

func (w *wrong) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if w.del != nil {
		return w.del(ctx, id, why)
	}
	return w.Store.Delete(ctx, id, why)
}

func (w *wrong) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	if w.make != nil {
		return w.make(ctx, s, a)
	}
	return w.Store.Create(ctx, s, a)
}

// remembering keeps what was seen.
func (w *wrong) remembering() (seen *sync.Map, get func(context.Context, session.ID) (session.Session, error)) {
	seen = &sync.Map{}
	return seen, func(ctx context.Context, id session.ID) (session.Session, error) {
		s, err := w.Store.Get(ctx, id)
		if err == nil {
			seen.Store(id, s)
		}
		return s, err
	}
}

// planted is a bug, the row that is made for it, and how it is made.
var planted = []struct {
	bug   string
	row   string
	says  string // is part of the failure
	plant func(w *wrong)
}{
	{"says valid when it cannot ask", "server killed", "valid was the answer about a session that ended", func(w *wrong) {
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if errors.Is(err, session.ErrUnavailable) {
				return session.Session{ID: id, Deadline: w.now().Add(time.Hour), ExpiresAt: w.now().Add(time.Hour)}, nil
			}
			return s, err
		}
	}},
	{"says invalid when it cannot ask", "server killed", "invalid was the answer", func(w *wrong) {
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if errors.Is(err, session.ErrUnavailable) {
				return s, session.ErrNotFound
			}
			return s, err
		}
	}},
	{"ignores the context", "server frozen", "after its deadline", func(w *wrong) {
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*deadline)
			defer cancel()
			return w.Store.Get(ctx, id)
		}
	}},
	{"leaks a goroutine for each call that fails", "server frozen", "goroutines, were", func(w *wrong) {
		end := make(chan struct{})
		w.shut = func() { close(end) }
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if err != nil {
				go func() { <-end }()
			}
			return s, err
		}
	}},
	{"leaks a goroutine beyond Close", "10,000 calls cancelled", "after Close", func(w *wrong) {
		var once sync.Once
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			once.Do(func() { go outlive() })
			return w.Store.Get(ctx, id)
		}
	}},
	{"leaks a connection for each call that is cancelled", "10,000 calls cancelled", "connections, were", func(w *wrong) {
		var mu sync.Mutex
		var conns []net.Conn
		w.shut = func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if err == nil || ctx.Err() == nil {
				return s, err
			}
			mu.Lock()
			defer mu.Unlock()
			if c, dialed := net.Dial("tcp", w.addr); dialed == nil && len(conns) < 200 {
				conns = append(conns, c)
			}
			return s, err
		}
	}},
	{"swallows the error of an ending", "server killed", "Delete while the server is gone: <nil>", func(w *wrong) {
		w.del = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
			s, err := w.Store.Delete(ctx, id, why)
			if errors.Is(err, session.ErrUnavailable) {
				return s, nil
			}
			return s, err
		}
	}},
	{"says that a write has done nothing when nobody knows", "frozen in the middle of a write", "want ErrIndeterminate", func(w *wrong) {
		w.make = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			evicted, err := w.Store.Create(ctx, s, a)
			if errors.Is(err, session.ErrIndeterminate) {
				return nil, session.ErrUnavailable
			}
			return evicted, err
		}
	}},
	{"does not come back by itself", "connections reset", "no service", func(w *wrong) {
		var failed atomic.Bool
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			if failed.Load() {
				return session.Session{}, session.ErrUnavailable
			}
			s, err := w.Store.Get(ctx, id)
			if errors.Is(err, session.ErrUnavailable) {
				failed.Store(true)
			}
			return s, err
		}
	}},
	{"answers from memory what the server has lost", "restarted empty", "afterwards", func(w *wrong) {
		seen, get := w.remembering()
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := get(ctx, id)
			if old, ok := seen.Load(id); ok && errors.Is(err, session.ErrNotFound) {
				return old.(session.Session), nil
			}
			return s, err
		}
	}},
	{"lets what expired live again when the clock jumps back", "clock jumps an hour", "want ErrNotFound", func(w *wrong) {
		seen, get := w.remembering()
		raw := w.make
		w.make = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			seen.Store(s.ID, s)
			if raw != nil {
				return raw(ctx, s, a)
			}
			return w.Store.Create(ctx, s, a)
		}
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := get(ctx, id)
			if old, ok := seen.Load(id); ok && errors.Is(err, session.ErrNotFound) {
				if one := old.(session.Session); one.LiveAt(w.now()) {
					return one, nil
				}
			}
			return s, err
		}
	}},
	{"gives one caller another's answer", "10,000 calls cancelled", "another session's", func(w *wrong) {
		var last atomic.Pointer[session.Session]
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if err != nil {
				if other := last.Load(); other != nil {
					return *other, nil
				}
				return s, err
			}
			last.Store(&s)
			return s, nil
		}
	}},
	{"takes the newest release's record for none", "newer release beside", "want ErrUnavailable", func(w *wrong) {
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if errors.Is(err, session.ErrUnavailable) {
				return s, session.ErrNotFound
			}
			return s, err
		}
	}},
	{"lets one bad record break the others", "poison value", "Get of another session", func(w *wrong) {
		var broken atomic.Bool
		w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
			s, err := w.Store.Get(ctx, id)
			if broken.Load() || errors.Is(err, session.ErrNotFound) {
				broken.Store(true)
				return session.Session{}, session.ErrNotFound
			}
			return s, err
		}
	}},
	{"keeps what is too large, cut", "value over the limit", "want ErrTooLarge", func(w *wrong) {
		w.make = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			if len(s.Metadata.String()) > session.MaxMetadata {
				s.Metadata = session.Metadata{}
			}
			return w.Store.Create(ctx, s, a)
		}
	}},
	{"counts a lifetime in seconds, and 30 days at most", "lifetime over 30 days", "live: true", func(w *wrong) {
		w.make = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
			if most := s.CreatedAt.Add(30 * 24 * time.Hour); s.ExpiresAt.After(most) {
				s.ExpiresAt, s.Deadline = most, most
			}
			return w.Store.Create(ctx, s, a)
		}
	}},
}

// outlive is a goroutine that is still there when its store is closed.
func outlive() { <-time.After(patience + busy) }

func TestPlantedBugs(t *testing.T) {
	t.Parallel()
	rows := checks()
	var mu sync.Mutex
	var found []string
	t.Run("stores", func(t *testing.T) {
		for _, p := range planted {
			t.Run(p.bug, func(t *testing.T) {
				t.Parallel()
				s := redis()
				s.Name = "wrong"
				open := s.Open
				s.Open = func(t testing.TB, addr string, now func() time.Time) session.Store {
					w := &wrong{Store: open(t, addr, now), addr: addr, now: now}
					p.plant(w)
					if w.shut != nil {
						t.Cleanup(w.shut)
					}
					return w
				}
				server := s.Start(t)
				row := rows[slices.IndexFunc(rows, func(k check) bool { return k.row == p.row })]
				failures := caught(t, &s, &server, row)
				i := slices.IndexFunc(failures, func(text string) bool { return strings.Contains(text, p.says) })
				if i < 0 {
					t.Errorf("not caught by %q, which is made for it: %q", p.row, failures)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				first, _, _ := strings.Cut(failures[i], "\n")
				found = append(found, p.bug+" → "+p.row+": "+first)
			})
		}
	})
	slices.Sort(found)
	t.Logf("%d planted bugs, caught:\n%s", len(found), strings.Join(found, "\n"))
}
