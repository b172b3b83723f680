// This file sets columns of many records to the same values: of chosen records, or of all that
// match a query.

package data

import (
	"context"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// UpdateMany sets the input's fields in each of the selected records, in one transaction, within
// Config.BulkTimeout, and returns how many records it set. It checks no token of a record: the
// other fields of the records stay as they are, and these are replaced.
func (s *Source) UpdateMany(ctx context.Context, sel Selection, in Input, asked string) (int64, error) {
	t, err := s.writable(sel.table)
	if err != nil {
		return 0, err
	}
	conditions, err := s.selected(ctx, t, sel)
	if err != nil {
		return 0, err
	}
	if err := s.fewEnough(ctx, t, sel, conditions); err != nil {
		return 0, err
	}
	return s.updateAll(ctx, t, conditions, in, asked)
}

// updateAll sets the input's fields in the rows that meet each of the conditions.
func (s *Source) updateAll(ctx context.Context, t *Table, conditions [][]fragment, in Input, asked string) (int64, error) {
	switch {
	case len(in.Fields) == 0:
		return 0, FieldErrors{fieldError("", "", text.NoFieldGiven)}
	case len(in.Links) > 0:
		return 0, FieldErrors{fieldError("", "", text.LinksOfOne)}
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.BulkTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, bulk)
	if err != nil {
		return 0, err
	}
	defer leave()
	s.LearnForm(ctx, t)
	var updated int64
	refused := func(ctx context.Context, db queryer, err error) error {
		return s.refused(ctx, db, "update", t, in, nil, err)
	}
	err = s.transact(ctx, writes, "update", t, func(ctx context.Context, db queryer) error {
		updated = 0
		lock := s.dialect.lock(t, false)
		was, err := s.sameAsked(ctx, db, t, conditions, asked, lock)
		if err != nil {
			return err
		}
		if t.hooks.BeforeUpdate != nil || t.hooks.AfterUpdate != nil {
			updated, err = s.updateEach(ctx, db, t, conditions, in, lock)
			return err
		}
		w, err := s.prepare(ctx, db, t, in, &rowState{}) // a row of which nothing is known
		if err != nil {
			return err
		}
		if err := s.permittedChange(ctx, db, t, w, conditions...); err != nil {
			return err
		}
		set := func(where []fragment) error {
			n, err := s.dialect.change(ctx, db, t, w.columns, w.values, where)
			if err != nil {
				return refused(ctx, db, err)
			}
			if updated += n; updated > MaxBulk {
				return tooMany()
			}
			return nil
		}
		if changes := s.recorder(ctx); changes != nil {
			err = changes.setting(ctx, t, w, conditions, lock, set)
		} else {
			for _, where := range conditions {
				if err = set(where); err != nil {
					break
				}
			}
		}
		if err != nil {
			return err
		}
		if was >= 0 && updated > was { // somebody added one meanwhile
			return ErrAsked
		}
		return nil
	}, refused)
	if err != nil {
		return 0, err
	}
	return updated, nil
}

// updateEach sets them row by row, with the hooks.
func (s *Source) updateEach(ctx context.Context, db queryer, t *Table, conditions [][]fragment, in Input, lock string) (updated int64, err error) {
	handles, err := s.handles(ctx, db, t, conditions, lock)
	if err != nil {
		return 0, err
	}
	for _, handle := range handles {
		state, err := s.rowStateAt(ctx, db, t, s.at(t, handle), "", lock)
		if err != nil {
			return 0, err
		}
		if state == nil {
			continue // a hook deleted it
		}
		if _, err := s.updateRow(ctx, db, t, in, state); err != nil {
			return 0, err
		}
		updated++
		if changes := s.recorder(ctx); changes.full() {
			if err := changes.tell(ctx, true); err != nil {
				return 0, err
			}
		}
	}
	return updated, nil
}
