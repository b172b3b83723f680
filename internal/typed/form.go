// This file holds what a View says of the two forms: their fields, and how each is entered.

package typed

import (
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// Purpose is what a form is for.
type Purpose string

// The purposes: a form makes a record or changes one.
const (
	ToCreate Purpose = "create"
	ToUpdate Purpose = "update"
)

// form is which fields one of the forms has.
type form struct {
	columns   []string
	relations []string // by their join tables
}

// password is a column whose values are entered without being shown, and stored as a hash.
type password struct {
	hash func(string) (string, error)
	rule string // the field's validate tag, which is about what is entered
}

// has reports whether the form for a purpose has the column.
func (v *View) has(purpose Purpose, column string) bool {
	f := v.forms[purpose]
	return f != nil && slices.Contains(f.columns, column)
}

// Form is the form for a purpose of the table as somebody may see it.
func (v *View) Form(t *data.Table, purpose Purpose) *data.Form {
	out := t.Form()
	said := v.forms[purpose]
	if said == nil {
		return out
	}
	fields := make([]data.FormField, 0, len(said.columns))
	for _, name := range said.columns {
		i := slices.IndexFunc(out.Fields, func(f data.FormField) bool { return f.Column.Name == name })
		if i < 0 {
			continue
		}
		f := out.Fields[i]
		if v.readOnly[name] && f.ReadOnly == "" {
			f.ReadOnly = text.NotChangedHere.String()
		}
		fields = append(fields, f)
	}
	out.Fields = fields
	out.Relations = slices.DeleteFunc(slices.Clone(out.Relations), func(one *data.ManyToMany) bool { return !slices.Contains(said.relations, one.Name) })
	return out
}

// Unseen reports whether the column, as somebody may see it, is entered and never shown.
func (v *View) Unseen(c *data.Column) bool {
	return c.Masked && (v.has(ToCreate, c.Name) || v.has(ToUpdate, c.Name))
}

// Widget is how a column is entered, where a program says so. Of a select, options are the
// values.
func (v *View) Widget(column string) (widget ui.Widget, options []string, said bool) {
	widget, said = v.widgets[column]
	if options = v.options[column]; len(options) > 0 {
		return ui.WidgetSelect, options, true
	}
	return widget, nil, said
}

// IsPassword reports whether the column is entered without being shown and stored as a hash.
func (v *View) IsPassword(column string) bool {
	_, is := v.passwords[column]
	return is
}

// Stored is what is stored of something that was entered and is never shown: of a password the
// hash, of all else what was entered. What the password's validate tag or its hash refuses is a
// *data.FieldError.
func (v *View) Stored(column, entered string) (string, error) {
	p, is := v.passwords[column]
	if !is {
		return entered, nil
	}
	if message := refused(p.rule, entered); message != nil {
		return "", &data.FieldError{Field: column, Message: message}
	}
	hashed, err := p.hash(entered)
	if err != nil {
		return "", &data.FieldError{Field: column, Message: text.CannotBeUsed(text.Verbatim(err.Error()))}
	}
	return hashed, nil
}
