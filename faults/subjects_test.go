// Subjects: the stores of this module on real servers.

package faults

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func init() { // connections that break are what is tested
	if err := mysql.SetLogger(&mysql.NopLogger{}); err != nil {
		panic(err)
	}
}

// subjects are the columns of the table.
func subjects() []Subject {
	return []Subject{memory(), sqliteFile(), redis(), memcached(), postgresql(), mariadb(), hybridRedis(), hybridMemcached(), hybridDatabase()}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func memory() Subject {
	return Subject{
		Name: "memory",
		Open: func(t testing.TB, _ string, now func() time.Time) session.Store {
			s := memstore.New(memstore.Config{Now: now})
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
		NoServer: "no server: the store is this process",
		Long:     *long,
	}
}

func redis() Subject {
	var r *testserver.RedisServer
	return Subject{
		Name: "redis", Keeps: true, Decisive: "EVALSHA", Long: *long,
		Start: func(t testing.TB) Server {
			r = testserver.Redis(t, testserver.RedisOptions{})
			info := must[any](t)(r.Do("INFO", "server")).(string)
			_, info, _ = strings.Cut(info, "redis_version:")
			info, _, _ = strings.Cut(info, "\r\n")
			version("Redis", info)
			return redisServer(t, r)
		},
		Open:   openRedis,
		Poison: poisonRedis(&r),
	}
}

func redisServer(t testing.TB, r *testserver.RedisServer) Server {
	return Server{
		Addr: r.Addr, Kill: r.Kill, Freeze: r.Freeze, Thaw: r.Thaw,
		Restart:  func() { r.Restart(false) },
		Empty:    func() { r.Restart(true) },
		Snapshot: func() func() { return snapshotRedis(t, r) },
	}
}

func openRedis(t testing.TB, addr string, now func() time.Time) session.Store {
	s := must[*redisstore.Store](t)(redisstore.Open(context.Background(), redisstore.Config{
		URL: config.Secret("redis://" + addr), Now: now, Logger: quiet,
	}))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// snapshotRedis copies the log of writes, and returns what puts it back.
func snapshotRedis(t testing.TB, r *testserver.RedisServer) (rewind func()) {
	reply := must[any](t)(r.Do("CONFIG", "GET", "dir")).([]any)
	log := filepath.Join(reply[1].(string), "appendonlydir")
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(log)); err != nil {
		t.Fatal(err)
	}
	return func() {
		r.Kill()
		if err := os.RemoveAll(log); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(log, os.DirFS(copied)); err != nil {
			t.Fatal(err)
		}
		r.Restart(false)
	}
}

func memcached() Subject {
	var m *testserver.MemcachedServer
	return Subject{
		Name: "memcached", Decisive: "cas ", Long: *long,
		Start: func(t testing.TB) Server {
			m = testserver.Memcached(t, testserver.MemcachedOptions{})
			version("Memcached", strings.TrimPrefix(must[[]string](t)(m.Do("version"))[0], "VERSION "))
			return memcachedServer(m)
		},
		Open:    openMemcached,
		Poison:  poisonMemcached(&m),
		Reasons: map[string]string{"restarted with old contents": keepsNothing},
	}
}

const keepsNothing = "it keeps nothing that could come back"

func memcachedServer(m *testserver.MemcachedServer) Server {
	return Server{Addr: m.Addr, Kill: m.Kill, Freeze: m.Freeze, Thaw: m.Thaw, Restart: m.Restart, Empty: m.Restart}
}

func openMemcached(t testing.TB, addr string, now func() time.Time) session.Store {
	s := must[*memcachestore.Store](t)(memcachestore.Open(context.Background(), memcachestore.Config{
		Servers: []string{addr}, Now: now, Logger: quiet,
	}))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// pool is how many connections a database of the tests may have.
const pool = 8

// openSQL opens the store in a database.
func openSQL(t testing.TB, driver, dsn string, now func() time.Time) session.Store {
	db := must[*sql.DB](t)(sql.Open(driver, dsn))
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	t.Cleanup(func() { _ = db.Close() })
	return sqlStore(t, db, now, false)
}

func sqlStore(t testing.TB, db *sql.DB, now func() time.Time, changes bool) *sqlstore.Store {
	s := must[*sqlstore.Store](t)(sqlstore.Open(context.Background(), db, sqlstore.Config{Now: now, Logger: quiet, Changes: changes}))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// postgresDSN is that of a server, or of a database on it: host:port/name.
func postgresDSN(addr string) string {
	if !strings.Contains(addr, "/") {
		addr += "/postgres"
	}
	return "postgres://postgres@" + addr + "?sslmode=disable"
}

func mariaDSN(addr string) string {
	return "app:secret@tcp(" + addr + ")/test?interpolateParams=true"
}

func postgresql() Subject {
	var p *testserver.PostgresServer
	return Subject{
		Name: "postgresql", Keeps: true, Decisive: "COMMIT\x00", Long: *long,
		Start: func(t testing.TB) Server {
			p = testserver.Postgres(t)
			version("PostgreSQL", versionSQL(t, "pgx", postgresDSN(p.Addr), "SHOW server_version"))
			return Server{Addr: p.Addr, Kill: p.Kill, Freeze: p.Freeze, Thaw: p.Thaw, Restart: p.Restart}
		},
		Open: func(t testing.TB, addr string, now func() time.Time) session.Store {
			return openSQL(t, "pgx", postgresDSN(addr), now)
		},
		Poison: poisonSQL("pgx", func() string { return postgresDSN(p.Addr) }),
	}
}

func mariadb() Subject {
	var m *testserver.MariaDBServer
	return Subject{
		Name: "mariadb", Keeps: true, Decisive: "\x03COMMIT", Long: *long,
		Start: func(t testing.TB) Server {
			m = testserver.MariaDB(t)
			version("MariaDB", versionSQL(t, "mysql", mariaDSN(m.Addr), "SELECT version()"))
			return Server{Addr: m.Addr, Kill: m.Kill, Freeze: m.Freeze, Thaw: m.Thaw, Restart: m.Restart}
		},
		Open: func(t testing.TB, addr string, now func() time.Time) session.Store {
			return openSQL(t, "mysql", mariaDSN(addr), now)
		},
		Poison: poisonSQL("mysql", func() string { return mariaDSN(m.Addr) }),
	}
}

func sqliteFile() Subject {
	var path string
	return Subject{
		Name: "sqlite", Long: *long, Keeps: true,
		NoServer: "no server: the store is a file",
		Start: func(t testing.TB) Server {
			path = filepath.Join(t.TempDir(), "admin.db")
			db := must[*sql.DB](t)(sqlite.Open(context.Background(), path))
			defer db.Close()
			var text string
			if err := db.QueryRow("SELECT sqlite_version()").Scan(&text); err != nil {
				t.Fatal(err)
			}
			version("SQLite", text)
			return Server{Addr: path}
		},
		Open: func(t testing.TB, addr string, now func() time.Time) session.Store {
			db := must[*sql.DB](t)(sqlite.Open(context.Background(), addr))
			t.Cleanup(func() { _ = db.Close() })
			return sqlStore(t, db, now, false)
		},
		Poison: poisonSQL("sqlite", func() string { return "file:" + path + "?_pragma=busy_timeout(5000)" }),
	}
}

// versionSQL asks a database for its version.
func versionSQL(t testing.TB, driver, dsn, question string) (text string) {
	db := must[*sql.DB](t)(sql.Open(driver, dsn))
	defer db.Close()
	if err := db.QueryRow(question).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}
