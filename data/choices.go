package data

// This file serves the records a reference can point at, in pages.

import (
	"context"
	"errors"
)

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

// Choices implements DataSource.
func (s *Source) Choices(ctx context.Context, table, field, search, after string, limit int) (*ChoicePage, error) {
	return nil, errors.ErrUnsupported
}

// Chosen implements DataSource.
func (s *Source) Chosen(ctx context.Context, table, field string, values []string) ([]Choice, error) {
	return nil, errors.ErrUnsupported
}
