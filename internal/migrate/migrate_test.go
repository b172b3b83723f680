// Tests on real databases of each engine.

package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/migrate"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	_ "github.com/go-crudadmin/crudadmin/sqlite"
)

// start returns what opens one new database, again and again, as other processes would.
type start func(t testing.TB) (connect func() *sql.DB)

var engines = map[sqldb.Engine]start{
	sqldb.SQLite: func(t testing.TB) func() *sql.DB {
		return opener(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "admin.db"))
	},
	sqldb.PostgreSQL: func(t testing.TB) func() *sql.DB {
		return opener(t, "pgx", testserver.SharedPostgres(t).URL())
	},
	sqldb.MySQL: func(t testing.TB) func() *sql.DB {
		return opener(t, "mysql", testserver.SharedMariaDB(t).DSN())
	},
}

func opener(t testing.TB, driver, dsn string) func() *sql.DB {
	return func() *sql.DB {
		t.Helper()
		db, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

func each(t *testing.T, test func(t *testing.T, engine sqldb.Engine, connect func() *sql.DB)) {
	t.Helper()
	for engine, begin := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, engine, begin(t))
		})
	}
}

// files holds the migrations of one engine, version 1 first.
func files(engine sqldb.Engine, up ...string) fs.FS {
	all := fstest.MapFS{}
	for i, statements := range up {
		all[fmt.Sprintf("migrations/%s/%05d_x.sql", engine, i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statements)}
	}
	return all
}

const (
	one = "CREATE TABLE one (n INT);\nINSERT INTO one VALUES (1);\n" // would be there twice
	two = "CREATE TABLE two (n INT);\n"
)

func count(t *testing.T, db *sql.DB, from string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTenMigrateAtOnce(t *testing.T) {
	each(t, func(t *testing.T, engine sqldb.Engine, connect func() *sql.DB) {
		up := func(migrations fs.FS, table string) {
			t.Helper()
			var wg sync.WaitGroup
			var errs [10]error
			for i := range errs {
				db := connect()
				wg.Go(func() { errs[i] = migrate.Up(t.Context(), db, engine, migrations, table) })
			}
			wg.Wait()
			if err := errors.Join(errs[:]...); err != nil {
				t.Fatal(err)
			}
		}
		db := connect()
		up(files(engine, one), "x_version")
		if n := count(t, db, "one"); n != 1 {
			t.Errorf("the migration ran %d times", n)
		}
		up(files(engine, one, two), "x_version")
		if n := count(t, db, "one") + count(t, db, "two"); n != 1 {
			t.Errorf("%d rows after the second version, want 1", n)
		}
		up(files(engine, "CREATE TABLE three (n INT);\n"), "y_version")
		if x, y := count(t, db, "x_version WHERE version_id > 0"), count(t, db, "y_version WHERE version_id > 0"); x != 2 || y != 1 {
			t.Errorf("%d and %d versions recorded, want 2 and 1", x, y)
		}
	})
}

func TestFailedMigrationCanBeRunAgain(t *testing.T) {
	each(t, func(t *testing.T, engine sqldb.Engine, connect func() *sql.DB) {
		db := connect()
		if err := migrate.Up(t.Context(), db, engine, files(engine, one, two+"INSERT INTO nowhere VALUES (1);\n"), "x_version"); err == nil {
			t.Fatal("no error")
		}
		if n := count(t, db, "x_version WHERE version_id > 0"); n != 1 {
			t.Errorf("%d versions recorded, want the first", n)
		}
		again := two
		if engine == sqldb.MySQL { // has no transactions for it
			again = "CREATE TABLE IF NOT EXISTS two (n INT);\n"
		}
		// On another pool, which does not wait for a lock that the first one kept.
		if err := migrate.Up(t.Context(), connect(), engine, files(engine, one, again), "x_version"); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "one") + count(t, db, "two"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

// A process that keeps the lock makes others wait until their context ends, and no longer.
func TestWaitEndsWithTheContext(t *testing.T) {
	each(t, func(t *testing.T, engine sqldb.Engine, connect func() *sql.DB) {
		holder, err := connect().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = holder.Close() }()
		lock, unlock := locks[engine][0], locks[engine][1]
		if _, err := holder.ExecContext(t.Context(), lock); err != nil {
			t.Fatal(err)
		}
		db := connect()
		_ = testserver.ByDeadline(t, "Up", func(ctx context.Context) error {
			return migrate.Up(ctx, db, engine, files(engine, one), "x_version")
		}, func(err error) string {
			if !errors.Is(err, context.DeadlineExceeded) {
				return "want the deadline"
			}
			return ""
		})
		if _, err := holder.ExecContext(t.Context(), unlock); err != nil {
			t.Fatal(err)
		}
		if err := migrate.Up(t.Context(), db, engine, files(engine, one), "x_version"); err != nil {
			t.Fatal(err)
		}
	})
}

// locks take and give back what Up takes for x_version.
var locks = map[sqldb.Engine][2]string{
	sqldb.SQLite:     {"BEGIN IMMEDIATE", "ROLLBACK"},
	sqldb.PostgreSQL: {"SELECT pg_advisory_lock(-2617821987814426028)", "SELECT pg_advisory_unlock(-2617821987814426028)"},
	sqldb.MySQL: {
		"SELECT GET_LOCK(SHA1(CONCAT('x_version.', DATABASE())), 0)",
		"SELECT RELEASE_LOCK(SHA1(CONCAT('x_version.', DATABASE())))",
	},
}
