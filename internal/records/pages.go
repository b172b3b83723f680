// Pages: what the handlers need, and no request carries.

package records

import (
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/session"
)

// Pages are the pages of the application's records. The zero value lacks Spools.
type Pages struct {
	// Manager is that of the panel's sessions, through which nodes agree on forms that are sent
	// once.
	Manager *session.Manager

	// Now is the clock.
	Now func() time.Time

	// Spools is where exports wait until browsers have taken them.
	Spools *spool.Room

	// Pace is how fast a browser must take an export; [ExportPace] unless set.
	Pace frame.Pace

	once once
}

// ExportPace cuts an export of 100 MB after an hour at the latest.
var ExportPace = frame.Pace{Grace: 30 * time.Second, Rate: 32 << 10}
