// Migrations: which engine the database is, and its tables brought up to date.

package account

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/migrate"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// versionTable is this package's own, so that other migrations in the same database do not meet it.
const versionTable = "crudadmin_account_version"

//go:embed migrations/*/*.sql
var migrations embed.FS

// prepare finds out which engine db is and applies the migrations that are missing.
func prepare(ctx context.Context, db *sql.DB) (*sqldb.DB, error) {
	engine, _, err := sqldb.Detect(ctx, db)
	if errors.Is(err, sqldb.ErrEngine) {
		return nil, fmt.Errorf("account: the admin database cannot be used: %w", err)
	}
	if err != nil {
		return nil, unavailable("open", err)
	}
	if err := migrate.Up(ctx, db, engine, migrations, versionTable); err != nil {
		return nil, unavailable("migrate", err)
	}
	return &sqldb.DB{Pool: db, Engine: engine}, nil
}
