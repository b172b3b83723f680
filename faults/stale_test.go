// Stale: what a hybrid store's nodes may still believe, and for how long.

package faults

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	cutOffRow = "100 sessions end while the cache is frozen, killed, or out of reach of the node that ends them"
	staleRow  = "database down: valid within the published staleness only"
)

// watcher asks two nodes about sessions all the time, and notes the latest moment a
// question was asked whose answer was valid.
type watcher struct {
	mu   sync.Mutex
	last map[session.ID]time.Time
}

func (w *watcher) watch(ctx context.Context, nodes []session.Store, ids []session.ID) *sync.WaitGroup {
	w.last = map[session.ID]time.Time{}
	var watching sync.WaitGroup
	for _, node := range nodes {
		for part := range 4 {
			watching.Go(func() {
				for i := part; ctx.Err() == nil; i += 4 {
					id := ids[i%len(ids)]
					began := time.Now()
					if _, err := within(deadline, func(ctx context.Context) (session.Session, error) { return node.Get(ctx, id) }); err == nil {
						w.mu.Lock()
						if began.After(w.last[id]) {
							w.last[id] = began
						}
						w.mu.Unlock()
					}
					select {
					case <-ctx.Done():
					case <-time.After(time.Millisecond):
					}
				}
			})
		}
	}
	return &watching
}

// TestEndingsOutOfReach: none of the sessions is valid on any node later than
// MaxStale after the ending returned, also when the cache comes back as it was.
func TestEndingsOutOfReach(t *testing.T) {
	t.Parallel()
	for column, subject := range map[string]func() Subject{"hybrid: cache (redis)": hybridRedis, "hybrid: cache (memcached)": hybridMemcached} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			var worst Measured
			for _, how := range []string{"frozen", "killed", "out of reach of one node"} {
				t.Run(how, func(t *testing.T) {
					s := subject()
					server := s.Start(t)
					m := observe(t, &s, &server, func(c *cell) { c.endings(how) })
					worst.Recovery, worst.Clean = max(worst.Recovery, m.Recovery), m.Clean
				})
			}
			note(Result{Row: cutOffRow, Subject: column, Violation: t.Failed(), Measured: worst})
		})
	}
}

func (c *cell) endings(how string) {
	c.open(true) // the node that ends them
	site := c.newSite()
	other := &lifetime{TB: c.TB}
	defer other.end()
	second := c.another(c.server.Addr, other, c.clock.now)
	nodes := []session.Store{c.store, second}
	var ids []session.ID
	for range 100 {
		ids = append(ids, c.create(c.user()).ID)
	}
	for _, node := range nodes { // both know them, from the cache
		for _, id := range ids {
			if !c.eventually(patience, func() bool {
				_, err := within(unhurried, func(ctx context.Context) (session.Session, error) { return node.Get(ctx, id) })
				return err == nil
			}) {
				c.Fatal("a session is not valid before the fault")
			}
		}
	}
	begin, end := c.server.Freeze, c.server.Thaw
	switch how {
	case "killed":
		begin, end = c.server.Kill, c.server.Restart
		if c.server.Snapshot != nil {
			var rewind func()
			c.harm(func() { rewind = c.server.Snapshot() }) // it comes back as it was
			end = rewind
		}
	case "out of reach of one node":
		var remove [2]func()
		begin = func() {
			remove[0] = c.proxy.add("timeout", "upstream", map[string]any{"timeout": 0})
			remove[1] = c.proxy.add("timeout", "downstream", map[string]any{"timeout": 0})
		}
		end = func() { remove[0](); remove[1]() }
	}
	c.harm(begin)
	ctx, stop := context.WithCancel(context.Background())
	var w watcher
	watching := w.watch(ctx, nodes, ids)
	returned := make([]time.Time, len(ids))
	var ending sync.WaitGroup
	for part := range 8 {
		ending.Go(func() {
			for i := part; i < len(ids); i += 8 {
				returned[i] = c.endOne(ids[i], i%16 < 8)
			}
		})
	}
	ending.Wait()
	c.harm(end)
	c.recovered(site, false)
	c.eventually(2*maxStale, func() bool { return false }) // what comes back is watched
	stop()
	watching.Wait()
	for i, id := range ids {
		if late := w.last[id].Sub(returned[i]); late > maxStale {
			c.Errorf("valid was the answer to a question asked %s after the ending returned", late)
		}
	}
	other.end()
	c.clean()
}

// endOne ends a session whose cache cannot be told, and returns when that was
// answered. With hurry it is given less than it takes to be sure.
func (c *cell) endOne(id session.ID, hurry bool) time.Time {
	c.Helper()
	given := 20 * maxStale
	if hurry {
		given = maxStale * 3 / 5
	}
	for range 20 {
		began := time.Now()
		_, err := within(given, func(ctx context.Context) (session.Session, error) {
			return c.store.Delete(ctx, id, session.Ending{Reason: session.ReasonRevoked})
		})
		took := time.Since(began)
		switch {
		case errors.Is(err, session.ErrPartial) && !errors.Is(err, session.ErrUnavailable):
			return time.Now()
		case err == nil || errors.Is(err, session.ErrNotFound):
			if err == nil && took < maxStale {
				c.Errorf("Delete said after %s that the session is dead everywhere, with no cache to tell", took)
			}
			return time.Now()
		case !errors.Is(err, session.ErrUnavailable):
			c.Errorf("Delete: %v, want nil, a *PartialError or ErrUnavailable", err)
		}
		given = 20 * maxStale // a busy machine: the database was not reached in time
	}
	c.Errorf("the database does not end a session")
	return time.Now()
}

// TestDatabaseDown: readers stay valid within the published staleness, nothing
// later; new sessions and endings are unavailable meanwhile.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	s := hybridDatabase()
	server := s.Start(t)
	try(t, staleRow, "hybrid: database (postgresql)", s, server, func(c *cell) {
		for _, fault := range []struct{ begin, end func() }{
			{c.server.Kill, c.server.Restart}, {c.server.Freeze, c.server.Thaw},
		} {
			c.close()
			c.open(false)
			site, v := c.newSite(), c.newVictims()
			c.follow(v.touched.ID)
			stale := c.store.Traits().MaxStale
			ids := []session.ID{v.touched.ID, v.updated.ID}
			ctx, stop := context.WithCancel(context.Background())
			var w watcher
			watching := w.watch(ctx, []session.Store{c.store}, ids)
			c.eventually(patience, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return len(w.last) == len(ids) })
			c.harm(fault.begin)
			down := time.Now()
			c.probe(v, true)
			for _, k := range c.calls(v) { // none of these may be done
				if k.op.Kind == "create" || k.op.Kind == "delete" || k.op.Kind == "deleteUser" || k.op.Kind == "rotate" {
					if _, err := c.ask(k); !errors.Is(err, session.ErrUnavailable) {
						c.Errorf("%s while the database is down: %v, want ErrUnavailable", k.name, err)
					}
				}
			}
			c.eventually(3*stale, func() bool { return time.Since(down) > 2*stale })
			stop()
			watching.Wait()
			for _, id := range ids {
				if late := w.last[id].Sub(down); late > stale {
					c.Errorf("valid was the answer to a question asked %s after the database went, published are %s", late, stale)
				}
			}
			c.harm(fault.end)
			c.recovered(site, false)
			c.settle()
			c.clean()
		}
	})
}
