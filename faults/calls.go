// calls: every method of a store, asked while a fault lasts.

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// victims are sessions made before a fault, for the writes during it.
type victims struct {
	user                              session.User
	touched, updated, rotated, gone   session.Session
	deleted                           session.Session
	family                            session.User // all of whose sessions end
	made, restored, next, neverStored session.Session
}

// newVictims makes them.
func (c *cell) newVictims() *victims {
	c.Helper()
	v := &victims{user: c.user(), family: c.user()}
	v.touched, v.updated, v.rotated, v.deleted, v.gone = c.create(v.user), c.create(v.user), c.create(v.user), c.create(v.user), c.create(v.user)
	c.create(v.family)
	c.remove(v.gone)
	v.made, v.restored, v.next, v.neverStored = c.record(c.user()), c.record(c.user()), c.record(v.user), c.record(v.user)
	v.next.CreatedAt = v.rotated.CreatedAt
	c.ledger.mu.Lock()
	c.ledger.fates[v.neverStored.ID] = dead
	c.ledger.mu.Unlock()
	return v
}

// call is one method with its arguments.
type call struct {
	name string
	op   op // of a write; Kind is empty for a question
	do   func(ctx context.Context) ([]session.ID, error)
}

// calls returns every method of the contract.
func (c *cell) calls(v *victims) []call {
	why := session.Ending{Reason: session.ReasonRevoked}
	seen := session.Seen{ID: v.touched.ID, LastActivity: v.touched.LastActivity.Add(time.Second), ExpiresAt: v.touched.ExpiresAt.Add(time.Second)}
	plain := func(f func(context.Context) error) func(context.Context) ([]session.ID, error) {
		return func(ctx context.Context) ([]session.ID, error) { return nil, f(ctx) }
	}
	get := func(id session.ID) func(context.Context) ([]session.ID, error) {
		return plain(func(ctx context.Context) error {
			s, err := c.store.Get(ctx, id)
			if err == nil && s.ID != id {
				return fmt.Errorf("another session's record")
			}
			c.ledger.saw(id, err)
			return err
		})
	}
	return []call{
		{"Get", op{}, get(v.touched.ID)},
		{"Get of one that ended", op{}, get(v.gone.ID)},
		{"Get of one that never was", op{}, get(v.neverStored.ID)},
		{"List", op{}, plain(func(ctx context.Context) error {
			page, err := c.store.List(ctx, session.Query{User: v.user})
			for _, s := range page.Sessions {
				c.ledger.saw(s.ID, nil)
			}
			return err
		})},
		{"Ping", op{}, plain(c.store.Ping)},
		{"Sweep", op{}, plain(func(ctx context.Context) error { _, err := c.store.Sweep(ctx, 10); return err })},
		{"Count", op{}, plain(func(ctx context.Context) error {
			_, err := c.store.Count(ctx, v.user.ID, session.CountRule{Limit: 5, Window: time.Minute})
			return err
		})},
		{"Counted", op{}, plain(func(ctx context.Context) error {
			_, err := c.store.Counted(ctx, v.user.ID, time.Minute)
			return err
		})},
		{"Uncount", op{}, plain(func(ctx context.Context) error { return c.store.Uncount(ctx, v.user.ID, 1) })},
		{"Create", op{"create", v.made.UserID, v.made.ID, session.ID{}}, func(ctx context.Context) ([]session.ID, error) {
			return c.store.Create(ctx, v.made, session.Admission{Limit: limit})
		}},
		{"Restore", op{"create", v.restored.UserID, v.restored.ID, session.ID{}}, plain(func(ctx context.Context) error {
			return c.store.Restore(ctx, v.restored)
		})},
		{"Touch", op{"keep", v.touched.UserID, v.touched.ID, session.ID{}}, plain(func(ctx context.Context) error {
			return c.store.Touch(ctx, seen)
		})},
		{"TouchAll", op{"keep", v.touched.UserID, v.touched.ID, session.ID{}}, plain(func(ctx context.Context) error {
			absent, err := c.store.TouchAll(ctx, []session.Seen{seen})
			if err == nil && len(absent) > 0 {
				return session.ErrNotFound
			}
			return err
		})},
		{"Update", op{"keep", v.updated.UserID, v.updated.ID, session.ID{}}, plain(func(ctx context.Context) error {
			return c.store.Update(ctx, v.updated.ID, 1, session.Metadata{})
		})},
		{"Rotate", op{"rotate", v.rotated.UserID, v.rotated.ID, v.next.ID}, plain(func(ctx context.Context) error {
			return c.store.Rotate(ctx, v.rotated.ID, v.next)
		})},
		{"Delete", op{"delete", v.deleted.UserID, v.deleted.ID, session.ID{}}, plain(func(ctx context.Context) error {
			_, err := c.store.Delete(ctx, v.deleted.ID, why)
			return err
		})},
		{"DeleteUser", op{"deleteUser", v.family.ID, session.ID{}, session.ID{}}, plain(func(ctx context.Context) error {
			_, err := c.store.DeleteUser(ctx, v.family, why)
			return err
		})},
	}
}

// probes is how often every method is asked: the best time counts, because a busy
// machine may be late once.
const probes = 3

// probe asks by every method while the fault lasts. Answers may be true or
// unavailable; with mayAnswer false they must be unavailable.
func (c *cell) probe(v *victims, mayAnswer bool) {
	c.Helper()
	best := map[string]time.Duration{}
	for range probes {
		var mu sync.Mutex
		var asking sync.WaitGroup
		machine := make(chan time.Duration, 1) // how late a bare timer is
		began := time.Now()
		time.AfterFunc(deadline, func() { machine <- time.Since(began) })
		for _, k := range c.sorted(v) {
			asking.Go(func() {
				for _, one := range k {
					took, err := c.ask(one)
					how := outcomeOf(err)
					mu.Lock()
					if known, ok := best[one.name]; !ok || took < known {
						best[one.name] = took
					}
					mu.Unlock()
					asks := !errors.Is(err, session.ErrUnsupported) && (one.name != "Sweep" || c.store.Traits().SweepBatch > 0)
					if !mayAnswer && asks && how != unavailable && how != indeterminate {
						c.Errorf("%s while the server is gone: %v, want ErrUnavailable", one.name, err)
					}
				}
			})
		}
		asking.Wait()
		control := max(<-machine, deadline) - deadline
		for name := range best {
			best[name] -= control
		}
	}
	for name, took := range best {
		if took > deadline+late {
			c.Errorf("%s: back %s after its deadline of %s, %d times of %d", name, took-deadline, deadline, probes, probes)
		}
	}
	c.ledger.report(c, "while the fault lasts")
}

// sorted returns the calls in groups that may run at the same time: of one user, one
// write at a time.
func (c *cell) sorted(v *victims) [][]call {
	byUser := map[string]int{}
	var groups [][]call
	for _, k := range c.calls(v) {
		i, ok := byUser[k.op.User]
		if k.op.Kind == "" || !ok {
			i = len(groups)
			groups = append(groups, nil)
			if k.op.Kind != "" {
				byUser[k.op.User] = i
			}
		}
		groups[i] = append(groups[i], k)
	}
	return groups
}

// ask makes one call with the deadline of a fault.
func (c *cell) ask(k call) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	var e entry
	if k.op.Kind != "" {
		e = c.ledger.begin(k.op)
	}
	began := time.Now()
	evicted, err := k.do(ctx)
	took := time.Since(began)
	if k.op.Kind != "" {
		c.ledger.end(e, outcomeOf(err), err, evicted)
	}
	return took, err
}

// crowd lets many ask at once.
func (c *cell) crowd(id session.ID, n int) {
	c.Helper()
	var all sync.WaitGroup
	began := time.Now()
	for range n {
		all.Go(func() { _, _ = c.get(deadline, id) })
	}
	all.Wait()
	if took := time.Since(began); took > deadline+late+c.soon() {
		c.Errorf("a crowd of %d was back after %s", n, took)
	}
	c.ledger.report(c, "a crowd")
}

// visit sends the two visitors of a site over HTTP.
func (c *cell) visit(s *site, lost bool) {
	c.Helper()
	status, text, cookies := s.request(s.in, deadline)
	switch {
	case status == http.StatusServiceUnavailable && cookies == 0:
	case status == http.StatusOK && strings.HasSuffix(text, s.inSession.UserID):
	case status == http.StatusOK && lost && text == "hello ":
	default:
		c.Errorf("HTTP while the fault lasts, signed in: %d %q, %d cookies set; want 503 and the cookie kept, or the page", status, text, cookies)
	}
	if status, text, _ = s.request(s.out, deadline); status == http.StatusOK && text != "hello " {
		c.Errorf("HTTP while the fault lasts, signed out before: %d %q", status, text)
	}
}

// request is one request with a session's cookie.
func (s *site) request(token session.Token, given time.Duration) (status int, text string, cookies int) {
	ctx, cancel := context.WithTimeout(context.Background(), given)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "session", Value: token.Reveal()})
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String(), len(w.Result().Cookies())
}

// healthy returns nil if the store reads and writes and the site answers.
func (c *cell) healthy(s *site, lost bool) error {
	const wait = unhurried
	if status, text, _ := s.request(s.in, wait); status != http.StatusOK || !lost && text == "hello " {
		return fmt.Errorf("HTTP: %d %q", status, text)
	}
	u := c.user()
	n := c.record(u)
	e := c.ledger.begin(op{Kind: "create", User: u.ID, ID: n.ID})
	evicted, err := within(wait, func(ctx context.Context) ([]session.ID, error) {
		return c.store.Create(ctx, n, session.Admission{Limit: limit})
	})
	c.ledger.end(e, outcomeOf(err), err, evicted)
	if err != nil {
		return err
	}
	if _, err := c.get(wait, n.ID); err != nil {
		return err
	}
	_, err = within(wait, func(ctx context.Context) (time.Duration, error) {
		return c.store.Count(ctx, u.ID, session.CountRule{Limit: 5, Window: time.Minute})
	})
	return err
}
