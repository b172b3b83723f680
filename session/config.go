// Config: the rules a manager applies, their defaults and their bounds.

package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// MinSecretKey is the least length of Config.SecretKey in bytes.
const MinSecretKey = 32

// Unlimited as Config.MaxPerUser sets no limit.
const Unlimited = -1

// Config holds a manager's rules. The zero value of every field but SecretKey
// is its default.
type Config struct {
	// SecretKey is what tags, CSRF tokens and throttle keys are derived from
	// (HKDF-SHA-256): at least 32 random bytes, the same on every node, kept out
	// of the code. Another key signs everybody out. Required.
	SecretKey []byte

	// IdleTimeout ends a session that is not used: 30 minutes by default, 1
	// second to 400 days.
	IdleTimeout time.Duration

	// Lifetime ends a session however much it is used: 12 hours by default
	// (NIST SP 800-63B, 2.2.3), at least IdleTimeout, at most 400 days (the
	// longest a browser keeps a cookie).
	Lifetime time.Duration

	// MaxPerUser is how many live sessions a user may have: 5 by default, 1 to
	// MaxLimit, or Unlimited.
	MaxPerUser int

	// RefuseOverLimit refuses a login over the limit with ErrLimit. By default
	// the oldest session ends instead.
	RefuseOverLimit bool

	// TouchInterval is how exact LastActivity is: between touches a validation
	// only reads. Default: a thirtieth of IdleTimeout, at least 1 second, but
	// never over half of IdleTimeout. From 0 to IdleTimeout/2; the shortest is 1
	// nanosecond, which touches on every request.
	TouchInterval time.Duration

	// RenewEvery replaces the token of a session in use after that time. 0, the
	// default, never does; else at least 1 second and over RenewGrace.
	RenewEvery time.Duration

	// RenewGrace is how long after the first use of the new token requests already
	// on their way with the old one still land: 30 seconds by default, at most 5
	// minutes. Rotation at login or privilege change has no grace.
	RenewGrace time.Duration

	// SweepInterval is how often Run removes what expired: 15 minutes by
	// default, at least 1 second.
	SweepInterval time.Duration

	// StoreTimeout bounds a store call whose context has no deadline: 2 seconds
	// by default, 1 millisecond to 1 minute.
	StoreTimeout time.Duration

	// TouchWait is how long the answer of a validation waits for the mark that the
	// session was seen: 50 milliseconds by default, 1 millisecond to 1 minute. Then
	// the mark is made beside the answer, in StoreTimeout.
	TouchWait time.Duration

	// Throttle bounds failed logins.
	Throttle Throttle

	// OnEvent, if set, is called for everything that happens to sessions, before
	// the method that caused it returns. It must not block.
	OnEvent func(context.Context, Event)

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session. No token is ever logged.
	Logger *slog.Logger

	// Now is the clock; time.Now by default.
	Now func() time.Time

	// Random is the source of tokens; crypto/rand.Reader by default. An error
	// from it means no session.
	Random io.Reader
}

// Throttle bounds failed logins. Only failures count; see Manager.Attempt.
type Throttle struct {
	// Failures is how many failed attempts of one network on one account are let
	// through in a Window: 5 by default, 1 to MaxCountLimit. A network is an IPv4
	// address or an IPv6 /48. A device that has signed in to the account before has
	// as many of its own.
	Failures int

	// FailuresPerAddress is the same for one network over all accounts: 50 by
	// default, so that an office behind one address is not locked out by one
	// forgetful colleague.
	FailuresPerAddress int

	// FailuresPerAccount is how many failures of an account in a Window are taken
	// for an attack: 100 by default, 1 to MaxCountLimit. From there on EventAlert
	// tells of it, and a network that has failed for the account waits before its
	// next attempt: 1 second, doubled by each further failure, at most Window.
	// Networks that have not failed wait for nothing.
	FailuresPerAccount int

	// FailuresOfDevices is how many failures all known devices of an account have
	// together in a Window: 20 by default, 1 to MaxCountLimit.
	FailuresOfDevices int

	// Window slides: 15 minutes by default, 1 second to 24 hours.
	Window time.Duration
}

// Format prints the configuration without the secret key, whatever the verb.
func (c Config) Format(f fmt.State, verb rune) {
	type plain Config // has no Format
	c.SecretKey = nil
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(c))
}

const maxLifetime = 400 * 24 * time.Hour

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	setDefault(&c.IdleTimeout, 30*time.Minute)
	setDefault(&c.Lifetime, max(12*time.Hour, c.IdleTimeout))
	setDefault(&c.MaxPerUser, 5)
	setDefault(&c.TouchInterval, min(max(c.IdleTimeout/30, time.Second), c.IdleTimeout/2))
	setDefault(&c.RenewGrace, 30*time.Second)
	setDefault(&c.SweepInterval, 15*time.Minute)
	setDefault(&c.StoreTimeout, 2*time.Second)
	setDefault(&c.TouchWait, 50*time.Millisecond)
	setDefault(&c.Throttle.Failures, 5)
	setDefault(&c.Throttle.FailuresPerAddress, 50)
	setDefault(&c.Throttle.FailuresPerAccount, 100)
	setDefault(&c.Throttle.FailuresOfDevices, 20)
	setDefault(&c.Throttle.Window, 15*time.Minute)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate reports every field that is out of its bounds, in one error.
func (c Config) validate() error {
	var errs []error
	if n := len(c.SecretKey); n < MinSecretKey {
		errs = append(errs, fmt.Errorf("SecretKey: %d bytes, want at least %d random ones; make them with: openssl rand -base64 32", n, MinSecretKey))
	}
	within := func(field string, d, least, most time.Duration) {
		if d < least || d > most {
			errs = append(errs, fmt.Errorf("%s: %s, want %s to %s", field, d, least, most))
		}
	}
	count := func(field string, n, most int) {
		if n < 1 || n > most {
			errs = append(errs, fmt.Errorf("%s: %d, want 1 to %d", field, n, most))
		}
	}
	within("IdleTimeout", c.IdleTimeout, time.Second, maxLifetime)
	within("Lifetime", c.Lifetime, max(c.IdleTimeout, time.Second), maxLifetime)
	if c.MaxPerUser != Unlimited {
		count("MaxPerUser", c.MaxPerUser, MaxLimit)
	}
	within("TouchInterval", c.TouchInterval, 1, max(c.IdleTimeout/2, 1))
	within("RenewGrace", c.RenewGrace, 0, 5*time.Minute)
	if c.RenewEvery != 0 {
		within("RenewEvery", c.RenewEvery, max(time.Second, c.RenewGrace+1), maxLifetime)
	}
	within("SweepInterval", c.SweepInterval, time.Second, maxLifetime)
	within("StoreTimeout", c.StoreTimeout, time.Millisecond, time.Minute)
	within("TouchWait", c.TouchWait, time.Millisecond, time.Minute)
	count("Throttle.Failures", c.Throttle.Failures, MaxCountLimit)
	count("Throttle.FailuresPerAddress", c.Throttle.FailuresPerAddress, MaxCountLimit)
	count("Throttle.FailuresPerAccount", c.Throttle.FailuresPerAccount, MaxCountLimit)
	count("Throttle.FailuresOfDevices", c.Throttle.FailuresOfDevices, MaxCountLimit)
	within("Throttle.Window", c.Throttle.Window, time.Second, 24*time.Hour)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("session: configuration:\n%w", errors.Join(errs...))
}
