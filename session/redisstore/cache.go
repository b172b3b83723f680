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

// Cache keeps copies of sessions for package hybridstore, each behind a head that
// only that package understands, under keys of their own: nothing of the store
// meets them. It is safe for many goroutines.
//
// A value is the length of its head in one byte, the head, and for a session its
// record.
type Cache struct{ s *Store }

// Cache returns a cache on the store's server. It lives as long as the store.
func (s *Store) Cache() *Cache { return &Cache{s} }

func (c *Cache) key(id session.ID) string { return c.s.keys.of(id.Tag()) + "h:" + string(id[:]) }

// maxHead is the most bytes of a head.
const maxHead = 255

// Get returns the head and the session under id: no head if there is nothing, no
// session if there is none or it cannot be decoded. It is one command. Errors match
// session.ErrUnavailable.
func (c *Cache) Get(ctx context.Context, id session.ID) ([]byte, *session.Session, error) {
	const op = "cache get"
	value, err := call(ctx, c.s, op, reads, func(ctx context.Context, client rueidis.Client) ([]byte, error) {
		const end = int64(1 + maxHead + wire.MaxRecord)
		value, err := reply{client.Do(ctx, client.B().Getrange().Key(c.key(id)).Start(0).End(end).Build())}.bytes()
		return value, failed(op, reads, err)
	})
	if err != nil || len(value) == 0 {
		return nil, nil, err
	}
	end := 1 + int(value[0])
	if end == 1 || end > len(value) { // no entry: nothing that Swap could compare with
		return nil, nil, nil
	}
	if end == len(value) {
		return value[1:end], nil, nil
	}
	s, err := wire.Decode(value[end:], id)
	if err != nil {
		return value[1:end], nil, nil //nolint:nilerr // who asked has the original
	}
	return value[1:end], &s, nil
}

// Swap puts head and s, which may be nil, under id for that long, if what is there
// has the head old, or if old is empty, if nothing is there, and reports whether it
// did. It is one step on the server. Errors match session.ErrUnavailable, or
// session.ErrIndeterminate if it may have been done.
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
			return err == nil, failed(op, writes, err)
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

// Set puts head alone under each of the IDs for that long, whatever is there. It is
// one round trip to each server. After an error some may have been put.
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
				return struct{}{}, failed(op, writes, err)
			}
		}
		return struct{}{}, nil
	})
	return err
}

func cacheValue(head []byte, s *session.Session) (string, error) {
	if len(head) == 0 || len(head) > maxHead {
		return "", fmt.Errorf("%w: a head of %d bytes, want 1 to %d", session.ErrTooLarge, len(head), maxHead)
	}
	value := append([]byte{byte(len(head))}, head...)
	if s != nil {
		var err error
		if value, err = wire.Append(value, s); err != nil {
			return "", err
		}
	}
	return string(value), nil
}

func millis(d time.Duration) int64 { return max(d.Milliseconds(), 1) }
