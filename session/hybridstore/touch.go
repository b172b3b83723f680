// Touching: activity is collected, written in batches, and then put into the cache.

package hybridstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Touch implements session.Store. It is one command of the cache; the database
// hears of it within FlushInterval, or at once if the session is about to expire or
// was used for the first time since its renewal: a renewal elsewhere must not replace
// it any more.
func (s *Store) Touch(ctx context.Context, seen session.Seen) error {
	if !s.looping.Load() || !s.window.trusts() {
		return s.touch(ctx, seen)
	}
	e, verdict, err := s.look(ctx, seen.ID)
	if err != nil || verdict != valid {
		if verdict == dead {
			return session.ErrNotFound
		}
		return s.touch(ctx, seen)
	}
	known := s.touches.over(*e.session)
	now := s.clock.now()
	switch {
	case !now.Before(known.Deadline):
		return session.ErrNotFound
	case known.ExpiresAt.Sub(now) > s.cfg.lead() && seen.PreviousUntil.IsZero() && s.touches.add(touch{seen, e}):
		return nil
	}
	if err := s.touch(ctx, seen); err != nil || !seen.PreviousUntil.IsZero() {
		return err
	}
	s.show(ctx, touch{seen, e})
	return nil
}

// touch tells the database at once. If it knows no such session, this node does not go on to find
// it in the cache. A first use is forgotten there and not shown: of two at the same time the
// database keeps the first, and the next reader asks it.
func (s *Store) touch(ctx context.Context, seen session.Seen) error {
	err := s.database.Touch(ctx, seen)
	switch {
	case errors.Is(err, session.ErrNotFound):
		s.window.askDatabase(seen.ID)
	case !seen.PreviousUntil.IsZero() && (err == nil || errors.Is(err, session.ErrIndeterminate)):
		if s.forget(ctx, seen.ID) != nil {
			s.counts.untold.Add(1)
		}
	}
	return err
}

// TouchAll implements session.Store, in the database at once.
func (s *Store) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	absent, err := s.database.TouchAll(ctx, seen)
	if err != nil && !errors.Is(err, session.ErrIndeterminate) {
		return absent, err
	}
	ids := make([]session.ID, len(seen))
	for i := range seen {
		ids[i] = seen[i].ID
	}
	if s.forget(ctx, ids...) != nil {
		s.counts.untold.Add(uint64(len(ids)))
	}
	return absent, err
}

// flush writes the touches that wait. Those that fail wait again.
func (s *Store) flush(ctx context.Context) error {
	s.touches.turn()
	for {
		batch := s.touches.take(session.MaxBatch)
		if len(batch) == 0 {
			return nil
		}
		seen := make([]session.Seen, len(batch))
		for i := range batch {
			seen[i] = batch[i].seen
		}
		absent, err := s.database.TouchLate(ctx, seen)
		if err != nil {
			s.touches.putBack(batch)
			return err
		}
		gone := make(map[session.ID]bool, len(absent))
		for _, id := range absent {
			gone[id] = true
		}
		s.touches.gone(absent)
		if len(absent) > 0 {
			_ = s.forget(ctx, absent...) // nodes that follow the log know it in any case
		}
		s.showAll(ctx, batch, gone)
	}
}

// showAll shows touches in the cache, some at a time.
func (s *Store) showAll(ctx context.Context, batch []touch, gone map[session.ID]bool) {
	var showing sync.WaitGroup
	defer showing.Wait()
	turns := make(chan struct{}, refillers)
	for _, t := range batch {
		if gone[t.seen.ID] || s.cache.isDown() {
			continue
		}
		turns <- struct{}{}
		showing.Go(func() {
			defer func() { <-turns }()
			s.show(ctx, t)
		})
	}
}

// show writes a touch that the database has taken over the entry that was
// believed when it was seen, if that is still there and still true.
func (s *Store) show(ctx context.Context, t touch) {
	if s.window.judge(&t.entry, t.seen.ID) != valid {
		return
	}
	from, ok := s.window.here()
	if !ok {
		return
	}
	from.position = t.entry.at
	at, same := s.window.since(from, t.seen.ID)
	if !same {
		return
	}
	n := t.apply(*t.entry.session)
	_, _ = s.put(ctx, n.ID, t.entry.head, at, &n)
}

// flushing flushes every FlushInterval until ctx ends.
func (s *Store) flushing(ctx context.Context) {
	failed := false
	every(ctx, s.cfg.FlushInterval, func() {
		ctx, cancel := context.WithTimeout(ctx, flushTimeout)
		defer cancel()
		err := s.flush(ctx)
		if err != nil && !failed {
			s.log.WarnContext(ctx, "touches could not be written, they wait", "touches", s.touches.len(), "error", err)
		}
		failed = err != nil
	})
}

// flushTimeout bounds a flush, and the last one, at shutdown.
const flushTimeout = 5 * time.Second

// touch is an activity, and the entry that was believed when it was seen.
type touch struct {
	seen  session.Seen
	entry entry
}

// apply returns n as it is after the touch.
func (t *touch) apply(n session.Session) session.Session {
	if t.seen.LastActivity.After(n.LastActivity) {
		n.LastActivity = t.seen.LastActivity
	}
	if t.seen.ExpiresAt.After(n.ExpiresAt) {
		n.ExpiresAt = t.seen.ExpiresAt
	}
	if n.ExpiresAt.After(n.Deadline) {
		n.ExpiresAt = n.Deadline
	}
	return n
}

// touches are those that wait, and those that were written in this flush and the one before: a node
// that has read the cache a moment ago does not see them there yet, and would touch once more. All
// fields are under mu.
type touches struct {
	most int

	mu              sync.Mutex
	waiting         map[session.ID]touch
	written, before map[session.ID]touch
}

func newTouches(most int) *touches { return &touches{most: most, waiting: map[session.ID]touch{}} }

// turn begins another flush.
func (t *touches) turn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written, t.before = map[session.ID]touch{}, t.written
}

// gone forgets touches of sessions that the database did not have.
func (t *touches) gone(ids []session.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		delete(t.written, id)
		delete(t.before, id)
	}
}

func (t *touches) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}

// over returns n as it is after the touches that are known here.
func (t *touches) over(n session.Session) session.Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, some := range []map[session.ID]touch{t.before, t.written, t.waiting} {
		if known, ok := some[n.ID]; ok {
			n = known.apply(n)
		}
	}
	return n
}

// add lets a touch wait, and returns false if there is no room.
func (t *touches) add(one touch) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.merge(one)
}

func (t *touches) merge(one touch) bool {
	before, waits := t.waiting[one.seen.ID]
	if !waits && len(t.waiting) >= t.most {
		return false
	}
	if waits {
		if before.seen.LastActivity.After(one.seen.LastActivity) {
			one.seen.LastActivity = before.seen.LastActivity
		}
		if before.seen.ExpiresAt.After(one.seen.ExpiresAt) {
			one.seen.ExpiresAt = before.seen.ExpiresAt
		}
	}
	t.waiting[one.seen.ID] = one
	return true
}

// take takes at most that many for a flush.
func (t *touches) take(most int) []touch {
	t.mu.Lock()
	defer t.mu.Unlock()
	batch := make([]touch, 0, min(most, len(t.waiting)))
	for id, one := range t.waiting {
		if len(batch) == most {
			break
		}
		batch = append(batch, one)
		t.written[id] = touch{seen: one.seen}
		delete(t.waiting, id)
	}
	return batch
}

// putBack lets touches that could not be written wait again, whatever the bound:
// they were within it before.
func (t *touches) putBack(batch []touch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range batch {
		if later, waits := t.waiting[one.seen.ID]; waits {
			one.entry = later.entry
		}
		if !t.merge(one) {
			t.waiting[one.seen.ID] = one
		}
	}
}
