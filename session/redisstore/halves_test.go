// Servers that die in the middle of writes: each write is there whole or not at
// all.

package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// storm creates under a limit, renews and ends sessions of a few users all the time
// until stop is called. It returns when it is under way: 100 writes were answered.
func storm(t testing.TB, s *redisstore.Store) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var answered atomic.Int64
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			write := func(call func(context.Context) error) {
				ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
				if call(ctx) == nil {
					answered.Add(1)
				}
			}
			for i := 0; ctx.Err() == nil; i++ {
				one := newSession(fmt.Sprint("user", w%4), session.Tag{byte(w % 4)})
				write(func(ctx context.Context) error { _, err := s.Create(ctx, one, session.Admission{Limit: 3}); return err })
				next := newSession(one.UserID, one.ID.Tag())
				if i%2 == 0 {
					next.Previous, next.PreviousUntil = one.ID, one.CreatedAt.Add(time.Minute)
				}
				write(func(ctx context.Context) error { return s.Rotate(ctx, one.ID, next) })
				switch i % 16 {
				case 3:
					write(func(ctx context.Context) error { _, err := s.Delete(ctx, next.ID, session.Ending{}); return err })
				case 7:
					write(func(ctx context.Context) error { _, err := s.DeleteUser(ctx, one.User(), session.Ending{}); return err })
				}
			}
		})
	}
	stop = func() {
		cancel()
		writers.Wait()
	}
	t.Cleanup(stop)
	eventually(t, "a storm of writes", func() error {
		if n := answered.Load(); n < 100 {
			return fmt.Errorf("%d writes were answered", n)
		}
		return nil
	})
	return stop
}

// whole checks that indexes and records agree, and that nobody is over the limit.
func whole(t testing.TB, s *redisstore.Store, server *testserver.RedisServer) {
	t.Helper()
	if err := single(server, redisstore.Config{Prefix: "crudadmin:"}).audit(t); err != nil {
		t.Error(err)
	}
	for u := range 4 {
		user := session.User{ID: fmt.Sprint("user", u), Tag: session.Tag{byte(u)}}
		var page session.Page
		eventually(t, "a list", func() (err error) {
			page, err = s.List(t.Context(), session.Query{User: user})
			return err
		})
		if len(page.Sessions) > 3 {
			t.Errorf("%s has %d sessions, the limit is 3", user.ID, len(page.Sessions))
		}
	}
}

// TestKilledWhileWriting: what a killed server reads back from its log holds no
// half of a script.
func TestKilledWhileWriting(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Logger: slog.New(slog.DiscardHandler)})
	for range 3 {
		stop := storm(t, s)
		select {
		case <-t.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
		server.Kill()
		stop()
		server.Restart(false)
		whole(t, s, server)
	}
}

// TestFailoverWhileWritingLong: the replica that takes over holds no half of a script
// either: scripts are replicated by their effects, all of one together.
func TestFailoverWhileWritingLong(t *testing.T) {
	testserver.LongForm(t)
	servers := testserver.StartRedisSentinel(t)
	s := open(t, redisstore.Config{Sentinels: servers.Addrs(), MasterName: servers.Name, Logger: slog.New(slog.DiscardHandler)})
	stop := storm(t, s)
	servers.Failover()
	stop()
	whole(t, s, servers.Primary())
}

// TestForeignKey: where something else has put a value of its own under the key of
// an index, a write that stops there does not say that nothing has happened.
func TestForeignKey(t *testing.T) {
	server, prefix := testserver.SharedRedis(t)
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix})
	one, other := newSession("ada", session.Tag{1}), newSession("bea", session.Tag{2})
	do(t, server, "SET", prefix+"{01}:x", "not an index", "EX", "60")
	if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); !errors.Is(err, session.ErrIndeterminate) {
		t.Errorf("Create: %v, want ErrIndeterminate", err)
	}
	if _, err := s.Create(t.Context(), other, session.Admission{Limit: 1}); err != nil {
		t.Errorf("Create in another partition: %v", err)
	}
}
