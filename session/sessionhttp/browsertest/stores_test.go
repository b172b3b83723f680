// The model on every store: 400 interleavings in memory and 20 on each other; in the long form
// 10,000 and 200, also on the hybrid stores that differ from another in their cache alone; with
// -soak ten times and more as many.

package browsertest

import (
	"context"
	"database/sql"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
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
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

var (
	soak          = flag.Bool("soak", false, "run the long form: 100,000 interleavings in memory, 20,000 on Redis and Memcached, 2,000 on each other store")
	interleavings = flag.Int("interleavings", 0, "how many interleavings to run on each store, instead of the usual number")
	firstSeed     = flag.Uint64("seed", 1, "the seed of the first interleaving; with -interleavings=1 it replays one")
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	testserver.StopShared()
	os.Exit(code)
}

var quiet = slog.New(slog.DiscardHandler)

// subject is a store that the model runs on.
type subject struct {
	name             string
	open             func(t testing.TB, now func() time.Time) session.Store
	short, long, all int // interleavings; without short ones, the long form alone has it; all with -soak
}

var subjects = []subject{
	{name: "memory", open: inMemory, short: 400, long: 10_000, all: 100_000},
	{name: "redis", open: onRedis, short: 20, long: 200, all: 20_000},
	{name: "memcached", open: onMemcached, short: 20, long: 200, all: 20_000},
	{name: "sqlite", open: on(sqliteFile), short: 20, long: 200, all: 2000},
	{name: "postgresql", open: on(postgres), short: 20, long: 200, all: 2000},
	{name: "mariadb", open: on(mariadb), short: 20, long: 200, all: 2000},
	{name: "redis and postgresql", open: hybrid(redisCache, postgres), short: 20, long: 200, all: 2000},
	{name: "memcached and postgresql", open: hybrid(memcachedCache, postgres), long: 200, all: 2000},
	{name: "memory and sqlite", open: hybrid(memoryCache, sqliteFile), long: 200, all: 2000},
}

func TestModel(t *testing.T) { model(t, false) }

func TestModelLong(t *testing.T) {
	testserver.LongForm(t)
	model(t, true)
}

func model(t *testing.T, long bool) {
	t.Helper()
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			n := s.short
			switch {
			case *interleavings > 0:
				n = *interleavings
			case *soak:
				n = s.all
			case long:
				n = s.long
			}
			if n == 0 {
				t.Skip("it differs from another in its cache: the long form has it")
			}
			Run(t, Model{Open: s.open, Interleavings: n, Seed: *firstSeed})
		})
	}
}

func inMemory(_ testing.TB, now func() time.Time) session.Store {
	return memstore.New(memstore.Config{Now: now})
}

// opened closes a store, or what stands for one, with the test.
func opened[S interface{ Close() error }](t testing.TB, s S, err error) S {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func onRedis(t testing.TB, now func() time.Time) session.Store {
	server, prefix := testserver.SharedRedis(t)
	s, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, Now: now, Logger: quiet})
	return opened(t, s, err)
}

func onMemcached(t testing.TB, now func() time.Time) session.Store {
	server, prefix := testserver.SharedMemcached(t)
	s, err := memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{server.Addr}, Prefix: prefix, Now: now, Logger: quiet})
	return opened(t, s, err)
}

func on(database func(testing.TB) *sql.DB) func(testing.TB, func() time.Time) session.Store {
	return func(t testing.TB, now func() time.Time) session.Store {
		s, err := sqlstore.Open(t.Context(), database(t), sqlstore.Config{Now: now, Logger: quiet})
		return opened(t, s, err)
	}
}

func hybrid(cache func(testing.TB) hybridstore.Cache, database func(testing.TB) *sql.DB) func(testing.TB, func() time.Time) session.Store {
	return func(t testing.TB, now func() time.Time) session.Store {
		cfg := hybridstore.Config{Now: now, Logger: quiet, PollInterval: 20 * time.Millisecond, FlushInterval: 20 * time.Millisecond}
		truth, err := sqlstore.Open(t.Context(), database(t), sqlstore.Config{Changes: true, Grace: cfg.Grace(), Now: now, Logger: quiet})
		opened(t, truth, err)
		s, err := hybridstore.New(truth, cache(t), cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- s.Traits().Background(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Errorf("the loop: %v", err)
			}
		})
		return s
	}
}

func sqliteFile(t testing.TB) *sql.DB {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "admin.db"))
	return opened(t, db, err)
}

func postgres(t testing.TB) *sql.DB {
	db, err := sql.Open("pgx", testserver.SharedPostgres(t).URL())
	return opened(t, db, err)
}

func mariadb(t testing.TB) *sql.DB {
	db, err := sql.Open("mysql", testserver.SharedMariaDB(t).DSN()+"?interpolateParams=true")
	return opened(t, db, err)
}

func redisCache(t testing.TB) hybridstore.Cache {
	server, prefix := testserver.SharedRedis(t)
	c, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, Logger: quiet})
	return opened(t, c, err).Cache()
}

func memcachedCache(t testing.TB) hybridstore.Cache {
	server, prefix := testserver.SharedMemcached(t)
	c, err := memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{server.Addr}, Prefix: prefix, Logger: quiet})
	return opened(t, c, err).Cache()
}

func memoryCache(t testing.TB) hybridstore.Cache {
	c, err := memstore.NewCache(memstore.CacheConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
