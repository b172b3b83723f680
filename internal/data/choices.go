// This file serves the records a reference can point at, in pages.

package data

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// sortedChoices is the largest table whose choices are in the order of their labels where no index
// has that order. The choices of larger tables are in the order of their keys.
const sortedChoices = 20_000

// Choice is one record that can be chosen.
type Choice struct {
	Value string // for Field.Text; the key, escaped, where the field is a ManyToMany
	Label string // the display value, or the key
	Key   Key    // of the record; zero if it cannot be addressed
}

// ChoicePage is one page of choices.
type ChoicePage struct {
	Table   *Table // the records'
	Choices []Choice
	Next    string // the next page's after; empty if there is none
}

// choosing is where a field's choices come from.
type choosing struct {
	field  string
	target *Table
	value  *Column // that is referred to; nil: the key
}

func (s *Source) choosing(table, field string) (choosing, error) {
	t, err := s.table(table)
	if err != nil {
		return choosing{}, err
	}
	c := choosing{field: field}
	var name string
	if fk := t.reference(field); fk != nil {
		name = fk.RefTable
	} else if m, _ := t.relation(field); m != nil {
		name = m.Target()
	} else {
		return c, FieldErrors{fieldError(field, "", text.NotAReference(t.Name))}
	}
	if c.target, err = s.table(name); err != nil {
		return c, err
	}
	if fk := t.reference(field); fk != nil {
		c.value, _ = c.target.Column(fk.RefColumns[0])
	}
	return c, nil
}

// columns are what a choice is made of.
func (c choosing) columns() []*Column {
	var columns []*Column
	if display, ok := c.target.Column(c.target.Display); ok {
		columns = append(columns, display)
	}
	if c.value != nil && !slices.Contains(columns, c.value) {
		columns = append(columns, c.value)
	}
	return columns
}

// choice makes a choice of a row. It reports false for a row that cannot be chosen.
func (c choosing) choice(columns []*Column, row Row) (Choice, bool) {
	choice := Choice{Key: row.Key, Label: row.Key.Label(), Value: row.Key.String()}
	for i, column := range columns {
		cell := row.Cells[i]
		if column == c.value {
			if cell.Null() || cell.Truncated || cell.Invalid {
				return choice, false
			}
			choice.Value = cell.Text
			if cell.Storage == StoredBlob { // only the key has its bytes
				if identity := c.target.Identity.Columns; row.Key.rowid || len(identity) != 1 || identity[0] != column.Name {
					return choice, false
				}
				b, _ := row.Key.parts[0].([]byte)
				choice.Value = hex.EncodeToString(b)
			}
			if choice.Label == "" {
				choice.Label = choice.Value
			}
		}
		if column.Name == c.target.Display && strings.TrimSpace(cell.Text) != "" {
			choice.Label, _ = cutRunes(cell.Text, ListRunes)
		}
	}
	return choice, choice.Value != "" || c.value != nil
}

// Choices returns one page of the records that a field can refer to. The field is a column with a
// usable foreign key of its own, or the Name of a ManyToMany. The records are those whose display
// value contains the search, or whose key equals it. after is ChoicePage.Next; limit is 1 to
// MaxLimit, 0 for DefaultLimit.
func (s *Source) Choices(ctx context.Context, table, field, search, after string, limit int) (*ChoicePage, error) {
	c, err := s.choosing(table, field)
	if err != nil {
		return nil, err
	}
	t := c.target
	q := Query{Table: t.Name, Search: strings.TrimSpace(search), After: after, Limit: limit}
	if display, ok := t.Column(t.Display); ok && (display.Indexed || t.Estimate >= 0 && t.Estimate <= sortedChoices) {
		q.Sort = []SortKey{{Column: display.Name}}
	}
	q, wrong := q.check(t)
	if len(wrong) > 0 {
		return nil, wrong
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, t.load(q))
	if err != nil {
		return nil, err
	}
	defer leave()
	columns := c.columns()
	r := &reader{s: s, db: s.reads, t: t, columns: columns, terms: t.order(q.Sort), maxRunes: MaxKeyPart, maxBytes: MaxKeyPart}
	page := &Page{Table: t, Query: q, Columns: columns}
	if err := s.choicePage(ctx, r, page, c.search(s, q.Search)); err != nil {
		return nil, err
	}
	choices := &ChoicePage{Table: t, Next: page.Next}
	var exact []Choice // which leads, wherever its label stands
	if q.Search != "" {
		if exact, err = s.Chosen(ctx, table, field, []string{q.Search}); err != nil {
			return nil, err
		}
		if after == "" {
			choices.Choices = exact
		}
	}
	for _, row := range page.Rows {
		choice, ok := c.choice(columns, row)
		if ok && !slices.ContainsFunc(exact, func(one Choice) bool { return one.Value == choice.Value }) {
			choices.Choices = append(choices.Choices, choice)
		}
	}
	return choices, nil
}

// choicePage reads the rows of a page of choices, without a count; in looks where writers wait for
// readers.
func (s *Source) choicePage(ctx context.Context, r *reader, page *Page, conditions []fragment) error {
	wait, err := s.waits(ctx, r.t)
	if err != nil {
		return err
	}
	read := func(ctx context.Context, db queryer) error {
		one := *r
		one.db = db
		if !r.t.keyset() {
			return s.offsetPage(ctx, &one, page, conditions)
		}
		return s.keysetPage(ctx, &one, page, conditions)
	}
	if wait && !r.t.keyset() {
		return s.undivided(ctx, nil, "read choices of", r.t, read)
	}
	r.wait, r.apart = wait, wait && r.t.Searches(page.Query)
	return read(ctx, s.reads)
}

// search is the condition that the display value contains what is sought, or that the referred
// value or the key equals it.
func (c choosing) search(s *Source, sought string) []fragment {
	if sought == "" {
		return nil
	}
	var parts []fragment
	for _, column := range c.target.Columns {
		if column.Name == c.target.Display {
			parts = append(parts, s.dialect.search(column, sought))
		} else if column == c.value || len(c.target.Identity.Columns) == 1 && c.target.Identity.Columns[0] == column.Name {
			if o, err := column.parseOperand(OpEq, sought); err == nil {
				parts = append(parts, s.dialect.match(c.target, column, OpEq, []operand{o}))
			}
		}
	}
	return []fragment{anyOf(parts)}
}

// Chosen returns the choices of the values, in their order, at most MaxLinks. Values that no record
// has are left out.
func (s *Source) Chosen(ctx context.Context, table, field string, values []string) ([]Choice, error) {
	c, err := s.choosing(table, field)
	if err != nil {
		return nil, err
	}
	if len(values) > MaxLinks {
		return nil, FieldErrors{fieldError(field, "", text.TooManyValues(MaxLinks))}
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, c.load())
	if err != nil {
		return nil, err
	}
	defer leave()
	columns := c.columns()
	var chosen []Choice
	for _, value := range values {
		where, ok := c.whose(s, value)
		if !ok {
			continue
		}
		r := &reader{s: s, db: s.reads, t: c.target, columns: columns, maxRunes: MaxKeyPart, maxBytes: MaxKeyPart}
		if err := r.read(ctx, where, 1, 0); err != nil {
			return nil, s.failed(ctx, "read choices of", c.target, err)
		}
		for _, row := range r.rows {
			if choice, ok := c.choice(columns, row); ok {
				chosen = append(chosen, choice)
			}
		}
	}
	return chosen, nil
}

// load is the weight of the search for the record of a value.
func (c choosing) load() weight {
	if c.value == nil {
		return light
	}
	return c.target.load(Query{Filters: []Filter{{Column: c.value.Name, Op: OpEq}}})
}

// whose is the condition that a record has the value. It reports false for texts that no record's
// value can be.
func (c choosing) whose(s *Source, value string) ([]fragment, bool) {
	if c.value == nil {
		key, err := ParseKey(c.target, value)
		if err != nil {
			return nil, false
		}
		where, err := s.identified(c.target, key)
		return where, err == nil
	}
	if textProblem(value, MaxKeyPart) != nil {
		return nil, false
	}
	o, err := c.value.parseOperand(OpEq, value)
	if err != nil {
		return nil, false
	}
	return []fragment{s.dialect.match(c.target, c.value, OpEq, []operand{o})}, true
}
