// This file tells whether calls come back by their deadlines, on a busy machine too.

package testserver

import (
	"context"
	"testing"
	"time"
)

// Guard is how long a test waits for what happens at once on a machine that does nothing
// else: it ends what hangs, and decides nothing.
const Guard = 2 * time.Minute

// ByDeadline fails the test unless call comes back by the deadline of its context, and wrong
// has nothing to say about its error. A busy machine is given a longer deadline then, of 100,
// 400 and 1600 milliseconds, of which half again may pass; what ends after some seconds of its
// own, or never, fails with each. It returns the last error of call.
func ByDeadline(t testing.TB, what string, call func(context.Context) error, wrong func(error) string) error {
	t.Helper()
	for allowed := 100 * time.Millisecond; ; allowed *= 4 {
		ctx, cancel := context.WithTimeout(t.Context(), allowed)
		began := time.Now()
		err := call(ctx)
		took := time.Since(began)
		cancel()
		problem := wrong(err)
		if problem == "" && took <= allowed+allowed/2 {
			return err
		}
		if allowed >= time.Second {
			t.Errorf("%s: back after %s with a deadline of %s: %v; %s", what, took, allowed, err, problem)
			return err
		}
	}
}
