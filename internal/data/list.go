// This file reads one page of a table.

package data

import (
	"context"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

const (
	// ListRunes is how many characters of a cell a list shows.
	ListRunes = 200
	// listBytes bounds the same cell in bytes.
	listBytes = 4 * ListRunes
)

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
	Next    string       // for Query.After; empty if there is none
	Prev    string       // for Query.Before; empty if there is none
	Last    string       // for Query.Before: the last page; empty if it cannot be reached
	Notice  text.Message // what limits this page, if anything does
	Pieces  bool         // an export of the table is read in pieces, between the writes of others: see Source.Export
}

// List returns one page of a table.
func (s *Source) List(ctx context.Context, q Query) (*Page, error) {
	t, err := s.table(q.Table)
	if err != nil {
		return nil, err
	}
	s.learnFor(ctx, t, q)
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

// page reads the rows of a checked query, its count and the labels of its references.
func (s *Source) page(ctx context.Context, t *Table, q Query, conditions []fragment) (*Page, error) {
	page := &Page{Table: t, Query: q, Columns: t.listColumns(q.Columns)}
	if len(page.Columns) == 0 {
		return nil, &TableError{Table: t.Name, Problem: text.NoReadableColumn}
	}
	wait, err := s.waits(ctx, t)
	if err != nil {
		return nil, err
	}
	page.Pieces = wait && t.keyset()
	if err := s.sortable(ctx, t, q, conditions, wait); err != nil {
		return nil, err
	}
	r := &reader{s: s, db: s.reads, t: t, columns: page.Columns, terms: t.order(q.Sort), maxRunes: ListRunes, maxBytes: listBytes}
	if err := s.fill(ctx, r, page, conditions, wait); err != nil {
		return nil, err
	}
	if unread := len(t.listColumns(nil)); len(q.Columns) == 0 && len(t.listed) == 0 && unread == MaxColumns && len(t.Columns) > MaxColumns {
		page.Notice = text.Sentences(page.Notice, text.FirstColumns(MaxColumns))
	}
	notice, err := s.label(ctx, s.reads, t, page.Columns, page.Rows)
	if err != nil {
		return nil, err
	}
	page.Notice = text.Sentences(page.Notice, notice)
	if s.dialect.searchesPartly() && page.partlySearched() {
		page.Notice = text.Sentences(page.Notice, text.PartlySearched(searched, maxMatched>>20))
	}
	return page, nil
}

// maxSorted is the longest value, in bytes, by which rows are sorted where no index has their
// order: such values are loaded to be compared, up to MaxLimit of them at once.
const maxSorted = 256 << 10

// sortable refuses to sort the rows that meet the conditions by values that are too long. It learns
// their lengths without loading them.
func (s *Source) sortable(ctx context.Context, t *Table, q Query, conditions []fragment, wait bool) error {
	var db queryer // nil: in looks
	if !wait {
		db = s.reads
	}
	for _, key := range q.Sort {
		c, ok := t.Column(key.Column)
		if !ok || c.Indexed || t.View || !slices.Contains([]Kind{KindText, KindLongText, KindJSON, KindBlob, KindAny}, c.Kind) {
			continue
		}
		longer, bounded := s.dialect.longer(c, maxSorted)
		if !bounded {
			continue
		}
		where := append([]fragment{longer}, conditions...)
		long, err := s.exactSome(ctx, db, t, s.selecting(t, selectOne), where, 1)
		if err != nil {
			return s.failed(ctx, "list", t, err)
		}
		if len(long) > 0 {
			return FieldErrors{fieldError("sort", c.Name, text.SortTooLong(maxSorted>>10))}
		}
	}
	return nil
}

// partlySearched says whether it may matter that long texts are not searched to their ends: the
// page has such a text, or it is empty and the table may have one.
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
