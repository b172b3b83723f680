// Cache: what the store asks of Redis or Memcached, and the breaker in front of
// it.

package hybridstore

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/breaker"
)

// Cache is shared by all nodes. It may at any time lose everything, come back with old contents, or
// be out of reach of some nodes only: no entry is believed before it is judged.
//
// An entry is a head of at most 255 bytes, whose meaning only this package knows, and for a record
// the session. Every head that is written is unlike any other, so a head is also the token by which
// Swap compares.
type Cache interface {
	// Get returns the entry under id. The head is empty if there is no entry, and the session nil
	// if the entry has none or it cannot be decoded.
	Get(ctx context.Context, id session.ID) (head []byte, s *session.Session, err error)

	// Swap puts head and s, which may be nil, under id for the time keep, if the entry there has
	// the head old; with an empty old, if there is no entry. Comparing and putting are one step. It
	// returns false if it put nothing.
	Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (bool, error)

	// Set puts head without a session under each of the IDs for the time keep, whatever is there.
	// After an error some may have been put.
	Set(ctx context.Context, ids []session.ID, head []byte, keep time.Duration) error

	// Report tells how the cache is doing, without asking its server.
	Report() session.Report
}

const (
	// cacheTimeout is the most that a call of the cache may take; it gets no more
	// than half of what its caller has left.
	cacheTimeout = 250 * time.Millisecond

	// maxMarks is how many IDs one call sets. Memcached takes one after the other, and
	// session.MaxBatch of them would take longer than cacheTimeout from a server 0.25 ms
	// away: it would count as one that does not answer.
	maxMarks = 50

	// cacheRetry is how long a cache that failed is left alone.
	cacheRetry = 500 * time.Millisecond
)

// errOpen says that the cache is being left alone.
var errOpen = errors.New("hybridstore: the cache failed a moment ago")

// guardedCache is the cache behind a breaker.
type guardedCache struct {
	cache   Cache
	breaker breaker.Breaker
	back    func() // called when the cache answers again
	log     *slog.Logger
}

// isDown reports whether the cache failed last time.
func (f *guardedCache) isDown() bool { return f.breaker.Failing() }

// settled records how a call went. fault says that a failure is the cache's, and not that of a
// caller that left or had too little time.
func (f *guardedCache) settled(err error, fault bool) {
	switch {
	case err == nil:
		if f.breaker.Succeed() {
			f.log.Info("the cache answers again")
			f.back()
		}
	case !fault:
		f.breaker.Skip()
	case f.breaker.Fail(time.Now()):
		f.log.Warn("the cache does not answer: sessions are read from the database", "error", err)
	}
}

// ask calls the cache through the breaker, within its share of the time.
func (f *guardedCache) ask(ctx context.Context, call func(context.Context) error) error {
	if _, ok := f.breaker.Enter(time.Now()); !ok {
		return errOpen
	}
	limit := cacheTimeout
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2)
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := call(bounded)
	f.settled(err, ctx.Err() == nil && (bounded.Err() == nil || limit == cacheTimeout))
	return err
}

func (f *guardedCache) get(ctx context.Context, id session.ID) (e entry, err error) {
	err = f.ask(ctx, func(ctx context.Context) error {
		head, s, err := f.cache.Get(ctx, id)
		e = parse(head, s, id)
		return err
	})
	return e, err
}

func (f *guardedCache) swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (done bool, err error) {
	err = f.ask(ctx, func(ctx context.Context) (err error) {
		done, err = f.cache.Swap(ctx, id, old, head, s, keep)
		return err
	})
	return done, err
}

func (f *guardedCache) set(ctx context.Context, ids []session.ID, k kind, keep time.Duration) error {
	for some := range slices.Chunk(ids, maxMarks) {
		if err := f.ask(ctx, func(ctx context.Context) error {
			return f.cache.Set(ctx, some, newHead(k, position{}), keep)
		}); err != nil {
			return err
		}
	}
	return nil
}
