// Contents: values that are too large, live too long, cannot be read, or are of a
// newer release.

package faults

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

func needsPoison(s *Subject, _ *Server) string {
	if s.Poison == nil {
		return "it holds values, not bytes"
	}
	return ""
}

var contentChecks = []check{
	{
		row:  "value over the limit",
		rule: "A value over its bound is ErrTooLarge before anything is sent: nothing is stored, nobody evicted, and the old value stands.",
		run: func(c *cell) {
			c.open(false)
			u := c.user()
			held := c.create(u)
			large := session.StoredMetadata(`{"x":"` + strings.Repeat("x", session.MaxMetadata) + `"}`)
			n := c.record(u)
			n.Metadata = large
			for range c.times(50, 10) {
				if evicted, err := within(patience, func(ctx context.Context) ([]session.ID, error) {
					return c.store.Create(ctx, n, session.Admission{Limit: 1})
				}); !errors.Is(err, session.ErrTooLarge) || len(evicted) > 0 {
					c.Errorf("Create with metadata over the bound: %v, %d evicted; want ErrTooLarge", err, len(evicted))
				}
				if _, err := within(patience, func(ctx context.Context) (struct{}, error) {
					return struct{}{}, c.store.Update(ctx, held.ID, 1, large)
				}); !errors.Is(err, session.ErrTooLarge) {
					c.Errorf("Update with metadata over the bound: %v, want ErrTooLarge", err)
				}
			}
			if got, err := c.get(patience, held.ID); err != nil || got.Metadata != held.Metadata || got.Version != 1 {
				c.Errorf("afterwards the session is at version %d with %d bytes, %v; want it as it was", got.Version, len(got.Metadata.String()), err)
			}
			if _, err := c.get(patience, n.ID); !errors.Is(err, session.ErrNotFound) {
				c.Errorf("afterwards the session that was too large: %v, want ErrNotFound", err)
			}
			c.clean()
		},
	},
	{
		row:  "lifetime over 30 days",
		rule: "A session that may live for longer than 30 days does, to its end and no longer.",
		run: func(c *cell) {
			c.open(false)
			const day = 24 * time.Hour
			s := c.record(c.user())
			s.ExpiresAt, s.Deadline = s.CreatedAt.Add(60*day), s.CreatedAt.Add(90*day)
			if _, err := within(patience, func(ctx context.Context) ([]session.ID, error) {
				return c.store.Create(ctx, s, session.Admission{Limit: limit})
			}); err != nil {
				c.Fatal(err)
			}
			want := func(live bool, when string) {
				c.Helper()
				_, err := within(patience, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, s.ID) })
				if live && err != nil || !live && !errors.Is(err, session.ErrNotFound) {
					c.Errorf("%s: %v; live: %t", when, err, live)
				}
			}
			want(true, "at once")
			if _, err := within(patience, func(ctx context.Context) (struct{}, error) {
				return struct{}{}, c.store.Touch(ctx, session.Seen{ID: s.ID, LastActivity: s.CreatedAt.Add(time.Second), ExpiresAt: s.ExpiresAt.Add(time.Second)})
			}); err != nil {
				c.Errorf("Touch: %v", err)
			}
			for _, days := range []int{29, 31, 59} {
				c.clock.jump(time.Duration(days)*day - c.clock.shifted())
				want(true, "after weeks")
			}
			c.clock.jump(61*day - c.clock.shifted())
			want(false, "after its end")
			c.clean()
		},
	},
	{
		row:          "poison value",
		rule:         "A record that cannot be read ends that one session; the others live, lists are whole, nothing panics.",
		inapplicable: needsPoison,
		run:          func(c *cell) { poisons(c) },
	},
	{
		row:          "newer release beside",
		rule:         "A record that a newer release wrote is unavailable, neither valid nor ended, and nobody else notices; ending all sessions of the user ends it.",
		inapplicable: needsPoison,
		run:          func(c *cell) { newerRelease(c) },
	},
}

// poisons spoils records in every way.
func poisons(c *cell) {
	for _, p := range []sessiontest.Poison{
		sessiontest.Garbage, sessiontest.Truncated, sessiontest.Empty, sessiontest.Oversized, sessiontest.OtherRecord,
	} {
		c.close()
		c.open(false)
		u := c.user()
		victim, sibling, stranger := c.create(u), c.create(u), c.create(c.user())
		c.follow(sibling.ID)
		if !c.subject.Poison(c.TB, c.store, victim.ID, p) {
			continue
		}
		_, err := within(patience, func(ctx context.Context) (session.Page, error) {
			return c.store.List(ctx, session.Query{User: u})
		})
		if err != nil {
			c.Errorf("%s: List: %v", p, err)
		}
		// A cache may have a good copy and answer from it.
		if _, err = c.get(patience, victim.ID); err != nil && !errors.Is(err, session.ErrNotFound) || err == nil && c.store.Traits().MaxStale == 0 {
			c.Errorf("%s: Get of the one that cannot be read: %v, want ErrNotFound", p, err)
		}
		c.ledger.mu.Lock()
		c.ledger.fates[victim.ID] = either
		c.ledger.wrong = nil // that it was ended is the rule here
		c.ledger.mu.Unlock()
		if _, err = within(patience, func(ctx context.Context) ([]session.ID, error) {
			return c.store.Create(ctx, c.record(u), session.Admission{Limit: limit + 1})
		}); err != nil {
			c.Errorf("%s: Create beside it: %v", p, err)
		}
		for _, s := range []session.Session{sibling, stranger} {
			if _, err = c.get(patience, s.ID); err != nil {
				c.Errorf("%s: Get of another session: %v", p, err)
			}
		}
		c.ledger.report(c, string(p))
		if _, err = within(patience, func(ctx context.Context) (int, error) {
			return c.store.DeleteUser(ctx, u, session.Ending{Reason: session.ReasonRevoked})
		}); err != nil {
			c.Errorf("%s: DeleteUser: %v", p, err)
		}
		if _, err = within(patience, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, victim.ID) }); !errors.Is(err, session.ErrNotFound) {
			c.Errorf("%s: Get after DeleteUser: %v, want ErrNotFound", p, err)
		}
		c.clean()
	}
}

// newerRelease puts a record of the next release beside records of this one.
func newerRelease(c *cell) {
	c.open(false)
	u := c.user()
	theirs, sibling, stranger := c.create(u), c.create(u), c.create(c.user())
	c.follow(sibling.ID)
	if !c.subject.Poison(c.TB, c.store, theirs.ID, sessiontest.NewerFormat) {
		c.clean()
		return
	}
	for range c.times(20, 5) {
		_, err := within(patience, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, theirs.ID) })
		if !errors.Is(err, session.ErrUnavailable) && (err != nil || c.store.Traits().MaxStale == 0) {
			c.Errorf("Get of the newer record: %v, want ErrUnavailable", err)
		}
		if _, err := within(patience, func(ctx context.Context) (int, error) { return c.store.Sweep(ctx, 100) }); err != nil {
			c.Errorf("Sweep: %v", err)
		}
		if _, err := c.get(patience, stranger.ID); err != nil {
			c.Errorf("Get of another user's session: %v", err)
		}
		// One item may hold all sessions of a user: its others may wait as well.
		if _, err := c.get(patience, sibling.ID); err != nil && !errors.Is(err, session.ErrUnavailable) {
			c.Errorf("Get of another session of the user: %v", err)
		}
	}
	if _, err := within(patience, func(ctx context.Context) (int, error) {
		return c.store.DeleteUser(ctx, u, session.Ending{Reason: session.ReasonRevoked})
	}); err != nil {
		c.Errorf("DeleteUser: %v", err)
	}
	for _, id := range []session.ID{theirs.ID, sibling.ID} {
		if _, err := within(patience, func(ctx context.Context) (session.Session, error) { return c.store.Get(ctx, id) }); !errors.Is(err, session.ErrNotFound) {
			c.Errorf("Get after DeleteUser: %v, want ErrNotFound", err)
		}
	}
	c.clean()
}
