// Inspect: what an administrators' database holds, without opening it for work.

package account

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// Inspection is what an administrators' database holds.
type Inspection struct {
	Made       bool // the table of accounts is there
	Accounts   int
	Superusers int // that are enabled
}

// Inspect reads what an administrators' database holds. It changes nothing: unlike Open it makes no
// table. An engine that Open does not take is an error.
func Inspect(ctx context.Context, db *sql.DB) (Inspection, error) {
	var i Inspection
	engine, _, err := sqldb.Detect(ctx, db)
	if err == nil {
		err = db.QueryRowContext(ctx, usersTable[engine]).Scan(&i.Made)
	}
	if err == nil && i.Made {
		err = db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(CASE WHEN NOT disabled AND role = 'superuser' THEN 1 ELSE 0 END), 0)
			FROM crudadmin_users`).Scan(&i.Accounts, &i.Superusers)
	}
	if err != nil {
		return Inspection{}, fmt.Errorf("account: inspect: %w", err)
	}
	return i, nil
}

// usersTable asks whether the table of accounts is there.
var usersTable = map[sqldb.Engine]string{
	sqldb.SQLite:     "SELECT count(*) > 0 FROM sqlite_master WHERE name = 'crudadmin_users'",
	sqldb.PostgreSQL: "SELECT to_regclass('crudadmin_users') IS NOT NULL",
	sqldb.MySQL:      "SELECT count(*) > 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'crudadmin_users'",
}
