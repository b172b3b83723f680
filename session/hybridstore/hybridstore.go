// Package hybridstore keeps sessions in a database and answers from a cache in front of it that all
// nodes share: Redis or Memcached before PostgreSQL, MySQL or SQLite. Where there is one process
// only, its memory will do (memstore.NewCache). The database admits and ends sessions, keeps their
// history, and lists them; the cache saves it the reads. A cache that is lost signs no user out and
// brings no ended session back.
//
// # How
//
// The database numbers what ends or changes sessions, and every node reads that
// log once per PollInterval. A record in the cache carries the number up to which
// it is known to be true. A node believes it if it has read the log less than
// MaxStale ago and its log has nothing later about the session, else the database
// decides. So a cache that comes back with old contents needs no cleaning: its
// records are judged like any others.
//
// A record enters the cache behind a token: the node that puts it there first takes hold of the
// place, then reads the log, and writes only if no other node has written meanwhile. A revocation
// writes a tombstone, and the late record is refused.
//
// # What is promised
//
// Delete, DeleteUser, Rotate and the evictions of Create commit in the database, then put
// tombstones into the cache. If the cache confirms them, no node answers valid any more, as long as
// the cache keeps the tombstones for MaxStale. If it does not confirm, or forgets, no node answers
// valid later than MaxStale after the commit; the call waits for that moment, and returns a
// [*session.PartialError] if its context ends before.
//
// Touches are written behind, in batches, every FlushInterval; a node that dies
// loses those of one interval.
//
// If the database is down, records are believed until MaxStale after it was last read, or until
// Degraded if that is set; new sessions and revocations are unavailable. If the cache is down the
// database answers.
//
// # What is not
//
// A database restored from a backup has forgotten the sessions that have ended since; revoke all
// sessions after a restore. A process that was suspended believes its cache until its next look at
// the clock, at the start of every validation. Every process that changes the sessions must number
// its changes, and the clocks of nodes should agree to a second.
package hybridstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/breaker"
)

// Config is a store's configuration. A field that is zero has its default.
type Config struct {
	// MaxStale is how long after a revocation that the cache did not confirm
	// another node may answer valid, and how long a revocation waits then: 1.5
	// seconds by default, so that it fits into the manager's StoreTimeout. At least
	// twice PollInterval, at most 1 minute.
	MaxStale time.Duration

	// PollInterval is how often a node reads the log of changes: 500 milliseconds by
	// default, 10 milliseconds to 30 seconds. It is one small query.
	PollInterval time.Duration

	// FlushInterval is how often touches are written: 1 second by default, 10
	// milliseconds to 1 minute.
	FlushInterval time.Duration

	// MaxTouches is how many touches wait at most; beyond it they are written at
	// once. 10,000 by default, 1 to 1,000,000.
	MaxTouches int

	// Degraded is how long records are believed after the database was last read,
	// while it does not answer. It counts as Traits.MaxStale, so revocations that the
	// cache does not confirm wait for as long. 0, the default, is strict: no longer
	// than MaxStale. At most 1 hour.
	Degraded time.Duration

	// Now is the clock of sessions; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets warnings; slog.Default() by default. Records carry
	// component=session.hybrid.
	Logger *slog.Logger `json:"-"`
}

func (c Config) withDefaults() Config {
	c.MaxStale = cmp.Or(c.MaxStale, 1500*time.Millisecond)
	c.PollInterval = cmp.Or(c.PollInterval, 500*time.Millisecond)
	c.FlushInterval = cmp.Or(c.FlushInterval, time.Second)
	c.MaxTouches = cmp.Or(c.MaxTouches, 10_000)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Bounds of Config.
const (
	minPoll, maxPoll = 10 * time.Millisecond, 30 * time.Second
	maxMaxStale      = time.Minute
	maxDegraded      = time.Hour
	maxMaxTouches    = 1_000_000
)

// Validate returns nil, or one error with a config.FieldError for each field that is out
// of its bounds. New calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check fields.Check
	least := 2 * c.PollInterval // of MaxStale; a wrong interval makes nothing else wrong
	if c.PollInterval < minPoll || c.PollInterval > maxPoll {
		least = 2 * minPoll
	}
	check.Duration("PollInterval", c.PollInterval, minPoll, maxPoll)
	check.Duration("MaxStale", c.MaxStale, least, maxMaxStale)
	check.Duration("FlushInterval", c.FlushInterval, 10*time.Millisecond, time.Minute)
	if c.Degraded != 0 {
		check.Duration("Degraded", c.Degraded, min(c.MaxStale, maxMaxStale), maxDegraded)
	}
	check.Int("MaxTouches", c.MaxTouches, 1, maxMaxTouches)
	return check.Err("hybridstore")
}

// Grace is how long the sweep of the database must leave expired sessions alone under this
// configuration (sqlstore.Config.Grace), so that touches on their way find them: two flushes after
// the last moment at which a node that does not reach the database answers from the cache.
func (c Config) Grace() time.Duration {
	c = c.withDefaults()
	return 2*c.FlushInterval + max(c.MaxStale, c.Degraded)
}

// lead is how long before the expiry of a session a touch may still wait: it is
// written before another node could take the session for expired.
func (c Config) lead() time.Duration { return 2*c.FlushInterval + c.MaxStale }

// maxWindow is how many changes a node remembers at least.
const maxWindow = 10_000

// Store is a session.Store in a database behind a cache.
type Store struct {
	cfg      Config
	database Database
	cache    *guardedCache
	clock    *clock
	log      *slog.Logger
	stale    time.Duration // how long after a commit a node may not know of it
	hold     time.Duration // no sweep sooner after an outage of the database

	window  *window
	polling chan struct{} // held while the log is read
	touches *touches
	refills chan refill
	looping atomic.Bool
	counts  counts

	compareEvery time.Duration
}

var _ session.Store = (*Store)(nil)

// New returns a store on a database behind a cache. It starts no goroutine, and
// until Traits.Background runs, which session.Manager.Run does, it uses the
// database alone. Every field of cfg that is out of its bounds is named in the
// error.
func New(database Database, cache Cache, cfg Config) (*Store, error) {
	if database == nil || cache == nil {
		return nil, errors.New("hybridstore: New: database and cache must not be nil")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Store{
		cfg:      cfg,
		database: database,
		clock:    newClock(cfg.Now),
		log:      cfg.Logger.With("component", "session.hybrid"),
		stale:    max(cfg.MaxStale, cfg.Degraded),
		hold:     cfg.Grace(),
		window:   newWindow(maxWindow, cfg.MaxStale, cfg.Degraded),
		polling:  make(chan struct{}, 1),
		touches:  newTouches(cfg.MaxTouches),
		refills:  make(chan refill, maxRefills),

		compareEvery: compareEvery,
	}
	if grace := database.Traits().SweepGrace; grace < cfg.Grace() {
		s.log.Warn("the database sweeps too early: sessions whose activity is on its way may end", "grace", grace, "want", cfg.Grace())
	}
	s.cache = &guardedCache{
		cache: cache, back: s.window.forgetPolls, log: s.log,
		breaker: breaker.Breaker{MinPause: cacheRetry, MaxPause: cacheRetry},
	}
	return s, nil
}

// Ping implements session.Store: the store answers if the database does.
func (s *Store) Ping(ctx context.Context) error { return s.database.Ping(ctx) }

// Close implements session.Store. Database and cache are the caller's.
func (s *Store) Close() error { return nil }

// List implements session.Store: pages are the database's.
func (s *Store) List(ctx context.Context, q session.Query) (session.Page, error) {
	return s.database.List(ctx, q)
}

// Count implements session.Store, in the database, where no eviction forgets it.
func (s *Store) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	return s.database.Count(ctx, key, rule)
}

// Counted implements session.Store.
func (s *Store) Counted(ctx context.Context, key string, window time.Duration) (int, error) {
	return s.database.Counted(ctx, key, window)
}

// Uncount implements session.Store.
func (s *Store) Uncount(ctx context.Context, key string, n int) error {
	return s.database.Uncount(ctx, key, n)
}

// Sweep implements session.Store. While the background work runs, it does nothing
// until the database has answered without a failure for Config.Grace: touches that
// waited for it, here and on other nodes, come first.
func (s *Store) Sweep(ctx context.Context, most int) (int, error) {
	if s.looping.Load() && s.window.steady() < s.hold {
		return 0, nil
	}
	return s.database.Sweep(ctx, most)
}

// Traits implements session.Store.
func (s *Store) Traits() session.Traits {
	t := s.database.Traits()
	t.Name = "hybrid, " + t.Name
	t.MaxStale = s.stale
	t.Background = s.run
	t.Report = s.report
	t.Notes = append(slices.Clone(t.Notes),
		"A revocation that the cache does not confirm, or forgets at once, reaches the other nodes within "+s.stale.String()+".",
		"A node that dies loses the activity of its last "+s.cfg.FlushInterval.String()+".",
		"A database restored from a backup has forgotten what ended since: revoke all sessions after a restore.")
	return t
}

// clock is the clock of sessions: never behind the database's as last seen.
type clock struct {
	own  func() time.Time
	seen atomic.Int64 // Unix microseconds
}

func newClock(now func() time.Time) *clock { return &clock{own: session.MonotonicClock(now)} }

// see notes a time of the database's clock.
func (c *clock) see(t time.Time) {
	for at := t.UnixMicro(); ; {
		seen := c.seen.Load()
		if at <= seen || c.seen.CompareAndSwap(seen, at) {
			return
		}
	}
}

func (c *clock) now() time.Time {
	own := c.own()
	if seen := c.seen.Load(); seen > own.UnixMicro() {
		return time.UnixMicro(seen).UTC()
	}
	return own
}
