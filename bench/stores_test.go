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
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	ourmemory "github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// options say how a contestant is set up.
type options struct {
	idle  bool     // scs: with an idle timeout; crudadmin always has one
	hash  bool     // scs: tokens hashed in the store
	alone bool     // on a server of its own also where starting one takes long
	count *counter // counts round trips
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
		{"crudadmin", "Redis + PostgreSQL", oursOnHybrid},
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

// redisServer is one as Redis comes: without a log of its writes.
func redisServer(t testing.TB) *testserver.RedisServer {
	return testserver.Redis(t, testserver.RedisOptions{Config: []string{"appendonly no"}})
}

// openRedis opens a store of ours on the server.
func openRedis(t testing.TB, server *testserver.RedisServer, o options) *redisstore.Store {
	return must[*redisstore.Store](t)(redisstore.Open(t.Context(), redisstore.Config{
		URL: config.Secret("redis://" + o.count.address(t, server.Addr)), PoolSize: poolSize, Logger: discard(),
	}))
}

func oursOnRedis(t testing.TB, o options) *contestant {
	server := redisServer(t)
	c := our(t, openRedis(t, server, o))
	onRedis(t, c, server)
	return c
}

func oursOnMemcached(t testing.TB, o options) *contestant {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	c := our(t, must[*memcachestore.Store](t)(memcachestore.Open(t.Context(), memcachestore.Config{
		Servers: []string{o.count.address(t, server.Addr)}, PoolSize: poolSize, Logger: discard(),
	})))
	keys := func() []string { return memcachedKeys(t, server) }
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

// memcachedKeys lists all keys, escaped as the server does.
func memcachedKeys(t testing.TB, server *testserver.MemcachedServer) []string {
	t.Helper()
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

// openSQLite opens a file as package sqlite does, through a driver that counts if
// something is to be counted.
func openSQLite(t testing.TB, path string, o options) *sql.DB {
	t.Helper()
	db := must[*sql.DB](t)(sqlite.Open(t.Context(), path))
	t.Cleanup(func() { _ = db.Close() })
	if o.count == nil {
		return db
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_txlock=immediate&_busy_timeout=10000&_foreign_keys=on&_synchronous=FULL"}
	return countSQL(t, db, dsn.String(), o.count)
}

// countSQL opens the database once more, and counts its statements.
func countSQL(t testing.TB, db *sql.DB, dsn string, c *counter) *sql.DB {
	counted := sql.OpenDB(connector{db.Driver(), dsn, c})
	counted.SetMaxOpenConns(4)
	counted.SetMaxIdleConns(4)
	t.Cleanup(func() { _ = counted.Close() })
	return counted
}

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions") }

func oursOnSQLite(t testing.TB, o options) *contestant {
	return oursOnSQL(t, openSQLite(t, newFile(t), o), sqlstore.Config{})
}

// postgres returns a server and its address, through a counter if there is one.
func postgres(t testing.TB, o options) (*testserver.PostgresServer, string) {
	t.Helper()
	server := testserver.SharedPostgres
	if o.alone {
		server = testserver.Postgres
	}
	s := server(t)
	return s, strings.Replace(s.URL(), s.Addr, o.count.address(t, s.Addr), 1)
}

func oursOnPostgres(t testing.TB, o options) *contestant {
	server, url := postgres(t, o)
	c := oursOnSQL(t, openSQL(t, "pgx", url), sqlstore.Config{})
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

func oursOnMariaDB(t testing.TB, o options) *contestant {
	start := testserver.SharedMariaDB
	if o.alone {
		start = testserver.MariaDB
	}
	server := start(t)
	c := oursOnSQL(t, openSQL(t, "mysql", server.DSN()+"?interpolateParams=true"), sqlstore.Config{})
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

// oursOnHybrid is Redis in front of PostgreSQL. What is frozen and spoilt is the
// database: the cache is not the truth. It forgets what is spoilt, which it could
// still answer from.
func oursOnHybrid(t testing.TB, o options) *contestant {
	t.Helper()
	server, url := postgres(t, o)
	db := openSQL(t, "pgx", url)
	cfg := hybridstore.Config{Logger: discard()}
	if o.count != nil { // so that it reads the log of changes when it must, and not in between
		cfg.PollInterval, cfg.MaxStale = 20*time.Second, time.Minute
	}
	cache := redisServer(t)
	store := openHybrid(t, openRedis(t, cache, o), db, cfg)
	c := our(t, store)
	spoilable(t, c, db)
	spoil := c.spoil
	c.spoil = func() error {
		_, err := cache.Do("FLUSHALL")
		return errors.Join(spoil(), err)
	}
	c.halt, c.thaw = server.Freeze, server.Thaw
	return c
}

// openHybrid runs a store that follows the changes in the database.
func openHybrid(t testing.TB, cache *redisstore.Store, db *sql.DB, cfg hybridstore.Config) *hybridstore.Store {
	t.Helper()
	truth := must[*sqlstore.Store](t)(sqlstore.Open(t.Context(), db, sqlstore.Config{Changes: true, Logger: discard()}))
	store := must[*hybridstore.Store](t)(hybridstore.New(truth, cache.Cache(), cfg))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- store.Traits().Background(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		_, _ = truth.Close(), cache.Close()
	})
	for range 1000 {
		if store.Health().Following {
			return store
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("the store does not follow its database")
	return nil
}

func openSQL(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db := must[*sql.DB](t)(sql.Open(driver, dsn))
	db.SetMaxOpenConns(poolSize)
	db.SetMaxIdleConns(poolSize)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func oursOnSQL(t testing.TB, db *sql.DB, cfg sqlstore.Config) *contestant {
	t.Helper()
	cfg.Logger = discard()
	c := our(t, must[*sqlstore.Store](t)(sqlstore.Open(t.Context(), db, cfg)))
	spoilable(t, c, db)
	return c
}

// spoilable lets the test look into and spoil what stands in our table.
func spoilable(t testing.TB, c *contestant, db *sql.DB) {
	t.Helper()
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
