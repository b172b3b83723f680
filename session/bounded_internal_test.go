// A bounded context behaves as the standard one.

package session

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestBounded(t *testing.T) {
	type key struct{}
	wrong := errors.New("left")
	over := func(t *testing.T, b *bounded, want, cause error) {
		t.Helper()
		for range 2 {
			if err := b.Err(); !errors.Is(err, want) {
				t.Errorf("Err %v, want %v", err, want)
			}
			if err := context.Cause(b); !errors.Is(err, cause) {
				t.Errorf("cause %v, want %v", err, cause)
			}
			select {
			case <-b.Done():
			default:
				t.Error("not done")
			}
		}
	}
	for name, waited := range map[string]bool{"nobody has waited": false, "somebody waits": true} {
		begin := func(t *testing.T) (*bounded, context.CancelCauseFunc) {
			parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "x"))
			b := bind(parent, time.Second)
			if waited {
				b.Done()
			}
			if at, ok := b.Deadline(); !ok || at != time.Now().Add(time.Second) || b.Value(key{}) != "x" || b.Err() != nil || context.Cause(b) != nil {
				t.Errorf("at first %v, %v, %v, %v", at, b.Value(key{}), b.Err(), context.Cause(b))
			}
			return b, cancel
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, cancel := begin(t)
				time.Sleep(time.Second)
				synctest.Wait()
				over(t, b, context.DeadlineExceeded, context.DeadlineExceeded)
				cancel(wrong)
				over(t, b, context.DeadlineExceeded, context.DeadlineExceeded)

				b, cancel = begin(t)
				cancel(wrong)
				over(t, b, context.Canceled, wrong)

				b, cancel = begin(t)
				b.release()
				over(t, b, context.Canceled, context.Canceled)
				cancel(nil)
			})
		})
	}
}

// TestBoundedNeedsNoGoroutine: nor do contexts that are made from it.
func TestBoundedNeedsNoGoroutine(t *testing.T) {
	b := bind(t.Context(), time.Minute)
	defer b.release()
	before := runtime.NumGoroutine()
	for range 100 {
		_, cancel := context.WithTimeout(b, time.Second)
		defer cancel()
	}
	if now := runtime.NumGoroutine(); now > before+50 {
		t.Errorf("%d goroutines, %d before", now, before)
	}
}

// BenchmarkBounded compares a bounded context that nobody waits on with one that makes its timer at
// once.
func BenchmarkBounded(b *testing.B) {
	b.Run("bounded", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bind(b.Context(), time.Second).release()
		}
	})
	b.Run("timer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, cancel := context.WithTimeout(b.Context(), time.Second)
			cancel()
		}
	})
}
