// Errors: from drivers' to the contract's.

package sqlstore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"

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
	return fmt.Errorf("sqlstore: %s: %w: %w", op, session.ErrUnavailable, err)
}

// isContract reports whether err is one of the contract's.
func isContract(err error) bool {
	return slices.ContainsFunc([]error{
		session.ErrNotFound, session.ErrConflict, session.ErrLimit, session.ErrUnavailable,
		session.ErrTooLarge, session.ErrMalformed,
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
