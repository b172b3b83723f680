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
// where the server has fallen silent. The client reckons by the machine's clock;
// if that is set back, entries would live longer, so the cache rests until they
// are gone.
type nearCache struct {
	maxStale time.Duration
	wall     func() time.Time     // the machine's clock, as the client reads it
	elapsed  func() time.Duration // since the start, whatever the clock does

	hits, misses atomic.Uint64
	oldest       atomic.Int64 // the greatest age of a hit, milliseconds
	start        atomic.Int64 // what the clock now says the start was, Unix microseconds

	mu      sync.RWMutex
	written map[session.Tag]time.Duration // whose users' records are read from the server, until when
	rest    time.Duration                 // until when all are
}

const (
	// maxWritten bounds nearCache.written. Beyond it the cache rests for a while.
	maxWritten = 1 << 14

	// setBack is from where a clock counts as set back: slewing stays below.
	setBack = 10 * time.Millisecond
)

func newNearCache(maxStale time.Duration) *nearCache {
	start := time.Now()
	n := &nearCache{
		maxStale: maxStale,
		wall:     time.Now,
		elapsed:  func() time.Duration { return time.Since(start) },
		written:  map[session.Tag]time.Duration{},
		rest:     -1,
	}
	n.start.Store(start.UnixMicro())
	return n
}

// wrote notes that a write under the tag has returned: whatever was read before is
// too old for the next read of this process. A nil cache notes nothing.
func (n *nearCache) wrote(tag session.Tag) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.elapsed()
	until := now + n.maxStale
	if len(n.written) >= maxWritten {
		for other, end := range n.written {
			if now > end {
				delete(n.written, other)
			}
		}
		if len(n.written) >= maxWritten/2 {
			clear(n.written)
			n.rest = max(n.rest, until)
		}
	}
	n.written[tag] = until
}

// bypassed reports whether a record under the tag is to be read from the server.
func (n *nearCache) bypassed(tag session.Tag) bool {
	now := n.elapsed()
	start := n.wall().UnixMicro() - now.Microseconds()
	if back := time.Duration(n.start.Swap(start)-start) * time.Microsecond; back > setBack {
		n.mu.Lock()
		n.rest = max(n.rest, now+n.maxStale+back)
		n.mu.Unlock()
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	until, ok := n.written[tag]
	return ok && now <= until || now <= n.rest
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
