// Errors: what the client and the server say, as the contract has it.

package redisstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// ErrMisconfigured says that the server is there but will never let this
// configuration in: a wrong password, a certificate of another authority or
// another host, a database that is not there. Trying again does not help.
var ErrMisconfigured = errors.New("configuration refused")

// effect says what a call that got no answer may have done.
type effect int

const (
	reads effect = iota
	writes
)

// failed turns an error of the client into one of the contract, with the name of
// the operation. A script that the server answered with an error has done
// nothing: scripts write last. Without an answer, only one that cannot have been
// sent is known to have done nothing.
func failed(op string, e effect, err error) error {
	if err == nil {
		return nil
	}
	if reply, ok := rueidis.IsRedisErr(err); ok {
		return fmt.Errorf("redisstore: %s: %w: the server answered: %s", op, session.ErrUnavailable, firstLine(reply.Error()))
	}
	if e == reads || unsent(err) {
		return fmt.Errorf("redisstore: %s: %w: %w", op, session.ErrUnavailable, err)
	}
	return fmt.Errorf("redisstore: %s: %w: %w", op, session.ErrIndeterminate, err)
}

// unsent reports whether err came before anything was sent.
func unsent(err error) bool {
	if errors.Is(err, rueidis.ErrClosing) || errors.Is(err, rueidis.ErrNoAddr) || errors.Is(err, rueidis.ErrNoSlot) {
		return true
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	return refused(err)
}

// refused reports whether err means that the server, or its certificate, does
// not accept the configuration.
func refused(err error) bool {
	if reply, ok := rueidis.IsRedisErr(err); ok {
		text := reply.Error()
		for _, code := range []string{"WRONGPASS", "NOAUTH", "NOPERM", "AUTH ", "invalid password", "Client sent AUTH", "DB index", "invalid DB index", "SELECT "} {
			if strings.HasPrefix(text, code) {
				return true
			}
		}
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// connectError is the error of a connection that could not be made.
func connectError(where string, err error) error {
	if errors.Is(err, rueidis.ErrNoCache) {
		return fmt.Errorf("%w by %s: NearCache wants client-side caching over RESP3, which the server has not", ErrMisconfigured, where)
	}
	if refused(err) {
		return fmt.Errorf("%w by %s: %w", ErrMisconfigured, where, err)
	}
	if reply, ok := rueidis.IsRedisErr(err); ok {
		return fmt.Errorf("connect to %s: %w: the server answered: %s", where, session.ErrUnavailable, firstLine(reply.Error()))
	}
	return fmt.Errorf("connect to %s: %w: %w", where, session.ErrUnavailable, err)
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(text)
}

// ended is the error of a call whose context is over before it began.
func ended(ctx context.Context, op string) error {
	return fmt.Errorf("redisstore: %s: %w: %w", op, session.ErrUnavailable, context.Cause(ctx))
}
