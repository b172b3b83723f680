// This file runs the program's own actions on chosen records, or on all that match a query.

package data

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// MaxActed is how many records one action is run on.
const MaxActed = 100_000

// Work is an action. It runs in one transaction, which its error undoes, as a hook's error does.
// rows are the records in the order of their keys, each read when its turn comes; records that are
// gone by then are left out. If rows yields an error, work must return it. Work can be called
// again, as hooks can.
type Work func(ctx context.Context, tx Tx, rows iter.Seq2[Values, error]) error

// ActMany runs an action on the selected records, at most MaxActed, within Config.BulkTimeout, and
// returns how many records the action was given.
func (s *Source) ActMany(ctx context.Context, sel Selection, work Work, asked string) (int64, error) {
	t, err := s.writable(sel.table)
	if err != nil {
		return 0, err
	}
	conditions, err := s.selected(ctx, t, sel)
	if err != nil {
		return 0, err
	}
	if len(t.handle()) == 0 {
		return 0, FieldErrors{fieldError("key", "", text.NoKeyForAction(t.Name))}
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.BulkTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, bulk)
	if err != nil {
		return 0, err
	}
	defer leave()
	var done int64
	err = s.transact(ctx, writes, "act on", t, func(ctx context.Context, db queryer) error {
		done = 0
		lock := s.dialect.lock(t, false)
		was, err := s.sameAsked(ctx, db, t, conditions, asked, lock)
		if err != nil {
			return err
		}
		handles, err := s.handles(ctx, db, t, conditions, lock)
		if err != nil {
			return err
		}
		if was >= 0 && int64(len(handles)) > was {
			return ErrAsked
		}
		changes := s.recorder(ctx)
		if err := changes.acted(ctx, t, handles); err != nil {
			return err
		}
		rows := func(yield func(Values, error) bool) {
			done = 0 // the action may ask for the rows again
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
	}, func(ctx context.Context, db queryer, err error) error {
		return s.refused(ctx, db, "act on", t, Input{}, nil, err)
	})
	if err != nil {
		return 0, err
	}
	return done, nil
}

// handles are the handles of the rows that meet one of the conditions. More than MaxActed are
// refused. lock is dialect.lock.
func (s *Source) handles(ctx context.Context, db queryer, t *Table, conditions [][]fragment, lock string) ([][]any, error) {
	all, err := s.someHandles(ctx, db, t, conditions, MaxActed+1, lock)
	if err == nil && len(all) > MaxActed {
		err = FieldErrors{fieldError("all", fmt.Sprint(MaxActed)+"+", text.TooManyForAction(MaxActed))}
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// someHandles are the first handles, up to limit. lock is dialect.lock where the rows are going to
// be written, else empty.
func (s *Source) someHandles(ctx context.Context, db queryer, t *Table, conditions [][]fragment, limit int, lock string) ([][]any, error) {
	var all [][]any
	query := s.selecting(t, s.exactly(t, t.handle(), maxHandle)...)
	for _, where := range conditions {
		if len(all) >= limit {
			break
		}
		var rows [][]any
		var err error
		if lock == "" {
			rows, err = s.exactSome(ctx, db, t, query, where, limit-len(all))
		} else {
			rows, err = exactValues(ctx, db, s.dialect, query.where(where).limit(int64(limit-len(all))).locked(lock))
		}
		if err != nil {
			return nil, s.failed(ctx, "act on", t, err)
		}
		all = append(all, rows...)
	}
	return all, nil
}
