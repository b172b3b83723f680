// Store: the contract between the manager and the stores. Every sentence here has its case in
// package sessiontest.

package session

import (
	"context"
	"time"
)

// Store keeps sessions. It is one interface on purpose: a store says in its [Traits] what it cannot
// do, so that wrapping a store loses nothing and a program learns it at the start.
//
// Rules that hold for every method:
//
//   - A session at or past ExpiresAt or Deadline is absent, by the store's clock,
//     whatever the server's own expiry says.
//   - Nothing is ever inserted except by Create, Rotate and Restore. Touch, Update and Rotate of an
//     absent session return ErrNotFound: a session that has ended stays ended.
//   - A method that cannot reach its server returns an error that matches ErrUnavailable; a write
//     whose outcome is unknown matches ErrIndeterminate. Such an error is returned by the context's
//     deadline plus 50 ms.
//   - A record that cannot be decoded ends that one session, with a logged
//     warning. A record of a newer format is ErrUnavailable and is left alone;
//     but DeleteUser, an eviction and its own expiry may end it.
//   - A write is visible to every process that shares the store from the moment the method has
//     returned.
//
// A Store is safe for use by many goroutines. Its constructor starts none.
type Store interface {
	// Create inserts s under a, in one step: the user's live sessions are counted, and if there is
	// no place, either the oldest (by CreatedAt, then ID) are ended with ReasonLimitReached and
	// their IDs returned, or nothing is done and the error is ErrLimit. Expired sessions take no
	// place. An anonymous session has no limit. The evicted are dead when Create returns. An ID
	// that is already there is ErrConflict. After any error but ErrIndeterminate there is no
	// session, no index entry and no session was evicted.
	Create(ctx context.Context, s Session, a Admission) (evicted []ID, err error)

	// Get returns the live session. An ID replaced by Rotate finds its successor
	// until the successor's PreviousUntil: the Session returned then has another
	// ID, and the one asked for as Previous.
	Get(ctx context.Context, id ID) (Session, error)

	// Update replaces the metadata of a live session if its Version is still
	// version, and raises the Version by one; else ErrConflict.
	Update(ctx context.Context, id ID, version uint64, m Metadata) error

	// Touch moves LastActivity and ExpiresAt of a live session forward, never
	// back, and ExpiresAt never past Deadline. If seen.PreviousUntil is set and the
	// session is Unused, its PreviousUntil becomes that; of one that was used it
	// stays.
	Touch(ctx context.Context, seen Seen) error

	// TouchAll touches many at once, at most MaxBatch, and returns those that
	// were absent.
	TouchAll(ctx context.Context, seen []Seen) (absent []ID, err error)

	// Rotate puts next in the place of old, in one step: exactly one caller
	// succeeds. Both IDs have the same tag. The old session must be live and at
	// next.Version, else ErrNotFound or ErrConflict; an old that was already
	// replaced is ErrConflict while its grace lasts. If next.Previous is old, Get
	// and Delete of old reach next until next.PreviousUntil; else old is absent at
	// once. If next.Previous is the Previous of old, next takes the place of a
	// successor that nobody has used: that ID reaches next then, and an old that is
	// not Unused is ErrConflict, as is any other next.Previous. An older ID finds
	// nothing any more.
	Rotate(ctx context.Context, old ID, next Session) error

	// Restore inserts a live session as it is, with no limit: for moving sessions
	// from one store to another. ErrConflict if the ID is live, or ended where
	// Traits say History; ErrNotFound if s has expired. A grace does not move along.
	Restore(ctx context.Context, s Session) error

	// Delete ends the session and returns it as it was; ErrNotFound if it was absent. Of many
	// callers exactly one gets the session. An ID in its grace ends its successor. A *PartialError
	// says that the session has ended for good, but that other processes may answer valid for at
	// most Traits.MaxStale; the session comes with it if this call ended it.
	Delete(ctx context.Context, id ID, why Ending) (Session, error)

	// DeleteUser ends all sessions that the user has at one moment, and returns how many live ones
	// ended. Sessions stay whose ID is in keep, or whose Previous is while it finds them. A session
	// created after that moment lives. A *PartialError, which is returned together with the number,
	// means what it means for Delete.
	DeleteUser(ctx context.Context, user User, why Ending, keep ...ID) (int, error)

	// List returns a page of sessions, newest first (by CreatedAt, then ID).
	// ErrUnsupported where Traits say so, ErrMalformed for a bad cursor.
	List(ctx context.Context, q Query) (Page, error)

	// Sweep removes sessions that expired Traits.SweepGrace ago, at most max records, and returns
	// how many. Fewer than max means that nothing is left to do. It holds no lock over more than
	// Traits.SweepBatch records and never removes a live session.
	Sweep(ctx context.Context, max int) (int, error)

	// Count records one event under key unless the rule holds it back: because rule.Limit of them
	// lie within the rule.Window that ends now, or the newest is less than rule.Apart of their
	// number old. It returns 0 if nothing held it back, else how long until nothing does. An event
	// that is held back is not recorded, unless the rule says Always. Counting and recording are
	// one step. An event that lies a window or more after now is forgotten: it was recorded by a
	// clock that was wrong. Arguments out of their bounds are errors; see CheckCount.
	Count(ctx context.Context, key string, rule CountRule) (wait time.Duration, err error)

	// Counted returns how many of the events kept under key lie within the window
	// that ends now. It changes nothing.
	Counted(ctx context.Context, key string, window time.Duration) (int, error)

	// Uncount forgets the newest n events under key, all of them if n < 0.
	Uncount(ctx context.Context, key string, n int) error

	// Ping reports whether the store can answer: nil, or an error that matches
	// ErrUnavailable.
	Ping(ctx context.Context) error

	// Close releases what the constructor acquired. It does not close a database or client that the
	// caller handed in.
	Close() error

	// Traits says what the store is and what it cannot do. It is constant.
	Traits() Traits
}

// Bounds of the contract.
const (
	MaxPage     = 200  // sessions on a page
	DefaultPage = 50   // sessions on a page where Query.Limit is 0
	MaxBatch    = 1000 // sessions in one TouchAll
	MaxLimit    = 1000 // sessions one user may be allowed
)

// Admission is the rule under which Create admits a session.
type Admission struct {
	// Limit is how many live sessions the user may have, the new one included;
	// 0 means any number.
	Limit int

	// Refuse makes Create fail with ErrLimit instead of ending the oldest.
	Refuse bool
}

// Seen says that a session was used.
type Seen struct {
	ID           ID
	LastActivity time.Time
	ExpiresAt    time.Time

	// PreviousUntil is set where the session was used under this ID for the first time since its
	// renewal: until when the ID before still finds it, before Deadline. Zero leaves it as it is.
	PreviousUntil time.Time
}

// Query asks for a page of sessions.
type Query struct {
	// User restricts the page to one user's sessions; the zero User is
	// everybody, anonymous sessions included.
	User User

	// Ended asks for the history instead of the live sessions, newest ending
	// first.
	Ended bool

	// Cursor is Page.Next of the page before; empty for the first.
	Cursor string

	// Limit is the most sessions to return: 1 to MaxPage, 0 for DefaultPage.
	Limit int
}

// Page is a page of sessions.
type Page struct {
	Sessions []Session
	Next     string // cursor of the page after; empty if this is the last
}

// Traits say what a store can do and what it cannot.
type Traits struct {
	// Name is the store's name on screens and in logs, such as "redis".
	Name string

	// Local means that calls do no input or output, and need no deadline.
	Local bool

	// Shared means that other processes see the same sessions.
	Shared bool

	// Durable means that a write that was acknowledged survives a crash of the server.
	Durable bool

	// ListAll means that List works without a User.
	ListAll bool

	// History means that ended sessions are kept and listed; their metadata need
	// not be.
	History bool

	// ExactLimit means that the limit holds at every moment, also between
	// processes.
	ExactLimit bool

	// MaxPerUser is how many sessions of one user the store can hold; 0 means
	// that it sets no bound.
	MaxPerUser int

	// MaxStale is how long after a revocation another process may still answer
	// valid; 0 means not at all.
	MaxStale time.Duration

	// SweepBatch is the most records over which Sweep holds a lock.
	SweepBatch int

	// SweepGrace is how long Sweep leaves expired sessions alone. They are absent all the same.
	SweepGrace time.Duration

	// Background is a loop the store needs; Manager.Run runs it. Nil if none.
	Background func(context.Context) error

	// Report tells how the store is doing. It asks no server and returns at once, so it tells
	// what was found when a server was last asked. The names of its Counters are always the same,
	// in the same order, each once. Nil if the store has nothing to tell.
	Report func() Report

	// Notes say in words what the store cannot promise, for the health page.
	Notes []string
}
