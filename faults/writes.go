// Writes: the server dies and freezes at the moment a write is decided.

package faults

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

func needsDecisive(s *Subject, server *Server) string {
	if why := needsServer(s, server); why != "" {
		return why
	}
	if why := needsNetwork(s, server); why != "" {
		return why
	}
	if s.Decisive == "" {
		return "its writes do not go over this link"
	}
	return ""
}

var writeChecks = []check{
	{
		row:          "killed in the middle of a write",
		rule:         "A write that the server was sent and did not answer is ErrIndeterminate; asking again resolves it to one outcome, and nothing is made twice.",
		inapplicable: needsDecisive,
		run: func(c *cell) {
			for _, after := range []bool{false, true} {
				c.atDecision(after, c.server.Kill, c.server.Restart)
			}
		},
	},
	{
		row:          "frozen in the middle of a write",
		rule:         "A write that the server was sent and does not answer is abandoned at the deadline as ErrIndeterminate; asking again resolves it to one outcome, and nothing is made twice.",
		inapplicable: needsDecisive,
		run: func(c *cell) {
			for _, after := range []bool{false, true} {
				c.atDecision(after, c.server.Freeze, c.server.Thaw)
			}
		},
	},
}

// atDecision harms the server at the moment a Create is decided: just before it
// reads what decides, or just after that was sent.
func (c *cell) atDecision(after bool, begin, end func()) {
	c.Helper()
	c.close()
	c.open(true)
	s := c.newSite()
	u := c.user()
	first := c.create(u)
	before := c.count()
	var sprung atomic.Bool
	remove := c.proxy.trap(c.subject.Decisive, after, func() { sprung.Store(true); begin() })
	n, err := c.createUntil(u, &sprung)
	if !errors.Is(err, session.ErrIndeterminate) && !(err == nil && after) { // the answer may have been faster
		c.Errorf("Create, when the server had it or not: %v, want ErrIndeterminate", err)
	}
	remove()
	c.harm(end)
	if !c.subject.Keeps && !c.subject.Serves {
		c.ledger.doubt()
	}
	c.recovered(s, !c.subject.Keeps)
	// Asking again: one of the two outcomes, and one session.
	again := time.Now()
	for {
		e := c.ledger.begin(op{Kind: "create", User: u.ID, ID: n.ID})
		evicted, failed := within(patience, func(ctx context.Context) ([]session.ID, error) {
			return c.store.Create(ctx, n, session.Admission{Limit: 20})
		})
		err = failed
		c.ledger.end(e, outcomeOf(err), err, evicted)
		if err == nil || errors.Is(err, session.ErrConflict) || time.Since(again) > patience {
			break
		}
	}
	if err != nil && !errors.Is(err, session.ErrConflict) {
		c.Errorf("Create again: %v, want nil or ErrConflict", err)
	}
	for _, id := range []session.ID{first.ID, n.ID} {
		if _, err := c.get(patience, id); err != nil && !(id == first.ID && errors.Is(err, session.ErrNotFound) && !c.subject.Keeps) {
			c.Errorf("Get after Create again: %v", err)
		}
	}
	page, err := within(patience, func(ctx context.Context) (session.Page, error) {
		return c.store.List(ctx, session.Query{User: u})
	})
	seen := 0
	for _, listed := range page.Sessions {
		if listed.ID == n.ID {
			seen++
		}
	}
	if err != nil || seen != 1 {
		c.Errorf("List after Create again: the session %d times, of %d; %v", seen, len(page.Sessions), err)
	}
	c.settle()
	c.grown(before, "after the fault")
	c.clean()
}

// createUntil creates a session of the user, and on a machine so busy that time is
// over before anything is decided, another, until the fault has struck.
func (c *cell) createUntil(u session.User, sprung *atomic.Bool) (n session.Session, err error) {
	c.Helper()
	for range 10 {
		n = c.record(u)
		e := c.ledger.begin(op{Kind: "create", User: u.ID, ID: n.ID})
		began := time.Now()
		var evicted []session.ID
		evicted, err = within(decided, func(ctx context.Context) ([]session.ID, error) {
			return c.store.Create(ctx, n, session.Admission{Limit: 20})
		})
		took := time.Since(began)
		c.ledger.end(e, outcomeOf(err), err, evicted)
		if took > decided+late+busy {
			c.Errorf("Create was back %s after its deadline", took-decided)
		}
		if sprung.Load() {
			return n, err
		}
	}
	c.Fatalf("Create does not send %q: %v", c.subject.Decisive, err)
	return n, err
}
