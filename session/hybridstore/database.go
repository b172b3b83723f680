// Database: the methods that the store needs of the database.

package hybridstore

import (
	"context"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Database is a store in a database that numbers its changes. Beyond the contract of
// session.Store:
//
//   - Whatever ends a session before it expires, or changes its metadata, takes
//     the next number of a log in the same transaction: without gaps, in the order
//     in which the changes become visible, with a random mark.
//   - Delete and DeleteUser try once more if the outcome of the first attempt is unknown: only the
//     database can tell what the first one has done. hybridstore does not try again.
//   - Sweep leaves expired sessions alone for Traits.SweepGrace, which is at least Config.Grace,
//     and until then TouchLate finds them.
type Database interface {
	session.Store

	// TouchLate is TouchAll for activity that was seen some time ago: it also takes
	// that of a session which has expired since, unless Sweep, or a Delete, a
	// DeleteUser or a Create under a limit that named it or its user, met it first.
	// What had expired when it was seen is absent.
	TouchLate(ctx context.Context, seen []session.Seen) (absent []session.ID, err error)

	// Changes returns the entries of the log from the number from on, that one included, in order
	// and at most most of them; from 0 stands for the newest. The log is never empty. It also
	// returns the database's time.
	Changes(ctx context.Context, from int64, most int) (changes []session.Change, now time.Time, err error)
}
