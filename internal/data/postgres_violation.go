// This file reads PostgreSQL's errors about broken constraints.

package data

import "context"

func (*postgres) violation(context.Context, queryer, *Table, error) (violation, bool) {
	return violation{}, false
}

func (*postgres) lacks(error) (name string, ok bool) { return "", false }
