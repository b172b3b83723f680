// The PostgreSQL that the tests run on.

package sqlstore

import (
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func init() {
	engines["postgresql"] = func(t testing.TB) engine {
		return engine{"pgx", testserver.SharedPostgres(t).URL()}
	}
}
