// Outages: the server is killed, frozen, emptied, set back.

package faults

import (
	"context"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var outageChecks = []check{
	{
		row:          "server killed",
		rule:         "While the server is gone the answer is unavailable, never valid for what ended and never invalid for what lives; when it is back, so is service.",
		inapplicable: needsServer,
		run: func(c *cell) {
			c.outage(outage{
				begin: c.server.Kill, end: c.server.Restart,
				gone: true, loses: !c.subject.Keeps && !c.subject.Serves,
			})
		},
	},
	{
		row:          "server frozen",
		rule:         "A server that keeps its connections and says nothing delays nobody beyond their deadline, and leaves nothing behind.",
		inapplicable: needsServer,
		run: func(c *cell) {
			c.outage(outage{begin: c.server.Freeze, end: c.server.Thaw, gone: true})
		},
	},
	{
		row:  "restarted empty",
		rule: "A server that comes back empty makes its sessions invalid; a store that only caches there logs out nobody and brings back nobody.",
		inapplicable: func(s *Subject, server *Server) string {
			if why := needsServer(s, server); why != "" {
				return why
			}
			if server.Empty == nil {
				return "what it keeps is on disk: it does not come back empty"
			}
			return ""
		},
		run: func(c *cell) {
			c.outage(outage{begin: func() {}, end: c.server.Empty, loses: !c.subject.Serves})
		},
	},
	{
		row:  "restarted with old contents",
		rule: "A server that comes back with old contents may have lost what it acknowledged, and no more: records are whole, and lists agree with them. A store that only caches there brings nobody back.",
		inapplicable: func(s *Subject, server *Server) string {
			if why := needsServer(s, server); why != "" {
				return why
			}
			if server.Snapshot == nil {
				return "it is not set back without an administrator, who then ends all sessions"
			}
			return ""
		},
		run: oldContents,
	},
}

// outage is a fault with a beginning and an end.
type outage struct {
	begin, end func()
	proxied    bool // the fault is between store and server

	gone   bool // nothing can answer but a store that Serves
	partly bool // or, what needs no more than a few bytes
	loses  bool // what was acknowledged may be lost
	slow   bool // calls get time

	nodes int // that the store may come to know: each has connections of its own
}

// outage goes through a fault from beginning to end.
func (c *cell) outage(o outage) {
	c.Helper()
	if c.store == nil {
		c.open(o.proxied)
	}
	s := c.newSite()
	v := c.newVictims()
	constant := c.create(c.user())
	c.follow(constant.ID)
	c.warm(constant.ID)
	before := c.count()
	given := deadline
	if o.slow {
		given = patience
	}
	stop := c.load(given)
	c.eventually(patience, func() bool { // the fault meets writes under way
		c.ledger.mu.Lock()
		defer c.ledger.mu.Unlock()
		return c.ledger.writes[done] > 40
	})
	if o.loses {
		c.ledger.doubt()
	}
	c.harm(o.begin)
	if o.gone {
		local := c.store.Traits().Local || c.store.Traits().MaxStale > 0
		c.probe(v, c.subject.Serves || local || o.partly)
		c.crowd(constant.ID, c.times(500, 200))
		c.visit(s, o.loses)
		if c.subject.Serves {
			c.served(constant.ID)
		}
	}
	c.harm(o.end)
	c.recovered(s, o.loses)
	stop()
	c.ledger.report(c, "when service was back")
	c.settle()
	before.goroutines += o.nodes * slack
	c.grown(before, "after the fault")
	c.clean()
}

// follow waits until the store works as it does when it has been up for a while:
// one with a loop may need it first.
func (c *cell) follow(id session.ID) {
	c.Helper()
	if !c.eventually(patience, func() bool { _, err := c.get(unhurried, id); return err == nil }) {
		c.Fatal("no service before the fault")
	}
}

// warm lets all connections be made.
func (c *cell) warm(id session.ID) {
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() { _, _ = c.get(patience, id) })
	}
	all.Wait()
}

// served fails the check unless the store answers while its cache is gone.
func (c *cell) served(id session.ID) {
	c.Helper()
	if !c.eventually(c.soon(), func() bool { _, err := c.get(2*deadline, id); return err == nil }) {
		c.Error("the store does not answer while its cache is gone")
	}
}

// recovered takes the time until service is back.
func (c *cell) recovered(s *site, lost bool) {
	c.Helper()
	began := time.Now()
	var last error
	ok := c.eventually(c.soon(), func() bool { last = c.healthy(s, lost); return last == nil })
	c.measured.Recovery = max(c.measured.Recovery, time.Since(began))
	if !ok {
		c.Errorf("no service %s after the fault ended: %v", c.soon(), last)
	}
}

// oldContents: the server is set back to a moment before the last sign-out.
func oldContents(c *cell) {
	c.open(false)
	s := c.newSite()
	u := c.user()
	stays, ends := c.create(u), c.create(u)
	c.follow(stays.ID)
	_, _ = c.get(patience, ends.ID) // a cache knows both
	var rewind func()
	c.harm(func() { rewind = c.server.Snapshot() })
	c.remove(ends)
	late := c.create(u)
	if !c.subject.Serves { // it may forget the end and the beginning
		c.ledger.mu.Lock()
		c.ledger.lossy = true
		c.ledger.fates[ends.ID], c.ledger.fates[late.ID] = either, either
		c.ledger.mu.Unlock()
	}
	c.harm(rewind)
	c.recovered(s, !c.subject.Serves)
	for range c.times(200, 50) {
		for _, id := range []session.ID{stays.ID, ends.ID, late.ID} {
			_, _ = c.get(2*deadline, id)
		}
	}
	if _, err := c.get(patience, stays.ID); err != nil {
		c.Errorf("a session older than the contents: %v", err)
	}
	page, err := within(patience, func(ctx context.Context) (session.Page, error) {
		return c.store.List(ctx, session.Query{User: u})
	})
	if err != nil {
		c.Errorf("List: %v", err)
	}
	for _, listed := range page.Sessions {
		if _, err := c.get(patience, listed.ID); err != nil {
			c.Errorf("a session is listed, but Get says: %v", err)
		}
	}
	c.settle()
	c.clean()
}
