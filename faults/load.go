// load: users who sign in, go on and sign out all the time, so that a fault always
// hits somebody in the middle of something.

package faults

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// pace is between two writes of one user.
const pace = 10 * time.Millisecond

// routine is what a user does, the same in this process and in one that is
// killed.
type routine struct {
	store session.Store
	user  session.User
	fresh func() session.Session

	// begin and end are told of each write.
	begin func(op) (end func(outcome, error, []session.ID))

	newest session.Session
	n      int
}

// step makes one write.
func (r *routine) step(ctx context.Context) {
	write := func(o op, f func() ([]session.ID, error)) outcome {
		o.User = r.user.ID
		end := r.begin(o)
		evicted, err := f()
		how := outcomeOf(err)
		end(how, err, evicted)
		return how
	}
	r.n++
	has := r.newest.UserID != ""
	switch {
	case has && r.n%13 == 0:
		if write(op{Kind: "deleteUser"}, func() ([]session.ID, error) {
			_, err := r.store.DeleteUser(ctx, r.user, session.Ending{Reason: session.ReasonRevoked})
			return nil, err
		}) == done {
			r.newest = session.Session{}
		}
	case has && r.n%5 == 0:
		write(op{Kind: "delete", ID: r.newest.ID}, func() ([]session.ID, error) {
			_, err := r.store.Delete(ctx, r.newest.ID, session.Ending{Reason: session.ReasonLogout})
			return nil, err
		})
		r.newest = session.Session{}
	case has && r.n%3 == 0:
		next := r.fresh()
		next.CreatedAt, next.Version = r.newest.CreatedAt, r.newest.Version
		how := write(op{Kind: "rotate", ID: r.newest.ID, Next: next.ID}, func() ([]session.ID, error) {
			return nil, r.store.Rotate(ctx, r.newest.ID, next)
		})
		switch how {
		case done:
			r.newest = next
		case unavailable:
		default:
			r.newest = session.Session{}
		}
	default:
		one := r.fresh()
		if write(op{Kind: "create", ID: one.ID}, func() ([]session.ID, error) {
			return r.store.Create(ctx, one, session.Admission{Limit: limit})
		}) == done {
			r.newest = one
		}
	}
}

// journal is how the ledger is told of a write.
func (l *ledger) journal(o op) func(outcome, error, []session.ID) {
	e := l.begin(o)
	return func(how outcome, err error, evicted []session.ID) { l.end(e, how, err, evicted) }
}

// load lets a few users write until stop is called.
func (c *cell) load(given time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var users sync.WaitGroup
	for range 3 {
		u := c.user()
		r := &routine{store: c.store, user: u, fresh: func() session.Session { return c.record(u) }, begin: c.ledger.journal}
		users.Go(func() {
			for ctx.Err() == nil {
				call, done := context.WithTimeout(context.Background(), given)
				r.step(call)
				done()
				select {
				case <-ctx.Done():
				case <-time.After(pace):
				}
			}
		})
	}
	return func() { cancel(); users.Wait() }
}

// settle compares what the store holds with the ledger, when all is well again.
func (c *cell) settle() {
	c.Helper()
	c.ledger.report(c, "during the run")
	const wait = 2 * time.Second
	c.ledger.mu.Lock()
	fates := make(map[session.ID]fate, len(c.ledger.fates))
	for id, f := range c.ledger.fates {
		fates[id] = f
	}
	users, lossy := c.ledger.users, c.ledger.lossy
	c.ledger.mu.Unlock()
	for id, f := range fates {
		_, err := within(wait, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, id) })
		switch how := outcomeOf(err); {
		case how != done && how != absent:
			c.Errorf("afterwards: Get: %v", err)
			return
		case f == live && how == absent && !lossy:
			c.Errorf("afterwards: an acknowledged session is gone")
		case f == dead && how == done:
			c.Errorf("afterwards: a session is there that ended, or whose making failed")
		}
	}
	for user, ids := range users {
		if len(ids) == 0 {
			continue
		}
		u := session.User{ID: user, Tag: ids[0].Tag()}
		page, err := within(wait, func(ctx context.Context) (session.Page, error) {
			return c.store.List(ctx, session.Query{User: u, Limit: session.MaxPage})
		})
		if err != nil {
			c.Errorf("afterwards: List: %v", err)
			return
		}
		seen := map[session.ID]bool{}
		for _, s := range page.Sessions {
			if seen[s.ID] {
				c.Errorf("afterwards: a session is listed twice")
			}
			seen[s.ID] = true
			if fates[s.ID] == dead {
				c.Errorf("afterwards: a session is listed that ended")
			}
		}
		for _, id := range ids {
			if fates[id] == live && !seen[id] && !lossy {
				c.Errorf("afterwards: a session that lives is not listed")
			}
		}
	}
	c.resolve(fates)
	counts := c.ledger.writes
	c.Logf("writes: %d done, %d unavailable, %d indeterminate", counts[done], counts[unavailable], counts[indeterminate])
}

// resolve asks again where an outcome is unknown: ending the session must settle it.
func (c *cell) resolve(fates map[session.ID]fate) {
	c.Helper()
	const wait = 2 * time.Second
	for id, f := range fates {
		if f != either {
			continue
		}
		_, err := within(wait, func(ctx context.Context) (session.Session, error) {
			return c.store.Delete(ctx, id, session.Ending{Reason: session.ReasonRevoked})
		})
		if how := outcomeOf(err); how != done && how != absent {
			c.Errorf("afterwards: Delete where the outcome was unknown: %v", err)
			return
		}
		if _, err = within(wait, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, id) }); !errors.Is(err, session.ErrNotFound) {
			c.Errorf("afterwards: Get after Delete, where the outcome was unknown: %v", err)
		}
	}
}
