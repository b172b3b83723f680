// The contestants: every library on every store it has, on real servers.

package bench

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/pgxstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/boj/redistore"
	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	ourmemory "github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// options say how a contestant is set up.
type options struct {
	idle bool // scs: with an idle timeout; crudadmin always has one
	hash bool // scs: tokens hashed in the store
}

// poolSize is how many connections each contestant may open to a server.
const poolSize = 10

// entry is a contestant that can be made.
type entry struct {
	name, store string
	make        func(testing.TB, options) *contestant
}

func entries() []entry {
	return []entry{
		{"crudadmin", "memory", oursOnMemory},
		{"crudadmin", "Redis", oursOnRedis},
		{"crudadmin", "Memcached", oursOnMemcached},
		{"crudadmin", "SQLite", oursOnSQLite},
		{"crudadmin", "PostgreSQL", oursOnPostgres},
		{"crudadmin", "MariaDB", oursOnMariaDB},
		{"scs", "memory", scsOnMemory},
		{"scs", "Redis", scsOnRedis},
		{"scs", "SQLite", scsOnSQLite},
		{"scs", "PostgreSQL", scsOnPostgres},
		{"gorilla", "Redis", gorillaOnRedis},
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func our(t testing.TB, store session.Store) *contestant {
	t.Helper()
	t.Cleanup(func() { _ = store.Close() })
	return &contestant{name: "crudadmin", library: must[ours](t)(newOurs(store))}
}

func oursOnMemory(t testing.TB, _ options) *contestant {
	store := ourmemory.New(ourmemory.Config{})
	c := our(t, store)
	c.dump = func() string {
		page, err := store.List(context.Background(), session.Query{})
		return fmt.Sprintf("%+v %v", page, err)
	}
	return c
}

func oursOnRedis(t testing.TB, _ options) *contestant {
	server := testserver.Redis(t, testserver.RedisOptions{})
	c := our(t, must[*redisstore.Store](t)(redisstore.Open(t.Context(), redisstore.Config{URL: server.URL(), PoolSize: poolSize, Logger: discard()})))
	onRedis(t, c, server)
	return c
}

func oursOnMemcached(t testing.TB, _ options) *contestant {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	c := our(t, must[*memcachestore.Store](t)(memcachestore.Open(t.Context(), memcachestore.Config{Servers: []string{server.Addr}, PoolSize: poolSize, Logger: discard()})))
	keys := func() []string {
		conn := must[net.Conn](t)(net.Dial("tcp", server.Addr))
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprint(conn, "lru_crawler metadump all\r\n")
		var found []string
		for lines := bufio.NewScanner(conn); lines.Scan() && lines.Text() != "END"; {
			if key, isKey := strings.CutPrefix(strings.Fields(lines.Text())[0], "key="); isKey {
				found = append(found, key)
			}
		}
		return found
	}
	var before []string
	c.snap = func() { before = keys() }
	c.spoil = func() error {
		for _, key := range keys() {
			if !slices.Contains(before, key) {
				// The key is escaped in the dump and nowhere else.
				_, err := server.Do(fmt.Sprintf("set %s 0 0 7\r\ngarbage", unescape(key)))
				return err
			}
		}
		return errors.New("no new item")
	}
	c.dump = func() string {
		var all strings.Builder
		for _, key := range keys() {
			lines := must[[]string](t)(server.Do("get " + unescape(key)))
			all.WriteString(key + strings.Join(lines, "\n"))
		}
		return all.String()
	}
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

// onRedis lets the test look into and spoil what stands in the server.
func onRedis(t testing.TB, c *contestant, server *testserver.RedisServer) {
	t.Helper()
	admin := redis.NewClient(&redis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = admin.Close() })
	ctx := context.Background()
	var before []string
	keys := func() []string { return admin.Keys(ctx, "*").Val() }
	c.snap = func() { before = keys() }
	c.spoil = func() error {
		for _, key := range keys() {
			if !slices.Contains(before, key) && admin.Type(ctx, key).Val() == "string" {
				return admin.Set(ctx, key, "garbage", time.Hour).Err()
			}
		}
		return errors.New("no new record")
	}
	c.dump = func() string {
		var all strings.Builder
		for _, key := range keys() {
			all.WriteString(key + " " + admin.Get(ctx, key).Val() + "\n")
		}
		return all.String()
	}
	c.halt, c.thaw = server.Freeze, server.Thaw
}

func openSQLite(t testing.TB) *sql.DB {
	t.Helper()
	db := must[*sql.DB](t)(sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "sessions")))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func oursOnSQLite(t testing.TB, _ options) *contestant { return oursOnSQL(t, openSQLite(t)) }

func oursOnPostgres(t testing.TB, _ options) *contestant {
	server := testserver.Postgres(t)
	c := oursOnSQL(t, openSQL(t, "pgx", server.URL()))
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

func oursOnMariaDB(t testing.TB, _ options) *contestant {
	server := testserver.MariaDB(t)
	c := oursOnSQL(t, openSQL(t, "mysql", server.DSN()+"?interpolateParams=true"))
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

func openSQL(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open(driver, dsn))
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func oursOnSQL(t testing.TB, db *sql.DB) *contestant {
	t.Helper()
	c := our(t, must[*sqlstore.Store](t)(sqlstore.Open(t.Context(), db, sqlstore.Config{Logger: discard()})))
	c.snap = func() {}
	c.spoil = func() error {
		var at int64
		if err := db.QueryRow("SELECT max(created_at) FROM crudadmin_sessions").Scan(&at); err != nil {
			return err
		}
		_, err := db.Exec(fmt.Sprintf("UPDATE crudadmin_sessions SET ip = 'garbage' WHERE created_at = %d", at))
		return err
	}
	c.dump = func() string { return dumpSQL(t, db, "crudadmin_sessions") }
	return c
}

// dumpSQL returns a whole table as text.
func dumpSQL(t testing.TB, db *sql.DB, table string) string {
	t.Helper()
	rows := must[*sql.Rows](t)(db.Query("SELECT * FROM " + table))
	defer func() { _ = rows.Close() }()
	columns, _ := rows.Columns()
	var all strings.Builder
	for rows.Next() {
		row, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, field := range row {
			all.Write(field)
			all.WriteByte(' ')
		}
	}
	return all.String()
}

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
	server := testserver.Redis(t, testserver.RedisOptions{})
	client := redis.NewClient(&redis.Options{Addr: server.Addr, PoolSize: poolSize})
	t.Cleanup(func() { _ = client.Close() })
	c := scsOn(goredisstore.New(client), o)
	onRedis(t, c, server)
	return c
}

func scsOnSQLite(t testing.TB, o options) *contestant {
	db := openSQLite(t)
	scsTable(t, db, "BLOB", "REAL")
	c := scsOn(sqlite3store.NewWithCleanupInterval(db, 0), o)
	scsSQL(t, c, db)
	return c
}

func scsOnPostgres(t testing.TB, o options) *contestant {
	server := testserver.Postgres(t)
	db := openSQL(t, "pgx", server.URL())
	scsTable(t, db, "BYTEA", "TIMESTAMPTZ")
	config := must[*pgxpool.Config](t)(pgxpool.ParseConfig(server.URL()))
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

func gorillaOnRedis(t testing.TB, _ options) *contestant {
	server := testserver.Redis(t, testserver.RedisOptions{})
	store := must[*redistore.RediStore](t)(redistore.NewRediStore(poolSize, "tcp", server.Addr, "", "", secretKey[:32]))
	t.Cleanup(func() { _ = store.Close() })
	c := &contestant{name: "gorilla", library: gorilla{store}}
	onRedis(t, c, server)
	return c
}
