// This file reads PostgreSQL's query plans.

package data

import (
	"context"
	"encoding/json"
)

// planNode is a node of EXPLAIN's JSON.
type planNode struct {
	Type  string     `json:"Node Type"`
	Cond  string     `json:"Index Cond"`
	Plans []planNode `json:"Plans"`
}

func (d *postgres) plan(ctx context.Context, db queryer, query fragment) (plan, error) {
	var document string
	err := each(ctx, db, fragment{"EXPLAIN (FORMAT JSON) " + query.text, query.args}, func(line *scan) { document = line.text() })
	if err != nil {
		return plan{}, err
	}
	var plans []struct {
		Plan planNode `json:"Plan"`
	}
	if err := json.Unmarshal([]byte(document), &plans); err != nil {
		return plan{}, err
	}
	var p plan
	var look func(n planNode)
	look = func(n planNode) {
		p.sorts = p.sorts || n.Type == "Sort"
		p.seeks = p.seeks || n.Cond != ""
		for _, one := range n.Plans {
			look(one)
		}
	}
	for _, one := range plans {
		look(one.Plan)
	}
	return p, nil
}

// unindexed makes the comparison an operand: no index serves one.
func (*postgres) unindexed(f fragment) fragment {
	return fragment{"((" + f.text + ") IS TRUE)", f.args}
}

// unordered is a query of its own, which the planner does not know for the column.
func (*postgres) unordered(place string) string { return "(SELECT " + place + ")" }
