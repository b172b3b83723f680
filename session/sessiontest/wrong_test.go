// wrong: a model of which any method can be replaced, and gaps in which planted
// races happen.

package sessiontest

import (
	"context"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// wrong is a model with methods replaced; nil is the model's own.
type wrong struct {
	*model

	create     func(context.Context, session.Session, session.Admission) ([]session.ID, error)
	get        func(context.Context, session.ID) (session.Session, error)
	update     func(context.Context, session.ID, uint64, session.Metadata) error
	touchOne   func(context.Context, session.Seen) error
	touchAll   func(context.Context, []session.Seen) ([]session.ID, error)
	rotate     func(context.Context, session.ID, session.Session) error
	restore    func(context.Context, session.Session) error
	delete     func(context.Context, session.ID, session.Ending) (session.Session, error)
	deleteUser func(context.Context, session.User, session.Ending, ...session.ID) (int, error)
	list       func(context.Context, session.Query) (session.Page, error)
	sweep      func(context.Context, int) (int, error)
	count      func(context.Context, string, int, time.Duration) (time.Duration, error)
	uncount    func(context.Context, string, int) error
	another    func() session.Store // what a second handle is
	runsBack   bool                 // the clock is not made monotonic
}

func (w *wrong) second() session.Store {
	if w.another != nil {
		return w.another()
	}
	return w
}

func (w *wrong) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	if w.create != nil {
		return w.create(ctx, s, a)
	}
	return w.model.Create(ctx, s, a)
}

func (w *wrong) Get(ctx context.Context, id session.ID) (session.Session, error) {
	if w.get != nil {
		return w.get(ctx, id)
	}
	return w.model.Get(ctx, id)
}

func (w *wrong) Update(ctx context.Context, id session.ID, version uint64, md session.Metadata) error {
	if w.update != nil {
		return w.update(ctx, id, version, md)
	}
	return w.model.Update(ctx, id, version, md)
}

func (w *wrong) Touch(ctx context.Context, seen session.Seen) error {
	if w.touchOne != nil {
		return w.touchOne(ctx, seen)
	}
	return w.model.Touch(ctx, seen)
}

func (w *wrong) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	if w.touchAll != nil {
		return w.touchAll(ctx, seen)
	}
	return w.model.TouchAll(ctx, seen)
}

func (w *wrong) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	if w.rotate != nil {
		return w.rotate(ctx, old, next)
	}
	return w.model.Rotate(ctx, old, next)
}

func (w *wrong) Restore(ctx context.Context, s session.Session) error {
	if w.restore != nil {
		return w.restore(ctx, s)
	}
	return w.model.Restore(ctx, s)
}

func (w *wrong) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if w.delete != nil {
		return w.delete(ctx, id, why)
	}
	return w.model.Delete(ctx, id, why)
}

func (w *wrong) DeleteUser(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
	if w.deleteUser != nil {
		return w.deleteUser(ctx, u, why, keep...)
	}
	return w.model.DeleteUser(ctx, u, why, keep...)
}

func (w *wrong) List(ctx context.Context, q session.Query) (session.Page, error) {
	if w.list != nil {
		return w.list(ctx, q)
	}
	return w.model.List(ctx, q)
}

func (w *wrong) Sweep(ctx context.Context, limit int) (int, error) {
	if w.sweep != nil {
		return w.sweep(ctx, limit)
	}
	return w.model.Sweep(ctx, limit)
}

func (w *wrong) Count(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	if w.count != nil {
		return w.count(ctx, key, limit, window)
	}
	return w.model.Count(ctx, key, limit, window)
}

func (w *wrong) Uncount(ctx context.Context, key string, n int) error {
	if w.uncount != nil {
		return w.uncount(ctx, key, n)
	}
	return w.model.Uncount(ctx, key, n)
}

// locked runs do under the model's lock.
func (m *model) locked(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

// gap is the moment between two steps that should have been one. Whoever enters
// it waits a little for another call to come along, so that a race that can
// happen does.
type gap struct {
	mu      sync.Mutex
	company chan struct{}
}

// linger is how long a call waits in a gap in vain.
const linger = 5 * time.Millisecond

// meet waits until another caller is in the gap too.
func (g *gap) meet() {
	if !g.open() {
		g.wait()
	}
}

// open lets the caller in the gap go on and reports whether there was one.
func (g *gap) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.company == nil {
		return false
	}
	close(g.company)
	g.company = nil
	return true
}

// wait waits until open is called.
func (g *gap) wait() {
	g.mu.Lock()
	if g.company == nil {
		g.company = make(chan struct{})
	}
	company := g.company
	g.mu.Unlock()
	select {
	case <-company:
	case <-time.After(linger):
	}
}
