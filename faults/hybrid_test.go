// Hybrid: a cache before a database, each of which may fail.

package faults

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// maxStale is short, so that what waits for it does not take long.
const maxStale = 500 * time.Millisecond

// otherVariable tells processes where the half is that does not fail.
const otherVariable = "FAULTS_OTHER_HALF"

// hybrid puts a cache before a database.
func hybrid(t testing.TB, truth *sqlstore.Store, cache hybridstore.Cache, now func() time.Time) *hybridstore.Store {
	return must[*hybridstore.Store](t)(hybridstore.New(truth, cache, hybridstore.Config{
		Now: now, Logger: quiet, MaxStale: maxStale, PollInterval: 50 * time.Millisecond, FlushInterval: 50 * time.Millisecond,
	}))
}

func redisCache(t testing.TB, addr string) hybridstore.Cache {
	s := must[*redisstore.Store](t)(redisstore.Open(context.Background(), redisstore.Config{
		URL: config.Secret("redis://" + addr), Lazy: true, Logger: quiet,
	}))
	t.Cleanup(func() { _ = s.Close() })
	return s.Cache()
}

func memcachedCache(t testing.TB, addr string) hybridstore.Cache {
	s := must[*memcachestore.Store](t)(memcachestore.Open(context.Background(), memcachestore.Config{
		Servers: []string{addr}, Lazy: true, Logger: quiet,
	}))
	t.Cleanup(func() { _ = s.Close() })
	return s.Cache()
}

// otherHalf is the address that Start has set, or that the environment tells.
func otherHalf(set string) string {
	if set != "" {
		return set
	}
	return os.Getenv(otherVariable)
}

// hybridCache is a cache before SQLite; the cache fails.
func hybridCache(name string, start func(testing.TB) Server, cache func(testing.TB, string) hybridstore.Cache) Subject {
	var path string
	return Subject{
		Name: name, Keeps: true, Serves: true, Long: *long,
		Start: func(t testing.TB) Server {
			path = filepath.Join(t.TempDir(), "admin.db")
			s := start(t)
			s.Env = []string{otherVariable + "=" + path}
			return s
		},
		Open: func(t testing.TB, addr string, now func() time.Time) session.Store {
			db := must[*sql.DB](t)(sqlite.Open(context.Background(), otherHalf(path)))
			t.Cleanup(func() { _ = db.Close() })
			return hybrid(t, sqlStore(t, db, now, true), cache(t, addr), now)
		},
		Poison: poisonSQL("sqlite", func() string { return "file:" + path + "?_pragma=busy_timeout(5000)" }),
	}
}

func hybridRedis() Subject {
	return hybridCache("hybrid: cache (redis)", func(t testing.TB) Server {
		return redisServer(t, testserver.Redis(t, testserver.RedisOptions{}))
	}, redisCache)
}

func hybridMemcached() Subject {
	s := hybridCache("hybrid: cache (memcached)", func(t testing.TB) Server {
		return memcachedServer(testserver.Memcached(t, testserver.MemcachedOptions{}))
	}, memcachedCache)
	s.Reasons = map[string]string{"restarted with old contents": keepsNothing}
	return s
}

// hybridDatabase is Redis before PostgreSQL; PostgreSQL fails.
func hybridDatabase() Subject {
	var cache string
	var p *testserver.PostgresServer
	return Subject{
		Name: "hybrid: database (postgresql)", Keeps: true, Decisive: "COMMIT\x00", Long: *long,
		Start: func(t testing.TB) Server {
			cache = testserver.Redis(t, testserver.RedisOptions{}).Addr
			p = testserver.Postgres(t)
			return Server{
				Addr: p.Addr, Kill: p.Kill, Freeze: p.Freeze, Thaw: p.Thaw, Restart: p.Restart,
				Env: []string{otherVariable + "=" + cache},
			}
		},
		Open: func(t testing.TB, addr string, now func() time.Time) session.Store {
			db := must[*sql.DB](t)(sql.Open("pgx", postgresDSN(addr)))
			db.SetMaxOpenConns(pool)
			db.SetMaxIdleConns(pool)
			t.Cleanup(func() { _ = db.Close() })
			return hybrid(t, sqlStore(t, db, now, true), redisCache(t, otherHalf(cache)), now)
		},
		Poison: poisonSQL("pgx", func() string { return postgresDSN(p.Addr) }),
	}
}
