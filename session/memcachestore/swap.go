// Swap: how every write is made. An item is read, changed and written back if
// nobody else wrote it meanwhile; nothing is ever set blindly.

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
	// maxTries is how often a write that loses against others is tried.
	maxTries = 100

	// maxPause bounds the pause after a loss.
	maxPause = 5 * time.Millisecond

	// expirySlack is how much longer than the store the server keeps an item:
	// the store refuses what expired by its own clock.
	expirySlack = time.Hour

	// maxRecalled is how large an item may be to be remembered for the write that
	// may follow its reading, and recallFor how long it is.
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

// recall returns the item of that key if it was read just now, once.
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

// placeOf finds a key by the hash of what is kept together.
func (s *Store) placeOf(key string, hash uint64) place {
	sv := pick(s.servers, hash)
	return place{sv, &sv.stripes[byte(mix(hash))], key}
}

// edit is what is to become of an item.
type edit struct {
	write bool      // else it stays as it is
	value []byte    // nil removes it
	until time.Time // when the store needs it no longer
}

// swap reads the item, lets change look at its value, nil if there is none, and
// writes what it says. change runs again if somebody else wrote first. Its error
// is returned after what it wants to be written is. With recall the first attempt
// takes the item as it was read just now, if it was: that it is still so, the
// server checks. It is used for success only.
func (s *Store) swap(ctx context.Context, op string, at place, recall bool, change func(value []byte) (edit, error)) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	select {
	case at.stripe.lock <- struct{}{}:
		defer func() { <-at.stripe.lock }()
	case <-ctx.Done():
		return tooLate(ctx, op, "other writes to "+at.sv.addr+" are on their way")
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
	return fmt.Errorf("memcachestore: %s: %w: others wrote first %d times", op, session.ErrUnavailable, maxTries)
}

// pause waits a little, longer after more losses, so that many processes get out
// of each other's way.
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
		return tooLate(ctx, op, "others wrote first")
	}
}

// bound gives a call without a deadline one.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, defaultTimeout)
}

// read returns the item of a key, nil if there is none.
func (s *Store) read(ctx context.Context, op string, at place) (*reading, error) {
	r := &reading{at: time.Now(), epoch: at.sv.epoch.Load()}
	it, err := at.sv.get(ctx, op, at.key)
	switch {
	case err != nil:
		return nil, err
	case it == nil:
		return nil, nil
	case it.CasID == 0:
		return nil, fmt.Errorf("memcachestore: %s: %w: %w: %s keeps no CAS, start it without -C", op, session.ErrUnavailable, session.ErrMisconfigured, at.sv.addr)
	}
	r.Item = it
	return r, nil
}

// write puts an item in the place of stored, nil if there was none. lost says that
// somebody else wrote first, or that the server may be another since: one that
// restarted gives the same numbers again.
func (s *Store) write(ctx context.Context, op string, at place, stored *reading, e edit) (lost bool, err error) {
	if stored != nil && stored.epoch != at.sv.epoch.Load() {
		return true, nil
	}
	if len(e.value) > s.maxValue && (stored == nil || len(e.value) > len(stored.Value)) { // what shrinks is never held up
		return false, fmt.Errorf("memcachestore: %s: %w: an item of %d bytes, at most %d", op, session.ErrTooLarge, len(e.value), s.maxValue)
	}
	next := &memcache.Item{Key: at.key, Value: e.value, Expiration: s.expiration(e.until)}
	if e.value == nil {
		// There is no delete that compares. A negative expiry is over at once.
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

// expiration is the absolute time that the server is told: a relative one over 30
// days would be taken for one long past. The protocol has 31 bits for it.
func (s *Store) expiration(until time.Time) int32 {
	at := time.Now().Add(until.Sub(s.now()) + expirySlack).Unix()
	return int32(min(max(at, 1), math.MaxInt32))
}
