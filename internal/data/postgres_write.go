// This file holds what writes to PostgreSQL. Writing is not there yet: its tables are read-only.

package data

import (
	"context"
	"fmt"
)

// postgresReadOnly says why nothing of a PostgreSQL database can be changed.
const postgresReadOnly = "this version only reads PostgreSQL"

func (*postgres) unwritten() error { return fmt.Errorf("%w: %s", ErrReadOnly, postgresReadOnly) }

// lock keeps others from changing the rows; from referring to them too where they are deleted.
func (*postgres) lock(deletes bool) string {
	if deletes {
		return " FOR UPDATE"
	}
	return " FOR NO KEY UPDATE"
}

// answers: after an error a transaction takes nothing but ROLLBACK.
func (*postgres) answers() bool { return false }

func (*postgres) settle(ctx context.Context, db queryer) error {
	_, err := db.ExecContext(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
	return err
}

func (d *postgres) store(*Column, any, any) (any, error) { return nil, d.unwritten() }

// latest finds nothing: a column's type says how its values are stored.
func (d *postgres) latest(t *Table, c *Column) fragment {
	return fragment{text: "SELECT " + d.exact(t, term{column: c}, maxCursorValue) + " FROM " + d.from(t) + " WHERE FALSE"}
}

func (d *postgres) insert(context.Context, queryer, *Table, []*Column, []any) ([][]any, error) {
	return nil, d.unwritten()
}

func (d *postgres) update(context.Context, queryer, *Table, []*Column, []any, []fragment) ([][]any, error) {
	return nil, d.unwritten()
}

func (d *postgres) change(context.Context, queryer, *Table, []*Column, []any, []fragment) (int64, error) {
	return 0, d.unwritten()
}

func (d *postgres) remove(context.Context, queryer, *Table, []fragment) (int64, error) {
	return 0, d.unwritten()
}
