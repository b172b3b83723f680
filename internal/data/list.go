package data

// This file reads one page of a table.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// CountLimit is how far rows are counted.
	CountLimit = 10_000
	// ListRunes is how many characters of a cell a list shows.
	ListRunes = 200
	// listBytes bounds the same cell in bytes.
	listBytes = 4 * ListRunes
)

// Count is how many rows match, counted up to CountLimit.
type Count struct {
	Rows     int64
	More     bool  // there are more than Rows
	Estimate int64 // if More and nothing is filtered: the engine's estimate, else 0
	Unknown  bool  // counting took too long
}

// String is the count as people read it: "0", "9999", "10000+".
func (c Count) String() string {
	switch {
	case c.Unknown:
		return "unknown"
	case c.More:
		return strconv.FormatInt(c.Rows, 10) + "+"
	}
	return strconv.FormatInt(c.Rows, 10)
}

// Row is one row of a page.
type Row struct {
	Key   Key     // zero if the row cannot be addressed
	Cells []Value // as Page.Columns
}

// Page is one page of a table.
type Page struct {
	Table   *Table
	Query   Query // as it was answered
	Columns []*Column
	Rows    []Row
	Count   Count
	HasNext bool
	HasPrev bool
	Next    string // for Query.After; empty if there is none
	Prev    string // for Query.Before; empty if there is none
	Last    string // for Query.Before: the last page; empty if it cannot be reached
	Notice  string // what limits this page, if anything does
	Pieces  bool   // an export of the table is read in pieces, between the writes of others: see Source.Export
}

// List returns one page of a table.
func (s *Source) List(ctx context.Context, q Query) (*Page, error) {
	t, err := s.table(q.Table)
	if err != nil {
		return nil, err
	}
	q, wrong := q.check(t)
	if len(wrong) > 0 {
		return nil, wrong
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	conditions, err := s.conditions(t, q)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := s.enter(ctx, t.load(q))
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.page(ctx, t, q, conditions)
}

// conditions are the filters and the search as SQL.
func (s *Source) conditions(t *Table, q Query) ([]fragment, error) {
	var all []fragment
	for _, f := range q.Filters {
		operands, wrong := f.parse(t)
		if wrong != nil {
			return nil, FieldErrors{wrong}
		}
		c, _ := t.Column(f.Column)
		all = append(all, s.dialect.match(t, c, f.Op, operands))
	}
	if q.Search == "" {
		return all, nil
	}
	var any fragment
	var parts []string
	add := func(f fragment) {
		parts = append(parts, f.text)
		any.args = append(any.args, f.args...)
	}
	for _, c := range t.Columns {
		if len(parts) == MaxSearchColumns {
			break
		}
		if c.Searchable() {
			add(s.dialect.search(c, q.Search))
			continue
		}
		if t.exactSearch(c) {
			if o, err := c.parseOperand(OpEq, q.Search); err == nil {
				add(s.dialect.match(t, c, OpEq, []operand{o}))
			}
		}
	}
	if len(parts) == 0 {
		any.text = "1 = 0"
	} else {
		any.text = "(" + strings.Join(parts, " OR ") + ")"
	}
	return append(all, any), nil
}

// page reads the rows of a checked query, its count and the labels of its references.
func (s *Source) page(ctx context.Context, t *Table, q Query, conditions []fragment) (*Page, error) {
	page := &Page{Table: t, Query: q, Columns: t.listColumns(q.Columns)}
	if len(page.Columns) == 0 {
		return nil, &TableError{Table: t.Name, Problem: "it has no readable column"}
	}
	wait, err := s.waits(ctx, t)
	if err != nil {
		return nil, err
	}
	page.Pieces = wait && t.keyset()
	if err := s.sortable(ctx, t, q, conditions, wait); err != nil {
		return nil, err
	}
	r := &reader{s: s, db: s.db, t: t, columns: page.Columns, terms: t.order(q.Sort), maxRunes: ListRunes, maxBytes: listBytes}
	if err := s.fill(ctx, r, page, conditions, wait); err != nil {
		return nil, err
	}
	if unread := len(t.listColumns(nil)); len(q.Columns) == 0 && len(t.listed) == 0 && unread == MaxColumns && len(t.Columns) > MaxColumns {
		page.Notice = joinNotices(page.Notice, fmt.Sprintf("The first %d columns are shown; choose others with the column picker.", MaxColumns))
	}
	notice, err := s.label(ctx, s.db, t, page.Columns, page.Rows)
	if err != nil {
		return nil, err
	}
	page.Notice = joinNotices(page.Notice, notice)
	if page.partlySearched() {
		page.Notice = joinNotices(page.Notice, fmt.Sprintf("Only the first %d characters of a text are searched, and none of a text beyond %d MiB.", searched, maxMatched>>20))
	}
	return page, nil
}

// maxSorted is how many bytes a value has that rows are sorted by where no index has their order: they are loaded to be
// compared, up to MaxLimit of them at once.
const maxSorted = 256 << 10

// sortable refuses to sort rows that meet the conditions by values that are too long for it. How long they are is told
// without loading them.
func (s *Source) sortable(ctx context.Context, t *Table, q Query, conditions []fragment, wait bool) error {
	for _, key := range q.Sort {
		c, ok := t.Column(key.Column)
		if !ok || c.Indexed || t.View || !slices.Contains([]Kind{KindText, KindLongText, KindJSON, KindBlob, KindAny}, c.Kind) {
			continue
		}
		long := fragment{text: "SELECT 'integer', 1 FROM " + s.dialect.from(t)}
		where := append([]fragment{s.dialect.longer(c, maxSorted)}, conditions...)
		var found [][]any
		var err error
		if wait {
			found, err = s.exactApart(ctx, t, long, where, 1)
		} else {
			found, err = s.exactRows(ctx, s.db, long, where, 1)
		}
		if err != nil {
			return s.failed(ctx, "list", t, err)
		}
		if len(found) > 0 {
			return FieldErrors{fieldError("sort", c.Name, "has a value of more than %d KiB, which is too long to sort by without an index: sort by another column", maxSorted>>10)}
		}
	}
	return nil
}

// partlySearched says whether it may matter that long texts are not searched to their ends: the page has such a text, or
// nothing was found where there may be some.
func (p *Page) partlySearched() bool {
	looked := p.Query.Search != "" || slices.ContainsFunc(p.Query.Filters, func(f Filter) bool { return f.Op == OpContains })
	if !looked {
		return false
	}
	if len(p.Rows) == 0 {
		return slices.ContainsFunc(p.Table.Columns, func(c *Column) bool { return c.Kind == KindLongText && c.Searchable() })
	}
	return slices.ContainsFunc(p.Rows, func(row Row) bool {
		return slices.ContainsFunc(row.Cells, func(v Value) bool { return v.Storage == StoredText && v.Size > searched })
	})
}

// fill reads the rows of a page and counts all of them, in looks where writers wait for them.
func (s *Source) fill(ctx context.Context, r *reader, page *Page, conditions []fragment, wait bool) error {
	switch {
	case !wait:
		return s.fillNow(ctx, r, page, conditions)
	case !r.t.keyset():
		return s.fillUndivided(ctx, r, page, conditions)
	case !r.t.Searches(page.Query):
		r.wait = true
		return s.fillNow(ctx, r, page, conditions)
	}
	r.wait, r.apart = true, true
	if seeks, err := s.seeks(ctx, r, conditions); err != nil || seeks {
		if err == nil { // to few enough, perhaps
			err = s.fillAtOnce(ctx, r, page, conditions)
		}
		if !errors.Is(err, errStopped) {
			return err
		}
	}
	return s.fillNow(ctx, r, page, conditions)
}

// fillUndivided fills the page of a table that cannot be read in windows. Its count is unknown if it takes too long.
func (s *Source) fillUndivided(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	err := s.twice(ctx, "count", r.t, func(ctx context.Context, db queryer) (err error) {
		page.Count, err = s.count(ctx, db, r.t, conditions)
		return err
	})
	if errors.Is(err, errStopped) {
		page.Count, err = Count{Unknown: true}, nil
	}
	if err != nil {
		return err
	}
	return s.undivided(ctx, "list", r.t, func(ctx context.Context, db queryer) error {
		one := *r
		one.db = db
		return s.offsetPage(ctx, &one, page, conditions)
	})
}

// fillAtOnce fills a page in one look. If that is stopped, r and the page are as they were.
func (s *Source) fillAtOnce(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	empty := *page
	return s.inTurn(ctx, "list", r.t, s.shares.first, func(ctx context.Context, db queryer) error {
		one := *r
		one.db, one.terms, one.wait, one.apart = db, slices.Clone(r.terms), false, false
		err := s.fillNow(ctx, &one, page, conditions)
		if err != nil {
			*page = empty
		}
		return err
	})
}

// fillNow reads the rows of a page and counts all of them. A page that holds them all needs no count.
func (s *Source) fillNow(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	var err error
	if !r.t.keyset() {
		if page.Count, err = s.count(ctx, r.db, r.t, conditions); err != nil {
			return err
		}
		return s.offsetPage(ctx, r, page, conditions)
	}
	var counted bool
	if !r.apart {
		if page.Count, counted, err = s.choose(ctx, r, conditions); err != nil {
			return err
		}
	}
	if err := s.keysetPage(ctx, r, page, conditions); err != nil || counted {
		return err
	}
	if !page.HasNext && !page.HasPrev {
		page.Count = Count{Rows: int64(len(page.Rows))}
		return nil
	}
	if r.apart && len(conditions) > 0 {
		page.Count, err = s.limited(ctx, r.t, conditions, func(ctx context.Context) (int64, error) {
			return s.countApart(ctx, r.t, conditions, CountLimit)
		})
		return err
	}
	page.Count, err = s.count(ctx, r.db, r.t, conditions)
	return err
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

func (s *Source) keysetPage(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	q := page.Query
	r.atOnce = len(conditions) > 0
	backward := q.Before != ""
	var from []any
	field, text := "after", q.After
	if backward {
		field, text = "before", q.Before
	}
	if text != "" && text != Last {
		c, problem := parseCursor(r.t, q.Sort, text)
		if problem != "" {
			return FieldErrors{fieldError(field, text, "%s", problem)}
		}
		found, err := s.restore(ctx, r, &c)
		if err != nil {
			return err
		}
		if !found {
			return FieldErrors{fieldError(field, text, "continues from a row that is gone: leave it out for the first page")}
		}
		from = c.values
	}
	if backward {
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
				return "", &TableError{Table: r.t.Name, Problem: fmt.Sprintf("a key on this page is longer than %d bytes, which is too long to page by", MaxKeyPart)}
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

// restore reads the values that were too long for the cursor. It reports whether the row is still there.
func (s *Source) restore(ctx context.Context, r *reader, c *cursor) (bool, error) {
	var selected []string
	var missing []int
	for i, value := range c.values {
		if _, long := value.(tooLong); long {
			missing = append(missing, i)
			selected = append(selected, s.dialect.exact(s.dialect.place(r.t, r.terms[i]), 1<<30))
		}
	}
	if len(missing) == 0 {
		return true, nil
	}
	var where []fragment
	for i, o := range r.terms {
		if o.key {
			where = append(where, fragment{s.dialect.place(r.t, o) + " = ?", []any{c.values[i]}})
		}
	}
	rows, err := s.exactRows(ctx, r.db, fragment{text: "SELECT " + strings.Join(selected, ", ") + r.from()}, where, 1)
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

func (s *Source) offsetPage(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	q := page.Query
	r.atOnce = true
	offset, limit := 0, q.Limit
	switch {
	case q.Before == Last:
		if page.Count.More || page.Count.Unknown {
			return FieldErrors{fieldError("before", q.Before, "is not possible: %s has no key to page by, and too many rows to count", r.t.Name)}
		}
		offset = max(0, int(page.Count.Rows)-limit)
	case q.Before != "":
		c, problem := parseCursor(r.t, q.Sort, q.Before)
		if problem != "" {
			return FieldErrors{fieldError("before", q.Before, "%s", problem)}
		}
		offset = max(0, c.offset-limit)
		limit = c.offset - offset
	case q.After != "":
		c, problem := parseCursor(r.t, q.Sort, q.After)
		if problem != "" {
			return FieldErrors{fieldError("after", q.After, "%s", problem)}
		}
		offset = c.offset
	}
	page.Notice = "These rows have no key: they cannot be opened, and pages are counted from the start."
	if err := r.read(ctx, conditions, limit+1, offset); err != nil {
		return s.failed(ctx, "list", r.t, err)
	}
	page.HasNext, page.HasPrev = len(r.rows) > limit, offset > 0
	page.Rows = r.rows[:min(limit, len(r.rows))]
	if page.HasNext && offset+limit > MaxOffset {
		page.HasNext = false
		page.Notice += fmt.Sprintf(" Only the first %d can be reached: filter to see others.", MaxOffset)
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

// counting counts the rows up to one more than CountLimit.
func (s *Source) counting(t *Table, conditions []fragment) fragment {
	query := fragment{text: "SELECT 1 FROM " + s.dialect.from(t)}.where(conditions)
	return fragment{"SELECT COUNT(*) FROM (" + query.text + " LIMIT ?) AS counted", append(query.args, CountLimit+1)}
}

// count counts the rows up to CountLimit within a quarter of the query timeout. Taking longer is not an error.
func (s *Source) count(ctx context.Context, db queryer, t *Table, conditions []fragment) (Count, error) {
	return s.limited(ctx, t, conditions, func(ctx context.Context) (n int64, err error) {
		query := s.counting(t, conditions)
		if err := db.QueryRowContext(ctx, query.text, query.args...).Scan(&n); err != nil {
			return 0, s.failed(ctx, "count", t, err)
		}
		return n, nil
	})
}

// limited makes a Count of a number, within a quarter of the query timeout.
func (s *Source) limited(ctx context.Context, t *Table, conditions []fragment, number func(context.Context) (int64, error)) (Count, error) {
	short, cancel := context.WithTimeout(ctx, s.config.QueryTimeout/4)
	defer cancel()
	n, err := number(short)
	if err != nil {
		if errors.Is(err, ErrTimeout) && ctx.Err() == nil {
			return Count{Unknown: true}, nil
		}
		return Count{}, err
	}
	c := Count{Rows: min(n, CountLimit), More: n > CountLimit}
	if c.More && len(conditions) == 0 {
		c.Estimate = max(t.Estimate, 0)
	}
	return c, nil
}
