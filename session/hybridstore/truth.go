// Truth: what the store asks of the database.

package hybridstore

import (
	"context"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Truth is a store in a database that numbers its changes. Beyond the contract of
// session.Store:
//
//   - Whatever ends a session before it expires, or changes its metadata, takes
//     the next number of a log in the same transaction: without gaps, in the order
//     in which the changes become visible, with a random mark.
//   - Delete and DeleteUser ask once more where nobody knows what became of the first attempt:
//     only the database can tell what that has done. The store does not ask again.
//   - Sweep leaves alone what has expired for Traits.SweepGrace, at least
//     Config.Grace, and until then TouchLate finds it.
type Truth interface {
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
