// Errors: how those of the client and the servers become errors of the contract.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/fault"
)

// effect says what a call that got no answer may have done.
type effect = fault.Effect

const (
	reads  = fault.Reads
	writes = fault.Writes
)

// wrap turns an error of the client into one of the contract, with the name of the operation. A
// write that the server refused has done nothing. A write without an answer has certainly done
// nothing only if it was not sent.
func wrap(op string, e effect, err error) error {
	if err == nil {
		return nil
	}
	if line, ok := refusal(err); ok {
		if strings.Contains(line, "too large") {
			return fmt.Errorf("memcachestore: %s: %w: the server answered: %s; its item size limit is below MaxItem", op, session.ErrTooLarge, line)
		}
		if line == "ERROR" { // it does not have the command
			return fmt.Errorf("memcachestore: %s: %w: %w: the server answered: %s", op, session.ErrUnavailable, session.ErrMisconfigured, line)
		}
		return fmt.Errorf("memcachestore: %s: %w: the server answered: %s", op, session.ErrUnavailable, line)
	}
	if errors.Is(err, session.ErrMisconfigured) && !errors.Is(err, session.ErrUnavailable) {
		return fmt.Errorf("memcachestore: %s: %w: %w", op, session.ErrUnavailable, err)
	}
	return fault.NoAnswer("memcachestore", op, e, !unsent(err), err)
}

// refusal returns the line with which a server refused a command. The client has it only as text.
func refusal(err error) (line string, ok bool) {
	if !strings.HasPrefix(err.Error(), "memcache: unexpected") {
		return "", false
	}
	for _, kind := range []string{"SERVER_ERROR ", "CLIENT_ERROR ", "ERROR"} {
		if _, rest, found := strings.Cut(err.Error(), `"`+kind); found {
			rest, _, _ = strings.Cut(rest, `\r\n`)
			return kind + strings.Trim(rest, `"`), true
		}
	}
	return "", false
}

// answered reports whether err is an answer of a server that works.
func answered(err error) bool {
	if err == nil || errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrCASConflict) || errors.Is(err, memcache.ErrNotStored) {
		return true
	}
	_, ok := refusal(err)
	return ok
}

// unsent reports whether nothing can have been sent: there was no connection.
func unsent(err error) bool {
	if errors.Is(err, fault.ErrUnsent) || errors.Is(err, session.ErrMisconfigured) {
		return true
	}
	_, ok := errors.AsType[*memcache.ConnectTimeoutError](err)
	return ok
}

func isTimeout(err error) bool {
	netErr, ok := errors.AsType[net.Error](err)
	return ok && netErr.Timeout()
}

// connectError is the error of a connection that could not be made.
func connectError(addr string, err error) error {
	if errors.Is(err, session.ErrMisconfigured) {
		return err
	}
	if fault.Untrusted(err) {
		return fmt.Errorf("memcachestore: %w: %s: %w", session.ErrMisconfigured, addr, err)
	}
	return fmt.Errorf("memcachestore: connect to %s: %w: %w: %w", addr, session.ErrUnavailable, fault.ErrUnsent, err)
}

// tooLate is the error of a call whose context was over before anything was sent.
func tooLate(ctx context.Context, op, while string) error {
	return fault.TooLate(ctx, "memcachestore", op, while)
}
