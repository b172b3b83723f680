// Cache: this process's memory as the cache in front of another store.

package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/session"
)

// CacheConfig is a cache's configuration; the zero value will do.
type CacheConfig struct {
	// Max is how many entries the cache has at most, about 1 KiB each besides the
	// texts and the metadata of the sessions: 100,000 by default, 1 to 10,000,000.
	// Beyond it another one goes for each that comes.
	Max int

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`
}

const (
	defaultMaxEntries = 100_000
	mostEntries       = 10_000_000
)

func (c CacheConfig) withDefaults() CacheConfig {
	c.Max = cmp.Or(c.Max, defaultMaxEntries)
	return c
}

// Validate returns nil, or one error with a config.FieldError for each field that is out
// of its bounds. NewCache calls it.
func (c CacheConfig) Validate() error {
	var check fields.Check
	check.Int("Max", c.withDefaults().Max, 1, mostEntries)
	return check.Err("memstore: cache")
}

// Cache keeps copies of sessions for package hybridstore, each behind a head that
// only that package understands. It is for one process alone: another one that
// shares the database does not hear of what this one writes, and the other way
// round. It is safe for many goroutines.
type Cache struct {
	most int
	now  func() time.Time

	mu      sync.Mutex
	entries map[session.ID]cached // under mu
}

// cached is one entry.
type cached struct {
	head    []byte
	session *session.Session // never changed
	until   time.Time
}

// NewCache returns an empty cache.
func NewCache(cfg CacheConfig) (*Cache, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Cache{most: cfg.Max, now: session.MonotonicClock(cfg.Now), entries: map[session.ID]cached{}}, nil
}

// Get returns the head and the session under id: no head if there is nothing, no
// session if there is none.
func (c *Cache) Get(ctx context.Context, id session.ID) ([]byte, *session.Session, error) {
	if ctx.Err() != nil {
		return nil, nil, canceled(ctx.Err())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.live(id)
	return e.head, e.session, nil
}

// live returns the entry under id, none if its time is over.
func (c *Cache) live(id session.ID) cached {
	e, ok := c.entries[id]
	if ok && !c.now().Before(e.until) {
		delete(c.entries, id)
		return cached{}
	}
	return e
}

// Swap puts head and s, which may be nil, under id for that long, if what is there
// has the head old, or if old is empty, if nothing is there, and reports whether it
// did.
func (c *Cache) Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (bool, error) {
	if ctx.Err() != nil {
		return false, canceled(ctx.Err())
	}
	if s != nil {
		kept := *s
		s = &kept
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if string(c.live(id).head) != string(old) {
		return false, nil
	}
	c.put(id, cached{slices.Clone(head), s, c.now().Add(keep)})
	return true, nil
}

// Set puts head alone under each of the IDs for that long, whatever is there.
func (c *Cache) Set(ctx context.Context, ids []session.ID, head []byte, keep time.Duration) error {
	if ctx.Err() != nil {
		return canceled(ctx.Err())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.put(id, cached{slices.Clone(head), nil, c.now().Add(keep)})
	}
	return nil
}

// Report tells how many entries the cache has.
func (c *Cache) Report() session.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	return session.Report{Detail: fmt.Sprintf("%d of at most %d entries in memory", len(c.entries), c.most)}
}

// looks is how many entries are looked at to find one that can go.
const looks = 8

// put puts an entry in, and another one out if there is no room: of a few, one
// whose time is over, else one that will be over first.
func (c *Cache) put(id session.ID, e cached) {
	if _, there := c.entries[id]; !there && len(c.entries) >= c.most {
		var goes session.ID
		var soonest time.Time
		seen := 0
		for other, candidate := range c.entries {
			if seen == 0 || candidate.until.Before(soonest) {
				goes, soonest = other, candidate.until
			}
			if seen++; seen == looks {
				break
			}
		}
		delete(c.entries, goes)
	}
	c.entries[id] = e
}
