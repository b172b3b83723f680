// This file holds the record page: typed fields and related records.

package ui

import "github.com/go-crudadmin/crudadmin/internal/text"

// Record is the page of one row.
type Record struct {
	Layout

	Heading   string // the record's display text
	Key       string // its key as text
	Model     string // the table's label
	ModelHref string
	// EditHref and DeleteHref lead to the forms; an empty one hides its button.
	EditHref, DeleteHref string

	Fields  []Field
	Related []Related
	Problem *Problem
}

func (Record) template() string { return "record.html" }

// Field is one column of the record.
type Field struct {
	Name  string
	Label string
	Type  string       // database type, shown quietly
	Note  text.Message // such as "primary key" or "generated"; may be empty
	Value Value
}

// About says what kind of value is stored.
func (f Field) About() text.Message { return text.Notes(text.Verbatim(f.Type), f.Note) }

// Related is the first rows of a table that refers to the record.
type Related struct {
	Label   string // the table's label
	Via     string // the foreign key column when two lead here; may be empty
	Count   text.Count
	Columns []Column
	Rows    []Row
	AllHref string // the list filtered to this record
	Problem *Problem
}

// Table is the section's table.
func (r Related) Table() table { return table{Label: r.Label, Columns: r.Columns, Rows: r.Rows} }

// Many reports whether the fields are laid out in two columns and searchable.
func (r Record) Many() bool { return len(r.Fields) > 24 }
