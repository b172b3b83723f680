// Run: the store's background work.

package hybridstore

import (
	"context"
	"errors"
	"sync"
)

// run follows the log, writes touches, fills the cache and compares it with the
// database until ctx ends; then it writes the touches that wait. It is Traits.Background.
func (s *Store) run(ctx context.Context) error {
	if !s.looping.CompareAndSwap(false, true) {
		return errors.New("hybridstore: the background work is already running")
	}
	var work sync.WaitGroup
	work.Go(func() { s.follow(ctx) })
	work.Go(func() { s.flushing(ctx) })
	work.Go(func() { s.comparing(ctx) })
	for range refillers {
		work.Go(func() { s.refilling(ctx) })
	}
	work.Wait()
	s.looping.Store(false)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	return s.flush(last)
}
