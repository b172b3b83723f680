// Package migrate brings the tables of a package up to date, on SQLite,
// PostgreSQL, MySQL and MariaDB, by one process at a time.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// Up applies the migrations that are missing: those in the folder
// migrations/ENGINE of files, in goose's format. Any number of processes may call
// it at once: one migrates, the others wait, as long as ctx lasts. With SQLite
// every connection must open the same file.
//
// A statement of several lines stands between goose's StatementBegin and StatementEnd. Outside them
// goose looks for the end of a statement in each line, with a buffer of 4 MB.
//
// table is where the versions are kept. Each package has its own, so that several share a database.
// On SQLite and PostgreSQL a migration that fails leaves nothing behind. On MySQL schema changes
// are not part of transactions: it must be safe to run every statement of a migration again.
func Up(ctx context.Context, db *sql.DB, engine sqldb.Engine, files fs.FS, table string) error {
	folder, err := fs.Sub(files, "migrations/"+string(engine))
	if err != nil {
		return err
	}
	own, err := newVersions(engine, table)
	if err != nil {
		return err
	}
	lock := own.lock()
	provider, err := goose.NewProvider(goose.DialectCustom, db, folder,
		goose.WithStore(own),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithSessionLocker(lock),
		goose.WithIsolateDDL(engine != sqldb.MySQL), // the lock of the others is the transaction
	)
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	// The newest is there: the usual case, which needs no lock and no right to write.
	if done, err := own.recorded(ctx, db, sources[len(sources)-1].Version); err == nil && done {
		return nil
	}
	// One by one, because goose's own way looks at the versions before it takes the lock.
	for _, source := range sources {
		lock.version = source.Version
		if _, err := provider.ApplyVersion(ctx, source.Version, true); err != nil && !errors.Is(err, goose.ErrAlreadyApplied) {
			return errors.Join(own.refused, err)
		}
	}
	return nil
}

// versions is goose's table of versions, except that it does not read the time
// in it: the MySQL driver returns it as a time only if its DSN says parseTime.
type versions struct {
	database.Store
	engine sqldb.Engine
	query  string // of the entries of a version

	// refused is the first error of making the table. goose tries again, and in PostgreSQL's
	// transaction the second error hides the first.
	refused error
}

// CreateVersionTable implements database.Store.
func (v *versions) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	err := v.Store.CreateVersionTable(ctx, db)
	if v.refused == nil {
		v.refused = err
	}
	return err
}

func newVersions(engine sqldb.Engine, table string) (*versions, error) {
	dialect := map[sqldb.Engine]goose.Dialect{
		sqldb.SQLite: goose.DialectSQLite3, sqldb.PostgreSQL: goose.DialectPostgres, sqldb.MySQL: goose.DialectMySQL,
	}[engine]
	store, err := database.NewStore(dialect, table)
	if err != nil {
		return nil, err
	}
	return &versions{Store: store, engine: engine, query: engine.Bind("SELECT is_applied FROM " + table + " WHERE version_id = ?")}, nil
}

// GetMigration implements database.Store.
func (v *versions) GetMigration(ctx context.Context, db database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	var found database.GetMigrationResult
	err := db.QueryRowContext(ctx, v.query, version).Scan(&found.IsApplied)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", database.ErrVersionNotFound, version)
	}
	return &found, err
}

// TableExists implements database.StoreExtender.
func (v *versions) TableExists(ctx context.Context, db database.DBTxConn) (bool, error) {
	if extended, ok := v.Store.(database.StoreExtender); ok {
		return extended.TableExists(ctx, db)
	}
	return false, errors.ErrUnsupported
}

// recorded reports whether the version was applied.
func (v *versions) recorded(ctx context.Context, db database.DBTxConn, version int64) (bool, error) {
	found, err := v.GetMigration(ctx, db, version)
	if errors.Is(err, database.ErrVersionNotFound) {
		return false, nil
	}
	return err == nil && found.IsApplied, err
}
