// Engines the tests run on.

package account_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// database is a pool, and how to make another one of the same database, as another process would.
type database struct {
	*sql.DB
	engine  sqldb.Engine
	connect func(testing.TB) database
}

// start makes an empty database.
type start func(testing.TB) database

var engines = map[string]start{
	"sqlite": newSQLite,
	"postgresql": func(t testing.TB) database {
		return connect(t, sqldb.PostgreSQL, "pgx", testserver.SharedPostgres(t).URL())
	},
	"mariadb": func(t testing.TB) database {
		return connect(t, sqldb.MySQL, "mysql", testserver.SharedMariaDB(t).DSN())
	},
	longEngine: func(t testing.TB) database {
		return connect(t, sqldb.MySQL, "mysql", testserver.SharedMariaDB(t).DSN()+"?interpolateParams=true&clientFoundRows=true&parseTime=true")
	},
}

func newSQLite(t testing.TB) database {
	path := filepath.Join(t.TempDir(), "admin.db")
	return pool(t, sqldb.SQLite, func(t testing.TB) (*sql.DB, error) { return sqlite.Open(t.Context(), path) })
}

func connect(t testing.TB, engine sqldb.Engine, driver, dsn string) database {
	return pool(t, engine, func(testing.TB) (*sql.DB, error) { return sql.Open(driver, dsn) })
}

func pool(t testing.TB, engine sqldb.Engine, opened func(testing.TB) (*sql.DB, error)) database {
	t.Helper()
	db, err := opened(t)
	if err != nil {
		t.Fatal(err)
	}
	if engine != sqldb.SQLite {
		db.SetMaxOpenConns(8)
		db.SetMaxIdleConns(8)
	}
	t.Cleanup(func() { _ = db.Close() })
	return database{db, engine, func(t testing.TB) database { return pool(t, engine, opened) }}
}

// longEngine is another way to connect to MariaDB, left to `make test-long`.
const longEngine = "mariadb, other settings"

// each runs test on each engine.
func each(t *testing.T, test func(t *testing.T, empty start)) {
	t.Helper()
	for name, empty := range engines {
		if name == longEngine && !testserver.Long() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, empty)
		})
	}
}
