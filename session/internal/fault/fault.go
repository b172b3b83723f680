// Package fault says what it means for the contract when a client gets no answer from its server,
// in the same words for every store on a server.
package fault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/go-crudadmin/crudadmin/session"
)

// Effect is what a call may have done on the server when its answer does not arrive.
type Effect int

// The effects.
const (
	Reads  Effect = iota // nothing
	Writes               // what it was sent for
)

// ErrUnsent marks an error that came before anything was sent.
var ErrUnsent = errors.New("nothing was sent")

// NoAnswer returns the error of a call of the store that got no answer, for the reason err:
// session.ErrIndeterminate for a write that may have been sent, else session.ErrUnavailable.
func NoAnswer(store, op string, e Effect, sent bool, err error) error {
	outcome := session.ErrUnavailable
	if e == Writes && sent {
		outcome = session.ErrIndeterminate
	}
	return fmt.Errorf("%s: %s: %w: %w", store, op, outcome, err)
}

// TooLate returns the error of a call whose context was over before anything was sent. while says
// what it waited for; it may be empty.
func TooLate(ctx context.Context, store, op, while string) error {
	if while != "" {
		op += ": " + while
	}
	return fmt.Errorf("%s: %s: %w: %w: %w", store, op, session.ErrUnavailable, ErrUnsent, context.Cause(ctx))
}

// HungUp reports whether the server closed the connection instead of answering.
func HungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// Untrusted reports whether the server's certificate was refused, or the server does not speak
// TLS.
func Untrusted(err error) bool {
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	return certificate || authority || host || plain
}
