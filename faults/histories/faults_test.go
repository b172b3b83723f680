// The stores by name, what each promises, and what can befall its server.

package histories

import (
	"context"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
)

// backend is a store under test.
type backend struct {
	name  string
	rules Rules
	lanes int // that keep two cores busy, in the long form

	// quiet opens fresh namespaces; nothing befalls the servers.
	quiet func(t testing.TB) func(testing.TB) open

	// hurt starts servers for this test alone and returns how to open a namespace
	// on them, and what can befall them. It may be nil.
	hurt func(t testing.TB) (func(testing.TB) open, []fault)

	heavy bool // its servers take seconds to start
}

// fault is something that befalls a server.
type fault struct {
	name string
	do   func(w *Watch)

	// lag is how long nodes may not know what ended, since the cache lost what it
	// had confirmed: MaxStale after the commit is what can be promised then.
	lag time.Duration
}

// oneMoment is the promise of stores that read a user's page in one step.
var oneMoment = Rules{Snapshot: true}

// inFront is the promise of a cache in front of a database.
var inFront = Rules{Snapshot: true, Regular: true, UpdateLag: maxStale, Untold: func(s session.Store) uint64 {
	if planted, ok := s.(*wrong); ok {
		s = planted.Store
	}
	if real, ok := s.(*hybridstore.Store); ok {
		return real.Health().Untold
	}
	return 0
}}

func backends() []backend {
	postgresql, mysql := postgres(testserver.SharedPostgres), mariadb(testserver.SharedMariaDB)
	return []backend{
		{"memory", oneMoment, 2, func(testing.TB) func(testing.TB) open { return memory }, nil, false},
		{"redis", Rules{}, 3, func(t testing.TB) func(testing.TB) open { return redis(ownRedis(t), 0) }, hurtRedis, false},
		{"redis, near cache", Rules{Regular: true, Lag: nearCache}, 3, func(t testing.TB) func(testing.TB) open { return redis(ownRedis(t), nearCache) }, nil, false},
		{"memcached", oneMoment, 3, func(t testing.TB) func(testing.TB) open { return memcached(ownMemcached(t)) }, hurtMemcached, false},
		{"sqlite", oneMoment, 6, func(testing.TB) func(testing.TB) open { return database(sqliteFile) }, hurtSQLite, false},
		{"postgresql", oneMoment, 8, func(testing.TB) func(testing.TB) open { return database(postgresql) }, hurtPostgres, true},
		{"mariadb", oneMoment, 8, func(testing.TB) func(testing.TB) open { return database(mysql) }, hurtMariaDB, true},
		{"hybrid redis+sqlite", inFront, 6, func(t testing.TB) func(testing.TB) open { return hybrid(sqliteFile, redisCache(ownRedis(t))) }, hurtRedisBeforeSQLite, false},
		{"hybrid redis+postgresql", inFront, 6, func(t testing.TB) func(testing.TB) open {
			return hybrid(postgresql, redisCache(ownRedis(t)))
		}, hurtRedisBeforePostgres, true},
		{"hybrid memcached+sqlite", inFront, 6, func(t testing.TB) func(testing.TB) open {
			return hybrid(sqliteFile, memcachedCache(ownMemcached(t)))
		}, hurtMemcachedBeforeSQLite, false},
		{"hybrid memcached+mariadb", inFront, 6, func(t testing.TB) func(testing.TB) open {
			return hybrid(mysql, memcachedCache(ownMemcached(t)))
		}, nil, true},
	}
}

func ownRedis(t testing.TB) *testserver.RedisServer {
	return testserver.Redis(t, testserver.RedisOptions{})
}

func ownMemcached(t testing.TB) *testserver.MemcachedServer {
	return testserver.Memcached(t, testserver.MemcachedOptions{})
}

// frozen stops a server until some calls have come to nothing.
func frozen(server interface {
	Freeze()
	Thaw()
}) func(*Watch) {
	return func(w *Watch) {
		w.Calls(100)
		server.Freeze()
		w.Failures(3)
		server.Thaw()
	}
}

// killed ends a server that keeps what was acknowledged, and starts it again after
// some calls have come to nothing.
func killed(kill, restart func()) func(*Watch) {
	return func(w *Watch) {
		w.Calls(100)
		kill()
		w.Failures(10)
		restart()
	}
}

func hurtRedis(t testing.TB) (func(testing.TB) open, []fault) {
	server := ownRedis(t)
	return redis(server, 0), []fault{
		{name: "frozen", do: frozen(server)},
		{name: "killed", do: killed(server.Kill, func() { server.Restart(false) })},
		{name: "restarted empty", do: func(w *Watch) { w.Calls(150); w.Lost(func() { server.Restart(true) }) }},
		{name: "emptied by FLUSHALL", do: func(w *Watch) { w.Calls(150); w.Lost(func() { flush(t, server) }) }},
	}
}

func flush(t testing.TB, server *testserver.RedisServer) {
	if _, err := server.Do("FLUSHALL"); err != nil {
		t.Errorf("FLUSHALL: %v", err)
	}
}

func hurtMemcached(t testing.TB) (func(testing.TB) open, []fault) {
	server := ownMemcached(t)
	return memcached(server), []fault{
		{name: "frozen", do: frozen(server)},
		{name: "restarted empty", do: func(w *Watch) { w.Calls(150); w.Lost(server.Restart) }},
	}
}

func hurtSQLite(t testing.TB) (func(testing.TB) open, []fault) {
	file := sqliteFile(t)
	return database(func(testing.TB) pool { return file }), []fault{{name: "locked by another process", do: func(w *Watch) {
		w.Calls(100)
		conn, err := file(t).Conn(context.Background())
		if err == nil {
			_, err = conn.ExecContext(context.Background(), "BEGIN EXCLUSIVE")
		}
		if err != nil {
			t.Errorf("lock the file: %v", err)
			return
		}
		w.Failures(3)
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Errorf("unlock the file: %v", err)
		}
		_ = conn.Close()
	}}}
}

func hurtPostgres(t testing.TB) (func(testing.TB) open, []fault) {
	server := testserver.Postgres(t)
	one := func(testing.TB) *testserver.PostgresServer { return server }
	return database(postgres(one)), []fault{
		{name: "frozen", do: frozen(server)},
		{name: "killed", do: killed(server.Kill, server.Restart)},
	}
}

func hurtMariaDB(t testing.TB) (func(testing.TB) open, []fault) {
	server := testserver.MariaDB(t)
	one := func(testing.TB) *testserver.MariaDBServer { return server }
	return database(mariadb(one)), []fault{
		{name: "frozen", do: frozen(server)},
		{name: "killed", do: killed(server.Kill, server.Restart)},
	}
}

// Redis as a cache may lose anything, and nothing of it may show.
func hurtRedisCache(t testing.TB, server *testserver.RedisServer) []fault {
	return []fault{
		{name: "cache frozen", do: func(w *Watch) { w.Calls(100); server.Freeze(); w.Calls(60); server.Thaw() }},
		{name: "cache killed", do: func(w *Watch) { w.Calls(100); server.Kill(); w.Calls(60); server.Restart(false) }},
		{name: "cache restarted empty", do: func(w *Watch) { w.Calls(150); server.Restart(true) }},
		{name: "cache emptied by FLUSHALL", do: func(w *Watch) { w.Calls(150); flush(t, server); w.Calls(100); flush(t, server) }},
		{name: "cache back with old contents", lag: maxStale, do: func(w *Watch) {
			w.Calls(100)
			old := contents(t, server)
			w.Calls(150)
			flush(t, server)
			for key, value := range old {
				if _, err := server.Do("RESTORE", key, "60000", value, "REPLACE"); err != nil {
					t.Errorf("RESTORE: %v", err)
				}
			}
		}},
	}
}

// contents returns every value of a Redis server in the form that RESTORE takes.
func contents(t testing.TB, server *testserver.RedisServer) map[string]string {
	all := map[string]string{}
	keys, err := server.Do("KEYS", "*")
	if err != nil {
		t.Errorf("KEYS: %v", err)
		return nil
	}
	for _, key := range keys.([]any) {
		if value, err := server.Do("DUMP", key.(string)); err == nil { // else it has expired
			all[key.(string)] = value.(string)
		}
	}
	return all
}

func hurtRedisBeforeSQLite(t testing.TB) (func(testing.TB) open, []fault) {
	cache := ownRedis(t)
	return hybrid(sqliteFile, redisCache(cache)), hurtRedisCache(t, cache)
}

func hurtRedisBeforePostgres(t testing.TB) (func(testing.TB) open, []fault) {
	cache, server := ownRedis(t), testserver.Postgres(t)
	one := func(testing.TB) *testserver.PostgresServer { return server }
	return hybrid(postgres(one), redisCache(cache)), append(hurtRedisCache(t, cache),
		fault{name: "database frozen", do: frozen(server)},
		fault{name: "database killed", do: killed(server.Kill, server.Restart)})
}

func hurtMemcachedBeforeSQLite(t testing.TB) (func(testing.TB) open, []fault) {
	cache := ownMemcached(t)
	return hybrid(sqliteFile, memcachedCache(cache)), []fault{
		{name: "cache frozen", do: func(w *Watch) { w.Calls(100); cache.Freeze(); w.Calls(60); cache.Thaw() }},
		{name: "cache restarted empty", do: func(w *Watch) { w.Calls(100); cache.Kill(); w.Calls(60); cache.Restart() }},
	}
}

// hurtTimeout bounds calls while something befalls the server.
const hurtTimeout = 1500 * time.Millisecond
