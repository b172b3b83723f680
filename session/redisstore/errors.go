// Errors: how those of the client and the server become errors of the contract.

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/rueidis"

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
// script that was answered with an error has done nothing, because scripts write last. A call
// without an answer has certainly done nothing only if it was not sent.
func wrap(op string, e effect, err error) error {
	if err == nil {
		return nil
	}
	if reply, ok := rueidis.IsRedisErr(err); ok {
		outcome := session.ErrUnavailable
		if e == writes && strings.Contains(reply.Error(), "WRONGTYPE") { // the key of an index is not one: found after the record was written
			outcome = session.ErrIndeterminate
		}
		if incapable(reply.Error()) {
			return fmt.Errorf("redisstore: %s: %w: %w: %w", op, outcome, session.ErrMisconfigured, answer{reply.Error()})
		}
		return fmt.Errorf("redisstore: %s: %w: %w", op, outcome, answer{reply.Error()})
	}
	return fault.NoAnswer("redisstore", op, e, !unsent(err), err)
}

// unsent reports whether err came before anything was sent.
func unsent(err error) bool {
	if errors.Is(err, rueidis.ErrClosing) || errors.Is(err, rueidis.ErrNoAddr) || errors.Is(err, rueidis.ErrNoSlot) {
		return true
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	return refused(err) != ""
}

// refused returns the field of the configuration that the server does not accept, or that the
// server's certificate does not match. It is empty if err does not say so.
func refused(err error) (field string) {
	if reply, ok := rueidis.IsRedisErr(err); ok {
		text := reply.Error()
		for _, refusal := range refusals {
			if strings.HasPrefix(text, refusal.code) {
				return refusal.field
			}
		}
		return ""
	}
	if fault.Untrusted(err) {
		return "TLS"
	}
	return ""
}

// refusals are the beginnings of errors with which servers and Sentinels refuse a client.
var refusals = []struct{ code, field string }{
	{"WRONGPASS", "Password"}, {"NOAUTH", "Password"}, {"AUTH ", "Password"}, {"invalid password", "Password"},
	{"Client sent AUTH", "Password"}, {"NOPERM", "Username"},
	{"DB index", "DB"}, {"invalid DB index", "DB"}, {"SELECT ", "DB"},
	{"No such master", "MasterName"},
}

// connectError is the error of a connection that could not be made.
func connectError(c *Config, err error) error {
	if errors.Is(err, rueidis.ErrNoCache) {
		return fmt.Errorf("%w: %s: NearCache needs client-side caching over RESP3, which the server does not have: leave NearCache off", session.ErrMisconfigured, c.where())
	}
	if field := refused(err); field != "" {
		if field == "Password" && len(c.Sentinels) > 0 {
			field = "Password or SentinelPassword"
		}
		if reply, ok := rueidis.IsRedisErr(err); ok {
			return fmt.Errorf("%w: %s: %s: %w", session.ErrMisconfigured, c.where(), field, answer{reply.Error()})
		}
		return fmt.Errorf("%w: %s: %s: %w", session.ErrMisconfigured, c.where(), field, err)
	}
	if reply, ok := rueidis.IsRedisErr(err); ok {
		return fmt.Errorf("connect to %s: %w: %w", c.where(), session.ErrUnavailable, answer{reply.Error()})
	}
	if fault.HungUp(err) {
		return fmt.Errorf("connect to %s: %w: the server closed the connection at the first command, as servers that require TLS do, and proxies that do not know HELLO: %w", c.where(), session.ErrUnavailable, err)
	}
	return fmt.Errorf("connect to %s: %w: %w", c.where(), session.ErrUnavailable, err)
}

// tooLate is the error of a call whose context was over before anything was sent.
func tooLate(ctx context.Context, op string) error { return fault.TooLate(ctx, "redisstore", op, "") }
