// Run: the one loop, in a bubble of its own time.

package session_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

func TestRunSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fake{Store: memstore.New(memstore.Config{}), traits: session.Traits{Local: true}}
		var sweeps, looped atomic.Int32
		store.sweep = func(context.Context, int) (int, error) {
			if sweeps.Add(1) > 1 {
				return 0, session.ErrUnavailable
			}
			return 0, nil
		}
		store.traits.Background = func(ctx context.Context) error {
			looped.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		log := &lockedBuffer{}
		m, err := session.New(store, session.Config{SecretKey: canary, SweepInterval: time.Hour, Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		synctest.Wait()
		if sweeps.Load() != 1 || looped.Load() != 1 {
			t.Errorf("at start %d sweeps and %d background loops, want 1 and 1", sweeps.Load(), looped.Load())
		}
		if err := m.Run(ctx); err == nil || !strings.Contains(err.Error(), "already running") {
			t.Errorf("a second Run: %v", err)
		}
		<-time.After(2*time.Hour + time.Minute)
		synctest.Wait()
		if n := sweeps.Load(); n != 3 {
			t.Errorf("%d sweeps after two hours, want 3", n)
		}
		if !strings.Contains(log.String(), "sweep failed") {
			t.Error("a sweep that failed is not logged")
		}
		cancel()
		synctest.Wait()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run returned %v after its context ended, want nil", err)
			}
		default:
			t.Error("Run goes on after its context ended")
		}
		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		if err := m.Run(ctx); err != nil {
			t.Errorf("Run again: %v", err)
		}
	})
}

func TestBackgroundThatEndsIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fake{Store: memstore.New(memstore.Config{}), traits: session.Traits{Local: true}}
		store.traits.Background = func(context.Context) error { return errors.New("lost the link") }
		log := &lockedBuffer{}
		m, err := session.New(store, session.Config{SecretKey: canary, Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		synctest.Wait()
		if !strings.Contains(log.String(), "lost the link") {
			t.Errorf("the log says %s", log)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSweepGoesOnUntilNothingIsLeft(t *testing.T) {
	b := newBench(t)
	left := 2500
	b.store.sweep = func(_ context.Context, limit int) (int, error) {
		n := min(left, limit)
		left -= n
		return n, nil
	}
	if n, err := b.Sweep(t.Context()); n != 2500 || err != nil || left != 0 {
		t.Errorf("Sweep: %d, %v, %d left", n, err, left)
	}
	b.store.sweep = func(_ context.Context, limit int) (int, error) { return limit, nil }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := b.Sweep(ctx); !errors.Is(err, context.Canceled) || n == 0 {
		t.Errorf("Sweep without end, cancelled: %d, %v", n, err)
	}
	b.store.sweep = func(context.Context, int) (int, error) { return 3, session.ErrUnavailable }
	if n, err := b.Sweep(t.Context()); !errors.Is(err, session.ErrUnavailable) || n != 3 {
		t.Errorf("Sweep that fails: %d, %v", n, err)
	}
}
