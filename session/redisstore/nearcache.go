// The near-cache: records kept in this process by the client, which the server
// tells of changes (client-side caching).

package redisstore

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// nearCache bounds how stale the client's cache may be, and keeps reads away from
// it where this process has just written: the server's word of the change comes
// over another connection, and may come later than the next read.
//
// An entry counts from when its read began, so none is older than maxStale, also
// where the server has fallen silent. Time here is the machine's, as in the
// client.
type nearCache struct {
	maxStale time.Duration

	hits, misses atomic.Uint64
	oldest       atomic.Int64 // the greatest age of a hit, milliseconds

	mu      sync.RWMutex
	written map[session.Tag]time.Time // whose users' records are read from the server, until when
	all     time.Time                 // until when all are
}

// maxWritten bounds written. Beyond it the cache rests for a while.
const maxWritten = 1 << 14

func newNearCache(maxStale time.Duration) *nearCache {
	return &nearCache{maxStale: maxStale, written: map[session.Tag]time.Time{}}
}

// wrote notes that a write under the tag has returned: whatever was read before is
// too old for the next read of this process. A nil cache notes nothing.
func (n *nearCache) wrote(tag session.Tag) {
	if n == nil {
		return
	}
	now := time.Now()
	until := now.Add(n.maxStale)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.written) >= maxWritten {
		for other, end := range n.written {
			if now.After(end) {
				delete(n.written, other)
			}
		}
		if len(n.written) >= maxWritten/2 {
			clear(n.written)
			n.all = until
		}
	}
	n.written[tag] = until
}

// bypassed reports whether a record under the tag is to be read from the server.
func (n *nearCache) bypassed(tag session.Tag) bool {
	now := time.Now()
	n.mu.RLock()
	defer n.mu.RUnlock()
	return !now.After(n.written[tag]) || !now.After(n.all)
}

// note counts a read that went through the cache.
func (n *nearCache) note(result rueidis.RedisResult) {
	if !result.IsCacheHit() {
		n.misses.Add(1)
		return
	}
	n.hits.Add(1)
	age := n.maxStale.Milliseconds() - result.CachePTTL()
	for {
		oldest := n.oldest.Load()
		if age <= oldest || n.oldest.CompareAndSwap(oldest, age) {
			return
		}
	}
}

// NearCacheStats is what the near-cache has done since Open.
type NearCacheStats struct {
	Hits   uint64
	Misses uint64
	Oldest time.Duration // the greatest age that a hit had, exact to a millisecond
}

// NearCacheStats returns zeros where there is no near-cache.
func (s *Store) NearCacheStats() NearCacheStats {
	if s.near == nil {
		return NearCacheStats{}
	}
	return NearCacheStats{
		Hits:   s.near.hits.Load(),
		Misses: s.near.misses.Load(),
		Oldest: time.Duration(s.near.oldest.Load()) * time.Millisecond,
	}
}
