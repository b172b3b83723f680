// This file reads SQLite's query plans (https://www.sqlite.org/eqp.html), and keeps its planner
// from choosing badly.

package data

import (
	"context"
	"strings"
)

func (d *sqlite) plan(ctx context.Context, db queryer, query fragment) (plan, error) {
	var p plan
	err := d.each(ctx, db, "EXPLAIN QUERY PLAN "+query.text, query.args, func(v []any) {
		step := asText(v[3])
		p.sorts = p.sorts || step == "USE TEMP B-TREE FOR ORDER BY"
		p.seeks = p.seeks || strings.HasPrefix(step, "SEARCH ")
	})
	return p, err
}

// unindexed makes the comparison an operand: no index serves one.
func (*sqlite) unindexed(f fragment) fragment {
	return fragment{"((" + f.text + ") IS TRUE)", f.args}
}

// atOnce materialises the rows, which are then read in the order in which they were made: once a
// statement has given a row, drivers do not interrupt the search for the next one, which may pass
// millions of rows.
func (*sqlite) atOnce(query fragment) fragment {
	return fragment{"WITH page AS MATERIALIZED (" + query.text + ") SELECT * FROM page", query.args}
}

// unordered writes +x: the planner does not know it for x, and it sorts as x does.
func (*sqlite) unordered(place string) string { return "+" + place }
