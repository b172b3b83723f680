// This file looks for rows to which no index leads, some at a time, where writers wait for readers
// (look.go): one look at all rows of a large table takes seconds.

package data

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Bounds of the rows of one window; their number is adapted to sliceTime.
const (
	minWindow = 1
	maxWindow = 100_000
)

// walked is the order in which windows walk a table's rows: the row id, or a key without NULL. A
// table with neither has no windows.
func (t *Table) walked() []term {
	if t.View {
		return nil
	}
	if t.rowid != "" {
		return []term{{key: true}}
	}
	terms := termsOf(t.position())
	for i := range terms {
		terms[i].key = true
	}
	return terms
}

// walksHandles says whether the order of a table's windows is that of its handles.
func (t *Table) walksHandles() bool {
	return len(t.walked()) > 0 && slices.EqualFunc(t.walked(), t.handle(), func(a, b term) bool { return a.column == b.column })
}

// among is the condition that a row is one of those with these keys, of walked.
func (s *Source) among(t *Table, keys [][]any) fragment {
	f := fragment{text: row(s.places(t, t.walked())) + " IN ("}
	if len(t.walked()) > 1 {
		f.text += "VALUES "
	}
	for i, key := range keys {
		if i > 0 {
			f.text += ", "
		}
		one := s.bound(t, t.walked(), key)
		f.text += one.text
		f.args = append(f.args, one.args...)
	}
	f.text += ")"
	return f
}

// window is some rows of a table, by their place in walked, and the other conditions that they are
// to meet. The engine seeks by the window alone, whatever the conditions say of the same columns or
// of others with an index: of two bounds of a column an engine seeks by one, and would read up to
// it in each window.
type window struct {
	bounds     []fragment // at most one from below and one from above
	conditions []fragment // for which no index is used
}

// where are the conditions of a window's rows.
func (w window) where() []fragment { return slices.Concat(w.conditions, w.bounds) }

// or returns conditions that hold for the window's rows and for the rows of others.
func (w window) or(others fragment) []fragment {
	if len(w.bounds) == 0 {
		return w.conditions
	}
	within := allOf(w.bounds)
	within.text = "(" + within.text + ")"
	return append(slices.Clone(w.conditions), anyOf([]fragment{within, others}))
}

// unindexed are the same conditions in a form for which no index is used.
func (s *Source) unindexed(conditions []fragment) []fragment {
	out := make([]fragment, len(conditions))
	for i, f := range conditions {
		out[i] = s.dialect.unindexed(f)
	}
	return out
}

// windows calls each, in looks, with the windows of the rows that may meet the conditions, in the
// order of walked, until each wants no more. A call that is stopped is repeated with fewer rows,
// and must leave nothing behind. Errors of each are returned as they are.
func (s *Source) windows(ctx context.Context, t *Table, desc bool, conditions []fragment, each func(ctx context.Context, db queryer, rows window) (more bool, err error)) error {
	rows := window{conditions: s.unindexed(conditions)}
	place := row(s.places(t, t.walked()))
	after, until := " > ", " <= "
	if desc {
		after, until = " < ", " >= "
	}
	var last []any
	for n := sliceRows; ; {
		limit := s.shares.first
		if n == minWindow {
			limit = 0
		}
		var end []any
		var more bool
		var took time.Duration
		err := s.inTurn(ctx, "list", t, limit, func(ctx context.Context, db queryer) (err error) {
			begun := time.Now()
			rows.bounds = nil
			if last != nil {
				rows.bounds = []fragment{joinAll([]fragment{{text: place}, s.bound(t, t.walked(), last)}, after)}
			}
			if end, err = s.windowEnd(ctx, db, t, desc, rows.bounds, n); err != nil {
				return s.failed(ctx, "list", t, err)
			}
			if end != nil {
				rows.bounds = append(rows.bounds, joinAll([]fragment{{text: place}, s.bound(t, t.walked(), end)}, until))
			}
			more, err = each(ctx, db, rows)
			took = time.Since(begun)
			return err
		})
		switch {
		case errors.Is(err, errStopped):
			n = max(minWindow, n/8)
			continue
		case err != nil || !more || end == nil:
			return err
		case took > sliceTime:
			n = max(minWindow, n/2)
		case took < sliceTime/4:
			n = min(maxWindow, 2*n)
		}
		last = end
	}
}

// windowEnd is the key of the last row of a window of n rows, or some more; nil if there are fewer.
func (s *Source) windowEnd(ctx context.Context, db queryer, t *Table, desc bool, window []fragment, n int) ([]any, error) {
	terms := t.walked()
	for i := range terms {
		terms[i].desc = desc
	}
	query := s.selecting(t, s.exactly(t, terms, maxMatched)...).where(window)
	query = fragment{query.text + s.ordered(t, terms) + " LIMIT 1 OFFSET ?", append(query.args, n-1)}
	rows, err := exactValues(ctx, db, s.dialect, query)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// find appends up to limit rows that meet the conditions.
func (r *reader) find(ctx context.Context, conditions []fragment, limit int) error {
	had := len(r.rows)
	if r.apart {
		if desc, same := r.walks(); same {
			return r.s.windows(ctx, r.t, desc, conditions, func(ctx context.Context, db queryer, rows window) (bool, error) {
				n := len(r.rows)
				err := r.readOn(ctx, db, rows.where(), had+limit-n)
				if err != nil {
					r.cut(n)
				}
				return len(r.rows) < had+limit, err
			})
		}
		best, err := r.best(ctx, conditions, limit)
		if err != nil {
			return err
		}
		return r.readSome(ctx, best)
	}
	if !r.wait {
		return r.readOn(ctx, r.db, conditions, limit)
	}
	_, err := r.s.glance(ctx, "list", r.t, r.s.shares.first, func(ctx context.Context, db queryer) error { return r.readOn(ctx, db, conditions, limit) })
	if !errors.Is(err, errStopped) {
		return err
	}
	r.cut(had)
	// An index leads to the rows, so that what takes long is their cells.
	keys, err := r.keys(ctx, r.db, conditions, limit)
	if err != nil {
		return err
	}
	return r.readSome(ctx, keys)
}

// cut drops the rows after the first n.
func (r *reader) cut(n int) { r.rows, r.places = r.rows[:n], r.places[:n] }

// walks says whether the order of the list is that of walked, and its direction.
func (r *reader) walks() (desc, same bool) {
	walked := r.t.walked()
	if len(r.terms) < len(walked) {
		return false, false
	}
	for i, w := range walked {
		o := r.terms[i]
		is := o.column == w.column
		if w.column == nil {
			is = o.rowid(r.t)
		}
		if !is || o.desc != r.terms[0].desc {
			return false, false
		}
	}
	return r.terms[0].desc, true
}

// keys reads the keys, as walked, of up to limit rows that meet the conditions, in the order of the
// list.
func (r *reader) keys(ctx context.Context, db queryer, conditions []fragment, limit int) ([][]any, error) {
	query := r.s.selecting(r.t, r.s.exactly(r.t, r.t.walked(), maxMatched)...).where(conditions)
	query.text += r.orderBy()
	keys, err := r.s.exactRows(ctx, db, query, nil, limit)
	if err != nil {
		return nil, r.s.failed(ctx, "list", r.t, err)
	}
	return keys, nil
}

// best keeps the first rows of each window, in the order of the list, together with the best of the
// windows before.
func (r *reader) best(ctx context.Context, conditions []fragment, limit int) ([][]any, error) {
	sorted := *r
	sorted.walk = gathered // an index of the order would be walked to its end in each window
	var best [][]any
	err := r.s.windows(ctx, r.t, false, conditions, func(ctx context.Context, db queryer, rows window) (bool, error) {
		where := rows.where()
		if len(best) > 0 {
			where = rows.or(r.s.among(r.t, best))
		}
		keys, err := sorted.keys(ctx, db, where, limit)
		if err == nil {
			best = keys
		}
		return true, err
	})
	return best, err
}

// readSome appends the rows of these keys, which are in the order of the list, in looks of as many
// rows as take no longer than a look may.
func (r *reader) readSome(ctx context.Context, keys [][]any) error {
	for n := len(keys); len(keys) > 0; {
		n = min(n, len(keys))
		had, limit := len(r.rows), r.s.shares.first
		if n == 1 {
			limit = 0
		}
		_, err := r.s.glance(ctx, "list", r.t, limit, func(ctx context.Context, db queryer) error {
			return r.readOn(ctx, db, []fragment{r.s.among(r.t, keys[:n])}, n)
		})
		if errors.Is(err, errStopped) {
			r.cut(had)
			n = max(1, n/8)
			continue
		}
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}
