package data

// This file reads SQLite's query plans (https://www.sqlite.org/eqp.html) and keeps its planner from what it would do.

import (
	"context"
	"strings"
)

func (d *sqlite) plan(ctx context.Context, db queryer, query fragment) (plan, error) {
	var p plan
	err := d.each(ctx, db, "EXPLAIN QUERY PLAN "+query.text, query.args, 4, func(v []any) {
		step := asText(v[3])
		p.sorts = p.sorts || step == "USE TEMP B-TREE FOR ORDER BY"
		p.seeks = p.seeks || strings.HasPrefix(step, "SEARCH ")
	})
	return p, err
}

// unindexed: a comparison that is itself an operand is no term that an index serves.
func (*sqlite) unindexed(f fragment) fragment {
	return fragment{"((" + f.text + ") IS TRUE)", f.args}
}

// atOnce: once a statement has given a row, drivers do not interrupt the search for the next, which may be millions of rows
// away. What is materialised is read in the order in which it was made.
func (*sqlite) atOnce(query fragment) fragment {
	return fragment{"WITH page AS MATERIALIZED (" + query.text + ") SELECT * FROM page", query.args}
}

// unordered: +x is not x to the planner, and sorts as it does.
func (*sqlite) unordered(place string) string { return "+" + place }
