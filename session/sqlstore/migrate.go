// Migrations: the tables, brought up to date by one process at a time.

package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// versionTable is this package's own, so that other migrations in the same
// database do not meet it.
const versionTable = "crudadmin_session_version"

// migrate applies the migrations that are missing. Each is applied under the
// lock that the dialect has for it, and nothing is looked at before the lock is
// held.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return fmt.Errorf("sqlstore: migrations: %w", err)
	}
	var version int64
	store, err := database.NewStore(s.dialect.goose, versionTable)
	if err != nil {
		return fmt.Errorf("sqlstore: migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectCustom, s.db, files,
		goose.WithStore(versions{store, s.dialect}),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithSessionLocker(s.dialect.migrate(&version)),
		goose.WithIsolateDDL(s.dialect.oneWriter), // the lock is the transaction
	)
	if err != nil {
		return fmt.Errorf("sqlstore: migrations: %w", err)
	}
	sources := provider.ListSources()
	if s.migrated(ctx, sources[len(sources)-1].Version) {
		return nil
	}
	for _, source := range sources {
		version = source.Version
		if _, err := provider.ApplyVersion(ctx, version, true); err != nil && !errors.Is(err, goose.ErrAlreadyApplied) {
			return s.failed("migrate", err)
		}
	}
	return nil
}

// migrated reports whether the newest migration is recorded: the usual case,
// which needs no lock and no right to write.
func (s *Store) migrated(ctx context.Context, newest int64) bool {
	var n int
	err := s.db.QueryRowContext(ctx, s.dialect.bind("SELECT count(*) FROM "+versionTable+" WHERE version_id = ?"), newest).Scan(&n)
	return err == nil && n > 0
}

// versions is goose's table of versions, except that it does not read the time
// in it: the MySQL driver returns it as a time only if its DSN says parseTime.
type versions struct {
	database.Store
	dialect *dialect
}

// GetMigration implements database.Store.
func (v versions) GetMigration(ctx context.Context, db database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	var found database.GetMigrationResult
	query := v.dialect.bind("SELECT is_applied FROM " + versionTable + " WHERE version_id = ?")
	err := db.QueryRowContext(ctx, query, version).Scan(&found.IsApplied)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", database.ErrVersionNotFound, version)
	}
	return &found, err
}

// TableExists implements database.StoreExtender.
func (v versions) TableExists(ctx context.Context, db database.DBTxConn) (bool, error) {
	if extended, ok := v.Store.(database.StoreExtender); ok {
		return extended.TableExists(ctx, db)
	}
	return false, errors.ErrUnsupported
}
