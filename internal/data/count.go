// This file counts rows: of a list up to a limit, of what is to be written up to its bound.

package data

import (
	"context"
	"errors"
	"strconv"
)

// CountLimit is how far the rows of a list are counted.
const CountLimit = 10_000

// Count is how many rows match, counted up to CountLimit.
type Count struct {
	Rows     int64
	More     bool  // there are more than Rows
	Estimate int64 // if More and nothing is filtered: the engine's estimate, else 0
	Unknown  bool  // counting took too long
}

// String is the count as people read it: "0", "9999", "10000+".
func (c Count) String() string {
	switch {
	case c.Unknown:
		return "unknown"
	case c.More:
		return strconv.FormatInt(c.Rows, 10) + "+"
	}
	return strconv.FormatInt(c.Rows, 10)
}

// counting selects how many rows meet the conditions, up to one more than limit; 0 means all.
func (s *Source) counting(t *Table, conditions []fragment, limit int64) fragment {
	if limit == 0 {
		return s.selecting(t, "COUNT(*)").where(conditions)
	}
	some := s.selecting(t, "1").where(conditions).limit(limit + 1)
	return fragment{"SELECT COUNT(*) FROM (" + some.text + ") AS counted", some.args}
}

// number counts the rows, as counting says.
func (s *Source) number(ctx context.Context, db queryer, t *Table, conditions []fragment, limit int64) (n int64, err error) {
	err = each(ctx, db, s.counting(t, conditions, limit), func(line *scan) { n, _ = line.take().(int64) })
	if err != nil {
		return 0, s.failed(ctx, "count", t, err)
	}
	return n, nil
}

// numberUpTo counts the rows that meet the conditions, up to one more than limit. It is heavy work,
// within Config.QueryTimeout.
func (s *Source) numberUpTo(ctx context.Context, t *Table, conditions []fragment, limit int64) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, heavy)
	if err != nil {
		return 0, err
	}
	defer leave()
	err = s.piecewise(ctx, "count", t, func(ctx context.Context, db queryer) (err error) {
		if db == nil && len(t.walked()) > 0 { // so many rows are seldom counted in one look
			n, err = s.countApart(ctx, t, conditions, limit)
			return err
		}
		return s.undivided(ctx, db, "count", t, func(ctx context.Context, db queryer) (err error) {
			n, err = s.number(ctx, db, t, conditions, limit)
			return err
		})
	})
	return n, err
}

// count counts the rows up to CountLimit within a quarter of the query timeout. Taking longer is
// not an error.
func (s *Source) count(ctx context.Context, db queryer, t *Table, conditions []fragment) (Count, error) {
	return s.limited(ctx, t, conditions, func(ctx context.Context) (int64, error) {
		return s.number(ctx, db, t, conditions, CountLimit)
	})
}

// limited makes a Count of a number that takes at most a quarter of the query timeout.
func (s *Source) limited(ctx context.Context, t *Table, conditions []fragment, number func(context.Context) (int64, error)) (Count, error) {
	short, cancel := context.WithTimeout(ctx, s.config.QueryTimeout/4)
	defer cancel()
	n, err := number(short)
	if err != nil {
		if errors.Is(err, ErrTimeout) && ctx.Err() == nil {
			return Count{Unknown: true}, nil
		}
		return Count{}, err
	}
	c := Count{Rows: min(n, CountLimit), More: n > CountLimit}
	if c.More && len(conditions) == 0 {
		c.Estimate = max(t.Estimate, 0)
	}
	return c, nil
}

// countApart counts the rows that meet the conditions in windows, until there are more than limit.
func (s *Source) countApart(ctx context.Context, t *Table, conditions []fragment, limit int64) (int64, error) {
	total := int64(0)
	err := s.windows(ctx, t, false, conditions, func(ctx context.Context, db queryer, rows window) (bool, error) {
		n, err := s.number(ctx, db, t, rows.where(), 0)
		total += n
		return total <= limit, err
	})
	return total, err
}
