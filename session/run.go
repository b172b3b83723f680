// Run: the manager's one loop.

package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// sweepBatch is how many records one call of Store.Sweep may remove. A store pauses between its
// steps, and all steps together have one StoreTimeout, on a slow disk too.
const sweepBatch = 200

// Run sweeps expired sessions every SweepInterval and runs the store's own background work, if it
// has any, until ctx ends; it then returns nil. Without Run every answer is right, but sessions
// that have expired stay stored. The caller owns the goroutine. When Run returns, no touch is under
// way that began before.
func (m *Manager) Run(ctx context.Context) error {
	if !m.looping.CompareAndSwap(false, true) {
		return errors.New("session: Run is already running")
	}
	defer m.looping.Store(false)
	defer m.touching.wait()
	var background sync.WaitGroup
	defer background.Wait()
	if loop := m.traits.Background; loop != nil {
		background.Go(func() {
			if err := loop(ctx); err != nil && ctx.Err() == nil {
				m.log.ErrorContext(ctx, "the store's background work ended", "error", err)
			}
		})
	}
	ticker := time.NewTicker(m.cfg.SweepInterval)
	defer ticker.Stop()
	for {
		if n, err := m.Sweep(ctx); err != nil && ctx.Err() == nil {
			m.log.WarnContext(ctx, "sweep failed", "removed", n, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sweep removes expired sessions and returns how many. Run calls it, and so may a scheduler.
func (m *Manager) Sweep(ctx context.Context) (int, error) {
	total := 0
	for {
		n, err := m.sweepOnce(ctx)
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
		if err := ctx.Err(); err != nil {
			return total, err
		}
	}
}

func (m *Manager) sweepOnce(ctx context.Context) (int, error) {
	ctx, end := m.bound(ctx)
	defer end.release()
	return m.store.Sweep(ctx, sweepBatch)
}

// warnIdle logs once that Run is not running.
func (m *Manager) warnIdle() {
	if !m.looping.Load() && m.warned.CompareAndSwap(false, true) {
		m.log.Warn("Manager.Run is not running: expired sessions are not swept")
	}
}
