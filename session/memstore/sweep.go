// Sweep: removing expired sessions, a block at a time.

package memstore

import (
	"context"
	"sync"

	"github.com/go-crudadmin/crudadmin/session"
)

// sweeper remembers where the last sweep stopped, so that many small sweeps
// together walk each session once.
type sweeper struct {
	mu    sync.Mutex
	shard int
	from  session.Cursor
}

// Sweep implements session.Store. It locks one shard at a time, for at most one
// block of 512 sessions.
func (s *Store) Sweep(ctx context.Context, most int) (int, error) {
	w := &s.sweeper
	w.mu.Lock()
	defer w.mu.Unlock()
	removed := 0
	// All shards once, and the first one again from its beginning.
	for range len(s.shards) + 1 {
		for {
			if err := ctx.Err(); err != nil {
				return removed, canceled(err)
			}
			n, more := s.sweepBlock(&s.shards[w.shard], &w.from, most-removed)
			removed += n
			if removed >= most {
				return removed, nil
			}
			if !more {
				break
			}
		}
		w.shard, w.from = (w.shard+1)%len(s.shards), session.Cursor{}
	}
	s.counters.sweep(s.now())
	return removed, nil
}

// sweepBlock removes the expired sessions of one block, at most most, moves from past those that it
// has seen, and reports whether the shard has more.
func (s *Store) sweepBlock(sh *shard, from *session.Cursor, most int) (removed int, more bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.now()
	sh.forgetGraces(now)
	block := sh.all.newer(*from)
	for _, one := range block {
		if !one.LiveAt(now) {
			sh.remove(one)
			if removed++; removed == most {
				return removed, true
			}
		}
		*from = place(one)
	}
	return removed, len(block) > 0
}
