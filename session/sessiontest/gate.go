// Gate: a store whose calls are counted and can be held, so that a race
// happens in the order a test wants.

package sessiontest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// Moment is where a Gate holds a call.
type Moment int

// The moments.
const (
	Before Moment = iota // the call has not reached the store
	After                // the store has answered, the caller does not know
)

// patience is how long a test waits for another goroutine before it fails.
const patience = 20 * time.Second

// Gate is a Store around another that counts calls and holds the ones it is
// told to. It is safe for many goroutines.
type Gate struct {
	session.Store

	mu    sync.Mutex
	calls int
	held  map[string]*Held
}

// NewGate returns a gate before the store.
func NewGate(store session.Store) *Gate {
	return &Gate{Store: store, held: map[string]*Held{}}
}

// Held is a call that a Gate holds, or will.
type Held struct {
	when    Moment
	reached chan struct{}
	release chan struct{}
}

// Hold makes the next call of the method, named as in the interface, wait
// before or after the store does its part.
func (g *Gate) Hold(method string, when Moment) *Held {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := &Held{when: when, reached: make(chan struct{}), release: make(chan struct{})}
	g.held[method] = h
	return h
}

// Await returns when the call has arrived, and fails the test if it does not,
// at the latest when finished is closed: the request ended without the call.
func (h *Held) Await(t testing.TB, finished <-chan struct{}) {
	t.Helper()
	select {
	case <-h.reached:
	case <-finished:
		t.Fatal("the call that was to be held did not come: the request ended without it")
	case <-time.After(patience):
		t.Fatal("the call that was to be held did not come")
	}
}

// Release lets the call go on.
func (h *Held) Release() { close(h.release) }

// Calls returns how many calls have come so far.
func (g *Gate) Calls() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls
}

// enter counts a call and holds it where it is to be held before; the function
// it returns holds it where it is to be held after.
func (g *Gate) enter(method string) (leave func()) {
	g.mu.Lock()
	g.calls++
	h := g.held[method]
	delete(g.held, method)
	g.mu.Unlock()
	if h == nil {
		return func() {}
	}
	wait := func() {
		close(h.reached)
		<-h.release
	}
	if h.when == After {
		return wait
	}
	wait()
	return func() {}
}

// Create implements session.Store.
func (g *Gate) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	defer g.enter("Create")()
	return g.Store.Create(ctx, s, a)
}

// Get implements session.Store.
func (g *Gate) Get(ctx context.Context, id session.ID) (session.Session, error) {
	defer g.enter("Get")()
	return g.Store.Get(ctx, id)
}

// Update implements session.Store.
func (g *Gate) Update(ctx context.Context, id session.ID, version uint64, m session.Metadata) error {
	defer g.enter("Update")()
	return g.Store.Update(ctx, id, version, m)
}

// Touch implements session.Store.
func (g *Gate) Touch(ctx context.Context, seen session.Seen) error {
	defer g.enter("Touch")()
	return g.Store.Touch(ctx, seen)
}

// TouchAll implements session.Store.
func (g *Gate) TouchAll(ctx context.Context, seen []session.Seen) ([]session.ID, error) {
	defer g.enter("TouchAll")()
	return g.Store.TouchAll(ctx, seen)
}

// Rotate implements session.Store.
func (g *Gate) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	defer g.enter("Rotate")()
	return g.Store.Rotate(ctx, old, next)
}

// Restore implements session.Store.
func (g *Gate) Restore(ctx context.Context, s session.Session) error {
	defer g.enter("Restore")()
	return g.Store.Restore(ctx, s)
}

// Delete implements session.Store.
func (g *Gate) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	defer g.enter("Delete")()
	return g.Store.Delete(ctx, id, why)
}

// DeleteUser implements session.Store.
func (g *Gate) DeleteUser(ctx context.Context, user session.User, why session.Ending, keep ...session.ID) (int, error) {
	defer g.enter("DeleteUser")()
	return g.Store.DeleteUser(ctx, user, why, keep...)
}

// List implements session.Store.
func (g *Gate) List(ctx context.Context, q session.Query) (session.Page, error) {
	defer g.enter("List")()
	return g.Store.List(ctx, q)
}

// Sweep implements session.Store.
func (g *Gate) Sweep(ctx context.Context, limit int) (int, error) {
	defer g.enter("Sweep")()
	return g.Store.Sweep(ctx, limit)
}

// Count implements session.Store.
func (g *Gate) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	defer g.enter("Count")()
	return g.Store.Count(ctx, key, rule)
}

// Counted implements session.Store.
func (g *Gate) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	defer g.enter("Counted")()
	return g.Store.Counted(ctx, key, window)
}

// Uncount implements session.Store.
func (g *Gate) Uncount(ctx context.Context, key string, n int) error {
	defer g.enter("Uncount")()
	return g.Store.Uncount(ctx, key, n)
}

// Ping implements session.Store.
func (g *Gate) Ping(ctx context.Context) error {
	defer g.enter("Ping")()
	return g.Store.Ping(ctx)
}
