// The breaker: pauses that grow, one call at a time that finds out, and calls that say nothing.

package breaker_test

import (
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session/internal/breaker"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	b := breaker.Breaker{MinPause: 25 * time.Millisecond, MaxPause: 500 * time.Millisecond}
	now := time.Now()
	if _, ok := b.Enter(now); !ok || b.Failing() {
		t.Fatal("open before any failure")
	}
	for i, ms := range []int{25, 50, 100, 200, 400, 500, 500} {
		want := time.Duration(ms) * time.Millisecond
		for together := range 3 {
			if first := b.Fail(now); first != (i == 0 && together == 0) {
				t.Errorf("failure %d.%d is the first: %t", i, together, first)
			}
		}
		if wait, ok := b.Enter(now); ok || wait != want || !b.Failing() {
			t.Errorf("after a failure: %s, %t, want %s", wait, ok, want)
		}
		now = now.Add(want)
		if _, ok := b.Enter(now); !ok {
			t.Error("no call is let through after the pause")
		}
		if _, ok := b.Enter(now); ok {
			t.Error("a second call is let through beside the one that finds out")
		}
	}
	if !b.Succeed() || b.Succeed() {
		t.Error("Succeed does not tell the first answer from the next")
	}
	if _, ok := b.Enter(now); !ok || b.Failing() {
		t.Error("open after an answer")
	}
	b.Fail(now)
	if wait, _ := b.Enter(now); wait != 25*time.Millisecond {
		t.Errorf("the first failure after an answer: a pause of %s", wait)
	}
}

// TestSkip: a call that says nothing about the server leaves the breaker open, and lets the next
// call find out at once.
func TestSkip(t *testing.T) {
	t.Parallel()
	b := breaker.Breaker{MinPause: time.Second, MaxPause: time.Second}
	now := time.Now()
	b.Fail(now)
	now = now.Add(time.Second)
	if _, ok := b.Enter(now); !ok {
		t.Fatal("no call is let through after the pause")
	}
	b.Skip()
	if !b.Failing() {
		t.Error("a call that says nothing closed the breaker")
	}
	if _, ok := b.Enter(now); !ok {
		t.Error("after a call that says nothing no other finds out")
	}
	b.Fail(now)
	if wait, ok := b.Enter(now); ok || wait != time.Second {
		t.Errorf("pauses of one length: %s, %t", wait, ok)
	}
}
