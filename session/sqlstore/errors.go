// Errors: from drivers' to the contract's.

package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// failed makes an error of the contract of one after which nothing was written.
// Errors of the contract pass through.
func (s *Store) failed(op string, err error) error {
	if isContract(err) {
		return err
	}
	if s.dialect.fault(err) == duplicate {
		return session.ErrConflict
	}
	if flaw := s.dialect.flaw(err); flaw != "" {
		s.lacks(flaw, err)
		return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrUnavailable, &flawed{flaw, err})
	}
	if errors.Is(err, context.DeadlineExceeded) {
		if others := s.reach.crowded(); others != "" {
			return fmt.Errorf("sqlstore: %s: %w: %s: %w", op, session.ErrUnavailable, others, err)
		}
	}
	return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrUnavailable, err)
}

// flawed is an error that says what the database can never do. It matches
// session.ErrMisconfigured.
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

// lacks logs, once a minute at most, that the database cannot do what it could when it
// was opened: another has taken its place, or it was changed.
func (s *Store) lacks(flaw string, err error) {
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

// unsure is failed for an error after which a write may have happened.
func (s *Store) unsure(op string, err error) error {
	if s.dialect.fault(err) != lost || errors.Is(err, driver.ErrBadConn) { // never sent
		return s.failed(op, err)
	}
	if network, ok := errors.AsType[*net.OpError](err); ok && network.Op == "dial" {
		return s.failed(op, err)
	}
	return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrIndeterminate, err)
}

// undecided is failed for an error of COMMIT. driver.ErrBadConn does not mean here
// that nothing was sent: pgx says so too when the connection broke while it waited
// for the answer.
func (s *Store) undecided(op string, err error) error {
	if s.dialect.fault(err) != lost {
		return s.failed(op, err)
	}
	return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrIndeterminate, err)
}
