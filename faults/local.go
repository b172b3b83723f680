// Local: clocks that jump, callers that go away.

package faults

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

var localChecks = []check{
	{
		row:  "clock jumps an hour",
		rule: "A clock that jumps ends sessions early at worst: what expired stays expired when it jumps back, and no session lives past its deadline.",
		run:  func(c *cell) { clockJumps(c) },
	},
	{
		row:  "10,000 calls cancelled",
		rule: "Callers that go away leave no goroutine and no connection behind, and nobody gets another's answer.",
		run:  func(c *cell) { cancelled(c) },
	},
}

func clockJumps(c *cell) {
	c.open(false)
	s := c.newSite()
	before := c.create(c.user()) // 30 minutes without use end it
	ask := func(id session.ID) error {
		_, err := within(patience, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, id) })
		return err
	}
	c.clock.jump(time.Hour)
	if err := ask(before.ID); !errors.Is(err, session.ErrNotFound) {
		c.Errorf("idle for an hour by a clock that jumped: %v, want ErrNotFound", err)
	}
	if status, text, _ := s.request(s.in, patience); text != "hello " {
		c.Errorf("HTTP, idle for an hour: %d %q, want nobody", status, text)
	}
	after := c.record(c.user())
	if _, err := within(patience, func(ctx context.Context) ([]session.ID, error) {
		return c.store.Create(ctx, after, session.Admission{Limit: limit})
	}); err != nil {
		c.Errorf("Create after the jump: %v", err)
	}
	ahead := s.manager.Now()
	c.clock.jump(-time.Hour)
	if err := ask(before.ID); !errors.Is(err, session.ErrNotFound) {
		c.Errorf("expired, and the clock jumped back: %v, want ErrNotFound", err)
	}
	if err := ask(after.ID); err != nil {
		c.Errorf("made while the clock was ahead: %v", err)
	}
	c.clock.jump(-time.Hour)
	if m := s.manager.Now(); m.Before(ahead) {
		c.Errorf("the manager's clock ran back from %s to %s", ahead, m)
	}
	// Another process, whose clock is right: the deadline is the record's.
	other := &lifetime{TB: c.TB}
	defer other.end()
	clock := &shiftedClock{}
	addr := c.server.Addr
	second := c.store
	if c.store.Traits().Shared {
		second = c.another(addr, other, clock.now)
		at := func(t time.Time, live bool) {
			c.Helper()
			clock.jump(time.Until(t) - clock.shifted())
			_, err := within(patience, func(ctx context.Context) (session.Session, error) { return second.Get(ctx, after.ID) })
			if live && err != nil || !live && !errors.Is(err, session.ErrNotFound) {
				c.Errorf("in another process at %s, deadline %s: %v; live: %t", t, after.Deadline, err, live)
			}
		}
		at(after.ExpiresAt.Add(-time.Minute), true)
		at(after.ExpiresAt.Add(time.Second), false)
		at(after.Deadline.Add(time.Second), false)
	}
	other.end()
	c.clean()
}

func cancelled(c *cell) {
	c.open(false)
	const workers = 16
	own := make([]session.Session, workers)
	for i := range own {
		own[i] = c.create(c.user())
	}
	c.follow(own[0].ID)
	c.warm(own[0].ID)
	before := c.count()
	var all sync.WaitGroup
	for w, mine := range own {
		all.Go(func() {
			for i := range c.times(10_000, 1_600) / workers {
				ctx, cancel := context.WithCancel(context.Background())
				switch (i + w) % 4 {
				case 0:
					cancel()
				case 2:
					go cancel()
				}
				got, err := c.store.Get(ctx, mine.ID)
				cancel()
				if err == nil && (got.ID != mine.ID || got.UserID != mine.UserID) {
					c.Errorf("Get: the answer is another session's")
				}
				if how := outcomeOf(err); how != done && how != unavailable {
					c.Errorf("Get with a context that ends: %v, want ErrUnavailable", err)
				}
			}
		})
	}
	all.Wait()
	c.grown(before, "after the calls")
	c.settle()
	c.clean()
}
