// wrong: a model of which any method can be replaced, and gaps in which planted
// races happen.

package sessiontest

import (
	"context"
	"sync"
	"sync/atomic"
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
	count      func(context.Context, string, session.CountRule) (time.Duration, error)
	counted    func(context.Context, string, time.Duration) (int, error)
	uncount    func(context.Context, string, int) error
	report     func() session.Report
	another    func() session.Store // what a second handle is
	runsBack   bool                 // the clock is not made monotonic
}

func (w *wrong) second() session.Store {
	if w.another != nil {
		return w.another()
	}
	return w
}

func (w *wrong) Traits() session.Traits {
	traits := w.model.Traits()
	traits.Report = w.report
	return traits
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

func (w *wrong) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	if w.count != nil {
		return w.count(ctx, key, rule)
	}
	return w.model.Count(ctx, key, rule)
}

func (w *wrong) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	if w.counted != nil {
		return w.counted(ctx, key, window)
	}
	return w.model.Counted(ctx, key, window)
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
	entered chan struct{} // closed when a caller enters
	left    chan struct{} // closed when the callers in the gap may go on; nil if there are none
}

// linger is how many nanoseconds a call waits for another in vain: it is raised if no other call
// came in that time on a busy machine.
var linger atomic.Int64

func init() { linger.Store(int64(4 * time.Millisecond)) }

// wait enters the gap and stays until the other call has been made.
func (g *gap) wait() {
	g.mu.Lock()
	if g.left == nil {
		g.left = make(chan struct{})
	}
	left := g.left
	if g.entered != nil {
		close(g.entered)
		g.entered = nil
	}
	g.mu.Unlock()
	select {
	case <-left:
	case <-time.After(time.Duration(linger.Load())):
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.left == left {
			g.left = nil
		}
	}
}

// into makes a call while another caller is in the gap, if one comes.
func (g *gap) into(call func()) {
	g.mu.Lock()
	if g.left == nil {
		if g.entered == nil {
			g.entered = make(chan struct{})
		}
		entered := g.entered
		g.mu.Unlock()
		select {
		case <-entered:
		case <-time.After(time.Duration(linger.Load())):
		}
	} else {
		g.mu.Unlock()
	}
	call()
	g.open()
}

// open lets the callers in the gap go on and reports whether there were any.
func (g *gap) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.left == nil {
		return false
	}
	close(g.left)
	g.left = nil
	return true
}

// meet waits until another caller is in the gap too.
func (g *gap) meet() {
	if !g.open() {
		g.wait()
	}
}
