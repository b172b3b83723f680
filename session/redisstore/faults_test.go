// Faults made for real: a server frozen, killed, full, restarted empty, its
// scripts forgotten; a pool smaller than its callers; a slot half moved.

package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// calls are all methods that ask the server; writes says what the error of one
// that got no answer must be.
func calls(s *redisstore.Store, one session.Session) map[string]struct {
	writes bool
	call   func(context.Context) error
} {
	type entry = struct {
		writes bool
		call   func(context.Context) error
	}
	next := one
	next.ID[39]++
	why := session.Ending{Reason: session.ReasonLogout}
	return map[string]entry{
		"Get":  {false, func(ctx context.Context) error { _, err := s.Get(ctx, one.ID); return err }},
		"List": {false, func(ctx context.Context) error { _, err := s.List(ctx, session.Query{}); return err }},
		"Ping": {false, s.Ping},
		"Create": {true, func(ctx context.Context) error {
			_, err := s.Create(ctx, next, session.Admission{Limit: 5})
			return err
		}},
		"Touch":      {true, func(ctx context.Context) error { return s.Touch(ctx, session.Seen{ID: one.ID}) }},
		"Update":     {true, func(ctx context.Context) error { return s.Update(ctx, one.ID, 1, session.Metadata{}) }},
		"Rotate":     {true, func(ctx context.Context) error { return s.Rotate(ctx, one.ID, next) }},
		"Delete":     {true, func(ctx context.Context) error { _, err := s.Delete(ctx, one.ID, why); return err }},
		"DeleteUser": {true, func(ctx context.Context) error { _, err := s.DeleteUser(ctx, one.User(), why); return err }},
		"Count": {true, func(ctx context.Context) error {
			_, err := s.Count(ctx, "k", session.CountRule{Limit: 5, Window: time.Minute})
			return err
		}},
		"Counted": {false, func(ctx context.Context) error { _, err := s.Counted(ctx, "k", time.Minute); return err }},
		"Sweep":   {false, func(ctx context.Context) error { _, err := s.Sweep(ctx, 10); return err }},
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

func connections(t testing.TB, server *testserver.RedisServer) int {
	t.Helper()
	return strings.Count(do(t, server, "CLIENT", "LIST", "TYPE", "normal").(string), "\n")
}

// TestFrozen: a server that keeps its connections and says nothing delays nobody
// beyond their deadline, and leaves nothing behind.
func TestFrozen(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), PoolSize: 4, Logger: slog.New(slog.DiscardHandler)})
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	for range 50 { // all connections are made
		_, _ = s.Get(t.Context(), one.ID)
	}
	goroutines, clients := runtime.NumGoroutine(), connections(t, server)
	lazy := open(t, redisstore.Config{URL: config.Secret(server.URL()), Lazy: true, ConnectTimeout: time.Second})
	server.Freeze()
	for what, store := range map[string]*redisstore.Store{"connected": s, "not yet connected": lazy} {
		for name, c := range calls(store, one) {
			_ = testserver.ByDeadline(t, what+", "+name, c.call, func(err error) string {
				if !errors.Is(err, session.ErrUnavailable) {
					return "want ErrUnavailable"
				}
				if sent := c.writes && store == s; errors.Is(err, session.ErrIndeterminate) != sent {
					return fmt.Sprintf("ErrIndeterminate expected: %t", sent)
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
	_ = lazy.Close()
	server.Thaw()
	eventually(t, "service after the thaw", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Get(ctx, one.ID)
		if errors.Is(err, session.ErrNotFound) {
			return nil // a Delete or DeleteUser that was sent arrived
		}
		return err
	})
	eventually(t, "goroutines and connections of the calls", func() error {
		if n, c := runtime.NumGoroutine(), connections(t, server); n > goroutines || c > clients {
			return fmt.Errorf("%d goroutines, were %d; %d connections, were %d", n, goroutines, c, clients)
		}
		return nil
	})
}

// TestKilled: while the server is gone the answer is unavailable, soon; a write
// that was cut is indeterminate; back it is used at once.
func TestKilled(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Logger: slog.New(slog.DiscardHandler)})
	one, cut := newSession("ada", session.Tag{1}), newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	server.Freeze()
	answer := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), testserver.Guard)
		defer cancel()
		_, err := s.Create(ctx, cut, session.Admission{})
		answer <- err
	}()
	select {
	case err := <-answer:
		t.Fatalf("a frozen server answered: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	server.Kill()
	if err := <-answer; !errors.Is(err, session.ErrIndeterminate) {
		t.Errorf("a write that was cut: %v, want ErrIndeterminate", err)
	}
	for name, c := range calls(s, one) {
		ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
		err := c.call(ctx)
		if ctx.Err() != nil {
			t.Errorf("%s waits for a dead server", name)
		}
		cancel()
		if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s on a dead server: %v, want ErrUnavailable", name, err)
		}
	}
	server.Restart(false)
	eventually(t, "service after the restart", func() error { _, err := s.Get(t.Context(), one.ID); return err })
	server.Restart(true)
	eventually(t, "the answer of an empty server", func() error {
		if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
			return fmt.Errorf("%w, want ErrNotFound", err)
		}
		return nil
	})
	if _, err := s.Create(t.Context(), cut, session.Admission{Limit: 1}); err != nil {
		t.Errorf("a script on a server that does not know it: %v", err)
	}
}

// TestForgottenScripts: SCRIPT FLUSH between and during calls is not noticed.
func TestForgottenScripts(t *testing.T) {
	server, prefix := testserver.SharedRedis(t)
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix})
	one := newSession("ada", session.Tag{1})
	for range 20 {
		do(t, server, "SCRIPT", "FLUSH")
		if _, err := s.Create(t.Context(), one, session.Admission{Limit: 5}); err != nil {
			t.Fatal(err)
		}
		do(t, server, "SCRIPT", "FLUSH")
		if absent, err := s.TouchAll(t.Context(), []session.Seen{{ID: one.ID}, {ID: session.ID{1}}, {ID: session.ID{2}}}); err != nil || len(absent) != 2 {
			t.Fatal(absent, err)
		}
		do(t, server, "SCRIPT", "FLUSH")
		if _, err := s.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSmallPool: 50 callers share two connections, and nobody is turned away.
func TestSmallPool(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	before := connections(t, server)
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), PoolSize: 2})
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			for range 100 {
				if _, err := s.Get(t.Context(), one.ID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	if n := connections(t, server) - before; n > 2 {
		t.Errorf("%d connections, want at most 2", n)
	}
}

// TestFull: a full server refuses new sessions whole, and still reads and
// revokes.
func TestFull(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory-policy noeviction"}})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL())})
	w := single(server, redisstore.Config{Prefix: "crudadmin:"})
	one, two := newSession("ada", session.Tag{1}), newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
		t.Fatal(err)
	}
	do(t, server, "CONFIG", "SET", "maxmemory", "1")
	if _, err := s.Create(t.Context(), two, session.Admission{Limit: 1}); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("Create on a full server: %v, want ErrUnavailable that names OOM", err)
	}
	if err := w.audit(t); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), one.ID); err != nil {
		t.Errorf("Get on a full server: %v", err)
	}
	if _, err := s.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
		t.Errorf("Delete on a full server: %v", err)
	}
	if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Get after Delete on a full server: %v", err)
	}
}

// TestReadOnly: a replica in the place of the primary is unavailable by name, to reads
// too. A primary that takes no writes answers them.
func TestReadOnly(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL())})
	live := newSession("bert", session.Tag{2})
	if _, err := s.Create(t.Context(), live, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	do(t, server, "CONFIG", "SET", "min-replicas-to-write", "1")
	one := newSession("ada", session.Tag{1})
	if got, err := s.Get(t.Context(), live.ID); err != nil || got != live {
		t.Errorf("Get without replicas: %+v, %v", got, err)
	}
	if _, err := s.Create(t.Context(), one, session.Admission{}); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) || !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Errorf("without replicas: %v", err)
	}
	do(t, server, "CONFIG", "SET", "min-replicas-to-write", "0")
	do(t, server, "REPLICAOF", "127.0.0.1", "1")
	if _, err := s.Create(t.Context(), one, session.Admission{}); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("on a replica: %v", err)
	}
	for _, id := range []session.ID{live.ID, one.ID} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "READONLY") {
			t.Errorf("Get from a replica: %v, want ErrUnavailable that says READONLY", err)
		}
	}
	do(t, server, "REPLICAOF", "NO", "ONE")
	if got, err := s.Get(t.Context(), live.ID); err != nil || got != live {
		t.Errorf("Get from a primary again: %+v, %v", got, err)
	}
}

// TestHalfMovedSlot: while some keys of a user are on the new master and some on
// the old, a call does all or nothing.
func TestHalfMovedSlot(t *testing.T) {
	cluster := testserver.StartRedisCluster(t, 3, 0)
	s := open(t, redisstore.Config{Cluster: cluster.Addrs(), Logger: slog.New(slog.DiscardHandler)})
	w := world{
		cfg:   redisstore.Config{Prefix: "crudadmin:"},
		nodes: func() []*testserver.RedisServer { return cluster.Nodes },
		of:    func(key string) *testserver.RedisServer { return cluster.MasterOf(cluster.SlotOf(key)) },
	}
	for _, alone := range []string{"a moved", "a stayed"} {
		for _, key := range []string{"first", "middle", "last", "user", "all", "due"} {
			t.Run(alone+" "+key, func(t *testing.T) {
				tag := session.Tag{byte(len(key)), byte(len(alone))}
				base := fmt.Sprintf("crudadmin:{%02x}:", tag[0])
				mine := make([]session.Session, 3)
				for i := range mine {
					mine[i] = newSession("ada", tag)
					if _, err := s.Create(t.Context(), mine[i], session.Admission{}); err != nil {
						t.Fatal(err)
					}
				}
				keys := map[string]string{
					"first": recordKey("crudadmin:", mine[0].ID), "middle": recordKey("crudadmin:", mine[1].ID), "last": recordKey("crudadmin:", mine[2].ID),
					"user": base + "u:" + string(tag[:]) + "ada", "all": base + "a", "due": base + "x",
				}
				slot := cluster.SlotOf(base)
				from, to := cluster.MasterOf(slot), cluster.Nodes[0]
				if to == from {
					to = cluster.Nodes[1]
				}
				moving := cluster.StartMigration(slot, to)
				host, port, err := net.SplitHostPort(to.Addr)
				if err != nil {
					t.Fatal(err)
				}
				for name, text := range keys {
					if (name == key) == (alone == "a moved") {
						do(t, from, "MIGRATE", host, port, text, "0", "5000")
					}
				}
				want, sure := duringMove(t, s, mine)
				moving.MoveKeys(-1)
				moving.Finish()
				page, err := s.List(t.Context(), session.Query{User: mine[0].User()})
				if err != nil {
					t.Fatal(err)
				}
				got := map[session.ID]bool{}
				for _, one := range page.Sessions {
					got[one.ID] = true
				}
				if !sure { // the audit is what is left to compare
					want = got
				}
				if !maps.Equal(got, want) {
					t.Errorf("%d sessions afterwards, want %d", len(got), len(want))
				}
				if err := w.audit(t); err != nil {
					t.Error(err)
				}
				if n, err := s.DeleteUser(t.Context(), mine[0].User(), session.Ending{}); err != nil || n != len(want) {
					t.Errorf("DeleteUser ended %d, %v", n, err)
				}
			})
		}
	}
}

// duringMove ends, replaces and adds sessions of a user whose keys are on two
// servers, and returns which are live if every call did what it said, and whether
// every call did say.
func duringMove(t *testing.T, s *redisstore.Store, mine []session.Session) (live map[session.ID]bool, sure bool) {
	t.Helper()
	live, sure = map[session.ID]bool{}, true
	for _, one := range mine {
		live[one.ID] = true
	}
	settle := func(what string, done func(), call func(context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		switch err := call(ctx); {
		case err == nil:
			done()
		case errors.Is(err, session.ErrIndeterminate): // a busy machine: the time was over in the middle of a try
			sure = false
		case errors.Is(err, session.ErrUnavailable):
		default:
			t.Errorf("%s: %v", what, err)
		}
	}
	settle("Delete", func() { delete(live, mine[2].ID) }, func(ctx context.Context) error {
		_, err := s.Delete(ctx, mine[2].ID, session.Ending{})
		return err
	})
	next := mine[1]
	next.ID[39]++
	settle("Rotate", func() { delete(live, mine[1].ID); live[next.ID] = true }, func(ctx context.Context) error {
		return s.Rotate(ctx, mine[1].ID, next)
	})
	fresh := newSession("ada", mine[0].ID.Tag())
	settle("Create", func() { live[fresh.ID] = true }, func(ctx context.Context) error {
		_, err := s.Create(ctx, fresh, session.Admission{})
		return err
	})
	settle("Touch", func() {}, func(ctx context.Context) error {
		return s.Touch(ctx, session.Seen{ID: mine[0].ID, LastActivity: mine[0].LastActivity, ExpiresAt: mine[0].ExpiresAt})
	})
	settle("DeleteUser", func() {
		for id := range live {
			if id != mine[0].ID {
				delete(live, id)
			}
		}
	}, func(ctx context.Context) error {
		_, err := s.DeleteUser(ctx, mine[0].User(), session.Ending{}, mine[0].ID)
		return err
	})
	return live, sure
}
