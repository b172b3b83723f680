// This file holds what writes to MySQL and MariaDB. Writing is not there yet: their tables are
// read-only.

package data

import (
	"context"
	"fmt"
)

// mysqlReadOnly says why nothing of a MySQL or MariaDB database can be changed.
const mysqlReadOnly = "this version only reads MySQL and MariaDB"

func (*mysql) unwritten() error { return fmt.Errorf("%w: %s", ErrReadOnly, mysqlReadOnly) }

// lock keeps others from changing the rows, and from referring to them.
func (*mysql) lock(*Table, bool) string { return " FOR UPDATE" }

// answers: a statement that was refused is undone alone.
func (*mysql) answers() bool { return true }

// settle: every statement is checked at its end.
func (*mysql) settle(context.Context, queryer) error { return nil }

func (d *mysql) store(*Column, any, any) (any, error) { return nil, d.unwritten() }

func (d *mysql) insert(context.Context, queryer, *Table, []*Column, []any) ([][]any, error) {
	return nil, d.unwritten()
}

func (d *mysql) update(context.Context, queryer, *Table, []*Column, []any, []fragment) ([][]any, error) {
	return nil, d.unwritten()
}

func (d *mysql) change(context.Context, queryer, *Table, []*Column, []any, []fragment) (int64, error) {
	return 0, d.unwritten()
}

func (d *mysql) remove(context.Context, queryer, *Table, []fragment) (int64, error) {
	return 0, d.unwritten()
}

func (*mysql) violation(context.Context, queryer, *Table, error) (violation, bool) {
	return violation{}, false
}
