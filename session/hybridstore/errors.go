// Errors of this package.

package hybridstore

import (
	"errors"
	"fmt"
	"time"
)

// ErrPartial matches a [PartialError].
var ErrPartial = errors.New("session: ended, but not yet everywhere")

// PartialError says how far an ending reached when the time for it was over: it
// is durable in the database, but the cache did not confirm it, so other nodes may
// answer valid for a while. It matches ErrPartial.
type PartialError struct {
	// Within is how long that can be at most.
	Within time.Duration

	// Cause is why the cache did not confirm.
	Cause error
}

// Error implements error.
func (e *PartialError) Error() string {
	return fmt.Sprintf("%v: everywhere within %s: %v", ErrPartial, e.Within.Round(time.Millisecond), e.Cause)
}

// Is reports whether target is ErrPartial.
func (e *PartialError) Is(target error) bool { return target == ErrPartial }
