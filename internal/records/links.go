// Links: the fields of a form that are the other side of a many-to-many relation.

package records

import (
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// links makes the field of a many-to-many relation.
func (e *entry) links(relation *data.ManyToMany) ui.LinkField {
	out := ui.LinkField{Name: relation.Name, Label: relation.Target(), ChoicesHref: choicesURL(e.v, relation.Name), Error: e.wrong(relation.Name)}
	var chosen []data.Choice
	if e.sent != nil && e.sent.Has(relation.Name) {
		values := slices.DeleteFunc(slices.Clone(e.sent[relation.Name]), func(v string) bool { return v == "" })
		chosen, _ = e.v.Data.Chosen(e.v.R.Context(), e.v.Table.Name, relation.Name, values)
	} else if e.record != nil {
		for _, l := range e.record.Links {
			if l.Relation.Name == relation.Name {
				chosen, out.ReadOnly = l.Choices, l.More
			}
		}
	}
	out.ReadOnly = out.ReadOnly || !e.mayLink(relation)
	for _, c := range chosen {
		out.Selected = append(out.Selected, ui.Option{Value: c.Value, Label: text.Verbatim(c.Label)})
	}
	return out
}

// mayLink reports whether the visitor may change the rows that make a relation.
func (e *entry) mayLink(relation *data.ManyToMany) bool {
	join, ok := e.v.Data.Schema().Table(relation.Join())
	return ok && e.v.May(join, frame.RightCreate, frame.RightDelete)
}

func (e *entry) readLinks(in data.Input, relation *data.ManyToMany, values []string) error {
	if !e.mayLink(relation) {
		return &data.FieldError{Field: relation.Name, Message: text.LinksForbidden(relation.Join())}
	}
	target, ok := e.v.Data.Schema().Table(relation.Target())
	if !ok {
		return data.ErrNoTable
	}
	keys := []data.Key{}
	for _, value := range values {
		if value == "" {
			continue
		}
		key, err := data.ParseKey(target, value)
		if err != nil {
			return &data.FieldError{Field: relation.Name, Value: value, Message: text.NotAKeyOf(target.Name)}
		}
		keys = append(keys, key)
	}
	in.Links[relation.Name] = keys
	return nil
}
