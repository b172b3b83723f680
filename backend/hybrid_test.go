// Tests of hybrid on real servers: by variables alone, with a cache that comes
// late, goes, and is back.

package backend_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// running is a manager over the store whose loop runs.
func running(t *testing.T, store session.Store) *session.Manager {
	t.Helper()
	m := manager(t, store)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return m
}

// TestHybrid: the sessions are in the database, two nodes share them, and neither
// the death of the cache nor a start without it signs anybody out.
func TestHybrid(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{})
	memcached := testserver.Memcached(t, testserver.MemcachedOptions{})
	for _, c := range []struct {
		name      string
		variables []string
		kill      func()
		restart   func()
	}{
		{"hybrid, redis and sqlite", []string{"SESSION_BACKEND", "redis", "REDIS_URL", redis.URL()}, redis.Kill, func() { redis.Restart(false) }},
		{"hybrid, memcached and sqlite", []string{"SESSION_BACKEND", "memcached", "MEMCACHED_SERVERS", memcached.Addr}, memcached.Kill, memcached.Restart},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := fromEnv(t, append(c.variables, "TRACK_SESSIONS_IN_DB", "true", "ADMIN_SECRET_KEY", goodKey)...)
			cfg.DB, cfg.Logger = adminDB(t), slog.New(slog.DiscardHandler)
			store := open(t, cfg)
			if traits := store.Traits(); traits.Name != c.name || !traits.Shared || !traits.History || !traits.ListAll || traits.MaxStale == 0 {
				t.Errorf("traits: %+v", traits)
			}
			first, second := running(t, store), running(t, open(t, cfg))
			token, made, err := first.Create(t.Context(), session.NewSession{UserID: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			other, _, err := first.Create(t.Context(), session.NewSession{UserID: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			known := func(when string) {
				t.Helper()
				for _, m := range []*session.Manager{first, second} {
					if found, err := m.Validate(t.Context(), token); err != nil || found.ID != made.ID {
						t.Errorf("%s: %v, %v", when, found.ID, err)
					}
				}
			}
			known("at first")
			if err := second.Logout(t.Context(), other); err != nil {
				t.Errorf("logout: %v", err)
			}
			page, err := first.List(t.Context(), session.Query{Ended: true})
			if err != nil || len(page.Sessions) != 1 || page.Sessions[0].Ending.Reason != session.ReasonLogout {
				t.Errorf("the history: %+v, %v", page, err)
			}
			c.kill()
			known("without the cache")
			third := running(t, open(t, cfg))
			if found, err := third.Validate(t.Context(), token); err != nil || found.ID != made.ID {
				t.Errorf("a node that starts without the cache: %v, %v", found.ID, err)
			}
			c.restart()
			known("with the cache again")
			if _, err := first.Validate(t.Context(), other); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("the session that ended: %v", err)
			}
		})
	}
}

// A cache that refuses the configuration is a mistake to mend.
func TestHybridRefusesAWrongPassword(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{Password: "right"})
	host, port := split(t, redis.Addr)
	store, err := backend.Open(t.Context(), backend.Config{
		Kind: backend.Redis, TrackInDB: true, DB: adminDB(t), Redis: redisstore.Config{Host: host, Port: port, Password: "canary"},
	})
	if store != nil || !errors.Is(err, session.ErrMisconfigured) || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v, %v", store, err)
	}
}

// A cache that does not answer does not hold up the start for long.
func TestHybridStartsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	host, port := silent(t)
	began := time.Now()
	store := open(t, backend.Config{
		Kind: backend.Redis, TrackInDB: true, DB: adminDB(t), Redis: redisstore.Config{Host: host, Port: port}, Logger: slog.New(slog.DiscardHandler),
	})
	if took := time.Since(began); took > 8*time.Second { // the cache alone would be given 10
		t.Errorf("the start took %s", took)
	}
	if _, _, err := running(t, store).Create(t.Context(), session.NewSession{UserID: "ann"}); err != nil {
		t.Error(err)
	}
}
