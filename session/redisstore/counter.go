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
func (s *Store) Count(ctx context.Context, key string, rule session.CountRule) (time.Duration, error) {
	const op = "count"
	if err := session.CheckCount(key, rule); err != nil {
		return 0, err
	}
	event := strconv.FormatUint(rand.Uint64(), 36) //nolint:gosec // tells events of one microsecond apart
	always := "0"
	if rule.Always {
		always = "1"
	}
	args := []string{
		micros(s.now()), strconv.Itoa(rule.Limit), window(rule.Window), event,
		strconv.FormatInt(rule.Pace.Microseconds(), 10), always, strconv.Itoa(rule.Kept()),
	}
	return call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) (time.Duration, error) {
		wait, err := countScript.run(ctx, c, scriptCall{[]string{s.keys.counter(key)}, args})[0].ToInt64()
		return time.Duration(wait) * time.Microsecond, wrap(op, writes, err)
	})
}

// window is the length of a window in microseconds.
func window(d time.Duration) string { return strconv.FormatInt(max(d.Microseconds(), 1), 10) }

// Counted implements session.Store.
func (s *Store) Counted(ctx context.Context, key string, length time.Duration) (int, error) {
	const op = "counted"
	now, us := s.now().UnixMicro(), max(length.Microseconds(), 1)
	exclusive := func(at int64) string { return "(" + strconv.FormatInt(at, 10) }
	return call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) (int, error) {
		cmd := c.B().Zcount().Key(s.keys.counter(key)).Min(exclusive(now - us)).Max(exclusive(now + us)).Build()
		n, err := c.Do(ctx, cmd).ToInt64()
		return int(n), wrap(op, reads, err)
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
		return struct{}{}, wrap(op, writes, c.Do(ctx, cmd).Error())
	})
	return err
}
