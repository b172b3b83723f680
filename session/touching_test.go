// No answer waits for a touch: on a store whose writes block, calls are counted, not
// time.

package session_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// blocked is a bench whose touches are stuck until release is closed.
type blocked struct {
	bench
	release chan struct{}
	begun   atomic.Int64 // touches
	over    atomic.Int64
}

func newBlocked(t *testing.T, change ...func(*session.Config)) *blocked {
	b := &blocked{release: make(chan struct{})}
	b.bench = newBench(t, append(change, func(c *session.Config) {
		c.TouchWait = 50 * time.Millisecond
		c.MaxPerUser = session.Unlimited
	})...)
	b.store.touch = func(ctx context.Context, seen session.Seen) error {
		b.begun.Add(1)
		defer b.over.Add(1)
		select {
		case <-b.release:
			return b.store.Store.Touch(ctx, seen)
		case <-ctx.Done():
			return errors.Join(session.ErrIndeterminate, ctx.Err())
		}
	}
	return b
}

// tokens signs anna in n times, and lets a touch of each be due.
func (b *blocked) tokens(t *testing.T, n int) []session.Token {
	var all []session.Token
	for range n {
		token, _ := b.login(t)
		all = append(all, token)
	}
	b.clock.Advance(5 * time.Minute)
	return all
}

// TestNoAnswerWaitsForATouch: the first page waits for TouchWait, those of a session
// whose touch is under way not at all, and all are answered while no touch is over.
func TestNoAnswerWaitsForATouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocked(t)
		tokens := b.tokens(t, 20)
		start := time.Now()
		for range 3 {
			if s, err := b.Validate(t.Context(), tokens[0]); err != nil || s.LastActivity.Equal(b.clock.Now()) {
				t.Errorf("Validate beside a touch that is stuck: %v, %v", s.LastActivity, err)
			}
		}
		if waited := time.Since(start); waited != 50*time.Millisecond || b.begun.Load() != 1 || b.over.Load() != 0 {
			t.Errorf("three pages of a session waited %s for %d touches, want 50 ms and one touch", waited, b.begun.Load())
		}
		for range 2 {
			for _, token := range tokens {
				if _, err := b.Validate(t.Context(), token); err != nil {
					t.Error(err)
				}
			}
		}
		synctest.Wait()
		// Four are beside, and one more is given up: then it is known that the store takes none.
		if n := b.begun.Load(); n > 5 || time.Since(start) > 300*time.Millisecond {
			t.Errorf("43 pages of 20 sessions began %d touches and waited %s in all", n, time.Since(start))
		}
		if n := strings.Count(b.log.String(), "touch failed"); n > 1 {
			t.Errorf("the log has %d lines, want one for an outage", n)
		}
		close(b.release)
		synctest.Wait()
		if b.over.Load() != b.begun.Load() {
			t.Errorf("%d touches are left", b.begun.Load()-b.over.Load())
		}
		s, err := b.Peek(t.Context(), tokens[0])
		if err != nil || !s.LastActivity.Equal(b.clock.Now()) {
			t.Errorf("a touch that went on beside its answer: %s, %v; want it made", s.LastActivity, err)
		}
	})
}

// TestBackOffCountsFromTheFailure: a store that answers after two seconds that it
// failed is left in peace for a second from then, not from when it was asked.
func TestBackOffCountsFromTheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocked(t, func(c *session.Config) { c.Now = nil })
		tokens := b.tokens(t, 2)
		time.Sleep(5 * time.Minute)
		start := time.Now()
		for time.Since(start) < 60*time.Second { // a page each tenth of a second
			for _, token := range tokens {
				if _, err := b.Validate(t.Context(), token); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		// Each outage of a touch is 2 s, then a rest of 1 s: 20 rounds, of two sessions.
		if n := b.begun.Load(); n < 10 || n > 50 {
			t.Errorf("%d touches in a minute, want about 20 rounds of two", n)
		}
		if n := strings.Count(b.log.String(), "touch failed"); n != 1 {
			t.Errorf("the log has %d lines on an outage of a minute, want one", n)
		}
		close(b.release)
		time.Sleep(5 * time.Second)
		if s, err := b.Validate(t.Context(), tokens[0]); err != nil || time.Since(s.LastActivity) > 10*time.Second {
			t.Errorf("after the outage: %v", err)
		}
		if !strings.Contains(b.log.String(), "touches succeed again") {
			t.Error("the log does not say that the outage is over")
		}
	})
}

// TestAClientThatLeavesIsNoOutage: whatever a browser does, the next page's touch is
// made, and nothing is logged.
func TestAClientThatLeavesIsNoOutage(t *testing.T) {
	for name, leave := range map[string]func(*blocked) context.Context{
		"before": func(*blocked) context.Context {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx
		},
		"at its deadline": func(*blocked) context.Context {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			context.AfterFunc(ctx, cancel)
			return ctx
		},
		"while the touch is under way": func(b *blocked) context.Context {
			ctx, cancel := context.WithCancel(context.Background())
			inner := b.store.touch
			b.store.touch = func(ctx context.Context, seen session.Seen) error {
				cancel()
				return inner(ctx, seen)
			}
			return ctx
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBlocked(t)
				// The memory store would refuse callers who have left.
				b.store.get = func(_ context.Context, id session.ID) (session.Session, error) {
					return b.store.Store.Get(context.Background(), id)
				}
				tokens := b.tokens(t, 12)
				for _, token := range tokens[:10] {
					if _, err := b.Validate(leave(b), token); err != nil {
						t.Errorf("Validate: %v, want the session", err)
					}
				}
				close(b.release)
				synctest.Wait()
				s, err := b.Validate(t.Context(), tokens[11])
				if err != nil || !s.LastActivity.Equal(b.clock.Now()) {
					t.Errorf("the next page's touch was not made: %v", err)
				}
				if log := b.log.String(); strings.Contains(log, "touch failed") {
					t.Errorf("the log says %s", log)
				}
			})
		})
	}
}

// TestRunWaitsForTouches: when Run has returned, nothing that began before is left.
func TestRunWaitsForTouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocked(t)
		tokens := b.tokens(t, 3)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() { over <- b.Run(ctx) }()
		for _, token := range tokens {
			if _, err := b.Validate(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		if err := <-over; err != nil || b.over.Load() != b.begun.Load() {
			t.Errorf("Run returned %v with %d of %d touches over", err, b.over.Load(), b.begun.Load())
		}
		before := runtime.NumGoroutine()
		synctest.Wait()
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d goroutines, want %d", n, before)
		}
	})
}

// TestARenewalThatCannotBeMadeDelaysNothing: it is as optional as a touch.
func TestARenewalThatCannotBeMadeDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBlocked(t, func(c *session.Config) { c.RenewEvery = time.Minute })
		var tries int
		b.store.rotate = func(ctx context.Context, _ session.ID, _ session.Session) error {
			tries++
			<-ctx.Done()
			return errors.Join(session.ErrIndeterminate, ctx.Err())
		}
		tokens := b.tokens(t, 10)
		start := time.Now()
		for _, token := range tokens {
			if _, _, err := b.Renew(t.Context(), token); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Renew: %v, want ErrUnavailable", err)
			}
		}
		if waited := time.Since(start); tries != 1 || waited != 50*time.Millisecond {
			t.Errorf("ten renewals tried %d times and waited %s, want once and 50 ms", tries, waited)
		}
	})
}
