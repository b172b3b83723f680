// Reading: from the cache if it is to be believed, else from the database; and
// how records enter the cache.

package hybridstore

import (
	"context"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Get implements session.Store. While the cache is believed it sends one command to the cache and
// none to the database.
func (s *Store) Get(ctx context.Context, id session.ID) (session.Session, error) {
	if !s.looping.Load() || !s.window.trusts() {
		s.counts.without.Add(1)
		return s.database.Get(ctx, id)
	}
	e, verdict, err := s.look(ctx, id)
	switch {
	case err != nil: // the cache is out of reach
		s.counts.without.Add(1)
		return s.database.Get(ctx, id)
	case verdict == dead:
		s.counts.hits.Add(1)
		return session.Session{}, session.ErrNotFound
	case verdict == valid:
		s.counts.hits.Add(1)
		found := s.touches.over(*e.session)
		now := s.clock.now()
		if !now.Before(found.Deadline) {
			return session.Session{}, session.ErrNotFound
		}
		if now.Before(found.ExpiresAt) {
			return found, nil
		} // otherwise another node may have written a touch
	}
	switch {
	case len(e.head) == 0:
		s.counts.misses.Add(1)
	case verdict != valid:
		s.counts.refused.Add(1)
	}
	before, known := s.window.here()
	found, err := s.database.Get(ctx, id)
	if err == nil && known && found.ID == id {
		s.enqueue(refill{found, e.head, before})
	}
	return found, err
}

// look returns the entry in the cache and the verdict on it.
func (s *Store) look(ctx context.Context, id session.ID) (entry, verdict, error) {
	e, err := s.cache.get(ctx, id)
	if err != nil {
		return entry{}, unknown, err
	}
	v := s.window.judge(&e, id)
	if v == ahead {
		if err := s.poll(ctx); err == nil {
			v = s.window.judge(&e, id)
		}
	}
	return e, v, nil
}

const (
	// maxRefills is how many records wait to be put into the cache; beyond that
	// they are left out, until the next time they are read.
	maxRefills = 1024

	// refillers is how many goroutines put records into the cache.
	refillers = 4

	// refillTimeout bounds one of their turns.
	refillTimeout = 2 * time.Second

	// keepMarks is how long tombstones and other marks are kept after the time in which other nodes
	// may not know of the change.
	keepMarks = 30 * time.Second

	// keepRecords is how much longer a record is kept than its session lives.
	keepRecords = time.Minute
)

// refill is a session that was live in the database after the point, for the
// place in the cache where head stood, empty if there was nothing.
type refill struct {
	session session.Session
	head    []byte
	after   point
}

// enqueue leaves a refill to the background work.
func (s *Store) enqueue(r refill) {
	if !s.looping.Load() || s.cache.isDown() {
		return
	}
	select {
	case s.refills <- r:
	default:
	}
}

// refill puts a record into the cache. First it holds a token: the head that it will replace. Then
// it reads the log. The end of the session is either in the log, or comes later and replaces the
// head.
func (s *Store) refill(ctx context.Context, r refill) {
	id := r.session.ID
	if len(r.head) == 0 {
		lease := newHead(ask, position{})
		if put, err := s.cache.swap(ctx, id, nil, lease, nil, s.keepMarks()); err != nil || !put {
			return
		}
		r.head = lease
	}
	if s.poll(ctx) != nil {
		return
	}
	if at, same := s.window.since(r.after, id); same {
		_, _ = s.put(ctx, id, r.head, at, &r.session)
	}
}

// put replaces a head by a record that is true at that position.
func (s *Store) put(ctx context.Context, id session.ID, old []byte, at position, n *session.Session) (bool, error) {
	keep := n.ExpiresAt.Sub(s.clock.now()) + keepRecords
	if keep <= 0 {
		return false, nil
	}
	return s.cache.swap(ctx, id, old, newHead(record, at), n, keep)
}

func (s *Store) keepMarks() time.Duration { return keepMarks + 2*s.stale }

// refilling works off the queue until ctx ends.
func (s *Store) refilling(ctx context.Context) {
	for {
		select {
		case r := <-s.refills:
			turn, cancel := context.WithTimeout(ctx, refillTimeout)
			s.refill(turn, r)
			cancel()
		case <-ctx.Done():
			return
		}
	}
}
