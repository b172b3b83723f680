// Stored: how many sessions there are, for metrics.

package redisstore

import (
	"context"

	"github.com/redis/rueidis"
)

// Stored returns how many sessions are stored, expired ones included until they are swept. It makes
// one round trip, and costs the same however many there are.
func (s *Store) Stored(ctx context.Context) (int, error) {
	const op = "count the stored"
	return call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) (int, error) {
		cmds := make(rueidis.Commands, partitions)
		for p, base := range s.keys.base {
			cmds[p] = c.B().Zcard().Key(base + "a").Build()
		}
		total := 0
		for _, result := range c.DoMulti(ctx, cmds...) {
			n, err := result.ToInt64()
			if err != nil {
				return 0, wrap(op, reads, err)
			}
			total += int(n)
		}
		return total, nil
	})
}
