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
	if pool, ok := db.(within); ok {
		err = pool.within(ctx, func(db queryer) error {
			p, err = d.plan(ctx, db, query)
			return err
		})
		return p, err
	}
	rows, err := db.QueryContext(ctx, "EXPLAIN "+query.text, query.args...)
	if sqldb.MySQLNumber(err) == 1345 { // ER_VIEW_NO_EXPLAIN
		return plan{}, nil
	}
	if err != nil {
		return plan{}, err
	}
	defer func() { _ = rows.Close() }() // its error is rows.Err's
	names, err := rows.Columns()
	if err != nil {
		return plan{}, err
	}
	line := newScan(len(names))
	for rows.Next() {
		if err := rows.Scan(line.targets...); err != nil {
			return plan{}, err
		}
		said := map[string]string{}
		for i, name := range names {
			said[strings.ToLower(name)], _ = asString(line.values[i])
		}
		p.sorts = p.sorts || strings.Contains(said["extra"], "Using filesort")
		// A key that leads to one row is looked up to plan; there may be none that meets the rest.
		nothing := strings.HasPrefix(said["extra"], "Impossible WHERE") || strings.HasPrefix(said["extra"], "no matching row")
		p.seeks = p.seeks || nothing || slices.Contains([]string{"const", "eq_ref", "ref", "ref_or_null", "range", "index_merge", "fulltext"}, said["type"])
	}
	return p, rows.Err()
}

// unindexed makes the comparison an argument: no index serves one.
func (*mysql) unindexed(f fragment) fragment {
	return fragment{"(COALESCE((" + f.text + "), 0) = 1)", f.args}
}

// unordered is an expression, which no index has.
func (*mysql) unordered(place string) string { return "COALESCE(" + place + ")" }
