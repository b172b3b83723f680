// The stores that histories are recorded on: a server each, two handles.

package histories

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

var quiet = slog.New(slog.DiscardHandler)

// open makes one more handle on a store's records, as another process would.
type open func(t testing.TB, now func() time.Time) session.Store

// harness opens a fresh namespace, then two handles on it.
func harness(fresh func(t testing.TB) open) sessiontest.Harness {
	var spaces sync.Map
	return sessiontest.Harness{
		Open: func(t testing.TB, now func() time.Time) session.Store {
			handle := fresh(t)
			s := handle(t, now)
			spaces.Store(s, handle)
			return s
		},
		Second: func(t testing.TB, first session.Store, now func() time.Time) session.Store {
			handle, _ := spaces.Load(first)
			return handle.(open)(t, now)
		},
	}
}

// must ends the test if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func closing[S session.Store](t testing.TB, s S, err error) S {
	t.Helper()
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// memory is one store: no other process sees it.
func memory(testing.TB) open {
	var once sync.Once
	var s session.Store
	return func(_ testing.TB, now func() time.Time) session.Store {
		once.Do(func() { s = memstore.New(memstore.Config{Now: now}) })
		return s
	}
}

var prefixes atomic.Int64

// nearCache is the bound of Redis's near cache in these tests.
const nearCache = 500 * time.Millisecond

func redis(server *testserver.RedisServer, near time.Duration) func(testing.TB) open {
	return func(testing.TB) open {
		prefix := fmt.Sprintf("h%d:", prefixes.Add(1))
		return func(t testing.TB, now func() time.Time) session.Store {
			s, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, NearCache: near, Now: now, Logger: quiet})
			return closing(t, s, err)
		}
	}
}

func memcached(server *testserver.MemcachedServer) func(testing.TB) open {
	return func(testing.TB) open {
		prefix := fmt.Sprintf("h%d:", prefixes.Add(1))
		return func(t testing.TB, now func() time.Time) session.Store {
			s, err := memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{server.Addr}, Prefix: prefix, Now: now, Logger: quiet})
			return closing(t, s, err)
		}
	}
}

// connect opens a pool of connections as a process has one.
func connect(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	must(t, err)
	db.SetMaxOpenConns(6)
	db.SetMaxIdleConns(6)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// pool opens a database once more.
type pool func(t testing.TB) *sql.DB

func sqliteFile(t testing.TB) pool {
	path := filepath.Join(t.TempDir(), "admin.db")
	return func(t testing.TB) *sql.DB {
		t.Helper()
		db, err := sqlite.Open(context.Background(), path)
		must(t, err)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

func postgres(server func(testing.TB) *testserver.PostgresServer) func(testing.TB) pool {
	return func(t testing.TB) pool {
		url := server(t).URL()
		return func(t testing.TB) *sql.DB { return connect(t, "pgx", url) }
	}
}

func mariadb(server func(testing.TB) *testserver.MariaDBServer) func(testing.TB) pool {
	return func(t testing.TB) pool {
		dsn := server(t).DSN() + "?interpolateParams=true"
		return func(t testing.TB) *sql.DB { return connect(t, "mysql", dsn) }
	}
}

func database(fresh func(testing.TB) pool) func(testing.TB) open {
	return func(t testing.TB) open {
		db := fresh(t)
		return func(t testing.TB, now func() time.Time) session.Store {
			s, err := sqlstore.Open(t.Context(), db(t), sqlstore.Config{Now: now, Logger: quiet})
			return closing(t, s, err)
		}
	}
}

// maxStale is the hybrid's in these tests: a busy machine reads the log in this time.
const maxStale = time.Second

// hybrid is a cache in front of a database, its loop running.
func hybrid(fresh func(testing.TB) pool, cache func(t testing.TB, prefix string) hybridstore.Cache) func(testing.TB) open {
	return func(t testing.TB) open {
		db, prefix := fresh(t), fmt.Sprintf("h%d:", prefixes.Add(1))
		return func(t testing.TB, now func() time.Time) session.Store {
			cfg := hybridstore.Config{
				Now: now, Logger: quiet, MaxStale: maxStale, PollInterval: 100 * time.Millisecond, FlushInterval: 50 * time.Millisecond,
			}
			truth, err := sqlstore.Open(t.Context(), db(t), sqlstore.Config{Changes: true, Grace: cfg.Grace(), Now: now, Logger: quiet})
			closing(t, truth, err)
			s, err := hybridstore.New(truth, cache(t, prefix), cfg)
			must(t, err)
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- s.Traits().Background(ctx) }()
			t.Cleanup(func() {
				stop()
				if err := <-ended; err != nil {
					t.Errorf("the loop: %v", err)
				}
			})
			for until := time.Now().Add(time.Minute); !s.Health().Following; <-time.After(2 * time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("the node does not follow the log within a minute")
				}
			}
			return s
		}
	}
}

func redisCache(server *testserver.RedisServer) func(testing.TB, string) hybridstore.Cache {
	return func(t testing.TB, prefix string) hybridstore.Cache {
		s, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, Logger: quiet})
		return closing(t, s, err).Cache()
	}
}

func memcachedCache(server *testserver.MemcachedServer) func(testing.TB, string) hybridstore.Cache {
	return func(t testing.TB, prefix string) hybridstore.Cache {
		s, err := memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{server.Addr}, Prefix: prefix, Logger: quiet})
		return closing(t, s, err).Cache()
	}
}
