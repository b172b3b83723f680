// Migrations: which dialect the database speaks, and its tables brought up to date.

package account

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

// versionTable is this package's own, so that other migrations in the same database do not meet it.
const versionTable = "crudadmin_account_version"

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate applies what is missing. In SQLite all of it is one transaction that starts with the write lock, so
// that of several processes one applies and the others find it done, and a failure leaves nothing behind.
func migrate(ctx context.Context, db *sql.DB) error {
	if err := db.PingContext(ctx); err != nil {
		return unavailable("open", err)
	}
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		if down := db.PingContext(ctx); down != nil {
			return unavailable("open", down)
		}
		return fmt.Errorf("account: the admin database is not SQLite, the only one supported so far: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithIsolateDDL(true), // no transactions of goose's own inside ours
		goose.WithSessionLocker(sqliteLock{}),
	)
	if err != nil {
		return fmt.Errorf("account: migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return unavailable("migrate", err)
	}
	return nil
}

// sqliteLock makes one goose run one SQLite transaction.
type sqliteLock struct{}

// SessionLock takes the write lock; the pool's busy timeout says how long to wait for it.
func (sqliteLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

// SessionUnlock commits when the newest migration is recorded, and rolls everything back when one failed.
func (sqliteLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	done, err := complete(ctx, conn)
	if done && err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if !done || err != nil {
		_, undo := conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, undo)
	}
	return nil
}

// complete reports whether the recorded version is that of the newest migration file, or newer.
func complete(ctx context.Context, conn *sql.Conn) (bool, error) {
	files, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	if err != nil {
		return false, err
	}
	newest, err := goose.NumericComponent(files[len(files)-1])
	if err != nil {
		return false, err
	}
	var at int64
	err = conn.QueryRowContext(ctx, "SELECT max(version_id) FROM "+versionTable).Scan(&at)
	return at >= newest, err
}
