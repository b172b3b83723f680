// Counters: the login throttle's sliding logs.

package redisstore

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
)

// Count implements session.Store.
func (s *Store) Count(ctx context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	const op = "count"
	if err := session.CheckCount(key, limit, window); err != nil {
		return 0, err
	}
	us := max(window.Microseconds(), 1)
	event := strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // tells events of one microsecond apart
	args := []string{micros(s.now()), strconv.Itoa(limit), strconv.FormatInt(us, 10), event}
	return call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) (time.Duration, error) {
		wait, err := countScript.run(ctx, c, scriptCall{[]string{s.keys.counter(key)}, args})[0].ToInt64()
		return time.Duration(wait) * time.Microsecond, failed(op, writes, err)
	})
}

// Uncount implements session.Store.
func (s *Store) Uncount(ctx context.Context, key string, n int) error {
	const op = "uncount"
	if n == 0 {
		return nil
	}
	_, err := call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) (struct{}, error) {
		cmd := c.B().Del().Key(s.keys.counter(key)).Build()
		if n > 0 {
			cmd = c.B().Zpopmax().Key(s.keys.counter(key)).Count(int64(n)).Build()
		}
		return struct{}{}, failed(op, writes, c.Do(ctx, cmd).Error())
	})
	return err
}
