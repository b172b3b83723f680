// Errors: from the drivers' to the contract's.

package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
)

// wrap turns an error after which nothing was written into one of the contract. Errors of the
// contract pass through.
func (s *Store) wrap(op string, err error) error {
	if isContract(err) {
		return err
	}
	if s.fault(err) == sqldb.Duplicate {
		return session.ErrConflict
	}
	if flaw := s.dialect.flaw(err); flaw != "" {
		s.warnOfFlaw(flaw, err)
		return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrUnavailable, &flawed{flaw, err})
	}
	if errors.Is(err, context.DeadlineExceeded) {
		if others := s.reach.crowded(s.db.Pool.Stats()); others != "" {
			return fmt.Errorf("sqlstore: %s: %w: %s: %w", op, session.ErrUnavailable, others, err)
		}
	}
	return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrUnavailable, err)
}

// wrapWrite is wrap for the error of a single statement that was sent, and may have written.
func (s *Store) wrapWrite(op string, err error) error { return s.wrapUndecided(op, err, false) }

// wrapCommit is wrap for the error of a COMMIT.
func (s *Store) wrapCommit(op string, err error) error { return s.wrapUndecided(op, err, true) }

func (s *Store) wrapUndecided(op string, err error, committing bool) error {
	if !s.fault(err).Undecided(committing) {
		return s.wrap(op, err)
	}
	return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrIndeterminate, err)
}

// flawed is an error that says what the database can never do. It matches session.ErrMisconfigured.
type flawed struct {
	flaw string // with the remedy
	err  error  // of the driver
}

// Error implements error, in one line.
func (f *flawed) Error() string {
	said, _, _ := strings.Cut(f.err.Error(), "\n")
	return fmt.Sprintf("%v: %s: %s", session.ErrMisconfigured, f.flaw, said)
}

// Is reports whether target is session.ErrMisconfigured.
func (f *flawed) Is(target error) bool { return target == session.ErrMisconfigured }

// Unwrap returns the error of the driver.
func (f *flawed) Unwrap() error { return f.err }

// warnOfFlaw logs, once a minute at most, that the database cannot do any more what it could when
// the store was opened: another database has taken its place, or it was changed.
func (s *Store) warnOfFlaw(flaw string, err error) {
	now := s.now().UnixNano()
	last := s.toldAt.Load()
	if last != 0 && now-last < int64(time.Minute) || !s.toldAt.CompareAndSwap(last, now) {
		return
	}
	s.log.Error("the database cannot do what the sessions need: "+flaw, "error", err)
}

// isContract reports whether err is one of the contract's.
func isContract(err error) bool {
	return slices.ContainsFunc([]error{
		session.ErrNotFound, session.ErrConflict, session.ErrLimit, session.ErrUnavailable,
		session.ErrTooLarge, session.ErrMalformed, session.ErrMisconfigured,
	}, func(sentinel error) bool { return errors.Is(err, sentinel) })
}
