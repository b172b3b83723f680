// Package redisstore keeps sessions in Redis: one server, a primary watched by Sentinels, or a
// Cluster. Redis 6.2 or later is needed.
//
// Every change that must be indivisible is one script on the server, in the folder scripts. The
// keys of one user have one hash tag, so a script needs one server only. Every key has an expiry,
// and Sweep removes the index entries of what has expired; the indexes repair themselves when they
// are read. docs/wire-format.md describes keys and values.
//
// Redis cannot promise everything. A write that was acknowledged can be lost when the server
// crashes, as far as its persistence settings allow, and when a replica takes over: a session that
// was revoked in that moment is live again until its own timeouts. A server that evicts keys when
// it is full (any maxmemory-policy but noeviction) ends sessions and forgets login failures.
// [Store.Health] tells how the server is set.
package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/batch"
)

// Store is a session.Store in Redis.
type Store struct {
	cfg  *Config // a pointer, so that its secrets are not printed with the store
	now  func() time.Time
	log  *slog.Logger
	keys *keyspace

	near  *nearCache                                            // nil: off
	reads []batch.Group[rueidis.Completed, rueidis.RedisResult] // one, or one for each partition

	client atomic.Pointer[rueidis.Client] // nil until connected
	toldAt atomic.Int64                   // when lacks last logged, in nanoseconds since 1970
	health atomic.Pointer[Health]         // the last answer; nil before the first

	mu         sync.Mutex
	connecting *connection // under mu: the attempt on its way
	closed     bool        // under mu
}

var _ session.Store = (*Store)(nil)

// Open connects to Redis, within ConnectTimeout and the context. Every field of cfg that is out of
// its bounds is named in the error, which shows no secret. If no server answers, the error is
// session.ErrUnavailable. If a server refuses this configuration, or cannot do all that the store
// needs, it is session.ErrMisconfigured: every command and every script is tried once, on keys of
// its own. Promises that the server cannot keep are logged as warnings; see [Store.Health]. With
// Lazy Open does not connect, and the first call does what Open would have done.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{
		cfg:  &cfg,
		now:  session.MonotonicClock(cfg.Now),
		log:  cfg.Logger.With("component", "session.redis"),
		keys: newKeyspace(cfg.Prefix),
	}
	groups := 1
	if len(cfg.Cluster) > 0 {
		groups = partitions
	}
	s.reads = make([]batch.Group[rueidis.Completed, rueidis.RedisResult], groups)
	for i := range s.reads {
		s.reads[i].MaxBatch, s.reads[i].Send = maxBatch, s.send
	}
	if cfg.NearCache > 0 {
		s.near = newNearCache(cfg.NearCache, cfg.NearCacheSize)
	}
	if cfg.Lazy {
		return s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout)
	defer cancel()
	if _, err := s.connected(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("redisstore: open: %w", err)
	}
	if err := s.Ping(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	s.learn(ctx)
	return s, nil
}

// maxBatch is how many records are asked for in one round trip.
const maxBatch = 256

// Ping implements session.Store.
func (s *Store) Ping(ctx context.Context) error {
	const op = "ping"
	_, err := call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) (struct{}, error) {
		return struct{}{}, wrap(op, reads, c.Do(ctx, c.B().Ping().Build()).Error())
	})
	return err
}

// Close implements session.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if c := s.client.Load(); c != nil {
		(*c).Close()
	}
	return nil
}

// sweepBatch is how many records one script of Sweep looks at: the server does nothing else
// meanwhile.
const sweepBatch = 25

// Traits implements session.Store.
func (s *Store) Traits() session.Traits {
	return session.Traits{
		Name:       "redis",
		Shared:     true,
		ListAll:    true,
		ExactLimit: true,
		MaxStale:   s.cfg.NearCache,
		SweepBatch: sweepBatch,
		Report:     s.report,
		Notes: []string{
			"What was acknowledged can be lost when the server crashes, as far as its persistence allows, and when a replica takes over.",
			"A server that evicts keys when it is full ends sessions and forgets failed logins: set maxmemory-policy to noeviction.",
		},
	}
}
