// Pages: what the handlers need, and no request carries.

package home

import (
	"database/sql"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/session"
)

// Pages are the dashboard and the answers about health.
type Pages struct {
	source    *data.Source
	adminDB   *sql.DB
	manager   *session.Manager
	now       func() time.Time
	adminPing chan struct{} // one place
}

// New returns the pages: source is the application's data as it is, adminDB the administrators'
// database.
func New(source *data.Source, adminDB *sql.DB, manager *session.Manager, now func() time.Time) *Pages {
	return &Pages{source: source, adminDB: adminDB, manager: manager, now: now, adminPing: make(chan struct{}, 1)}
}
