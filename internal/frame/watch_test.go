// Tests of what is under way and may not go on.

package frame_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
)

var errOver = errors.New("over")

// A thousand pieces of work of one person are one question a second, and are over within a second.
func TestWatchEndsAllWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w frame.Watch
		var asked atomic.Int64
		var over atomic.Bool
		ask := func(context.Context) (error, error) {
			asked.Add(1)
			if over.Load() {
				return errOver, nil
			}
			return nil, nil
		}
		var all sync.WaitGroup
		const works = 1000
		ended := make(chan time.Duration, works)
		var ending time.Time
		for range works {
			ctx, done := w.Follow(t.Context(), "one", ask)
			all.Go(func() {
				defer done()
				<-ctx.Done()
				if context.Cause(ctx) != errOver { //nolint:errorlint // the very same
					t.Errorf("the cause is %v", context.Cause(ctx))
				}
				ended <- time.Since(ending)
			})
		}
		other, done := w.Follow(t.Context(), "another", func(context.Context) (error, error) { return nil, nil })
		defer done()
		time.Sleep(10*time.Second + 300*time.Millisecond)
		if n := asked.Load(); n < 10 || n > 12 {
			t.Errorf("asked %d times in 10 s, want about once a second", n)
		}
		ending = time.Now()
		over.Store(true)
		all.Wait()
		for range works {
			if took := <-ended; took > time.Second {
				t.Fatalf("over after %v", took)
			}
		}
		if other.Err() != nil {
			t.Error("another one's work was ended too")
		}
		if n := w.Len(); n != 1 {
			t.Errorf("%d questions are left, want 1", n)
		}
	})
}

// What is done before a second is asked nothing, and leaves nothing behind.
func TestWatchAsksNothingOfShortWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w frame.Watch
		for range 100 {
			ctx, done := w.Follow(t.Context(), "one", func(context.Context) (error, error) {
				t.Error("asked")
				return nil, nil
			})
			time.Sleep(500 * time.Millisecond)
			if ctx.Err() != nil {
				t.Error("ended")
			}
			done()
			if ctx.Err() == nil || w.Len() != 0 {
				t.Error("something is left behind")
			}
		}
		time.Sleep(time.Minute)
	})
}

// An outage ends nothing at once, and everything at last; one that passes ends nothing.
func TestWatchOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w frame.Watch
		var down atomic.Bool
		errDown := errors.New("down")
		ctx, done := w.Follow(t.Context(), "one", func(context.Context) (error, error) {
			if down.Load() {
				return nil, errDown
			}
			return nil, nil
		})
		defer done()
		for range 5 {
			down.Store(true)
			time.Sleep(8 * time.Second)
			down.Store(false)
			time.Sleep(2 * time.Second)
		}
		if ctx.Err() != nil {
			t.Fatal("an outage of 8 s has ended it")
		}
		down.Store(true)
		time.Sleep(12 * time.Second)
		if !errors.Is(context.Cause(ctx), errDown) {
			t.Errorf("after 12 s in which nobody knew: %v", context.Cause(ctx))
		}
	})
}

// The browser's own leaving is not an ending.
func TestWatchKeepsTheParentsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w frame.Watch
		parent, leave := context.WithCancel(t.Context())
		ctx, done := w.Follow(parent, "one", func(context.Context) (error, error) { return errOver, nil })
		leave()
		time.Sleep(5 * time.Second)
		if !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("%v", context.Cause(ctx))
		}
		done()
		if w.Len() != 0 {
			t.Error("something is left behind")
		}
	})
}
