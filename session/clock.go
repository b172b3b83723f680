// The clock that never runs back.

package session

import (
	"sync/atomic"
	"time"
)

// MonotonicClock returns a clock that shows now's time in UTC, truncated to
// microseconds, and never runs backwards: where now jumps back it stands still
// until now has caught up. So what expired once stays expired. A nil now is
// time.Now. It allocates nothing per call and is safe for many goroutines.
func MonotonicClock(now func() time.Time) func() time.Time {
	if now == nil {
		now = time.Now
	}
	var last atomic.Int64
	last.Store(-1 << 63)
	return func() time.Time {
		t := now().UnixMicro()
		for {
			seen := last.Load()
			if t <= seen {
				return time.UnixMicro(seen).UTC()
			}
			if last.CompareAndSwap(seen, t) {
				return time.UnixMicro(t).UTC()
			}
		}
	}
}
