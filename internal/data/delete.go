// This file deletes records: one, chosen ones, or all that match a query.

package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Delete deletes a record. token is the Token of its DeletePreview: if the row has changed, or
// other records go with it by now, nothing is deleted and the error is a *StaleError. An empty
// token is not checked. If a foreign key forbids the deletion, the error is a *ReferencedError.
func (s *Source) Delete(ctx context.Context, table string, key Key, token string) error {
	t, err := s.writable(table)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	err = s.remove(ctx, t, key, token)
	return s.explained(ctx, t, key, err)
}

// remove deletes one record, in a transaction of its own.
func (s *Source) remove(ctx context.Context, t *Table, key Key, token string) error {
	ctx, leave, err := s.enter(ctx, writing)
	if err != nil {
		return err
	}
	defer leave()
	var where []fragment
	refused := func(ctx context.Context, db queryer, err error) error { return s.refusedDelete(ctx, db, t, key, err) }
	return s.transact(ctx, deletes, "delete from", t, func(ctx context.Context, db queryer) error {
		state, err := s.stillAsked(ctx, db, t, key, token)
		if err != nil {
			return err
		}
		if err := s.permitted(s.Schema().Deleting(t.Name)); err != nil {
			return err
		}
		if err := s.beforeDelete(ctx, db, t, state.handle); err != nil {
			return err
		}
		if err := s.recorder(ctx).deletion(ctx, t, [][]any{state.handle}); err != nil {
			return err
		}
		where = s.at(t, state.handle)
		n, err := s.dialect.remove(ctx, db, t, where)
		if err != nil {
			return refused(ctx, db, err)
		}
		if n != 1 {
			return ignored()
		}
		return nil
	}, refused)
}

// stillAsked reads a row that is to be deleted. The row, and the records that go with it, must
// still be those that the token of its preview covers.
func (s *Source) stillAsked(ctx context.Context, db queryer, t *Table, key Key, token string) (*rowState, error) {
	lock := s.dialect.lock(t, true)
	state, err := s.rowState(ctx, db, t, key, lock)
	if err == nil && state == nil {
		err = s.protected(ctx, db, t, key, lock)
	}
	switch {
	case err != nil:
		return nil, err
	case state == nil && token == "":
		return nil, fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
	case state == nil:
		return nil, &StaleError{}
	case token == "":
		return state, nil
	}
	now, err := s.deletion(ctx, db, &Preview{}, t, state, s.dialect.lock(t, true))
	if err != nil || now.Token == token {
		return state, err
	}
	record, err := s.edit(ctx, db, t, key, state)
	if err != nil {
		return nil, err
	}
	return nil, &StaleError{Current: record}
}

// refusedDelete is refused for deletions. There a foreign key means that other records refer to the
// record, and NOT NULL means that they would lose their reference.
func (s *Source) refusedDelete(ctx context.Context, db queryer, t *Table, key Key, err error) error {
	db = s.answering(db)
	if v, ok := s.dialect.violation(ctx, db, t, err); ok && (v.rule == ruleForeignKey || v.rule == ruleNotNull) {
		return s.referenced(ctx, db, t, key, v.key)
	}
	return s.refused(ctx, db, "delete from", t, Input{}, nil, err)
}

// explained makes a ReferencedError complete: it adds what forbids the deletion. Broken constraints
// of records that lose their reference become one too.
func (s *Source) explained(ctx context.Context, t *Table, key Key, err error) error {
	if !errors.As(err, new(*ReferencedError)) && !constraint(err) {
		return err
	}
	preview, previewErr := s.DeletePreview(ctx, t.Name, key)
	if previewErr != nil || len(preview.Forbid) == 0 {
		return err // the refusal stands, without its reasons
	}
	return &ReferencedError{Key: key, Forbid: preview.Forbid}
}

// referenced says which tables refer to rows that are deleted by now, in a transaction that cannot
// be committed. Where broken is set it is by that key, and nothing is asked.
func (s *Source) referenced(ctx context.Context, db queryer, t *Table, key Key, broken *ForeignKey) error {
	refused := &ReferencedError{Key: key}
	for _, fk := range t.referenced {
		child, ok := s.Schema().any(fk.Table)
		if !key.IsZero() || !ok || child.Problem != "" {
			continue // one record's are counted afterwards
		}
		orphaned := fk == broken
		if broken == nil && db != nil {
			var err error
			if orphaned, err = s.exists(ctx, db, child, s.dialect.orphan(child, fk, t)); err != nil {
				return refused // it stands, without its reasons
			}
		}
		if orphaned {
			refused.Forbid = append(refused.Forbid, s.Schema().effect(child, fk.Columns, fk.OnDelete, Count{Unknown: true}))
		}
	}
	return refused
}

// DeleteMany deletes the selected records in one transaction, within Config.BulkTimeout, and
// returns how many it deleted. Keys whose records are gone are passed over. If a foreign key
// forbids the deletion, the error is a *ReferencedError.
func (s *Source) DeleteMany(ctx context.Context, sel Selection, asked string) (int64, error) {
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
	return s.deleteAll(ctx, t, conditions, asked)
}

// deleteAll deletes the rows that meet each of the conditions, in one transaction. Each set of
// conditions is one statement (SQLite needs no batches to bound its memory, and stops when ctx
// ends) unless a hook wants to see every row.
func (s *Source) deleteAll(ctx context.Context, t *Table, conditions [][]fragment, asked string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.BulkTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, bulk)
	if err != nil {
		return 0, err
	}
	defer leave()
	var deleted int64
	refused := func(ctx context.Context, db queryer, err error) error { return s.refusedDelete(ctx, db, t, Key{}, err) }
	err = s.transact(ctx, deletes, "delete from", t, func(ctx context.Context, db queryer) error {
		deleted = 0
		conditions := conditions
		if err := s.permitted(s.Schema().Deleting(t.Name)); err != nil {
			return err
		}
		was, err := s.sameAsked(ctx, db, t, conditions, asked, s.dialect.lock(t, true))
		if err != nil {
			return err
		}
		changes := s.recorder(ctx)
		known := len(t.handle()) > 0
		var handles [][]any
		if t.hooks.BeforeDelete != nil || known && (changes != nil || s.dialect.moves()) {
			if handles, err = s.handles(ctx, db, t, conditions, s.dialect.lock(t, true)); err != nil {
				return err
			}
		}
		switch {
		case t.hooks.BeforeDelete == nil && known && s.dialect.moves():
			conditions = nil
			for batch := range slices.Chunk(handles, imageBatch) {
				conditions = append(conditions, []fragment{atOneOf(s.dialect, t, batch)})
			}
		case t.hooks.BeforeDelete != nil:
			conditions = nil
			for _, handle := range handles {
				if err := s.beforeDelete(ctx, db, t, handle); err != nil {
					return err
				}
				conditions = append(conditions, s.at(t, handle))
			}
		}
		if err := changes.deletion(ctx, t, handles); err != nil {
			return err
		}
		if !known {
			changes.reach([]Reached{{Table: t.Name}})
		}
		for _, where := range conditions {
			n, err := s.dialect.remove(ctx, db, t, where)
			if err != nil {
				return refused(ctx, db, err)
			}
			if deleted += n; deleted > MaxBulk {
				return tooMany()
			}
		}
		if was >= 0 && deleted > was { // somebody added one meanwhile
			return ErrAsked
		}
		return nil
	}, refused)
	if err != nil {
		return 0, err
	}
	return deleted, nil
}
