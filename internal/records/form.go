// Form: which fields a form has, and what a View changes about them.

package records

import (
	"net/url"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// unseen reports a column of the table that is entered and never shown.
func unseen(v *frame.Visit, name string) bool {
	c, ok := v.Table.Column(name)
	return ok && v.View.Unseen(c)
}

// hiddenField makes the field of what is entered and never shown.
func (e *entry) hiddenField(out ui.FormField, f data.FormField) ui.FormField {
	out.Nullable, out.Value = false, ""
	out.Required = f.Required && e.record == nil
	if e.v.View.IsPassword(f.Column.Name) {
		out.Widget = ui.WidgetPassword
	}
	if e.record != nil {
		out.Placeholder = text.UnchangedIfEmpty
	}
	return out
}

// dress changes a field as the View says.
func (e *entry) dress(out *ui.FormField, c *data.Column) {
	if out.Help == nil {
		out.Help = text.Verbatim(c.Help)
	}
	widget, options, said := e.v.View.Widget(c.Name)
	if !said || out.Widget == ui.WidgetFile || out.Widget == ui.WidgetReference {
		return
	}
	out.Widget = widget
	for _, value := range options {
		out.Options = append(out.Options, ui.Option{Value: value, Label: text.Verbatim(value)})
	}
}

// sorted adds the View's order to the parameters of a list that has none.
func sorted(v *frame.Visit, values url.Values) url.Values {
	if sort := v.View.Sort; sort != "" && !values.Has("sort") {
		values.Set("sort", sort)
	}
	return values
}
