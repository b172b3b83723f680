// Faults made for real: servers frozen, killed, restarted.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// calls are all methods that ask a server for one of the user's things.
func calls(s *Store, one session.Session) map[string]func(context.Context) error {
	next := one
	next.ID[39]++
	seen := session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Second)}
	why := session.Ending{Reason: session.ReasonLogout}
	return map[string]func(context.Context) error{
		"Get":  func(ctx context.Context) error { _, err := s.Get(ctx, one.ID); return err },
		"List": func(ctx context.Context) error { _, err := s.List(ctx, session.Query{User: one.User()}); return err },
		"Create": func(ctx context.Context) error {
			_, err := s.Create(ctx, next, session.Admission{Limit: 5})
			return err
		},
		"Restore":    func(ctx context.Context) error { return s.Restore(ctx, next) },
		"Touch":      func(ctx context.Context) error { return s.Touch(ctx, seen) },
		"TouchAll":   func(ctx context.Context) error { _, err := s.TouchAll(ctx, []session.Seen{seen}); return err },
		"Update":     func(ctx context.Context) error { return s.Update(ctx, one.ID, 1, session.Metadata{}) },
		"Rotate":     func(ctx context.Context) error { return s.Rotate(ctx, one.ID, next) },
		"Delete":     func(ctx context.Context) error { _, err := s.Delete(ctx, one.ID, why); return err },
		"DeleteUser": func(ctx context.Context) error { _, err := s.DeleteUser(ctx, one.User(), why); return err },
	}
}

func eventually(t testing.TB, what string, ok func() error) {
	t.Helper()
	for until := time.Now().Add(testserver.Guard); ; {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(until) {
			t.Errorf("%s: not within %s: %v", what, testserver.Guard, err)
			return
		}
		runtime.Gosched()
	}
}

func create(t testing.TB, s *Store, user string, tag session.Tag) session.Session {
	t.Helper()
	one := newSession(user, tag)
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	return one
}

// TestFrozen: a server that keeps its connections and says nothing delays nobody
// beyond their deadline, and leaves nothing behind.
func TestFrozen(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s := open(t, Config{Servers: []string{server.Addr}, PoolSize: 4})
	one := create(t, s, "ada", session.Tag{1})
	var warm sync.WaitGroup
	for range 50 {
		warm.Go(func() { _, _ = s.Get(t.Context(), one.ID) })
	}
	warm.Wait()
	goroutines, clients := runtime.NumGoroutine(), stat(t, server, "curr_connections")
	lazy := open(t, Config{Servers: []string{server.Addr}, Lazy: true})
	server.Freeze()
	for what, store := range map[string]*Store{"connected": s, "not yet connected": lazy} {
		all := calls(store, one)
		all["Ping"] = store.Ping
		all["Count"] = func(ctx context.Context) error {
			_, err := store.Count(ctx, "k", session.CountRule{Limit: 5, Window: time.Minute})
			return err
		}
		all["Counted"] = func(ctx context.Context) error { _, err := store.Counted(ctx, "k", time.Minute); return err }
		for name, call := range all {
			_ = testserver.ByDeadline(t, what+", "+name, call, func(err error) string {
				if !errors.Is(err, session.ErrUnavailable) {
					return "want ErrUnavailable"
				}
				return ""
			})
		}
		report := func(context.Context) error { _ = store.Traits().Report(); return nil }
		_ = testserver.ByDeadline(t, what+", Report", report, func(error) string { return "" })
	}
	var crowd sync.WaitGroup
	for range 500 {
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := s.Get(ctx, one.ID); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("one of a crowd: %v", err)
			}
		})
	}
	crowd.Wait()
	if n := runtime.NumGoroutine() - goroutines; n > 2*s.cfg.PoolSize+20 {
		t.Errorf("%d goroutines wait for a server that says nothing", n)
	}
	_ = lazy.Close()
	server.Thaw()
	eventually(t, "service after the thaw", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Get(ctx, one.ID); !errors.Is(err, session.ErrNotFound) { // a write that was sent may have arrived
			return err
		}
		return nil
	})
	eventually(t, "goroutines and connections of the calls", func() error {
		if n, c := runtime.NumGoroutine(), stat(t, server, "curr_connections"); n > goroutines || c > clients {
			return fmt.Errorf("%d goroutines, were %d; %d connections, were %d", n, goroutines, c, clients)
		}
		return nil
	})
}

// TestOneOfThreeKilled: a dead server costs its own share, and nothing else; back
// it is used at once, empty.
func TestOneOfThreeKilled(t *testing.T) {
	var servers []*testserver.MemcachedServer
	var cfg Config
	for range 3 {
		server := testserver.Memcached(t, testserver.MemcachedOptions{})
		servers = append(servers, server)
		cfg.Servers = append(cfg.Servers, server.Addr)
	}
	log := &record{}
	cfg.Logger = slog.New(log)
	s := open(t, cfg)
	dead := s.servers[1]
	var theirs, others []session.Session
	for i := range 120 {
		one := create(t, s, fmt.Sprint("user", i), session.Tag{byte(i), byte(i * 7)})
		if s.sessionsOf(one.ID.Tag()).sv == dead {
			theirs = append(theirs, one)
		} else {
			others = append(others, one)
		}
	}
	if len(theirs) < 20 || len(others) < 50 {
		t.Fatalf("the dead server has %d of 120 users", len(theirs))
	}
	servers[1].Kill()
	var asking sync.WaitGroup
	for _, one := range theirs {
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
			defer cancel()
			for name, call := range calls(s, one) {
				if err := call(ctx); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrIndeterminate) {
					t.Errorf("%s of a user of the dead server: %v, want ErrUnavailable", name, err)
				}
			}
			if ctx.Err() != nil {
				t.Error("calls wait for a dead server")
			}
		})
	}
	seen := []session.Seen{}
	for _, one := range others {
		seen = append(seen, session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Minute), ExpiresAt: one.ExpiresAt.Add(time.Minute)})
		asking.Go(func() {
			if _, err := s.Get(t.Context(), one.ID); err != nil {
				t.Errorf("a user of another server: %v", err)
			}
		})
	}
	asking.Wait()
	if absent, err := s.TouchAll(t.Context(), seen); err != nil || len(absent) != 0 {
		t.Errorf("TouchAll of users of other servers: %d absent, %v", len(absent), err)
	}
	seen = append([]session.Seen{{ID: theirs[0].ID, LastActivity: time.Now(), ExpiresAt: theirs[0].ExpiresAt}}, seen...)
	for i := range seen {
		seen[i].LastActivity = seen[i].LastActivity.Add(time.Minute)
	}
	if _, err := s.TouchAll(t.Context(), seen); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("TouchAll with a user of the dead server: %v", err)
	}
	for _, one := range others {
		if got, err := s.Get(t.Context(), one.ID); err != nil || !got.LastActivity.Equal(one.LastActivity.Add(2*time.Minute)) {
			t.Errorf("a user of another server in a batch with one of the dead: last activity %s, %v", got.LastActivity, err)
		}
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping with two of three servers: %v", err)
	}
	health := s.Health(t.Context()).Servers
	if health[0].Err != nil || health[1].Err == nil || health[2].Err != nil {
		t.Errorf("Health: %+v", health)
	}
	again := open(t, cfg) // opens without the one
	if _, err := again.Get(t.Context(), others[0].ID); err != nil {
		t.Errorf("a store opened while one server is down: %v", err)
	}

	servers[1].Restart()
	eventually(t, "service after the restart", func() error {
		if _, err := s.Get(t.Context(), theirs[0].ID); !errors.Is(err, session.ErrNotFound) {
			return fmt.Errorf("%w, want ErrNotFound of an empty server", err)
		}
		return nil
	})
	for _, one := range theirs {
		if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
			t.Errorf("Create after the restart: %v", err)
		}
	}
	for _, want := range []string{"WARN a server fails, ", "WARN a server does not answer, ", "INFO a server answers again server=" + dead.addr} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("the log says %q %d times, want once:\n%s", want, n, log)
		}
	}
}

// record is a log to look at.
type record struct {
	slog.Handler
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Enabled(context.Context, slog.Level) bool { return true }
func (r *record) WithAttrs([]slog.Attr) slog.Handler       { return r }

func (r *record) Handle(_ context.Context, line slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprint(&r.text, line.Level, " ", line.Message)
	for attr := range line.Attrs {
		_, _ = fmt.Fprint(&r.text, " ", attr)
	}
	r.text.WriteString("\n")
	return nil
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// TestRestarted: connections that the server closed long ago cost nobody an
// answer.
func TestRestarted(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s := open(t, Config{Servers: []string{server.Addr}})
	one := create(t, s, "ada", session.Tag{1})
	for range 5 {
		var busy sync.WaitGroup
		for range 30 {
			busy.Go(func() { _, _ = s.Get(t.Context(), one.ID) })
		}
		busy.Wait()
		server.Restart()
		if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Get after a restart: %v, want ErrNotFound", err)
		}
		server.Restart()
		if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
			t.Errorf("Create after a restart: %v", err)
		}
	}
}

// TestRestartedBetween: a server that restarts gives out the same CAS numbers
// again; a write that was read before does not take the new item for the old.
func TestRestartedBetween(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s, elsewhere := open(t, Config{Servers: []string{server.Addr}}), open(t, Config{Servers: []string{server.Addr}})
	before, after := create(t, s, "ada", session.Tag{1}), newSession("ada", session.Tag{1})
	fresh, err := newEntry("test", newSession("ada", session.Tag{1}))
	if err != nil {
		t.Fatal(err)
	}
	restart := sync.OnceFunc(func() {
		server.Restart()
		if _, err := elsewhere.Create(t.Context(), after, session.Admission{}); err != nil {
			t.Error(err)
		}
		if _, err := s.Get(t.Context(), newSession("bob", session.Tag{2}).ID); !errors.Is(err, session.ErrNotFound) {
			t.Error(err)
		}
	})
	err = s.change(t.Context(), "test", session.Tag{1}, false, func(it *item, _ time.Time) (bool, error) {
		restart()
		it.entries = append(it.entries, fresh)
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[session.ID]error{before.ID: session.ErrNotFound, after.ID: nil, fresh.s.ID: nil} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("Get: %v, want %v", err, want)
		}
	}
}

// TestLazy: a server may come after the store was opened.
func TestLazy(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	server.Kill()
	s := open(t, Config{Servers: []string{server.Addr}, Lazy: true})
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
		t.Errorf("Create before the server came: %v, want ErrUnavailable", err)
	}
	server.Restart()
	eventually(t, "service when it came", func() error {
		_, err := s.Create(t.Context(), one, session.Admission{})
		return err
	})
}
