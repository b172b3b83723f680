// Package pace keeps work in the background from filling a server's time.
package pace

import (
	"context"
	"time"
)

// longest is how long a rest may last: work that took longer waited, and did not
// keep the server from others all the time.
const longest = 50 * time.Millisecond

// Step is a step of the work.
type Step struct{ began time.Time }

// Begin begins a step.
func Begin() Step { return Step{time.Now()} }

// Rest ends the step and waits as long as it took, at most 50 ms, so that others
// have the server for half of the time. It returns early when ctx ends.
func (s Step) Rest(ctx context.Context) {
	timer := time.NewTimer(min(time.Since(s.began), longest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
