// A late touch: it waits at a node that is cut off from the database, and arrives after the session
// has expired and another node has ended it.

package hybridstore

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/go-crudadmin/crudadmin/session"
)

// TestLateTouch: whoever ends a session that has expired ends it for the touches too that are still
// on their way. Random schedules come upon this once in ten thousand runs.
func TestLateTouch(t *testing.T) {
	const bug = "leaves the expired to late touches"
	ann := modelUsers[0]
	for _, c := range []struct {
		name, rule string // rule is the one that the bug breaks
		end        func(context.Context, *world, *node, []session.ID)
	}{
		{"revoke", "none after done", func(ctx context.Context, w *world, n *node, ids []session.ID) {
			for _, id := range ids {
				w.revoke(ctx, n, id)
			}
		}},
		{"revoke user", "none after done", func(ctx context.Context, w *world, n *node, _ []session.ID) {
			w.revokeUser(ctx, n, ann)
		}},
		{"login", "limit", func(ctx context.Context, w *world, n *node, _ []session.ID) {
			w.login(ctx, n, ann, rand.New(rand.NewPCG(3, 4)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lateTouch(t, ann, c.end).violations; len(got) > 0 {
				t.Error(got)
			}
			if w := lateTouch(t, ann, c.end, bug); w.breach(c.rule) == "" {
				t.Errorf("a database that %s: %q, want %q violated", bug, w.violations, c.rule)
			}
		})
	}
}

// lateTouch lets end meet sessions that have expired and whose touches have yet to arrive.
func lateTouch(t *testing.T, u session.User, end func(context.Context, *world, *node, []session.ID), bugs ...string) (w *world) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w = newWorld(1, bugs...)
		w.even = true
		ctx, cancel := context.WithTimeout(t.Context(), modelEnd)
		var late sync.WaitGroup
		touched, other := w.start(ctx, 0, &late), w.start(ctx, 1, &late)
		defer func() {
			cancel()
			<-touched.gone
			<-other.gone
			late.Wait()
		}()
		cut := func(yes bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.cutTruth[touched.number], w.truthFaults = yes, true
		}
		rng := rand.New(rand.NewPCG(1, 2))

		rest(ctx, modelPoll) // both follow the log
		for range modelLimit {
			w.login(ctx, touched, u, rng)
		}
		ids := slices.Clone(w.order)
		rest(ctx, modelIdle-modelConfig.lead()-modelFlush) // almost so long that a touch is written at once
		cut(true)
		for _, id := range ids {
			now := touched.store.clock.now()
			if err := touched.store.Touch(ctx, session.Seen{ID: id, LastActivity: now, ExpiresAt: now.Add(modelIdle)}); err != nil {
				t.Fatal(err)
			}
		}
		rest(ctx, modelConfig.lead()+2*modelFlush) // until the sessions have expired
		end(ctx, w, other, ids)
		cut(false)
		rest(ctx, 2*modelFlush) // until the touches have arrived
		for _, id := range ids {
			w.validate(ctx, other, id, rng)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.checkLimit(u.ID)
	})
	return w
}
