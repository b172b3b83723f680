// This file reads one record, and what refers to it.

package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

const (
	// RecordBytes is how much of a cell a record shows.
	RecordBytes = 64 << 10
	// RelatedRows is how many rows of each relation Related reads.
	RelatedRows = 10
	// MaxRelated bounds the relations of one record.
	MaxRelated = 50
	// relatedTimeout bounds each of them, within Config.QueryTimeout for all.
	relatedTimeout = 2 * time.Second
	// recordChunk is how many columns one SELECT of a record reads: a table may have more columns
	// than a result can have at three a column.
	recordChunk = 500
)

// Record is one row with every readable column.
type Record struct {
	Table   *Table
	Key     Key // canonical
	Label   string
	Columns []*Column
	Cells   []Value
	Notice  text.Message // what limits the record, if anything does
	Token   string       // by Edit: what the row was, for Update and Delete
	Links   []Links      // by Edit: as Table.ManyToMany
}

// Related is the rows of one table that refer to a record by one foreign key.
type Related struct {
	ForeignKey *ForeignKey
	Query      Query        // lists them
	Page       *Page        // the first RelatedRows of them; nil with a Problem
	Problem    text.Message // why they could not be read
}

// Get returns one record.
func (s *Source) Get(ctx context.Context, table string, key Key) (*Record, error) {
	t, err := s.table(table)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return nil, err
	}
	defer leave()
	s.Learn(ctx, t)
	return s.get(ctx, s.reads, t, key, RecordBytes)
}

func (s *Source) get(ctx context.Context, db queryer, t *Table, key Key, maxBytes int) (*Record, error) {
	where, err := s.identified(t, key)
	if err != nil {
		return nil, err
	}
	record := &Record{Table: t}
	for _, c := range t.Columns {
		if c.Readable() {
			record.Columns = append(record.Columns, c)
		}
	}
	row := Row{}
	for start := 0; start == 0 || start < len(record.Columns); start += recordChunk {
		chunk := record.Columns[start:min(start+recordChunk, len(record.Columns))]
		r := &reader{s: s, db: db, t: t, columns: chunk, maxRunes: maxBytes, maxBytes: maxBytes}
		if err := r.read(ctx, where, 2, 0); err != nil {
			return nil, s.failed(ctx, "get", t, err)
		}
		if len(r.rows) > 1 { // a key with NULL in it
			return nil, fieldError("key", key.String(), text.MoreThanOneRow(t.Name))
		}
		if len(r.rows) == 0 {
			return nil, fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
		}
		row.Key = r.rows[0].Key
		row.Cells = append(row.Cells, r.rows[0].Cells...)
	}
	rows := []Row{row}
	if record.Notice, err = s.label(ctx, db, t, record.Columns, rows); err != nil {
		return nil, err
	}
	record.Key, record.Cells, record.Label = rows[0].Key, rows[0].Cells, rows[0].Key.Label()
	for i, c := range record.Columns {
		if c.Name == t.Display && record.Cells[i].Text != "" {
			record.Label, _ = cutRunes(record.Cells[i].Text, ListRunes)
		}
	}
	return record, nil
}

// identified is the condition that holds for the row of a key.
func (s *Source) identified(t *Table, key Key) ([]fragment, error) {
	if key.IsZero() {
		return nil, fieldError("key", "", text.IsEmpty)
	}
	if key.rowid {
		if t.rowid == "" {
			return nil, fieldError("key", key.String(), text.NoRowID(t.Name))
		}
		return equals(s.dialect, t, []term{{}}, key.parts), nil
	}
	cols := t.columns(t.Identity.Columns)
	if len(cols) != len(key.parts) || len(cols) == 0 {
		return nil, fieldError("key", key.String(), text.OtherTablesKey)
	}
	return equals(s.dialect, t, termsOf(cols), key.parts), nil
}

// Related returns the records that refer to a record: one entry for each foreign key that points at
// its table. A relation that cannot be read states its Problem and does not keep the others from
// being read.
func (s *Source) Related(ctx context.Context, table string, key Key) ([]Related, error) {
	t, err := s.table(table)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	where, err := s.identified(t, key)
	if err != nil {
		return nil, err
	}
	var all []Related
	for _, fk := range t.References[:min(len(t.References), MaxRelated)] {
		child, ok := s.Schema().Table(fk.Table)
		if !ok {
			continue
		}
		selected := s.exactly(t, termsOf(t.columns(fk.RefColumns)), MaxKeyPart)
		values, err := s.referred(ctx, t, s.selecting(t, selected...), where)
		if err != nil {
			return nil, err
		}
		if len(values) == 0 {
			return nil, fmt.Errorf("%w: %s %s", ErrNotFound, t.Name, key)
		}
		q, problem := referring(child, fk, key, values[0])
		if q.Table == "" && problem == nil {
			continue // the referenced value is NULL: nothing can refer to it
		}
		related := Related{ForeignKey: fk, Query: q, Problem: problem}
		if problem == nil {
			related.Page, related.Problem, err = s.relatedPage(ctx, q)
			if err != nil {
				return nil, err
			}
		}
		all = append(all, related)
	}
	return all, nil
}

// referred reads the values of a record to which others refer. It keeps no place for the lists that
// follow: they take their own.
func (s *Source) referred(ctx context.Context, t *Table, query fragment, where []fragment) ([][]any, error) {
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return nil, err
	}
	defer leave()
	values, err := s.exactRows(ctx, s.reads, query, where, 1)
	if err != nil {
		return nil, s.failed(ctx, "read references to", t, err)
	}
	return values, nil
}

// referring is the query of the rows that refer to the record of a key: those for which the foreign
// key holds. Where a filter says the same in words that people write, numbers of whole numbers and
// texts of texts, it is that filter.
func referring(child *Table, fk *ForeignKey, key Key, values []any) (Query, text.Message) {
	q := Query{Table: child.Name}
	if slices.Contains(values, nil) {
		return Query{}, nil
	}
	for i, value := range values {
		f := Filter{Column: fk.Columns[i], Op: OpEq}
		c, _ := child.Column(f.Column)
		to, _ := fk.parent.Column(fk.RefColumns[i])
		var same bool
		switch value := value.(type) {
		case int64:
			same = c.Kind == KindInteger && to.Kind == KindInteger
		case string:
			texts := []Kind{KindText, KindLongText}
			same = (slices.Contains(texts, c.Kind) && slices.Contains(texts, to.Kind) || c.Kind == KindInteger && to.Kind == KindInteger && c.native != nil) && utf8.ValidString(value)
		}
		if f.Values = []string{plainPart(value)}; !same || !fk.direct || f.check(child) != nil {
			q.Filters = []Filter{{Column: joinItems(fk.Columns), Op: OpRefers, Values: []string{key.String()}}}
			break
		}
		q.Filters = append(q.Filters, f)
	}
	for _, f := range q.Filters {
		if err := f.check(child); err != nil {
			return q, text.ReferenceUnlisted(err.Message)
		}
	}
	return q, nil
}

func (s *Source) relatedPage(ctx context.Context, q Query) (*Page, text.Message, error) {
	short, cancel := context.WithTimeout(ctx, relatedTimeout)
	defer cancel()
	q.Limit = RelatedRows
	page, err := s.List(short, q)
	var broken *TableError
	switch {
	case err == nil:
		return page, nil, nil
	case errors.Is(err, ErrTimeout) && ctx.Err() == nil:
		return nil, text.RelatedTooSlow, nil
	case errors.Is(err, ErrBusy) && ctx.Err() == nil:
		return nil, text.RelatedBusy, nil
	case errors.As(err, &broken):
		return nil, broken.Problem, nil
	}
	return nil, nil, err
}
