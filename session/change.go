// Changes: entries of the log that some stores keep of what ends or changes sessions.

package session

// Change is one entry of a store's log of changes, for those who keep copies of sessions. Entries
// are numbered without gaps, in the order in which the changes become visible: what an entry stands
// for is committed, and so is all that has a lower number.
type Change struct {
	// Seq is the number of the entry.
	Seq int64

	// Mark is random, so that logs that went apart can be told apart: after a backup was restored,
	// the same numbers have other marks.
	Mark int64

	// ID is the session's. It is zero in the first entry of a log, which stands for no change.
	ID ID

	// Final says that the session ended, and that its ID finds nothing any more, not even a
	// successor. Otherwise its metadata changed, or a successor took its place.
	Final bool
}
