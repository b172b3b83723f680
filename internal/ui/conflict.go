// This file holds the page about a change that would undo another's.

package ui

import (
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Conflict is the page for a form whose record was changed since it was opened
// (409). It shows both versions; "save mine" posts Kept to Action with the
// token of the present version.
type Conflict struct {
	Layout

	Heading    string // the record's display text
	Model      string
	ModelHref  string
	Action     string
	Token      string  // of the present version, sent as ParamToken
	Kept       []Param // what was sent, without tokens
	TheirsHref string  // the record as it is; empty when it was deleted
	EditHref   string  // the form opened anew; may be empty
	// Deleted says that the record is gone; only the entered values are shown.
	Deleted bool
	Fields  []ConflictField
	// Note says what cannot be sent again, such as a chosen file. May be empty.
	Note text.Message
}

func (Conflict) template() string { return "conflict.html" }

// ConflictField is one column in both versions.
type ConflictField struct {
	Name    string
	Label   string
	Theirs  Value // as stored now
	Yours   Value // as entered
	Changed bool  // they differ
}

// Differing are the columns whose versions differ.
func (c Conflict) Differing() []ConflictField { return c.versions(true) }

// Same are the columns whose versions are equal.
func (c Conflict) Same() []ConflictField { return c.versions(false) }

func (c Conflict) versions(changed bool) []ConflictField {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f ConflictField) bool { return (f.Changed || c.Deleted) != changed })
}
