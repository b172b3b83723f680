// This file reads the rows of one page, from the place that its cursor names.

package data

import (
	"context"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// keysetPage reads the rows after, or before, the place of a cursor.
func (s *Source) keysetPage(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	q := page.Query
	r.atOnce = len(conditions) > 0
	backward := q.Before != ""
	var from []any
	field, given := "after", q.After
	if backward {
		field, given = "before", q.Before
	}
	if given != "" && given != Last {
		c, problem := parseCursor(r.t, q.Sort, given)
		if problem != nil {
			return FieldErrors{fieldError(field, given, problem)}
		}
		found, err := s.restore(ctx, r, &c)
		if err != nil {
			return err
		}
		if !found {
			return FieldErrors{fieldError(field, given, text.RowGone)}
		}
		from = c.values
	}
	if backward {
		r.terms = slices.Clone(r.terms) // the caller's stay as they are
		for i := range r.terms {
			r.terms[i].desc = !r.terms[i].desc
		}
	}
	for _, where := range r.segments(from) {
		if err := r.find(ctx, r.where(conditions, where), q.Limit+1-len(r.rows)); err != nil {
			return err
		}
		if len(r.rows) > q.Limit {
			break
		}
	}
	more := len(r.rows) > q.Limit
	if more {
		r.rows, r.places = r.rows[:q.Limit], r.places[:q.Limit]
	}
	if backward {
		slices.Reverse(r.rows)
		slices.Reverse(r.places)
	}
	page.Rows = r.rows
	page.Last = Last
	page.HasNext, page.HasPrev = more, q.After != ""
	if backward {
		page.HasNext, page.HasPrev = q.Before != Last, more
	}
	if len(page.Rows) == 0 {
		// The rows beyond the cursor are gone: there may be rows on its other side.
		page.HasNext = false
		if page.HasPrev = q.After != ""; page.HasPrev {
			page.Prev = Last
		}
		return nil
	}
	cursorOf := func(place []any) (string, error) {
		for i, value := range place {
			if _, long := value.(tooLong); long && r.terms[i].key {
				return "", &TableError{Table: r.t.Name, Problem: text.KeyTooLong(MaxKeyPart)}
			}
		}
		return cursor{values: place}.encode(r.t, q.Sort), nil
	}
	var err error
	if page.HasNext {
		if page.Next, err = cursorOf(r.places[len(r.places)-1]); err != nil {
			return err
		}
	}
	if page.HasPrev {
		page.Prev, err = cursorOf(r.places[0])
	}
	return err
}

// restore reads the values that were too long for the cursor. It reports whether the row is still
// there.
func (s *Source) restore(ctx context.Context, r *reader, c *cursor) (bool, error) {
	var missing []int
	var long, keys []term
	var key []any
	for i, value := range c.values {
		if _, is := value.(tooLong); is {
			missing = append(missing, i)
			long = append(long, r.terms[i])
		}
		if r.terms[i].key {
			keys = append(keys, r.terms[i])
			key = append(key, value)
		}
	}
	if len(missing) == 0 {
		return true, nil
	}
	rows, err := s.exactRows(ctx, r.db, s.selecting(r.t, s.exactly(r.t, long, 1<<30)...), equals(s.dialect, r.t, keys, key), 1)
	if err != nil {
		return false, s.failed(ctx, "list", r.t, err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	for i, at := range missing {
		c.values[at] = rows[0][i]
	}
	return true, nil
}

// offsetPage reads the rows after as many as a cursor says: of a table whose rows have no key.
func (s *Source) offsetPage(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	q := page.Query
	r.atOnce = true
	offset, limit := 0, q.Limit
	switch {
	case q.Before == Last:
		if page.Count.More || page.Count.Unknown {
			return FieldErrors{fieldError("before", q.Before, text.NoPagingBack(r.t.Name))}
		}
		offset = max(0, int(page.Count.Rows)-limit)
	case q.Before != "":
		c, problem := parseCursor(r.t, q.Sort, q.Before)
		if problem != nil {
			return FieldErrors{fieldError("before", q.Before, problem)}
		}
		offset = max(0, c.offset-limit)
		limit = c.offset - offset
	case q.After != "":
		c, problem := parseCursor(r.t, q.Sort, q.After)
		if problem != nil {
			return FieldErrors{fieldError("after", q.After, problem)}
		}
		offset = c.offset
	}
	page.Notice = text.RowsWithoutKey
	if err := r.read(ctx, conditions, limit+1, offset); err != nil {
		return s.failed(ctx, "list", r.t, err)
	}
	page.HasNext, page.HasPrev = len(r.rows) > limit, offset > 0
	page.Rows = r.rows[:min(limit, len(r.rows))]
	if page.HasNext && offset+limit > MaxOffset {
		page.HasNext = false
		page.Notice = text.Sentences(page.Notice, text.FirstRows(MaxOffset))
	}
	if page.HasNext {
		page.Next = cursor{offset: offset + limit}.encode(r.t, q.Sort)
	}
	if page.HasPrev {
		page.Prev = cursor{offset: offset}.encode(r.t, q.Sort)
	}
	if !page.Count.More && !page.Count.Unknown {
		page.Last = Last
	}
	return nil
}

// listColumns are the columns of a page.
func (t *Table) listColumns(chosen []string) []*Column {
	if len(chosen) > 0 {
		return t.columns(chosen)
	}
	if len(t.listed) > 0 {
		return t.columns(t.listed)
	}
	var cols []*Column
	for _, c := range t.Columns {
		if c.Readable() && len(cols) < MaxColumns {
			cols = append(cols, c)
		}
	}
	return cols
}

// Listed says whether a page whose query chooses no columns has the column.
func (t *Table) Listed(c *Column) bool { return slices.Contains(t.listColumns(nil), c) }
