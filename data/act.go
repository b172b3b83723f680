package data

// This file runs the program's own actions on chosen records, or on all that match a query.

import (
	"context"
	"fmt"
	"iter"
)

// MaxActed is how many records one action is run on.
const MaxActed = 100_000

// Work is an action. It runs in one transaction, which its error undoes, as a hook's does. rows are the records in the
// order of their keys, read one by one, as they are when their turn comes; those that are gone by then are left out. An
// error that rows yield is to be returned.
type Work func(ctx context.Context, tx Tx, rows iter.Seq2[Values, error]) error

// ActMany implements DataSource.
func (s *Source) ActMany(ctx context.Context, table string, keys []Key, work Work) (int64, error) {
	t, err := s.writable(table)
	if err != nil {
		return 0, err
	}
	conditions, err := s.chosen(t, keys)
	if err != nil {
		return 0, err
	}
	return s.act(ctx, t, conditions, work)
}

// ActMatching implements DataSource.
func (s *Source) ActMatching(ctx context.Context, q Query, work Work) (int64, error) {
	t, err := s.writable(q.Table)
	if err != nil {
		return 0, err
	}
	conditions, err := s.matching(t, q)
	if err != nil {
		return 0, err
	}
	return s.act(ctx, t, [][]fragment{conditions}, work)
}

func (s *Source) act(ctx context.Context, t *Table, conditions [][]fragment, work Work) (int64, error) {
	if len(t.handle()) == 0 {
		return 0, FieldErrors{fieldError("key", "", "%s has no key: nothing can be done with single rows of it", t.Name)}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opts.BulkTimeout)
	defer cancel()
	var done int64
	err := s.transact(ctx, "act on", t, func(db queryer) error {
		handles, err := s.handles(ctx, db, t, conditions)
		if err != nil {
			return err
		}
		rows := func(yield func(Values, error) bool) {
			done = 0
			for _, handle := range handles {
				row, err := s.stored(ctx, db, t, s.at(t, handle))
				if err == nil && len(row) == 0 {
					continue
				}
				if err == nil {
					done++
				}
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
		return s.hooked(ctx, db, t, func(ctx context.Context, tx Tx) error { return work(ctx, tx, rows) })
	}, func(db queryer, err error) error { return s.refused(ctx, db, "act on", t, Input{}, nil, err) })
	if err != nil {
		return 0, err
	}
	return done, nil
}

// handles are those of the rows that meet one of the conditions, at most MaxActed.
func (s *Source) handles(ctx context.Context, db queryer, t *Table, conditions [][]fragment) ([][]any, error) {
	var all [][]any
	query := fragment{text: "SELECT " + s.exactly(t, t.handle(), maxHandle) + " FROM " + s.dialect.from(t)}
	for _, where := range conditions {
		rows, err := s.exactRows(ctx, db, query, where, MaxActed+1-len(all))
		if err != nil {
			return nil, s.failed(ctx, "act on", t, err)
		}
		if all = append(all, rows...); len(all) > MaxActed {
			return nil, FieldErrors{fieldError("all", fmt.Sprint(len(all)-1)+"+", "is too many at once: choose at most %d records", MaxActed)}
		}
	}
	return all, nil
}
