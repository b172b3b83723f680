// Cache: Redis as the cache in front of another store.

package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/wire"
)

// Cache keeps copies of sessions for package hybridstore, each behind a head that only that package
// understands, under keys that the store does not use. It is safe for many goroutines.
type Cache struct{ s *Store }

// Cache returns a cache on the store's server. It lives as long as the store.
func (s *Store) Cache() *Cache { return &Cache{s} }

func (c *Cache) key(id session.ID) string { return c.s.keys.of(id.Tag()) + "h:" + string(id[:]) }

// Get returns the head and the session under id. The head is empty if there is no entry, and the
// session nil if the entry has none or it cannot be decoded. It sends one command. Errors match
// session.ErrUnavailable.
func (c *Cache) Get(ctx context.Context, id session.ID) ([]byte, *session.Session, error) {
	const op = "cache get"
	ctx, cancel, client, err := c.s.begin(ctx, op)
	defer cancel()
	if err != nil {
		return nil, nil, err
	}
	result, err := c.s.together(ctx, id.Tag(), client.B().Getrange().Key(c.key(id)).Start(0).End(int64(wire.MaxCached)).Build())
	if err != nil {
		return nil, nil, wrap(op, reads, err)
	}
	value, err := recordOf(result.AsBytes())
	if err != nil {
		err = wrap(op, reads, err)
		c.s.lacks(ctx, err)
		return nil, nil, err
	}
	head, found := wire.DecodeCached(value, id)
	return head, found, nil
}

// Swap puts head and s, which may be nil, under id for the time keep, if the entry there has the
// head old; with an empty old, if there is no entry. It reports whether it did. It is one step on
// the server. Errors match session.ErrUnavailable, or session.ErrIndeterminate if it may have been
// done.
func (c *Cache) Swap(ctx context.Context, id session.ID, old, head []byte, s *session.Session, keep time.Duration) (bool, error) {
	const op = "cache swap"
	value, err := cacheValue(head, s)
	if err != nil {
		return false, fmt.Errorf("redisstore: %s: %w", op, err)
	}
	if len(old) == 0 {
		return call(ctx, c.s, op, writes, func(ctx context.Context, client rueidis.Client) (bool, error) {
			err := client.Do(ctx, client.B().Set().Key(c.key(id)).Value(value).Nx().PxMilliseconds(millis(keep)).Build()).Error()
			if rueidis.IsRedisNil(err) {
				return false, nil
			}
			return err == nil, wrap(op, writes, err)
		})
	}
	expected, err := cacheValue(old, nil)
	if err != nil {
		return false, fmt.Errorf("redisstore: %s: %w", op, err)
	}
	words, err := c.s.words(ctx, op, cacheSwapScript, []string{c.key(id)}, []string{expected, value, strconv.FormatInt(millis(keep), 10)})
	if err != nil {
		return false, err
	}
	err = verdict(op, words[0])
	if errors.Is(err, session.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// Set puts head without a session under each of the IDs for the time keep, whatever is there. It
// makes one round trip to each server. After an error some may have been put.
func (c *Cache) Set(ctx context.Context, ids []session.ID, head []byte, keep time.Duration) error {
	const op = "cache set"
	value, err := cacheValue(head, nil)
	if err != nil {
		return fmt.Errorf("redisstore: %s: %w", op, err)
	}
	_, err = call(ctx, c.s, op, writes, func(ctx context.Context, client rueidis.Client) (struct{}, error) {
		batch := make(rueidis.Commands, len(ids))
		for i, id := range ids {
			batch[i] = client.B().Set().Key(c.key(id)).Value(value).PxMilliseconds(millis(keep)).Build()
		}
		for _, result := range client.DoMulti(ctx, batch...) {
			if err := result.Error(); err != nil {
				return struct{}{}, wrap(op, writes, err)
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Report tells of the servers as Traits.Report of the store does. It warns of nothing: what a cache
// loses is in the database.
func (c *Cache) Report() session.Report { return session.Report{Detail: c.s.report().Detail} }

func cacheValue(head []byte, s *session.Session) (string, error) {
	value, err := wire.AppendCached(nil, head, s)
	return string(value), err
}

func millis(d time.Duration) int64 { return max(d.Milliseconds(), 1) }
