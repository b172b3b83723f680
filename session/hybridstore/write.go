// Writing: the database first, then the entries in the cache are made worthless.

package hybridstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Create implements session.Store. The evicted sessions are settled before it returns. If that
// takes too long, the error matches session.ErrIndeterminate and session.ErrPartial.
func (s *Store) Create(ctx context.Context, n session.Session, a session.Admission) ([]session.ID, error) {
	before, known := s.window.here()
	evicted, err := s.database.Create(ctx, n, a)
	if err != nil {
		return nil, err
	}
	if len(evicted) > 0 {
		if err := s.settle(ctx, time.Now(), tombstone, evicted); err != nil {
			return nil, fmt.Errorf("%w: the sessions that make room: %w", session.ErrIndeterminate, err)
		}
	}
	if known {
		s.enqueue(refill{n, nil, before})
	}
	return evicted, nil
}

// Restore implements session.Store.
func (s *Store) Restore(ctx context.Context, n session.Session) error {
	return s.database.Restore(ctx, n)
}

// Update implements session.Store. Other nodes see it at once if the cache can be
// told, else within MaxStale.
func (s *Store) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	err := s.database.Update(ctx, id, version, m)
	if errors.Is(err, session.ErrNotFound) {
		s.window.askDatabase(id)
	}
	if err == nil || errors.Is(err, session.ErrConflict) || errors.Is(err, session.ErrIndeterminate) {
		if s.forget(ctx, id) != nil { // the others read it in the log
			s.counts.untold.Add(1)
		}
	}
	return err
}

// forget makes the database decide about the sessions: on this node at once, on others if the cache
// takes the marks.
func (s *Store) forget(ctx context.Context, ids ...session.ID) error {
	s.window.askDatabase(ids...)
	return s.cache.set(ctx, ids, ask, s.keepMarks())
}

// Rotate implements session.Store. The old session is settled before it returns,
// with the errors of Create.
func (s *Store) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	before, known := s.window.here()
	err := s.database.Rotate(ctx, old, next)
	if err != nil {
		if errors.Is(err, session.ErrNotFound) {
			s.window.askDatabase(old)
		}
		if errors.Is(err, session.ErrConflict) || errors.Is(err, session.ErrIndeterminate) {
			_ = s.forget(ctx, old)
		}
		return err
	}
	mark := tombstone
	if next.Previous == old {
		mark = ask // it finds its successor
	}
	if err := s.settle(ctx, time.Now(), mark, []session.ID{old}); err != nil {
		return fmt.Errorf("%w: the session before: %w", session.ErrIndeterminate, err)
	}
	if known {
		s.enqueue(refill{next, nil, before})
	}
	return nil
}

// Delete implements session.Store. A *session.PartialError says that the session has ended, but
// that some nodes may answer valid for a while. A second Delete settles it again.
func (s *Store) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	ended, err := s.database.Delete(ctx, id, why)
	switch {
	case err == nil:
		ids := []session.ID{ended.ID}
		if ended.ID != id {
			ids = append(ids, id)
		}
		return ended, s.settle(ctx, time.Now(), tombstone, ids)
	case errors.Is(err, session.ErrNotFound):
		if unsettled := s.settle(ctx, time.Now(), ask, []session.ID{id}); unsettled != nil {
			return session.Session{}, unsettled
		}
	}
	return session.Session{}, err
}

// DeleteUser implements session.Store, with the errors of Delete.
func (s *Store) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	before, known := s.window.here()
	if !known && s.poll(ctx) == nil {
		before, known = s.window.here()
	}
	n, err := s.database.DeleteUser(ctx, user, why, keep...)
	if err != nil {
		return 0, err
	}
	committed := time.Now()
	var ids []session.ID
	if known = known && s.poll(ctx) == nil; known {
		ids, known = s.window.endings(before, user.Tag)
	}
	if !known { // this node does not know which sessions ended: the others must read the log
		return n, s.waitOut(ctx, committed, nil, errors.New("the log of changes could not be read"))
	}
	if len(ids) == 0 {
		return n, nil
	}
	return n, s.settle(ctx, committed, tombstone, ids)
}

// settle returns nil when no node believes the records of the sessions in the cache any more: when
// the cache has confirmed the marks, or MaxStale after the commit.
func (s *Store) settle(ctx context.Context, committed time.Time, mark kind, ids []session.ID) error {
	s.window.askDatabase(ids...)
	tell := func() error { return s.cache.set(ctx, ids, mark, s.keepMarks()) }
	if err := tell(); err != nil {
		return s.waitOut(ctx, committed, tell, err)
	}
	return nil
}

// waitOut returns nil when MaxStale has passed since the commit, or tell, which may be nil, has
// succeeded.
func (s *Store) waitOut(ctx context.Context, committed time.Time, tell func() error, cause error) error {
	for {
		left := s.stale - time.Since(committed)
		if left <= 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && tell == nil && time.Until(deadline) < left {
			return &session.PartialError{Within: left, Cause: cause}
		}
		timer := time.NewTimer(min(left, cacheRetry))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return &session.PartialError{Within: max(s.stale-time.Since(committed), 0), Cause: cause}
		}
		if tell != nil && tell() == nil {
			return nil
		}
	}
}
