// This file chooses how the rows of a page are found.
//
// Where a filter has an index and the order has another, an engine must take one of them, and
// guesses without knowing that a page needs few rows: to sort 100,000 rows that meet a filter for
// the 25 latest, or to walk a table of 1,000,000 in order for the 400 of one day. How many rows
// meet the filter is counted anyway, and tells which is right.

package data

import (
	"context"
	"slices"
)

// walk is a way to find the rows of a page.
type walk int

const (
	asPlanned walk = iota // as the engine sees fit
	inOrder               // along the order, past rows that do not meet the conditions: where many do
	gathered              // the rows that meet the conditions, then sorted: where few do
)

// plan is how an engine says that it would run a query.
type plan struct {
	sorts bool // rows are sorted before the first is there
	seeks bool // an index leads to the rows that meet a condition
}

// choose sets how r finds the rows that meet the conditions. Where an index leads to them it counts
// them, and says that it did. Cursors do not matter: their conditions are about the order's
// columns.
func (s *Source) choose(ctx context.Context, r *reader, conditions []fragment) (count Count, counted bool, err error) {
	if len(conditions) == 0 {
		return Count{}, false, nil
	}
	if !r.sought {
		if seeks, err := s.seeks(ctx, r, conditions); err != nil || !seeks {
			return Count{}, false, err
		}
	}
	listing, err := s.dialect.plan(ctx, r.db, r.query(conditions, MaxLimit, 0))
	if err != nil {
		return Count{}, false, s.failed(ctx, "list", r.t, err)
	}
	if count, err = s.count(ctx, r.db, r.t, conditions); err != nil {
		return Count{}, false, err
	}
	first := r.terms[0].column
	switch {
	case count.Unknown:
	case count.More && listing.sorts && (first == nil || first.Indexed):
		r.walk = inOrder
	case !count.More && !listing.sorts && !listing.seeks:
		r.walk = gathered
	}
	return count, true, nil
}

// seeks says whether an index leads to the rows that meet the conditions.
func (s *Source) seeks(ctx context.Context, r *reader, conditions []fragment) (bool, error) {
	if len(conditions) == 0 {
		return false, nil
	}
	p, err := s.dialect.plan(ctx, r.db, s.counting(r.t, conditions, CountLimit))
	if err != nil {
		return false, s.failed(ctx, "list", r.t, err)
	}
	return p.seeks, nil
}

// where joins the conditions of a list with those of a cursor, each of which has an index to be
// found by, or not.
func (r *reader) where(conditions, segment []fragment) []fragment {
	switch r.walk {
	case inOrder:
		return append(r.s.unindexed(conditions), segment...)
	case gathered:
		return append(slices.Clone(conditions), r.s.unindexed(segment)...)
	}
	return append(slices.Clone(conditions), segment...)
}
