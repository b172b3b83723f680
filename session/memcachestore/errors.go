// Errors: what the client and the servers say, as the contract has it.

package memcachestore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/session"
)

// ErrMisconfigured is session.ErrMisconfigured: a server is there but will never do
// with this configuration (a wrong password, none where one is asked for, a
// certificate of another authority or another host, an item size limit below MaxItem),
// or cannot do what the store needs (no CAS, a command that it does not have, a proxy).
// Trying again does not help.
var ErrMisconfigured = session.ErrMisconfigured

// effect says what a call that got no answer may have done.
type effect int

const (
	reads effect = iota
	writes
)

// errUnsent marks an error that came before anything was sent.
var errUnsent = errors.New("nothing was sent")

// failed turns an error of the client into one of the contract, with the name of
// the operation. A write that the server refused in words has done nothing;
// without an answer only one that cannot have been sent is known to have done
// nothing.
func failed(op string, e effect, err error) error {
	if err == nil {
		return nil
	}
	if line, ok := refusal(err); ok {
		if strings.Contains(line, "too large") {
			return fmt.Errorf("memcachestore: %s: %w: the server answered: %s; its item size limit is below MaxItem", op, session.ErrTooLarge, line)
		}
		if line == "ERROR" { // it does not have the command
			return fmt.Errorf("memcachestore: %s: %w: %w: the server answered: %s", op, session.ErrUnavailable, ErrMisconfigured, line)
		}
		return fmt.Errorf("memcachestore: %s: %w: the server answered: %s", op, session.ErrUnavailable, line)
	}
	if errors.Is(err, ErrMisconfigured) && !errors.Is(err, session.ErrUnavailable) {
		return fmt.Errorf("memcachestore: %s: %w: %w", op, session.ErrUnavailable, err)
	}
	if e == reads || unsent(err) {
		return fmt.Errorf("memcachestore: %s: %w: %w", op, session.ErrUnavailable, err)
	}
	return fmt.Errorf("memcachestore: %s: %w: %w", op, session.ErrIndeterminate, err)
}

// refusal returns the line with which a server refused a command. The client
// gives it as text only.
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

// answered reports whether err came from a server that is well, so that its
// connection says nothing against it.
func answered(err error) bool {
	if err == nil || errors.Is(err, memcache.ErrCacheMiss) || errors.Is(err, memcache.ErrCASConflict) || errors.Is(err, memcache.ErrNotStored) {
		return true
	}
	_, ok := refusal(err)
	return ok
}

// unsent reports whether nothing can have been sent: there was no connection.
func unsent(err error) bool {
	if errors.Is(err, errUnsent) || errors.Is(err, ErrMisconfigured) {
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
	if errors.Is(err, ErrMisconfigured) {
		return err
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	if certificate || authority || host || record {
		return fmt.Errorf("memcachestore: %w: %s: %w", ErrMisconfigured, addr, err)
	}
	return fmt.Errorf("memcachestore: connect to %s: %w: %w: %w", addr, session.ErrUnavailable, errUnsent, err)
}

// ended is the error of a call whose context was over before anything was sent.
func ended(ctx context.Context, op, while string) error {
	return fmt.Errorf("memcachestore: %s: %w: %s: %w: %w", op, session.ErrUnavailable, while, errUnsent, context.Cause(ctx))
}
