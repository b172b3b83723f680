// Sweep: removing expired sessions, a few records at a time.

package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/pace"
)

// Sweep implements session.Store. One round trip asks all partitions whether anything is due. A
// script then looks at no more than Traits.SweepBatch records, and after each the store pauses for
// as long as the script ran. In a Cluster the partitions of a server that does not answer are left
// out; the error is the first.
func (s *Store) Sweep(ctx context.Context, most int) (int, error) {
	const op = "sweep"
	if most < 1 {
		return 0, nil
	}
	now := micros(s.now())
	due, first := call(ctx, s, op, reads, func(ctx context.Context, c rueidis.Client) ([]int, error) {
		if deadline, ok := ctx.Deadline(); ok { // half of the time, to find the servers that answer
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
			defer cancel()
		}
		return s.due(ctx, c, now)
	})
	removed := 0
	for _, p := range due {
		for removed < most {
			batch, step := min(sweepBatch, most-removed), pace.Begin()
			done, err := call(ctx, s, op, writes, func(ctx context.Context, c rueidis.Client) (swept, error) {
				return s.sweepPartition(ctx, c, p, now, batch)
			})
			removed += done.removed
			if first == nil {
				first = err
			}
			if err != nil || done.seen < batch {
				break
			}
			step.Rest(ctx)
		}
	}
	return removed, first
}

// due returns the partitions with records to look at, and the first error of those that did not
// answer.
func (s *Store) due(ctx context.Context, c rueidis.Client, now string) ([]int, error) {
	cmds := make(rueidis.Commands, partitions)
	for p := range cmds {
		cmds[p] = c.B().Zcount().Key(s.keys.base[p] + "x").Min("-inf").Max(now).Build()
	}
	var due []int
	var first error
	for p, result := range c.DoMulti(ctx, cmds...) {
		n, err := result.ToInt64()
		if err != nil && first == nil {
			first = wrap("sweep", reads, err)
		}
		if n > 0 {
			due = append(due, p)
		}
	}
	return due, first
}

// swept is the result of one script.
type swept struct{ removed, seen int }

func (s *Store) sweepPartition(ctx context.Context, c rueidis.Client, p int, now string, batch int) (swept, error) {
	base := s.keys.base[p]
	n, err := sweepScript.run(ctx, c, scriptCall{
		keys: []string{base + "x", base + "a"},
		args: []string{base, now, strconv.Itoa(batch)},
	})[0].AsIntSlice()
	if err != nil {
		return swept{}, wrap("sweep", writes, err)
	}
	if len(n) != 2 {
		return swept{}, fmt.Errorf("redisstore: sweep: %w: the script's answer makes no sense", session.ErrIndeterminate)
	}
	return swept{int(n[0]), int(n[1])}, nil
}
