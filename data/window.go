package data

// This file looks for rows that no index leads to, some at a time, where writers wait for readers: a SQLite database that
// is not in WAL mode cannot be committed to while a statement reads it, and one look at all rows of a large table takes
// seconds. What is written between two looks may be seen or not.

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// Bounds of the rows of one window; how many it has is adapted to sliceTime.
const (
	minWindow = 10
	maxWindow = 100_000
)

// apart says whether a table is to be looked through in windows: it has row ids, and writers wait.
func (s *Source) apart(ctx context.Context, t *Table) (bool, error) {
	if t.rowid == "" || t.View {
		return false, nil
	}
	wait, err := s.dialect.writersWait(ctx, s.db)
	if err != nil {
		return false, s.failed(ctx, "list", t, err)
	}
	return wait, nil
}

// windows calls each with the conditions of some rows after the others, in the order of their row ids, until it wants no
// more. Its errors are returned as they are.
func (s *Source) windows(ctx context.Context, t *Table, desc bool, each func(window []fragment) (more bool, err error)) error {
	place := s.dialect.place(t, term{})
	after, until, direction := " > ?", " <= ?", ""
	if desc {
		after, until, direction = " < ?", " >= ?", " DESC"
	}
	var window []fragment
	for n := sliceRows; ; {
		end := fragment{text: "SELECT " + place + " FROM " + s.dialect.from(t)}.where(window)
		end.text += " ORDER BY " + place + direction + " LIMIT 1 OFFSET ?"
		var last int64
		err := s.db.QueryRowContext(ctx, end.text, append(end.args, n)...).Scan(&last)
		final := errors.Is(err, sql.ErrNoRows)
		if err != nil && !final {
			return s.failed(ctx, "list", t, err)
		}
		if !final {
			window = append(window, fragment{place + until, []any{last}})
		}
		begun := time.Now()
		more, err := each(window)
		if err != nil || !more || final {
			return err
		}
		switch took := time.Since(begun); {
		case took > sliceTime:
			n = max(minWindow, n/2)
		case took < sliceTime/4:
			n = min(maxWindow, 2*n)
		}
		window = []fragment{{place + after, []any{last}}}
		if err := rest(ctx); err != nil {
			return s.failed(ctx, "list", t, err)
		}
	}
}

// countApart counts the rows that meet the conditions, up to one more than limit; 0 means all.
func (s *Source) countApart(ctx context.Context, t *Table, conditions []fragment, limit int64) (int64, error) {
	total := int64(0)
	err := s.windows(ctx, t, false, func(window []fragment) (bool, error) {
		query := fragment{text: "SELECT COUNT(*) FROM " + s.dialect.from(t)}.where(slices.Concat(conditions, window))
		var n int64
		if err := s.db.QueryRowContext(ctx, query.text, query.args...).Scan(&n); err != nil {
			return false, s.failed(ctx, "count", t, err)
		}
		total += n
		return limit == 0 || total <= limit, nil
	})
	return total, err
}

// find appends up to limit rows that meet the conditions.
func (r *reader) find(ctx context.Context, conditions []fragment, limit int) error {
	if !r.apart {
		if err := r.read(ctx, conditions, limit, 0); err != nil {
			return r.s.failed(ctx, "list", r.t, err)
		}
		return nil
	}
	if first := r.terms[0]; first.rowid(r.t) {
		enough := len(r.rows) + limit
		return r.s.windows(ctx, r.t, first.desc, func(window []fragment) (bool, error) {
			if err := r.read(ctx, slices.Concat(conditions, window), enough-len(r.rows), 0); err != nil {
				return false, r.s.failed(ctx, "list", r.t, err)
			}
			return len(r.rows) < enough, nil
		})
	}
	return r.findBest(ctx, conditions, limit)
}

// findBest keeps the first rows of each window, in the order of the list, together with those of the windows before, and
// reads those that are left.
func (r *reader) findBest(ctx context.Context, conditions []fragment, limit int) error {
	s, place := r.s, r.s.dialect.place(r.t, term{})
	var best []any
	of := func(ids []any) fragment {
		return fragment{place + " IN (?" + strings.Repeat(", ?", len(ids)-1) + ")", ids}
	}
	err := s.windows(ctx, r.t, false, func(window []fragment) (bool, error) {
		among := window
		if len(best) > 0 && len(window) > 0 {
			either := fragment{text: "(("}
			for i, f := range window {
				if i > 0 {
					either.text += " AND "
				}
				either.text += f.text
				either.args = append(either.args, f.args...)
			}
			kept := of(best)
			among = []fragment{{either.text + ") OR " + kept.text + ")", append(either.args, kept.args...)}}
		}
		query := fragment{text: "SELECT " + place + r.from()}.where(slices.Concat(conditions, among))
		query.text += s.ordered(r.t, r.terms) + " LIMIT ?"
		rows, err := r.db.QueryContext(ctx, query.text, append(query.args, limit)...)
		if err != nil {
			return false, s.failed(ctx, "list", r.t, err)
		}
		defer func() { _ = rows.Close() }() // its error is rows.Err's
		best = nil
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return false, s.failed(ctx, "list", r.t, err)
			}
			best = append(best, id)
		}
		if err := rows.Err(); err != nil {
			return false, s.failed(ctx, "list", r.t, err)
		}
		return true, nil
	})
	if err != nil || len(best) == 0 {
		return err
	}
	if err := r.read(ctx, []fragment{of(best)}, limit, 0); err != nil {
		return s.failed(ctx, "list", r.t, err)
	}
	return nil
}
