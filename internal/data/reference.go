// This file labels the foreign keys of a page: one query for each key, whatever the number of rows.

package data

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// label sets Value.Ref of the rows' references. A key of one column wins over one that shares the
// column. References into a table that cannot be read stay without a label, and the notice says so.
func (s *Source) label(ctx context.Context, db queryer, t *Table, columns []*Column, rows []Row) (notice text.Message, err error) {
	if len(rows) == 0 {
		return nil, nil
	}
	for _, single := range []bool{true, false} {
		for _, fk := range t.ForeignKeys {
			if !fk.Usable || (len(fk.Columns) == 1) != single {
				continue
			}
			at := make([]int, 0, len(fk.Columns))
			for _, name := range fk.Columns {
				for i, c := range columns {
					if c.Name == name {
						at = append(at, i)
					}
				}
			}
			if len(at) < len(fk.Columns) {
				continue // not all of it is on this page
			}
			err := s.labelKey(ctx, db, fk, at, rows)
			var broken *TableError
			if errors.As(err, &broken) {
				notice = text.Sentences(notice, text.NotLinked(broken.Table, broken.Problem))
			} else if err != nil {
				return nil, err
			}
		}
	}
	return notice, nil
}

func (s *Source) labelKey(ctx context.Context, db queryer, fk *ForeignKey, at []int, rows []Row) error {
	parent, ok := s.Schema().Table(fk.RefTable)
	if !ok || !parent.Identity.Addressable() {
		return nil
	}
	var wanted [][]any
	numbers := map[string]int{}
	users := map[int][]int{} // number of wanted values → rows
	for i, row := range rows {
		values := make([]any, len(at))
		known := true
		for j, column := range at {
			cell := row.Cells[column]
			values[j] = cell.raw
			known = known && cell.raw != nil && !cell.Truncated && !cell.Masked && cell.Ref == nil
		}
		if !known {
			continue
		}
		name := fmt.Sprintf("%#v", values)
		n, seen := numbers[name]
		if !seen {
			n = len(wanted)
			numbers[name] = n
			wanted = append(wanted, values)
		}
		users[n] = append(users[n], i)
	}
	if len(wanted) == 0 {
		return nil
	}
	found, err := s.parents(ctx, db, parent, fk.RefColumns, wanted)
	if err != nil {
		return err
	}
	for n, ref := range found {
		for _, i := range users[n] {
			for _, column := range at {
				rows[i].Cells[column].Ref = ref
			}
		}
	}
	return nil
}

// parents finds the rows of parent whose columns equal each of the wanted values.
func (s *Source) parents(ctx context.Context, db queryer, parent *Table, names []string, wanted [][]any) (map[int]*Ref, error) {
	d := s.dialect
	expressions := s.exactly(parent, parent.keyTerms(), MaxKeyPart)
	display, hasDisplay := parent.Column(parent.Display)
	if hasDisplay {
		expressions = append(expressions, d.cell(display, ListRunes))
	}
	query := d.lookup(parent, parent.columns(names), wanted, expressions)
	found := map[int]*Ref{}
	err := each(ctx, db, query, func(line *scan) {
		n, _ := line.take().(int64)
		key := line.key(d, parent)
		if key.IsZero() {
			return
		}
		ref := &Ref{Table: parent.Name, Key: key, Label: key.Label()}
		if hasDisplay {
			if v := line.cell(d, display, ListRunes, listBytes); strings.TrimSpace(v.Text) != "" {
				ref.Label = v.Text
			}
		}
		found[int(n)] = ref
	})
	if err != nil {
		return nil, s.failed(ctx, "label", parent, err)
	}
	return found, nil
}
