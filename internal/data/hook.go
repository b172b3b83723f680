// This file runs the program's own code inside the transactions that write a table.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// HookError is the error with which a hook or an action refused a write. Nothing was written.
type HookError struct{ Err error }

func (e *HookError) Error() string { return e.Err.Error() }
func (e *HookError) Unwrap() error { return e.Err }

// statements hides that the transaction is a connection.
type statements struct{ queryer }

// programs is a transaction as a program has it, which writes the engine's own placeholders.
func programs(db queryer) statements {
	if conn, ok := db.(numbered); ok {
		return statements{conn.Conn}
	}
	return statements{db}
}

// lent is a transaction that a program has for a while.
type lent struct {
	statements
	rows []*sql.Rows
}

func (l *lent) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := l.statements.QueryContext(ctx, query, args...)
	if err == nil {
		l.rows = append(slices.DeleteFunc(l.rows, ended), rows)
	}
	return rows, err
}

// ended reports whether rows are closed, or were read to their end.
func ended(rows *sql.Rows) bool {
	_, err := rows.Columns()
	return err != nil
}

// back closes the rows that the program left open: a driver may close a connection whose query's
// context ends before its rows do.
func (l *lent) back() {
	for _, rows := range l.rows {
		_ = rows.Close()
	}
}

// hooked calls a hook. Rows that it leaves open are closed when it is done.
func (s *Source) hooked(ctx context.Context, db queryer, t *Table, hook func(ctx context.Context, tx Tx) error) error {
	if changes := s.recorder(ctx); changes != nil {
		changes.program = true
	}
	short, cancel := context.WithCancel(ctx)
	tx := &lent{statements: programs(db)}
	err := hook(short, tx)
	tx.back()
	cancel()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return s.failed(ctx, "run a hook of", t, err)
	}
	if fields := Refusal(err); len(fields) > 0 {
		return fields
	}
	if _, broken := s.dialect.violation(ctx, s.answering(db), t, err); broken {
		return s.refused(ctx, db, "run a hook of", t, Input{}, nil, err)
	}
	owned := s.dialect.engine().Owns(err)
	classified := err
	if owned || !answered(ctx, db) {
		classified = classify(ctx, s.dialect, err)
	}
	if outage(classified) || owned || errors.Is(err, sql.ErrNoRows) || errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("data: hook of %q: %w", t.Name, classified)
	}
	return &HookError{Err: err}
}

// answered reports whether the connection of a transaction still answers. An error that names no
// answer of the database is the program's own then.
func answered(ctx context.Context, db queryer) bool {
	switch conn := db.(type) {
	case numbered:
		return conn.PingContext(ctx) == nil
	case mysqlConn:
		return conn.PingContext(ctx) == nil
	}
	return false
}

// before runs the hook before a row is written (state is nil for a new row) and returns the input
// with the fields that the hook set.
func (s *Source) before(ctx context.Context, db queryer, t *Table, in Input, state *rowState) (Input, error) {
	if state == nil && t.hooks.BeforeInsert == nil || state != nil && t.hooks.BeforeUpdate == nil {
		return in, nil
	}
	w, wrong, err := s.parse(ctx, db, t, in, state)
	if err != nil {
		return in, err
	}
	if len(wrong) > 0 {
		return in, wrong
	}
	row, old := Values{}, Values(nil)
	if state != nil {
		if old, err = s.stored(ctx, db, t, s.at(t, state.handle)); err != nil {
			return in, err
		}
		row = maps.Clone(old)
	}
	for i, c := range w.columns {
		row[c.Name] = w.values[i]
	}
	var set map[string]Field
	err = s.hooked(ctx, db, t, func(ctx context.Context, tx Tx) (err error) {
		if state == nil {
			set, err = t.hooks.BeforeInsert(ctx, tx, row)
		} else {
			set, err = t.hooks.BeforeUpdate(ctx, tx, old, row, names(w.columns))
		}
		return err
	})
	if err != nil || len(set) == 0 {
		return in, err
	}
	fields := map[string]Field{}
	maps.Copy(fields, in.Fields)
	maps.Copy(fields, set)
	in.Fields, in.Masked = fields, append(slices.Clone(in.Masked), slices.Sorted(maps.Keys(set))...)
	return in, nil
}

// after runs a hook with the row as it was written.
func (s *Source) after(ctx context.Context, db queryer, t *Table, handle []any, hook func(context.Context, Tx, Values) error) error {
	if hook == nil {
		return nil
	}
	row, err := s.stored(ctx, db, t, s.at(t, handle))
	if err != nil {
		return err
	}
	return s.hooked(ctx, db, t, func(ctx context.Context, tx Tx) error { return hook(ctx, tx, row) })
}

// beforeDelete runs the hook before the row of a handle is deleted.
func (s *Source) beforeDelete(ctx context.Context, db queryer, t *Table, handle []any) error {
	return s.after(ctx, db, t, handle, t.hooks.BeforeDelete)
}

// stored reads the row that meets the conditions; empty if there is none.
func (s *Source) stored(ctx context.Context, db queryer, t *Table, where []fragment) (Values, error) {
	var columns []*Column
	for _, c := range t.Columns {
		if c.Sortable() || c.unshown && !c.Masked && c.Problem == "" {
			columns = append(columns, c)
		}
	}
	row := Values{}
	for chunk := range slices.Chunk(columns, recordChunk) {
		rows, err := s.exactRows(ctx, db, s.selecting(t, s.exactly(t, termsOf(chunk), MaxText)...), where, 1)
		if err != nil {
			return nil, s.failed(ctx, "read", t, err)
		}
		if len(rows) == 0 {
			return Values{}, nil
		}
		for i, c := range chunk {
			if _, long := rows[0][i].(tooLong); !long {
				row[c.Name] = rows[0][i]
			}
		}
	}
	return row, nil
}
