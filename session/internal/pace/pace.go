// Package pace keeps work in the background from filling a server's time.
package pace

import (
	"context"
	"time"
)

// longest is how long a rest may last: work that took longer waited, and did not
// keep the server from others all the time.
const longest = 50 * time.Millisecond

// Rest waits as long as the work took that began then, at most 50 ms, so that
// others have the server for half of the time. It ends with ctx.
func Rest(ctx context.Context, began time.Time) {
	timer := time.NewTimer(min(time.Since(began), longest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
