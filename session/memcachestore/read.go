// Reading: one session, and a user's list.

package memcachestore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// sessionsOf is the place of the sessions of a tag. Get knows only the tag of an ID, so the tag
// alone names the item; users whose tags collide share one.
func (s *Store) sessionsOf(tag session.Tag) place {
	return s.placeOf(s.cfg.Prefix+"t:"+hex.EncodeToString(tag[:]), be.Uint64(tag[:]))
}

// Get implements session.Store. It sends one command.
func (s *Store) Get(ctx context.Context, id session.ID) (session.Session, error) {
	const op = "get"
	ctx, cancel := bound(ctx)
	defer cancel()
	at := s.sessionsOf(id.Tag())
	stored, err := s.read(ctx, op, at)
	if err != nil {
		return session.Session{}, err
	}
	if stored == nil {
		return session.Session{}, session.ErrNotFound
	}
	found, err := s.find(stored.Value, id)
	switch {
	case err == nil:
		at.stripe.remember(stored) // a touch may follow
	case errors.Is(err, wire.ErrNewer):
		return session.Session{}, newer(op, err)
	case !errors.Is(err, session.ErrNotFound):
		s.repair(ctx, id.Tag())
		err = session.ErrNotFound
	}
	return found, err
}

// find returns the live session of an ID or of its successor. Errors are
// session.ErrNotFound, wire.ErrNewer, and what is wrong with the value or with the
// one record.
func (s *Store) find(value []byte, id session.ID) (session.Session, error) {
	dir, err := openItem(value, id.Tag())
	if err != nil {
		return session.Session{}, err
	}
	now := s.now()
	if record := dir.find(id); record != nil {
		found, err := wire.Decode(record, id)
		if err == nil && !found.LiveAt(now) {
			return session.Session{}, session.ErrNotFound
		}
		return found, err
	}
	it, _ := dir.decode()
	it.prune(now)
	e := it.successor(id, now)
	switch {
	case e == nil:
		return session.Session{}, session.ErrNotFound
	case e.newer:
		return session.Session{}, wire.ErrNewer
	}
	return e.s, nil
}

// newer is the error for an item or a record that a newer release wrote.
func newer(op string, why error) error {
	return fmt.Errorf("memcachestore: %s: %w: %w", op, session.ErrUnavailable, why)
}

// repair removes records that cannot be decoded from an item; change logs them. If it fails, the
// next reader of the item tries again.
func (s *Store) repair(ctx context.Context, tag session.Tag) {
	_ = s.change(ctx, "repair", tag, false, func(*item, time.Time) (bool, error) { return false, nil })
}

// open reads all live sessions of an item, and logs records that it cannot decode. dirty says that
// there were such records. An item of a newer release is an error.
func (s *Store) open(ctx context.Context, op string, value []byte, tag session.Tag, now time.Time) (it item, dirty bool, err error) {
	it.tag = tag
	if value == nil {
		return it, false, nil
	}
	dir, err := openItem(value, tag)
	if errors.Is(err, wire.ErrNewer) {
		return it, false, newer(op, err)
	}
	if err != nil {
		s.log.WarnContext(ctx, "an item cannot be decoded, all sessions in it end", "tag", tag, "error", err)
		return it, true, nil
	}
	it, bad := dir.decode()
	for id, err := range bad {
		s.log.WarnContext(ctx, "a record cannot be decoded, its session ends", "id", id, "error", err)
	}
	it.prune(now)
	return it, len(bad) > 0, nil
}

// List implements session.Store. It sends one command, and lists one user's sessions only.
func (s *Store) List(ctx context.Context, q session.Query) (session.Page, error) {
	const op = "list"
	cursor, after, err := q.After()
	switch {
	case err != nil:
		return session.Page{}, err
	case q.Ended:
		return session.Page{}, fmt.Errorf("%w: memcachestore keeps no history", session.ErrUnsupported)
	case q.User.ID == "":
		return session.Page{}, fmt.Errorf("%w: memcachestore lists one user's sessions, not everybody's", session.ErrUnsupported)
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	stored, err := s.read(ctx, op, s.sessionsOf(q.User.Tag))
	if err != nil || stored == nil {
		return session.Page{}, err
	}
	it, dirty, err := s.open(ctx, op, stored.Value, q.User.Tag, s.now())
	if err != nil {
		return session.Page{}, err
	}
	if dirty {
		s.repair(ctx, q.User.Tag)
	}
	var found []session.Session
	for _, e := range it.entries {
		switch {
		case e.s.UserID != q.User.ID || after && cursor.Compare(cursorOf(&e.s)) >= 0:
		case e.newer:
			s.log.WarnContext(ctx, "a record of a newer format is left out of the list", "id", e.s.ID)
		default:
			found = append(found, e.s)
		}
	}
	slices.SortFunc(found, func(a, b session.Session) int { return cursorOf(&a).Compare(cursorOf(&b)) })
	if len(found) <= q.Size() {
		return session.Page{Sessions: found}, nil
	}
	found = found[:q.Size()]
	return session.Page{Sessions: found, Next: cursorOf(&found[len(found)-1]).String()}, nil
}

func cursorOf(s *session.Session) session.Cursor { return session.Cursor{At: s.CreatedAt, ID: s.ID} }
