// The peers on their stores.

package bench

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/boj/redistore"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

func scsOn(store scs.Store, o options) *contestant {
	idle := time.Duration(0)
	if o.idle {
		idle = 30 * time.Minute
	}
	s := newSCS(store, idle)
	s.HashTokenInStore = o.hash
	return &contestant{name: "scs", library: s}
}

func scsOnMemory(t testing.TB, o options) *contestant {
	store := memstore.NewWithCleanupInterval(0)
	c := scsOn(store, o)
	var before map[string][]byte
	c.snap = func() { before = must[map[string][]byte](t)(store.All()) }
	c.spoil = func() error {
		for token := range must[map[string][]byte](t)(store.All()) {
			if _, old := before[token]; !old {
				return store.Commit(token, []byte("garbage"), time.Now().Add(time.Hour))
			}
		}
		return errors.New("no new record")
	}
	c.dump = func() string { return fmt.Sprintf("%s", must[map[string][]byte](t)(store.All())) }
	return c
}

func scsOnRedis(t testing.TB, o options) *contestant {
	server := redisServer(t)
	client := redis.NewClient(&redis.Options{Addr: o.count.address(t, server.Addr), PoolSize: poolSize})
	t.Cleanup(func() { _ = client.Close() })
	c := scsOn(goredisstore.New(client), o)
	onRedis(t, c, server)
	return c
}

func scsOnSQLite(t testing.TB, o options) *contestant {
	db := openSQLite(t, newFile(t), o)
	scsTable(t, db, "BLOB", "REAL")
	c := scsOn(sqlite3store.NewWithCleanupInterval(db, 0), o)
	scsSQL(t, c, db)
	return c
}

func scsOnPostgres(t testing.TB, o options) *contestant {
	server, url := postgres(t, o)
	db := openSQL(t, "pgx", server.URL())
	scsTable(t, db, "BYTEA", "TIMESTAMPTZ")
	config := must[*pgxpool.Config](t)(pgxpool.ParseConfig(url))
	config.MaxConns = poolSize
	pool := must[*pgxpool.Pool](t)(pgxpool.NewWithConfig(t.Context(), config))
	t.Cleanup(pool.Close)
	c := scsOn(pgxstore.NewWithCleanupInterval(pool, 0), o)
	scsSQL(t, c, db)
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

func scsTable(t testing.TB, db *sql.DB, bytes, number string) {
	t.Helper()
	for _, statement := range []string{
		"CREATE TABLE sessions (token TEXT PRIMARY KEY, data " + bytes + " NOT NULL, expiry " + number + " NOT NULL)",
		"CREATE INDEX sessions_expiry_idx ON sessions (expiry)",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func scsSQL(t testing.TB, c *contestant, db *sql.DB) {
	t.Helper()
	c.snap = func() {
		// There are no two users with equal data: the newest is not among these.
		_, err := db.Exec("CREATE TABLE before AS SELECT token FROM sessions")
		if err != nil {
			t.Fatal(err)
		}
	}
	c.spoil = func() error {
		_, err := db.Exec("UPDATE sessions SET data = 'garbage' WHERE token NOT IN (SELECT token FROM before)")
		return err
	}
	c.dump = func() string { return dumpSQL(t, db, "sessions") }
}

func gorillaOnRedis(t testing.TB, o options) *contestant {
	server := redisServer(t)
	store := must[*redistore.RediStore](t)(redistore.NewRediStore(poolSize, "tcp", o.count.address(t, server.Addr), "", "", []byte(secretKey[:32])))
	t.Cleanup(func() { _ = store.Close() })
	c := &contestant{name: "gorilla", library: gorilla{store}}
	onRedis(t, c, server)
	return c
}
