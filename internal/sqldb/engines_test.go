// Engines the tests run on.

package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	_ "github.com/go-crudadmin/crudadmin/sqlite"
)

// database is an empty database, opened as often as a test wants, as other programs would.
type database struct {
	engine      sqldb.Engine
	driver, dsn string
	more        string // begins the next parameter in dsn
}

var engines = map[sqldb.Engine]func(t *testing.T) database{
	sqldb.SQLite: func(t *testing.T) database {
		return database{sqldb.SQLite, "sqlite", "file:" + filepath.Join(t.TempDir(), "a.db") + "?_pragma=busy_timeout(0)", "&"}
	},
	sqldb.PostgreSQL: func(t *testing.T) database {
		return database{sqldb.PostgreSQL, "pgx", testserver.SharedPostgres(t).URL(), "&"}
	},
	sqldb.MySQL: func(t *testing.T) database {
		return database{sqldb.MySQL, "mysql", testserver.SharedMariaDB(t).DSN(), "?"}
	},
}

// each runs test on an empty database of each engine.
func each(t *testing.T, test func(t *testing.T, d database)) {
	t.Helper()
	for engine, start := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

// open opens the database with other parameters.
func (d database) open(t *testing.T, parameters string) *sqldb.DB {
	t.Helper()
	dsn := d.dsn
	if parameters != "" {
		dsn += d.more + parameters
	}
	db, err := sql.Open(d.driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &sqldb.DB{Pool: db, Engine: d.engine}
}

// connection is one connection.
func connection(t *testing.T, db *sqldb.DB) *sql.Conn {
	t.Helper()
	conn, err := db.Pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// must runs statements that succeed.
func must(t *testing.T, conn interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestDetect(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db := d.open(t, "")
		if got, version, err := sqldb.Detect(t.Context(), db.Pool); got != d.engine || !strings.Contains(version, ".") || err != nil {
			t.Errorf("Detect = %q, %q, %v", got, version, err)
		}
		_ = db.Pool.Close()
		got, _, err := sqldb.Detect(t.Context(), db.Pool)
		if err == nil || errors.Is(err, sqldb.ErrEngine) || sqldb.Engine("").Fault(err) != sqldb.Unsent {
			t.Errorf("closed: %q, %v; want an error that is Unsent", got, err)
		}
	})
}

func TestBind(t *testing.T) {
	const query = "SELECT ? WHERE a = ? AND b = 1"
	for engine, want := range map[sqldb.Engine]string{
		sqldb.SQLite: query, sqldb.MySQL: query, sqldb.PostgreSQL: "SELECT $1 WHERE a = $2 AND b = 1",
	} {
		if got := engine.Bind(query); got != want {
			t.Errorf("%s: %q, want %q", engine, got, want)
		}
	}
}
