// Bounded: a deadline that costs little until somebody waits for it.

package session

import (
	"context"
	"sync"
	"time"
)

// bounded is its parent with a deadline. It makes a timer only when Done is called: most answers
// come before anybody waits, and one allocation takes the place of four (BenchmarkBounded).
type bounded struct {
	context.Context // the parent
	deadline        time.Time
	alone           bool // the parent's values count, its end does not

	mu       sync.Mutex
	made     context.Context // with the timer, after the first call of Done
	cancel   context.CancelFunc
	released bool
}

// bind bounds ctx from now on. The caller must release it, as a context is canceled.
func bind(ctx context.Context, timeout time.Duration) *bounded {
	return &bounded{Context: ctx, deadline: time.Now().Add(timeout)}
}

// insist returns a context for work that goes on when ctx ends: it has ctx's values, and a deadline
// of its own. The caller must release it, as a context is canceled.
func insist(ctx context.Context, timeout time.Duration) *bounded {
	b := bind(ctx, timeout)
	b.alone = true
	return b
}

// release cancels the context, if there is one.
func (b *bounded) release() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.released = true
	if b.cancel != nil {
		b.cancel()
	}
}

// with returns the context that has the timer, and makes it if there is none.
func (b *bounded) with() context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == nil {
		parent := b.Context
		if b.alone {
			parent = context.WithoutCancel(parent)
		}
		b.made, b.cancel = context.WithDeadline(parent, b.deadline)
		if b.released {
			b.cancel()
		}
	}
	return b.made
}

// Deadline implements context.Context.
func (b *bounded) Deadline() (time.Time, bool) { return b.deadline, true }

// Done implements context.Context.
func (b *bounded) Done() <-chan struct{} { return b.with().Done() }

// Err implements context.Context.
func (b *bounded) Err() error {
	b.mu.Lock()
	made, over := b.made, b.released
	b.mu.Unlock()
	if made != nil {
		return made.Err()
	}
	if over || !b.alone && b.Context.Err() != nil || !time.Now().Before(b.deadline) {
		return b.with().Err() // the same from now on
	}
	return nil
}

// Value implements context.Context. Where there is a timer it finds it, so that
// contexts made from this one need no goroutine.
func (b *bounded) Value(key any) any {
	b.mu.Lock()
	made := b.made
	b.mu.Unlock()
	switch {
	case made != nil:
		return made.Value(key)
	case b.alone: // the parent's cancellation must not be found
		return context.WithoutCancel(b.Context).Value(key)
	default:
		return b.Context.Value(key)
	}
}
