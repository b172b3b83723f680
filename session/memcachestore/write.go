// Writing: how sessions begin, change and end. Each is one swap of one item.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// change changes the item of a tag. do sees the live sessions only, and returns whether it has
// changed any; after an error it must have changed none.
func (s *Store) change(ctx context.Context, op string, tag session.Tag, recall bool, do func(it *item, now time.Time) (changed bool, err error)) error {
	return s.swap(ctx, op, s.sessionsOf(tag), recall, func(value []byte) (edit, error) {
		now := s.now()
		it, dirty, err := s.open(ctx, op, value, tag, now)
		if err != nil {
			return edit{}, err
		}
		changed, err := do(&it, now)
		if !changed && !dirty {
			return edit{}, err
		}
		if len(it.entries) == 0 {
			return edit{write: true}, err
		}
		return edit{write: true, value: it.encode(), until: it.end()}, err
	})
}

// changeOne is change for one session. do sees its live entry. The error is session.ErrNotFound if
// there is none, and session.ErrUnavailable if a newer release wrote it.
func (s *Store) changeOne(ctx context.Context, op string, id session.ID, do func(e *entry) (changed bool, err error)) error {
	return s.change(ctx, op, id.Tag(), true, func(it *item, _ time.Time) (bool, error) {
		e := it.live(id)
		if err := usable(op, e); err != nil {
			return false, err
		}
		changed, err := do(e)
		if !changed || err != nil {
			return false, err
		}
		if e.record, err = wire.Append(nil, &e.s); err != nil {
			return false, fmt.Errorf("memcachestore: %s: %w", op, err)
		}
		return true, nil
	})
}

func usable(op string, e *entry) error {
	switch {
	case e == nil:
		return session.ErrNotFound
	case e.newer:
		return newer(op, wire.ErrNewer)
	}
	return nil
}

// newEntry encodes a session to insert.
func newEntry(op string, n session.Session) (entry, error) {
	record, err := wire.Append(nil, &n)
	if err != nil {
		return entry{}, fmt.Errorf("memcachestore: %s: %w", op, err)
	}
	return entry{record: record, s: n}, nil
}

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, n session.Session, a session.Admission) ([]session.ID, error) {
	return s.insert(ctx, "create", n, a)
}

// Restore implements session.Store. The store knows nothing of sessions that have ended.
func (s *Store) Restore(ctx context.Context, n session.Session) error {
	if !n.LiveAt(s.now()) {
		return session.ErrNotFound
	}
	_, err := s.insert(ctx, "restore", n, session.Admission{})
	return err
}

func (s *Store) insert(ctx context.Context, op string, n session.Session, a session.Admission) ([]session.ID, error) {
	fresh, err := newEntry(op, n)
	if err != nil {
		return nil, err
	}
	var evicted []session.ID
	err = s.change(ctx, op, n.ID.Tag(), false, func(it *item, now time.Time) (bool, error) {
		if it.live(n.ID) != nil || it.successor(n.ID, now) != nil {
			return false, session.ErrConflict
		}
		if evicted, err = it.admit(&n, a); err != nil {
			return false, err
		}
		if rest := len(it.entries) - len(evicted); rest >= s.capacity {
			return false, fmt.Errorf("memcachestore: %s: %w: %d sessions of the user, the store holds at most %d", op, session.ErrTooLarge, rest, s.capacity)
		}
		for _, id := range evicted {
			it.remove(id)
		}
		it.entries = append(it.entries, fresh)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return evicted, nil
}

// admit returns the sessions that must end so that n can be inserted.
func (it *item) admit(n *session.Session, a session.Admission) (evicted []session.ID, err error) {
	if n.UserID == "" || a.Limit <= 0 {
		return nil, nil
	}
	var mates []session.Cursor
	for i := range it.entries {
		if e := &it.entries[i]; e.s.UserID == n.UserID {
			mates = append(mates, cursorOf(&e.s))
		}
	}
	if len(mates) < a.Limit {
		return nil, nil
	}
	if a.Refuse {
		return nil, session.ErrLimit
	}
	slices.SortFunc(mates, session.Cursor.Compare) // newest first
	for _, mate := range slices.Backward(mates[a.Limit-1:]) {
		evicted = append(evicted, mate.ID)
	}
	return evicted, nil
}

// Update implements session.Store.
func (s *Store) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	const op = "update"
	if _, err := wire.AppendMetadata(nil, m); err != nil {
		return fmt.Errorf("memcachestore: %s: %w", op, err)
	}
	return s.changeOne(ctx, op, id, func(e *entry) (bool, error) {
		if e.s.Version != version {
			return false, session.ErrConflict
		}
		e.s.Metadata = m
		e.s.Version++
		return true, nil
	})
}

// Touch implements session.Store.
func (s *Store) Touch(ctx context.Context, seen session.Seen) error {
	return s.changeOne(ctx, "touch", seen.ID, func(e *entry) (bool, error) { return e.touch(seen), nil })
}

// touch reports whether it moved anything.
func (e *entry) touch(seen session.Seen) (moved bool) {
	if seen.LastActivity.After(e.s.LastActivity) {
		e.s.LastActivity, moved = seen.LastActivity, true
	}
	if seen.ExpiresAt.After(e.s.Deadline) {
		seen.ExpiresAt = e.s.Deadline
	}
	if seen.ExpiresAt.After(e.s.ExpiresAt) {
		e.s.ExpiresAt, moved = seen.ExpiresAt, true
	}
	if !seen.PreviousUntil.IsZero() && e.s.Unused() {
		e.s.PreviousUntil, moved = seen.PreviousUntil, true
	}
	return moved
}

// TouchAll implements session.Store. It sends two commands for each user, for PoolSize users of a
// server at a time. After an error some may have been touched.
func (s *Store) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	const op = "touch many"
	switch {
	case len(seen) > session.MaxBatch:
		return nil, fmt.Errorf("memcachestore: %s: %w: %d in a batch, at most %d", op, session.ErrTooLarge, len(seen), session.MaxBatch)
	case len(seen) == 0:
		return nil, nil
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	batches := map[session.Tag][]session.Seen{}
	queues := map[*server][]session.Tag{}
	for _, one := range seen {
		tag := one.ID.Tag()
		if batches[tag] == nil {
			sv := s.sessionsOf(tag).sv
			queues[sv] = append(queues[sv], tag)
		}
		batches[tag] = append(batches[tag], one)
	}
	var mu sync.Mutex // of absent and errs
	var absent []session.ID
	var errs []error
	var working sync.WaitGroup
	for _, tags := range queues {
		queue := make(chan session.Tag, len(tags))
		for _, tag := range tags {
			queue <- tag
		}
		close(queue)
		for range min(s.cfg.PoolSize, len(tags)) {
			working.Go(func() {
				for tag := range queue {
					missed, err := s.touchUser(ctx, op, tag, batches[tag])
					mu.Lock()
					absent = append(absent, missed...)
					errs = append(errs, err)
					mu.Unlock()
				}
			})
		}
	}
	working.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return absent, nil
}

// touchUser touches sessions of one tag and returns those that were absent.
func (s *Store) touchUser(ctx context.Context, op string, tag session.Tag, seen []session.Seen) (absent []session.ID, err error) {
	err = s.change(ctx, op, tag, false, func(it *item, _ time.Time) (changed bool, err error) {
		absent = nil
		touched := map[*entry]bool{}
		for _, one := range seen {
			e := it.live(one.ID)
			switch {
			case e == nil:
				absent = append(absent, one.ID)
			case e.newer:
				return false, newer(op, wire.ErrNewer)
			case e.touch(one):
				touched[e] = true
			}
		}
		for e := range touched {
			if e.record, err = wire.Append(nil, &e.s); err != nil {
				return false, fmt.Errorf("memcachestore: %s: %w", op, err)
			}
		}
		return len(touched) > 0, nil
	})
	return absent, err
}

// Rotate implements session.Store.
func (s *Store) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	const op = "rotate"
	if old.Tag() != next.ID.Tag() {
		return fmt.Errorf("memcachestore: %s: %w: the IDs have different tags", op, session.ErrMalformed)
	}
	fresh, err := newEntry(op, next)
	if err != nil {
		return err
	}
	return s.change(ctx, op, old.Tag(), true, func(it *item, now time.Time) (bool, error) {
		e := it.live(old)
		if e == nil && it.successor(old, now) != nil {
			return false, session.ErrConflict
		}
		if err := usable(op, e); err != nil {
			return false, err
		}
		if e.s.Version != next.Version || it.live(next.ID) != nil || !e.s.Renewable(next.Previous) {
			return false, session.ErrConflict
		}
		*e = fresh
		return true, nil
	})
}

// Delete implements session.Store.
func (s *Store) Delete(ctx context.Context, id session.ID, _ session.Ending) (session.Session, error) {
	const op = "delete"
	var ended session.Session
	err := s.change(ctx, op, id.Tag(), false, func(it *item, now time.Time) (bool, error) {
		e := it.live(id)
		if e == nil {
			e = it.successor(id, now)
		}
		if err := usable(op, e); err != nil {
			return false, err
		}
		ended = e.s
		it.remove(ended.ID)
		return true, nil
	})
	if err != nil {
		return session.Session{}, err
	}
	return ended, nil
}

// DeleteUser implements session.Store. An ID in keep that is in its grace keeps
// its successor.
func (s *Store) DeleteUser(ctx context.Context, user session.User, _ session.Ending, keep ...session.ID) (int, error) {
	if user.ID == "" {
		return 0, nil
	}
	ended := 0
	err := s.change(ctx, "delete user", user.Tag, false, func(it *item, now time.Time) (bool, error) {
		before := len(it.entries)
		it.entries = slices.DeleteFunc(it.entries, func(e entry) bool {
			kept := slices.Contains(keep, e.s.ID) || now.Before(e.s.PreviousUntil) && slices.Contains(keep, e.s.Previous)
			return e.s.UserID == user.ID && !kept
		})
		ended = before - len(it.entries)
		return ended > 0, nil
	})
	if err != nil {
		return 0, err
	}
	return ended, nil
}
