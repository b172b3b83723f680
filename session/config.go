// Config: the rules a manager applies, their defaults and their bounds.

package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/fields"
)

// MinSecretKey is the least length of Config.SecretKey in bytes.
const MinSecretKey = 32

// Unlimited as Config.MaxPerUser sets no limit.
const Unlimited = -1

// Config holds a manager's rules. The zero value of every field but SecretKey
// is its default.
type Config struct {
	// SecretKey is the key from which tags, CSRF tokens and throttle keys are derived
	// (HKDF-SHA-256): at least 32 random bytes, the same on every node, kept out of the code.
	// Another key signs everybody out. Required.
	SecretKey config.Secret

	// IdleTimeout ends a session that nobody uses: 30 minutes by default, 1 second to 400 days.
	IdleTimeout time.Duration

	// Lifetime ends a session however much it is used: 12 hours by default
	// (NIST SP 800-63B, 2.2.3), at least IdleTimeout, at most 400 days (the
	// longest a browser keeps a cookie).
	Lifetime time.Duration

	// MaxPerUser is how many live sessions a user may have: 5 by default, 1 to
	// MaxLimit, or Unlimited.
	MaxPerUser int

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

	// TouchWait is how long a validation waits until the store has noted that the session was seen:
	// 50 milliseconds by default, 1 millisecond to 1 minute. After that the mark is made in the
	// background, within StoreTimeout.
	TouchWait time.Duration

	// Throttle bounds failed logins.
	Throttle Throttle

	// RefuseOverLimit refuses a login over the limit with ErrLimit. By default
	// the oldest session ends instead.
	RefuseOverLimit bool

	// OnEvent, if set, is called for each event of a session, before the method that caused it
	// returns. It must not block.
	OnEvent func(context.Context, Event) `json:"-"`

	// Random is the source of tokens; crypto/rand.Reader by default. An error
	// from it means no session.
	Random io.Reader `json:"-"`

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session. No token is ever logged.
	Logger *slog.Logger `json:"-"`
}

// Throttle bounds failed logins. Only failures count; see Manager.Attempt.
type Throttle struct {
	// Failures is how many failed attempts of one network on one account are let through in a
	// Window: 5 by default, 1 to MaxCountLimit. A network is an IPv4 address or an IPv6 /48. A
	// device that has signed in to the account before has the same number to itself.
	Failures int

	// FailuresPerAddress is the same for one network over all accounts: 50 by
	// default, so that an office behind one address is not locked out by one
	// forgetful colleague.
	FailuresPerAddress int

	// FailuresPerAccount is how many failures of an account in a Window are taken for an attack:
	// 100 by default, 1 to MaxCountLimit. From there on EventAlert is emitted, and a network that
	// has failed for the account waits before its next attempt: 1 second, doubled by each further
	// failure, at most Window. Networks that have not failed do not wait.
	FailuresPerAccount int

	// FailuresOfDevices is how many failures all known devices of an account have
	// together in a Window: 20 by default, 1 to MaxCountLimit.
	FailuresOfDevices int

	// Window slides: 15 minutes by default, 1 second to 24 hours.
	Window time.Duration
}

const maxLifetime = 400 * 24 * time.Hour

// idle is IdleTimeout, cut to its bounds. The bounds of other fields depend on it, and a wrong
// IdleTimeout must not make those fields wrong too.
func (c Config) idle() time.Duration { return min(max(c.IdleTimeout, time.Second), maxLifetime) }

// withDefaults sets each field that is zero to its default.
func (c Config) withDefaults() Config {
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 30*time.Minute)
	c.Lifetime = cmp.Or(c.Lifetime, max(12*time.Hour, c.idle()))
	c.MaxPerUser = cmp.Or(c.MaxPerUser, 5)
	c.TouchInterval = cmp.Or(c.TouchInterval, min(max(c.idle()/30, time.Second), c.idle()/2))
	c.RenewGrace = cmp.Or(c.RenewGrace, 30*time.Second)
	c.SweepInterval = cmp.Or(c.SweepInterval, 15*time.Minute)
	c.StoreTimeout = cmp.Or(c.StoreTimeout, 2*time.Second)
	c.TouchWait = cmp.Or(c.TouchWait, 50*time.Millisecond)
	c.Throttle.Failures = cmp.Or(c.Throttle.Failures, 5)
	c.Throttle.FailuresPerAddress = cmp.Or(c.Throttle.FailuresPerAddress, 50)
	c.Throttle.FailuresPerAccount = cmp.Or(c.Throttle.FailuresPerAccount, 100)
	c.Throttle.FailuresOfDevices = cmp.Or(c.Throttle.FailuresOfDevices, 20)
	c.Throttle.Window = cmp.Or(c.Throttle.Window, 15*time.Minute)
	c.Random = cmp.Or(c.Random, rand.Reader)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// maxGrace is the most that RenewGrace can be.
const maxGrace = 5 * time.Minute

// Validate returns nil, or one error with a config.FieldError for each field that is
// out of its bounds. New calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check fields.Check
	check.Key("SecretKey", c.SecretKey, MinSecretKey)
	check.Duration("IdleTimeout", c.IdleTimeout, time.Second, maxLifetime)
	check.Duration("Lifetime", c.Lifetime, c.idle(), maxLifetime)
	if c.MaxPerUser != Unlimited {
		check.Int("MaxPerUser", c.MaxPerUser, 1, MaxLimit)
	}
	check.Duration("TouchInterval", c.TouchInterval, 1, c.idle()/2)
	check.Duration("RenewGrace", c.RenewGrace, 0, maxGrace)
	if c.RenewEvery != 0 {
		check.Duration("RenewEvery", c.RenewEvery, max(time.Second, min(c.RenewGrace, maxGrace)+1), maxLifetime)
	}
	check.Duration("SweepInterval", c.SweepInterval, time.Second, maxLifetime)
	check.Duration("StoreTimeout", c.StoreTimeout, time.Millisecond, time.Minute)
	check.Duration("TouchWait", c.TouchWait, time.Millisecond, time.Minute)
	check.Int("Throttle.Failures", c.Throttle.Failures, 1, MaxCountLimit)
	check.Int("Throttle.FailuresPerAddress", c.Throttle.FailuresPerAddress, 1, MaxCountLimit)
	check.Int("Throttle.FailuresPerAccount", c.Throttle.FailuresPerAccount, 1, MaxCountLimit)
	check.Int("Throttle.FailuresOfDevices", c.Throttle.FailuresOfDevices, 1, MaxCountLimit)
	check.Duration("Throttle.Window", c.Throttle.Window, time.Second, 24*time.Hour)
	return check.Err("session")
}
