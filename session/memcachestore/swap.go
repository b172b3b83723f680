// Swap: how every write is made. An item is read, changed and written back if it has not changed
// meanwhile; no item is ever overwritten unseen.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// maxTries is how often a write is tried that loses against others.
	maxTries = 100

	// maxPause bounds the pause after a loss.
	maxPause = 5 * time.Millisecond

	// expirySlack is how much longer the server keeps an item than the store needs it: the store
	// decides by its own clock what has expired.
	expirySlack = time.Hour

	// maxRecalled is how large an item may be that is remembered for a write after its reading, and
	// recallFor for how long.
	maxRecalled = 32 << 10
	recallFor   = time.Second
)

// stripe orders the writes of this process to the keys that hash to it, so that
// they do not lose against each other, and remembers what was read last.
type stripe struct {
	lock chan struct{}
	last atomic.Pointer[reading]
}

// reading is an item as it was read.
type reading struct {
	*memcache.Item
	at    time.Time
	epoch uint64 // of the server
}

// remember keeps an item for a write that may follow.
func (st *stripe) remember(r *reading) {
	if len(r.Value) <= maxRecalled {
		st.last.Store(r)
	}
}

// recall returns the item of that key, once, if it was read within recallFor.
func (st *stripe) recall(key string) *reading {
	r := st.last.Swap(nil)
	if r == nil || r.Key != key || time.Since(r.at) > recallFor {
		return nil
	}
	return r
}

// place is where a key is.
type place struct {
	sv     *server
	stripe *stripe
	key    string
}

// placeOf returns the place of a key, by the hash of the things that are kept together.
func (s *Store) placeOf(key string, hash uint64) place {
	sv := pick(s.servers, hash)
	return place{sv, &sv.stripes[byte(mix(hash))], key}
}

// edit is a change of an item.
type edit struct {
	write bool      // else it stays as it is
	value []byte    // nil removes it
	until time.Time // when the store needs it no longer
}

// swap reads the item, calls change with its value, which is nil if there is none, and writes the
// edit. change runs again if another process has written first. Its error is returned after its
// edit is written. With recall the first attempt uses the item as this process has read it a moment
// ago: the server checks that it has not changed. An attempt from memory counts only if it
// succeeds.
func (s *Store) swap(ctx context.Context, op string, at place, recall bool, change func(value []byte) (edit, error)) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	select {
	case at.stripe.lock <- struct{}{}:
		defer func() { <-at.stripe.lock }()
	case <-ctx.Done():
		return tooLate(ctx, op, "other writes to "+at.sv.addr+" are under way")
	}
	if recall {
		if stored := at.stripe.recall(at.key); stored != nil {
			if e, err := change(stored.Value); e.write && err == nil {
				if lost, err := s.write(ctx, op, at, stored, e); !lost {
					return err
				}
			}
		}
	}
	for try := range maxTries {
		stored, err := s.read(ctx, op, at)
		if err != nil {
			return err
		}
		var value []byte
		if stored != nil {
			value = stored.Value
		}
		e, verdict := change(value)
		if !e.write {
			return verdict
		}
		lost, err := s.write(ctx, op, at, stored, e)
		if err != nil {
			return err
		}
		if !lost {
			return verdict
		}
		if err := pause(ctx, op, try); err != nil {
			return err
		}
	}
	return fmt.Errorf("memcachestore: %s: %w: other writes came first %d times", op, session.ErrUnavailable, maxTries)
}

// pause waits a little, and longer after more losses, so that many processes do not collide again.
func pause(ctx context.Context, op string, try int) error {
	if try == 0 {
		return nil
	}
	most := min(100*time.Microsecond<<min(try, 10), maxPause)
	timer := time.NewTimer(rand.N(most)) //nolint:gosec // no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return tooLate(ctx, op, "other writes came first")
	}
}

// bound gives a call without a deadline one.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

// read returns the item of a key, or nil.
func (s *Store) read(ctx context.Context, op string, at place) (*reading, error) {
	r := &reading{at: time.Now(), epoch: at.sv.epoch.Load()}
	it, err := at.sv.get(ctx, op, at.key)
	switch {
	case err != nil:
		return nil, err
	case it == nil:
		return nil, nil
	case it.CasID == 0:
		return nil, fmt.Errorf("memcachestore: %s: %w: %w: %s keeps no CAS: start it without -C", op, session.ErrUnavailable, session.ErrMisconfigured, at.sv.addr)
	}
	r.Item = it
	return r, nil
}

// write puts an item in the place of stored, which is nil if there was none. lost says that another
// process has written first, or that the server may have restarted meanwhile: it then gives the
// same CAS numbers again.
func (s *Store) write(ctx context.Context, op string, at place, stored *reading, e edit) (lost bool, err error) {
	if stored != nil && stored.epoch != at.sv.epoch.Load() {
		return true, nil
	}
	if len(e.value) > s.maxValue && (stored == nil || len(e.value) > len(stored.Value)) { // an item that shrinks is always written
		return false, fmt.Errorf("memcachestore: %s: %w: an item of %d bytes, at most %d", op, session.ErrTooLarge, len(e.value), s.maxValue)
	}
	next := &memcache.Item{Key: at.key, Value: e.value, Expiration: s.expiration(e.until)}
	if e.value == nil {
		// The protocol has no delete that compares. An item with a negative expiry is gone at once.
		next.Expiration = -1
	}
	if stored == nil && e.value == nil {
		return false, nil
	}
	_, err = call(ctx, at.sv, op, writes, func(c *memcache.Client) (struct{}, error) {
		if stored == nil {
			return struct{}{}, c.Add(next)
		}
		next.CasID = stored.CasID
		return struct{}{}, c.CompareAndSwap(next)
	})
	switch {
	case errors.Is(err, memcache.ErrNotStored), errors.Is(err, memcache.ErrCASConflict), errors.Is(err, memcache.ErrCacheMiss):
		return true, nil
	}
	return false, err
}

// expiration is the absolute time at which the server may remove the item. The protocol takes
// relative times over 30 days for absolute ones, and has 31 bits for them.
func (s *Store) expiration(until time.Time) int32 {
	at := time.Now().Add(until.Sub(s.now()) + expirySlack).Unix()
	return int32(min(max(at, 1), math.MaxInt32))
}
