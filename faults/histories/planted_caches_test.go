// Planted bugs of a cache in front of a store, which promises less: and a cache that
// keeps this promise, so that the rules are seen to be neither too strict nor void.

package histories

import (
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// cache holds records for some time.
type cache struct {
	keep time.Duration

	mu      sync.Mutex
	records map[session.ID]session.Session
	until   map[session.ID]time.Time
	barred  map[session.ID]bool // no record may be put here any more
}

func newCache(keep time.Duration) *cache {
	return &cache{keep: keep, records: map[session.ID]session.Session{}, until: map[session.ID]time.Time{}, barred: map[session.ID]bool{}}
}

func (c *cache) look(id session.ID) (session.Session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.records[id]
	return s, ok && time.Now().Before(c.until[id])
}

func (c *cache) put(s session.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.barred[s.ID] {
		c.records[s.ID], c.until[s.ID] = s, time.Now().Add(c.keep)
	}
}

func (c *cache) drop(id session.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.records, id)
}

// bar drops a record for good.
func (c *cache) bar(id session.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.records, id)
	c.barred[id] = true
}

// caches are those of the handles on one store.
type caches struct {
	mu sync.Mutex
	of map[session.Store][]*cache
}

func (all *caches) add(s session.Store, c *cache) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.of == nil {
		all.of = map[session.Store][]*cache{}
	}
	all.of[s] = append(all.of[s], c)
}

func (all *caches) each(s session.Store, do func(*cache)) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, c := range all.of[s] {
		do(c)
	}
}

var nodes caches

const keepCached = 20 * time.Millisecond

var plantedCaches = []planted{
	{"a cache that is not told", func(w *wrong) { w.cached(newCache(keepCached)) }},
	{"a cache of which only this node's is told", func(w *wrong) {
		c := newCache(keepCached)
		w.cached(c)
		w.dropping(c.drop)
	}},
	{"a cache that is told after the answer", func(w *wrong) {
		c := newCache(time.Minute)
		nodes.add(w.Store, c)
		w.cached(c)
		w.dropping(func(id session.ID) {
			go func() {
				pause()
				pause()
				nodes.each(w.Store, func(c *cache) { c.bar(id) })
			}()
		})
	}},
	{"a record that comes late into the cache", func(w *wrong) {
		c := newCache(time.Minute)
		nodes.add(w.Store, c)
		w.cached(c)
		w.dropping(func(id session.ID) { nodes.each(w.Store, func(c *cache) { c.drop(id) }) })
	}},
}

// tellingCache tells the caches of all nodes, one after the other, before it answers:
// while it does, one node shows the change and the other does not.
func tellingCache(w *wrong) {
	c := newCache(time.Minute)
	nodes.add(w.Store, c)
	w.cached(c)
	tell := func(id session.ID) {
		pause()
		nodes.each(w.Store, func(c *cache) { c.bar(id); pause() })
	}
	w.touching(c, tell)
	w.dropping(tell)
}

// TestRegularStore shows what Rules.Regular forgives: the order in which nodes see a
// change that is on its way, and nothing else.
func TestRegularStore(t *testing.T) {
	h := plantedHarness(tellingCache, nil)
	t.Log(Run(t, h, Options{Seed: 1, Calls: 4 * mostCalls, Rules: inFront}))
	if _, wrong := (Options{Seed: 1, Calls: plantedCalls, Rules: oneMoment}).run(t, h); wrong == nil {
		t.Error("the same store is linearizable too: the rule forgives nothing here")
	}
}
