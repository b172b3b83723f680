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

// migrate applies what is missing. In SQLite each migration is one transaction that starts with the write lock, so
// that of several processes one applies it and the others find it done, and a failure leaves nothing of it behind.
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
	lock := &sqliteLock{}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithIsolateDDL(true), // no transactions of goose's own inside ours
		goose.WithSessionLocker(lock),
	)
	if err != nil {
		return fmt.Errorf("account: migrations: %w", err)
	}
	// One by one, because Up makes the version table before it takes the lock.
	for _, source := range provider.ListSources() {
		lock.version = source.Version
		if _, err := provider.ApplyVersion(ctx, source.Version, true); err != nil && !errors.Is(err, goose.ErrAlreadyApplied) {
			return unavailable("migrate", err)
		}
	}
	return nil
}

// sqliteLock makes goose's run of one version one SQLite transaction.
type sqliteLock struct{ version int64 }

// SessionLock takes the write lock; the pool's busy timeout says how long to wait for it.
func (*sqliteLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

// SessionUnlock commits when the version is recorded, which goose does last, and rolls back when it failed.
func (l *sqliteLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	var applied bool
	err := conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM "+versionTable+" WHERE version_id = ?", l.version).Scan(&applied)
	if err == nil && applied {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil || !applied {
		_, undo := conn.ExecContext(ctx, "ROLLBACK")
		err = errors.Join(err, undo)
	}
	return err
}
