// This file says what a form needs to know of a table.

package data

import (
	"slices"
	"strings"
)

// Form says what Insert and Update take.
type Form struct {
	Table     *Table
	Fields    []FormField   // every readable column, in the table's order
	Relations []*ManyToMany // settable by Input.Links
}

// FormField is one column of a Form. A form also needs of the Column itself: its Kind, Nullable,
// HasDefault, Enum, Min, Max, Step and MaxLength.
type FormField struct {
	Column *Column
	// Required says that Insert needs a value that is not NULL.
	Required bool
	// Assigned is that of the Column.
	Assigned bool
	// ReadOnly says why the column cannot be set; empty if it can. Masked columns can where
	// Input.Masked names them.
	ReadOnly string
	// Reference is the foreign key of this one column, for Choices; nil if there is none that is
	// usable.
	Reference *ForeignKey
}

// Form says what can be written to the table. Table.ReadOnly says whether anything can.
func (t *Table) Form() *Form {
	form := &Form{Table: t, Relations: t.ManyToMany}
	for _, c := range t.Columns {
		if !c.Readable() {
			continue
		}
		field := FormField{Column: c, Assigned: c.Assigned, Reference: t.reference(c.Name)}
		field.Required = c.required()
		switch {
		case c.Generated:
			field.ReadOnly = "is computed from other columns"
		case c.native != nil:
			field.ReadOnly = c.native.unwritable()
		}
		form.Fields = append(form.Fields, field)
	}
	return form
}

// required says whether an insert needs a value of the column.
func (c *Column) required() bool {
	return !c.Nullable && !c.HasDefault && !c.Generated && !c.Assigned
}

// reference is the usable foreign key of that one column.
func (t *Table) reference(column string) *ForeignKey {
	i := slices.IndexFunc(t.ForeignKeys, func(fk *ForeignKey) bool {
		return fk.Usable && len(fk.Columns) == 1 && fk.Columns[0] == column
	})
	if i < 0 {
		return nil
	}
	return t.ForeignKeys[i]
}

// Step is the distance between two values of a number as an HTML input takes it, such as "1" or
// "0.01"; empty if there is none.
func (c *Column) Step() string {
	switch {
	case c.Kind == KindInteger:
		return "1"
	case c.Kind == KindDecimal && c.Precision > 0 && c.Scale == 0:
		return "1"
	case c.Kind == KindDecimal && c.Precision > 0:
		return "0." + strings.Repeat("0", c.Scale-1) + "1"
	}
	return ""
}
