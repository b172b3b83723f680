// Migrations: the tables, brought up to date by one process at a time.

package sqlstore

import (
	"context"
	"embed"

	"github.com/go-crudadmin/crudadmin/internal/migrate"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// versionTable is this package's own, so that other migrations in the same
// database do not meet it.
const versionTable = "crudadmin_session_version"

// migrate applies the migrations that are missing.
func (s *Store) migrate(ctx context.Context) error {
	if err := migrate.Up(ctx, s.db.Pool, s.db.Engine, migrations, versionTable); err != nil {
		return s.wrap("migrate", err)
	}
	return nil
}
