// The near-cache: records that are kept in this process. The server tells when they change
// (client-side caching).

package redisstore

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// nearCache bounds how stale its records may be. It is not used for a record that this process has
// just written: the server's message about the change comes over another connection, perhaps later
// than the next read.
//
// A record's age counts from the beginning of its read, so none is older than maxStale, although
// the server may have fallen silent.
type nearCache struct {
	maxStale time.Duration
	now      func() time.Time // the machine's clock, as the client reads it
	kept     *kept

	hits, misses atomic.Uint64

	mu      sync.RWMutex
	written map[session.Tag]time.Time // until when the records of a tag are read from the server
	rest    time.Time                 // until when all records are
}

// maxWritten bounds nearCache.written. Beyond it the cache rests for a while.
const maxWritten = 1 << 14

// newNearCache returns a near-cache of at most size bytes.
func newNearCache(maxStale time.Duration, size int) *nearCache {
	return &nearCache{maxStale: maxStale, now: time.Now, kept: newKept(size), written: map[session.Tag]time.Time{}}
}

// link returns the part of the near-cache for a new connection of the client.
func (n *nearCache) link(rueidis.CacheStoreOption) rueidis.CacheStore { return &link{n.kept} }

// wrote notes that a write under the tag has returned: records that were read before are too old
// for the next read of this process. On a nil cache it does nothing.
func (n *nearCache) wrote(tag session.Tag) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	until := now.Add(n.maxStale)
	if len(n.written) >= maxWritten {
		for other, end := range n.written {
			if now.After(end) {
				delete(n.written, other)
			}
		}
		if len(n.written) >= maxWritten/2 {
			clear(n.written)
			n.rest = until
		}
	}
	n.written[tag] = until
}

// bypassed reports whether records under the tag must be read from the server.
func (n *nearCache) bypassed(tag session.Tag, now time.Time) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	until, ok := n.written[tag]
	return ok && !now.After(until) || !now.After(n.rest)
}

// look returns the record under a key if it is kept, else nil.
func (n *nearCache) look(key string, now time.Time) *record {
	r := n.kept.look(key, now)
	if r == nil {
		n.misses.Add(1)
		return nil
	}
	n.hits.Add(1)
	return r
}
