// Counters: the login throttle's sliding logs.

package memstore

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// counters are sliding logs by key, divided among shards by the key's hash.
type counters struct {
	seed   maphash.Seed
	shards [64]counterShard
}

type counterShard struct {
	mu   sync.Mutex
	logs map[string]counterLog
}

// counterLog is when the events of one key were, oldest first, and when the
// last of them leaves its window.
type counterLog struct {
	events []time.Time
	until  time.Time
}

func (c *counters) init() {
	c.seed = maphash.MakeSeed()
	for i := range c.shards {
		c.shards[i].logs = map[string]counterLog{}
	}
}

func (c *counters) shard(key string) *counterShard {
	return &c.shards[maphash.String(c.seed, key)%uint64(len(c.shards))]
}

// sweep removes logs whose events have all left their windows. It looks at blockSize logs of a
// shard under one lock, and again while it has removed half of them. The next sweep finds those
// that it misses: a map is walked from a random place.
func (c *counters) sweep(now time.Time) {
	for i := range c.shards {
		for c.shards[i].sweep(now) >= blockSize/2 {
		}
	}
}

func (sh *counterShard) sweep(now time.Time) (removed int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	seen := 0
	for key, log := range sh.logs {
		if !now.Before(log.until) {
			delete(sh.logs, key)
			removed++
		}
		if seen++; seen == blockSize {
			break
		}
	}
	return removed
}

// Count implements session.Store.
func (s *Store) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	if err := session.CheckCount(key, rule); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, canceled(err)
	}
	sh := s.counters.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := s.now()
	log := sh.logs[key]
	log.events = slices.DeleteFunc(log.events, func(t time.Time) bool { return !within(t, now, rule.Window) })
	n := len(log.events)
	var wait time.Duration
	if n >= rule.Limit {
		wait = log.events[n-rule.Limit].Add(rule.Window).Sub(now)
	}
	if n > 0 {
		wait = max(wait, log.events[n-1].Add(rule.Apart(n)).Sub(now))
	}
	if wait <= 0 || rule.Always {
		log.events = append(log.events, now)
		log.events = slices.Delete(log.events, 0, max(len(log.events)-rule.Kept(), 0))
		log.until = now.Add(rule.Window)
	}
	sh.logs[key] = log
	return max(wait, 0), nil
}

// within reports whether t lies in the window that ends now. An event that lies a window or more
// after now was recorded by a clock that was wrong.
func within(t, now time.Time, window time.Duration) bool {
	return now.Sub(t) < window && t.Sub(now) < window
}

// Counted implements session.Store.
func (s *Store) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, canceled(err)
	}
	sh := s.counters.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now, n := s.now(), 0
	for _, t := range sh.logs[key].events {
		if within(t, now, window) {
			n++
		}
	}
	return n, nil
}

// Uncount implements session.Store.
func (s *Store) Uncount(ctx context.Context, key string, n int) error {
	if err := ctx.Err(); err != nil {
		return canceled(err)
	}
	sh := s.counters.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	log, ok := sh.logs[key]
	if !ok {
		return nil
	}
	if n < 0 || n >= len(log.events) {
		delete(sh.logs, key)
		return nil
	}
	log.events = log.events[:len(log.events)-n]
	sh.logs[key] = log
	return nil
}
