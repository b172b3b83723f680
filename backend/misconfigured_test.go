// Tests that what can never do is told, and not replaced by another store.

package backend_test

import (
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// connectTo opens a database for sessions as a program would.
func connectTo(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// misconfigured are servers and configurations that can never do what sessions need, of each kind
// that has them.
func misconfigured(t *testing.T) map[string]backend.Config {
	t.Helper()
	all := map[string]backend.Config{}
	redis := func(name string, s *testserver.RedisServer, change func(*redisstore.Config)) {
		host, port := split(t, s.Addr)
		c := redisstore.Config{Host: host, Port: port}
		change(&c)
		all["redis, "+name] = backend.Config{Kind: backend.Redis, Redis: c}
	}
	same := func(*redisstore.Config) {}
	closed, plain := testserver.Redis(t, testserver.RedisOptions{Password: "right"}), testserver.Redis(t, testserver.RedisOptions{})
	redis("a wrong password", closed, func(c *redisstore.Config) { c.Password = "canary" })
	redis("no password", closed, same)
	redis("a database that it does not have", plain, func(c *redisstore.Config) { c.DB = 99 })
	for user, rights := range map[string][]string{"narrow": {"~other:*", "+@all"}, "unread": {"~*", "+@all", "-getex"}, "unscripted": {"~*", "+@all", "-eval", "-evalsha"}} {
		if _, err := plain.Do(append([]string{"ACL", "SETUSER", user, "on", ">pw"}, rights...)...); err != nil {
			t.Fatal(err)
		}
		redis("a right is missing: "+user, plain, func(c *redisstore.Config) { c.Username, c.Password = user, "pw" })
	}
	redis("an old release", testserver.Redis(t, testserver.RedisOptions{Config: []string{`rename-command GETEX ""`}}), same)
	host, port, _ := strings.Cut(plain.Addr, ":")
	redis("a replica", testserver.Redis(t, testserver.RedisOptions{Config: []string{"replicaof " + host + " " + port, "replica-serve-stale-data yes"}}), same)

	memcached := func(name string, s *testserver.MemcachedServer, change func(*memcachestore.Config)) {
		c := memcachestore.Config{Servers: []string{s.Addr}}
		change(&c)
		all["memcached, "+name] = backend.Config{Kind: backend.Memcached, Memcached: c}
	}
	asked := testserver.Memcached(t, testserver.MemcachedOptions{Username: "ann", Password: "right"})
	memcached("a wrong password", asked, func(c *memcachestore.Config) { c.Username, c.Password = "ann", "canary" })
	memcached("no password", asked, func(*memcachestore.Config) {})
	memcached("a password that nobody asks for", testserver.Memcached(t, testserver.MemcachedOptions{}), func(c *memcachestore.Config) { c.Username, c.Password = "ann", "canary" })
	memcached("no CAS", testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-C"}}), func(*memcachestore.Config) {})

	database := func(name string, db *sql.DB) {
		all["database, "+name] = backend.Config{Kind: backend.Database, DB: db}
	}
	path := filepath.Join(t.TempDir(), "a.db")
	made := connectTo(t, "sqlite", "file:"+path)
	if _, err := made.ExecContext(t.Context(), "CREATE TABLE x (y)"); err != nil {
		t.Fatal(err)
	}
	database("SQLite, read-only", connectTo(t, "sqlite", "file:"+path+"?mode=ro"))
	postgres, mariadb := testserver.SharedPostgres(t), testserver.SharedMariaDB(t)
	database("PostgreSQL, read-only", connectTo(t, "pgx", postgres.URL()+"&default_transaction_read_only=on"))
	database("PostgreSQL, no schema", connectTo(t, "pgx", postgres.URL()+"&search_path=nowhere"))
	database("PostgreSQL, LATIN1", connectTo(t, "pgx", postgres.URL()+"&client_encoding=LATIN1"))
	nowhere, err := url.Parse(postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	nowhere.Path = "/nowhere"
	database("PostgreSQL, no such database", connectTo(t, "pgx", nowhere.String()))
	nowhere.Path, nowhere.User = "/"+postgres.Database, url.UserPassword("nobody", "canary")
	database("PostgreSQL, no such user", connectTo(t, "pgx", nowhere.String()))
	for name, change := range map[string]func(*mysql.Config){
		"no such database": func(c *mysql.Config) { c.DBName = "nowhere" },
		"no database":      func(c *mysql.Config) { c.DBName = "" },
		"a wrong password": func(c *mysql.Config) { c.Passwd = "canary" },
		"no such user":     func(c *mysql.Config) { c.User, c.Passwd = "nobody", "canary" },
	} {
		parsed, err := mysql.ParseDSN(mariadb.DSN())
		if err != nil {
			t.Fatal(err)
		}
		change(parsed)
		database("MariaDB, "+name, connectTo(t, "mysql", parsed.FormatDSN()))
	}
	database("MariaDB, latin1", connectTo(t, "mysql", mariadb.DSN()+"?charset=latin1"))
	database("MariaDB, no autocommit", connectTo(t, "mysql", mariadb.DSN()+"?autocommit=0"))
	return all
}

// A server that can never do what the sessions need refuses to start, whatever the Fallback is, and
// also as the cache in front of a database: it is a mistake to mend, and another store would hide
// it until everybody is signed out.
func TestNothingMisconfiguredIsReplaced(t *testing.T) {
	t.Parallel()
	tried := 0
	for name, cfg := range misconfigured(t) {
		for _, instead := range []backend.Kind{"", backend.Memory, backend.Database} {
			for _, tracked := range []bool{false, true} {
				if cfg.Kind == backend.Database && (instead == backend.Database || tracked) {
					continue
				}
				with := cfg
				with.Fallback, with.TrackInDB = instead, tracked
				if with.DB == nil {
					with.DB = adminDB(t)
				}
				tried++
				store, err := backend.Open(t.Context(), with)
				if store != nil || !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s, fallback %q, tracked %v: %v, %v; want ErrMisconfigured alone", name, instead, tracked, store, err)
				}
				if store != nil {
					_ = store.Close()
				}
			}
		}
	}
	t.Logf("%d configurations were refused", tried)
}
