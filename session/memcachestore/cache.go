// Cache: Memcached as the cache in front of another store.

package memcachestore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// Cache keeps copies of sessions for package hybridstore, each behind a head that only that package
// understands, under keys that the store does not use. A user's copies are on one server. It is
// safe for many goroutines.
type Cache struct{ s *Store }

// Cache returns a cache on the store's servers. It lives as long as the store.
func (s *Store) Cache() *Cache { return &Cache{s} }

func (c *Cache) place(id session.ID) place {
	tag := id.Tag()
	return c.s.placeOf(c.s.cfg.Prefix+"h:"+hex.EncodeToString(id[:]), be.Uint64(tag[:]))
}

// Get returns the head and the session under id. The head is empty if there is no entry, and the
// session nil if the entry has none or it cannot be decoded. It sends one command. Errors match
// session.ErrUnavailable.
func (c *Cache) Get(ctx context.Context, id session.ID) ([]byte, *session.Session, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	stored, err := c.s.read(ctx, "cache get", c.place(id))
	if err != nil || stored == nil {
		return nil, nil, err
	}
	head, found := wire.DecodeCached(stored.Value, id)
	return head, found, nil
}

// Swap puts head and s, which may be nil, under id for the time keep, if the entry there has the
// head old; with an empty old, if there is no entry. It reports whether it did. It adds, or reads,
// compares and swaps: no entry is overwritten unseen. Errors match session.ErrUnavailable, or
// session.ErrIndeterminate if it may have been done.
func (c *Cache) Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (bool, error) {
	const op = "cache swap"
	ctx, cancel := bound(ctx)
	defer cancel()
	value, err := wire.AppendCached(nil, head, s)
	if err != nil {
		return false, fmt.Errorf("memcachestore: %s: %w", op, err)
	}
	at := c.place(id)
	next := &memcache.Item{Key: at.key, Value: value, Expiration: lifetime(keep)}
	if len(old) == 0 {
		_, err := call(ctx, at.sv, op, writes, func(client *memcache.Client) (struct{}, error) {
			return struct{}{}, client.Add(next)
		})
		return swapped(err)
	}
	found, err := c.s.read(ctx, op, at)
	if err != nil || found == nil {
		return false, err
	}
	if there, _ := wire.DecodeCached(found.Value, id); string(there) != string(old) || found.epoch != at.sv.epoch.Load() {
		return false, nil
	}
	next.CasID = found.CasID
	_, err = call(ctx, at.sv, op, writes, func(client *memcache.Client) (struct{}, error) {
		return struct{}{}, client.CompareAndSwap(next)
	})
	return swapped(err)
}

// swapped tells a write that was refused, because another entry is there, from one that failed.
func swapped(err error) (bool, error) {
	switch {
	case errors.Is(err, memcache.ErrNotStored), errors.Is(err, memcache.ErrCASConflict), errors.Is(err, memcache.ErrCacheMiss):
		return false, nil
	}
	return err == nil, err
}

// Set puts head without a session under each of the IDs for the time keep, whatever is there: on
// all servers at once, on each one ID after the other. After an error some may have been put.
func (c *Cache) Set(ctx context.Context, ids []session.ID, head []byte, keep time.Duration) error {
	const op = "cache set"
	ctx, cancel := bound(ctx)
	defer cancel()
	value, err := wire.AppendCached(nil, head, nil)
	if err != nil {
		return fmt.Errorf("memcachestore: %s: %w", op, err)
	}
	keys := map[*server][]string{}
	for _, id := range ids {
		at := c.place(id)
		keys[at.sv] = append(keys[at.sv], at.key)
	}
	answers := make(chan error, len(keys))
	for sv, mine := range keys {
		go func() {
			_, err := call(ctx, sv, op, writes, func(client *memcache.Client) (struct{}, error) {
				for _, key := range mine {
					if ctx.Err() != nil { // no fault of the server
						return struct{}{}, memcache.ErrNotStored
					}
					if err := client.Set(&memcache.Item{Key: key, Value: value, Expiration: lifetime(keep)}); err != nil {
						return struct{}{}, err
					}
				}
				return struct{}{}, nil
			})
			if errors.Is(err, memcache.ErrNotStored) {
				err = tooLate(ctx, op, "not everything was sent")
			}
			answers <- err
		}()
	}
	var errs []error
	for range keys {
		errs = append(errs, <-answers)
	}
	return errors.Join(errs...)
}

// Report tells of the servers as Traits.Report of the store does. It warns of nothing: what a cache
// loses is in the database.
func (c *Cache) Report() session.Report { return session.Report{Detail: c.s.report().Detail} }

// maxRelative is the longest expiry that the protocol takes for a number of seconds from now; it
// takes a larger number for an instant.
const maxRelative = 30 * 24 * time.Hour

// lifetime is the expiry for the server, at most a second longer than keep: in seconds from now if
// possible, because even a server whose clock is wrong must keep a mark.
func lifetime(keep time.Duration) int32 {
	seconds := int64(math.Ceil(keep.Seconds()))
	if keep < maxRelative {
		return int32(max(seconds, 1))
	}
	return int32(min(time.Now().Unix()+seconds, math.MaxInt32))
}
