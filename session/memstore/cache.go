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

// CacheConfig is a cache's configuration. The zero value is ready to use.
type CacheConfig struct {
	// Max is how many entries the cache has at most, about 1 KiB each besides the texts and the
	// metadata of the sessions: 100,000 by default, 1 to 10,000,000. Beyond it an entry is dropped
	// for each new one.
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

// Cache keeps copies of sessions for package hybridstore, each behind a head that only that package
// understands. It is for one process only: processes that share the database do not learn through
// it what the others write. It is safe for many goroutines.
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

// Get returns the head and the session under id. The head is empty if there is no entry, and the
// session nil if the entry has none.
func (c *Cache) Get(ctx context.Context, id session.ID) ([]byte, *session.Session, error) {
	if ctx.Err() != nil {
		return nil, nil, canceled(ctx.Err())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.live(id)
	return e.head, e.session, nil
}

// live returns the entry under id, and the zero entry if its time is over.
func (c *Cache) live(id session.ID) cached {
	e, ok := c.entries[id]
	if ok && !c.now().Before(e.until) {
		delete(c.entries, id)
		return cached{}
	}
	return e
}

// Swap puts head and s, which may be nil, under id for the time keep, if the entry there has the
// head old; with an empty old, if there is no entry. It reports whether it did.
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

// Set puts head without a session under each of the IDs for the time keep, whatever is there.
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

// looks is how many entries are looked at to find one to drop.
const looks = 8

// put inserts an entry, and drops another one if there is no room: of a few entries, the one whose
// time is over first.
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
