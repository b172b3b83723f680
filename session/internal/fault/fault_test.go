// What a call without an answer means, by what it may have done.

package fault_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/fault"
)

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	why := errors.New("the line is dead")
	for _, c := range []struct {
		effect fault.Effect
		sent   bool
		unsure bool
	}{{fault.Reads, false, false}, {fault.Reads, true, false}, {fault.Writes, false, false}, {fault.Writes, true, true}} {
		err := fault.NoAnswer("store", "op", c.effect, c.sent, why)
		if errors.Is(err, session.ErrIndeterminate) != c.unsure || !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, why) || !strings.HasPrefix(err.Error(), "store: op: ") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestTooLate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, while := range []string{"", "all connections are busy"} {
		err := fault.TooLate(ctx, "store", "op", while)
		if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) || !errors.Is(err, fault.ErrUnsent) ||
			!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), while) {
			t.Errorf("%q: %v", while, err)
		}
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		io.EOF: "hung up", &net.OpError{Op: "read", Err: syscall.ECONNRESET}: "hung up", &net.OpError{Op: "write", Err: syscall.EPIPE}: "hung up",
		&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}: "untrusted", &tls.RecordHeaderError{}: "",
		fmt.Errorf("dial: %w", tls.RecordHeaderError{Msg: "first record does not look like TLS"}): "untrusted",
		fmt.Errorf("dial: %w", syscall.ECONNREFUSED):                                              "", context.DeadlineExceeded: "",
	} {
		got := ""
		switch {
		case fault.HungUp(err):
			got = "hung up"
		case fault.Untrusted(err):
			got = "untrusted"
		}
		if got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}
