// This file reads the query plans of MySQL and MariaDB.

package data

import (
	"context"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// plan reads EXPLAIN's table: one line for each table that is read. Of a view it may be that the
// user is not told how it is read.
func (d *mysql) plan(ctx context.Context, db queryer, query fragment) (p plan, err error) {
	err = records(ctx, db, fragment{"EXPLAIN " + query.text, query.args}, func(said record) {
		p.sorts = p.sorts || strings.Contains(said["extra"], "Using filesort")
		// A key that leads to one row is looked up to plan; there may be none that meets the rest.
		nothing := strings.HasPrefix(said["extra"], "Impossible WHERE") || strings.HasPrefix(said["extra"], "no matching row")
		p.seeks = p.seeks || nothing || slices.Contains([]string{"const", "eq_ref", "ref", "ref_or_null", "range", "index_merge", "fulltext"}, said["type"])
	})
	if sqldb.MySQLNumber(err) == 1345 { // ER_VIEW_NO_EXPLAIN
		return plan{}, nil
	}
	return p, err
}

// unindexed makes the comparison an argument: no index serves one.
func (*mysql) unindexed(f fragment) fragment {
	return fragment{"(COALESCE((" + f.text + "), 0) = 1)", f.args}
}

// unordered is an expression, which no index has.
func (*mysql) unordered(place string) string { return "COALESCE(" + place + ")" }
