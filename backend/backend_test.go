// Tests of Open on real servers: nodes, prefixes, outages and the fallback.

package backend_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func adminDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "admin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// split takes host:port apart for the variables.
func split(t *testing.T, addr string) (host string, port int) {
	t.Helper()
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	if port, err = strconv.Atoi(text); err != nil {
		t.Fatal(err)
	}
	return host, port
}

// open opens the store and closes it with the test.
func open(t *testing.T, cfg backend.Config) session.Store {
	t.Helper()
	store, err := backend.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// manager is a manager over the store.
func manager(t *testing.T, store session.Store) *session.Manager {
	t.Helper()
	m, err := session.New(store, session.Config{SecretKey: goodKey})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTwoNodes signs in on one node and is known on the other, and again after
// both were restarted, by variables alone.
func TestTwoNodes(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{Username: "ann", Password: "p@ss:word"})
	memcached := testserver.Memcached(t, testserver.MemcachedOptions{Username: "ann", Password: "password"})
	db := adminDB(t)
	for _, c := range []struct {
		what, name string
		variables  []string
	}{
		{"redis by host", "redis", []string{"SESSION_BACKEND", "redis", "REDIS_HOST", "127.0.0.1", "REDIS_PORT", redis.Addr[10:], "REDIS_USERNAME", "ann", "REDIS_PASSWORD", "p@ss:word"}},
		{"redis by URL", "redis", []string{"SESSION_BACKEND", "redis", "REDIS_URL", redis.URL(), "REDIS_HOST", "ignored.invalid"}},
		{"memcached", "memcached", []string{"SESSION_BACKEND", "memcached", "MEMCACHED_SERVERS", memcached.Addr, "MEMCACHED_HOST", "ignored.invalid", "MEMCACHED_USERNAME", "ann", "MEMCACHED_PASSWORD", "password"}},
		{"database", "sqlite", []string{"SESSION_BACKEND", "database"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg := fromEnv(t, append(c.variables, "ADMIN_SECRET_KEY", goodKey)...)
			cfg.DB = db
			first := open(t, cfg)
			if traits := first.Traits(); traits.Name != c.name || !traits.Shared {
				t.Errorf("traits: %+v", traits)
			}
			token, made, err := manager(t, first).Create(t.Context(), session.NewSession{UserID: c.what})
			if err != nil {
				t.Fatal(err)
			}
			second := open(t, cfg)
			if found, err := manager(t, second).Validate(t.Context(), token); err != nil || found.ID != made.ID {
				t.Errorf("the second node: %v, %v", found.ID, err)
			}
			if err := errors.Join(first.Close(), second.Close()); err != nil {
				t.Fatal(err)
			}
			if found, err := manager(t, open(t, cfg)).Validate(t.Context(), token); err != nil || found.ID != made.ID {
				t.Errorf("after a restart: %v, %v", found.ID, err)
			}
		})
	}
}

func TestPrefixIsDerivedFromTheKey(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{})
	host, port := split(t, redis.Addr)
	keys := func(cfg backend.Config) string {
		t.Helper()
		cfg.Kind, cfg.Redis.Host, cfg.Redis.Port = backend.Redis, host, port
		if _, err := redis.Do("FLUSHALL"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := manager(t, open(t, cfg)).Create(t.Context(), session.NewSession{UserID: "ann"}); err != nil {
			t.Fatal(err)
		}
		reply, err := redis.Do("KEYS", "*")
		if err != nil {
			t.Fatal(err)
		}
		found := reply.([]any)
		prefix := found[0].(string)
		prefix, _, _ = strings.Cut(prefix, "{")
		for _, key := range found {
			if !strings.HasPrefix(key.(string), prefix) {
				t.Errorf("keys of two prefixes: %q", found)
			}
		}
		return prefix
	}
	derived := regexp.MustCompile(`^crudadmin:[0-9a-f]{8}:`)
	one, other := keys(backend.Config{SecretKey: goodKey}), keys(backend.Config{SecretKey: config.Secret(goodKey + "x")})
	if !derived.MatchString(one) || !derived.MatchString(other) || one == other {
		t.Errorf("derived prefixes: %q and %q", one, other)
	}
	if again := keys(backend.Config{SecretKey: goodKey}); again != one {
		t.Errorf("the same key: %q, then %q", one, again)
	}
	if got := keys(backend.Config{SecretKey: goodKey, Prefix: "mine:"}); !strings.HasPrefix(got, "mine:") {
		t.Errorf("Prefix: %q", got)
	}
	if got := keys(backend.Config{Prefix: "mine:", Redis: redisstore.Config{Prefix: "own:"}}); !strings.HasPrefix(got, "own:") {
		t.Errorf("Redis.Prefix: %q", got)
	}
}

func TestOpenNamesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	store, err := backend.Open(t.Context(), backend.Config{
		Kind: backend.Redis, Fallback: backend.Database, SecretKey: "canary",
		Redis: redisstore.Config{Port: 70000, ConnectTimeout: -5 * time.Second, Username: "ann"},
	})
	if store != nil || err == nil {
		t.Fatal(store, err)
	}
	for _, want := range []string{"SecretKey: 6 bytes", "DB: nil", "Redis.Port: 70000, want 1 to 65535", "Redis.ConnectTimeout: -5s, want", "Redis.Password: empty"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
	for field, cfg := range map[string]backend.Config{
		"Kind: ":              {Kind: "file"},
		"Fallback: ":          {Kind: backend.Redis, Fallback: "file"},
		"Fallback: redis":     {Kind: backend.Redis, Fallback: backend.Redis},
		"Memcached.PoolSize:": {Kind: backend.Memcached, Memcached: memcachestore.Config{PoolSize: -1}},
		"Redis.Prefix:":       {Kind: backend.Redis, Prefix: "{}"},
		"TrackInDB: true":     {TrackInDB: true},
		"DB: nil":             {Kind: backend.Redis, TrackInDB: true},
		"Redis.NearCache: 1s": {Kind: backend.Redis, TrackInDB: true, Redis: redisstore.Config{NearCache: time.Second}},
		"Hybrid.MaxStale: 1s": {Kind: backend.Memcached, TrackInDB: true, Hybrid: hybridstore.Config{MaxStale: time.Second, PollInterval: time.Second}},
	} {
		if _, err := backend.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "\n"+field) {
			t.Errorf("%v: %v, want an error that names %q", cfg, err, field)
		}
	}
}

// nobody is an address at which nobody listens.
func nobody(t *testing.T) (host string, port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return split(t, listener.Addr().String())
}

// silent is an address that takes connections and never answers.
func silent(t *testing.T) (host string, port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return split(t, listener.Addr().String())
}

func TestUnavailableWithinTheConnectTimeout(t *testing.T) {
	t.Parallel()
	const timeout = 300 * time.Millisecond
	for what, address := range map[string]func(*testing.T) (string, int){"nobody listens": nobody, "nobody answers": silent} {
		host, port := address(t)
		for _, cfg := range []backend.Config{
			{Kind: backend.Redis, Redis: redisstore.Config{Host: host, Port: port, ConnectTimeout: timeout}},
			{Kind: backend.Memcached, Memcached: memcachestore.Config{Host: host, Port: port, ConnectTimeout: timeout}},
		} {
			began := time.Now()
			store, err := backend.Open(t.Context(), cfg)
			if took := time.Since(began); !errors.Is(err, session.ErrUnavailable) || store != nil || took > 5*time.Second { // half of the default
				t.Errorf("%s, %s: %v after %s, want ErrUnavailable within %s", cfg.Kind, what, err, took, timeout)
			}
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "no", "such", "folder", "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := backend.Open(t.Context(), backend.Config{Kind: backend.Database, DB: db}); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("a database that cannot be opened: %v, want ErrUnavailable", err)
	}
}

func TestFallback(t *testing.T) {
	t.Parallel()
	host, port := nobody(t)
	var log bytes.Buffer
	cfg := backend.Config{
		Kind: backend.Redis, Fallback: backend.Database, DB: adminDB(t),
		Redis:  redisstore.Config{Host: host, Port: port, Password: "canary"},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	store := open(t, cfg)
	traits := store.Traits()
	if traits.Name != "sqlite" || !strings.Contains(traits.Notes[0], "redis, did not answer at start: sqlite is used") {
		t.Errorf("traits: %+v", traits)
	}
	if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "wanted=redis used=database") || strings.Contains(text, "canary") {
		t.Errorf("log: %s", text)
	}
	if _, _, err := manager(t, store).Create(t.Context(), session.NewSession{UserID: "ann"}); err != nil {
		t.Error(err)
	}

	cfg.Fallback, cfg.Memcached = backend.Memcached, memcachestore.Config{Host: host, Port: port}
	if _, err := backend.Open(t.Context(), cfg); !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "memcache") || !strings.Contains(err.Error(), "redis") {
		t.Errorf("neither is there: %v", err)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cfg.Fallback = backend.Memory
	if store, err := backend.Open(ended, cfg); err == nil {
		t.Errorf("a caller that has gone got %s", store.Traits().Name)
	}
}

// A wrong password is a mistake to mend, not an outage.
func TestFallbackIsNotForWrongConfigurations(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{Password: "right"})
	host, port := split(t, redis.Addr)
	store, err := backend.Open(t.Context(), backend.Config{
		Kind: backend.Redis, Fallback: backend.Memory, Redis: redisstore.Config{Host: host, Port: port, Password: "canary"},
	})
	if store != nil || !errors.Is(err, session.ErrMisconfigured) || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v, %v", store, err)
	}
}

func TestOpenLogsWarnings(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cfg := fromEnv(t, "REDIS_HOST", "redis.example")
	cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	open(t, cfg)
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "REDIS_HOST: it is set") {
		t.Errorf("log: %s", &log)
	}
}
