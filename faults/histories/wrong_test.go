// wrong: a right store in memory of which any method can be replaced.

package histories

import (
	"context"
	"errors"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// wrong is one handle on a store; nil is the store's own method.
type wrong struct {
	session.Store

	create     func(context.Context, session.Session, session.Admission) ([]session.ID, error)
	get        func(context.Context, session.ID) (session.Session, error)
	update     func(context.Context, session.ID, uint64, session.Metadata) error
	touch      func(context.Context, session.Seen) error
	rotate     func(context.Context, session.ID, session.Session) error
	remove     func(context.Context, session.ID, session.Ending) (session.Session, error)
	removeUser func(context.Context, session.User, session.Ending, ...session.ID) (int, error)
	list       func(context.Context, session.Query) (session.Page, error)
}

func (w *wrong) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	if w.create != nil {
		return w.create(ctx, s, a)
	}
	return w.Store.Create(ctx, s, a)
}

func (w *wrong) Get(ctx context.Context, id session.ID) (session.Session, error) {
	if w.get != nil {
		return w.get(ctx, id)
	}
	return w.Store.Get(ctx, id)
}

func (w *wrong) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	if w.update != nil {
		return w.update(ctx, id, version, m)
	}
	return w.Store.Update(ctx, id, version, m)
}

func (w *wrong) Touch(ctx context.Context, seen session.Seen) error {
	if w.touch != nil {
		return w.touch(ctx, seen)
	}
	return w.Store.Touch(ctx, seen)
}

func (w *wrong) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	if w.rotate != nil {
		return w.rotate(ctx, old, next)
	}
	return w.Store.Rotate(ctx, old, next)
}

func (w *wrong) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if w.remove != nil {
		return w.remove(ctx, id, why)
	}
	return w.Store.Delete(ctx, id, why)
}

func (w *wrong) DeleteUser(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
	if w.removeUser != nil {
		return w.removeUser(ctx, u, why, keep...)
	}
	return w.Store.DeleteUser(ctx, u, why, keep...)
}

func (w *wrong) List(ctx context.Context, q session.Query) (session.Page, error) {
	if w.list != nil {
		return w.list(ctx, q)
	}
	return w.Store.List(ctx, q)
}

// pause is the moment between two steps that should have been one.
func pause() { <-time.After(100 * time.Microsecond) }

// all returns a user's live sessions, newest first.
func (w *wrong) all(ctx context.Context, u session.User) []session.Session {
	page, _ := w.Store.List(ctx, session.Query{User: u, Limit: session.MaxPage})
	return page.Sessions
}

// put writes a record whatever stands there.
func (w *wrong) put(ctx context.Context, s session.Session) {
	_, _ = w.Store.Delete(ctx, s.ID, session.Ending{})
	_ = w.Store.Restore(ctx, s)
}

// cached answers reads from a cache; see plantedCaches.
func (w *wrong) cached(c *cache) {
	w.get = func(ctx context.Context, id session.ID) (session.Session, error) {
		if s, ok := c.look(id); ok {
			return s, nil
		}
		s, err := w.Store.Get(ctx, id)
		if err == nil && s.ID == id {
			pause()
			c.put(s)
		}
		return s, err
	}
}

// touching takes a touch of what the cache has, as it takes a read. A first use after a
// renewal changes the record: it is told of.
func (w *wrong) touching(c *cache, tell func(id session.ID)) {
	w.touch = func(ctx context.Context, seen session.Seen) error {
		err := w.Store.Touch(ctx, seen)
		if err == nil && !seen.PreviousUntil.IsZero() {
			tell(seen.ID)
		}
		if _, ok := c.look(seen.ID); ok {
			return nil
		}
		return err
	}
}

// dropping tells of what ended or changed, before it returns.
func (w *wrong) dropping(tell func(id session.ID)) {
	w.remove = func(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
		s, err := w.Store.Delete(ctx, id, why)
		if err == nil {
			tell(s.ID)
		}
		return s, err
	}
	w.removeUser = func(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
		before := w.all(ctx, u)
		n, err := w.Store.DeleteUser(ctx, u, why, keep...)
		for i := range before {
			tell(before[i].ID)
		}
		return n, err
	}
	w.create = func(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
		gone, err := w.Store.Create(ctx, s, a)
		for _, id := range gone {
			tell(id)
		}
		return gone, err
	}
	w.rotate = func(ctx context.Context, old session.ID, next session.Session) error {
		err := w.Store.Rotate(ctx, old, next)
		if err == nil {
			tell(old)
		}
		return err
	}
	w.update = func(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
		err := w.Store.Update(ctx, id, version, m)
		if err == nil || errors.Is(err, session.ErrConflict) {
			tell(id)
		}
		return err
	}
}
