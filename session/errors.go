// The errors of the contract, which callers tell apart with errors.Is and errors.As.

package session

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound says that there is no such live session: it never was, it
	// ended, or it expired. It is the answer "invalid".
	ErrNotFound = errors.New("session: no such session")

	// ErrUnavailable says that the store could not answer: it is down, too
	// slow, full, or holds a record written by a newer release. The session
	// may well be valid; keep the cookie and answer 503.
	ErrUnavailable = errors.New("session: store unavailable")

	// ErrIndeterminate says that a write was sent and its outcome is not known. A second call finds
	// out. It matches ErrUnavailable too.
	ErrIndeterminate = fmt.Errorf("session: outcome of the write is unknown, ask again: %w", ErrUnavailable)

	// ErrMisconfigured says that the server is there and can never do what the store needs, or
	// never lets this configuration in: a wrong password, a missing right, a version without a
	// command, a character set, a read-only server, a pooler. The error names the cause and the
	// remedy in a sentence. Open returns it instead of ErrUnavailable: trying again does not help,
	// and no fallback replaces the store. The methods of a store return it together with
	// ErrUnavailable, when the server was changed or first reached after Open: cookies are kept.
	ErrMisconfigured = errors.New("session: misconfigured")

	// ErrConflict says that the session changed since it was read; read it
	// again and retry.
	ErrConflict = errors.New("session: changed since it was read")

	// ErrLimit says that the user has as many live sessions as are allowed
	// and that the policy is to refuse another.
	ErrLimit = errors.New("session: the user has reached the limit of live sessions")

	// ErrTooLarge says that a value is over its bound; nothing was stored.
	ErrTooLarge = errors.New("session: value too large")

	// ErrMalformed says that a token, ID or cursor does not have its form. No store was asked.
	ErrMalformed = errors.New("session: malformed")

	// ErrUnsupported says that the store cannot do this; its Traits say so
	// beforehand.
	ErrUnsupported = errors.New("session: the store cannot do this")

	// ErrCSRF says that a CSRF token is missing, stale, or another session's.
	ErrCSRF = errors.New("session: CSRF token missing or not of this session")

	// ErrPartial matches a [PartialError].
	ErrPartial = errors.New("session: ended, but not yet everywhere")

	// ErrThrottled matches a [ThrottledError].
	ErrThrottled = errors.New("session: too many failed attempts")
)

// ThrottledError says that a login attempt is refused unchecked, and for how
// long. It matches ErrThrottled.
type ThrottledError struct {
	// RetryAfter is how long until the next attempt is let through.
	RetryAfter time.Duration
}

// Error implements error.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%v, try again in %s", ErrThrottled, e.RetryAfter.Round(time.Second))
}

// Is reports whether target is ErrThrottled.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// PartialError says that an ending is durable, but not yet known everywhere: other nodes may answer
// valid for a while, because a cache in front of the store did not confirm it. Nothing takes the
// ending back. It matches ErrPartial. A second call asks the cache again.
type PartialError struct {
	// Within is how long other nodes may answer valid at most, from now on.
	Within time.Duration

	// Cause is why the cache did not confirm. The error does not match it: the cache is
	// unavailable, the ending is not.
	Cause error
}

// Error implements error.
func (e *PartialError) Error() string {
	return fmt.Sprintf("%v: everywhere within %s: %v", ErrPartial, e.Within.Round(time.Millisecond), e.Cause)
}

// Is reports whether target is ErrPartial.
func (e *PartialError) Is(target error) bool { return target == ErrPartial }
