// Form: which fields a form has, and what a View changes about them.

package records

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// settable reports whether a field of the form may be sent. Where a View says
// which fields a form has, no other is taken.
func (e *entry) settable(name string) bool {
	if !e.v.View.Declared() {
		return true
	}
	return slices.ContainsFunc(e.fields.Fields, func(f data.FormField) bool { return f.Column.Name == name && f.ReadOnly == "" })
}

// unseen reports a column of the table that is entered and never shown.
func unseen(v *frame.Visit, name string) bool {
	c, ok := v.Table.Column(name)
	return ok && v.View.Unseen(c)
}

// unprefixed is the column that a parameter is about.
func unprefixed(name string) string {
	for _, prefix := range []string{ui.ParamNull, ui.ParamClear} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

// foldNames gives what was sent under the name of a column or relation, as a browser writes it, its
// own name: browsers send line breaks in names as CR LF, and in the names of parts as %0D%0A, with
// %22 for a quotation mark (HTML, "Multipart form data").
func (e *entry) foldNames() {
	r := e.v.R
	own := map[string]string{}
	var names []string
	for _, c := range e.v.Table.Columns {
		names = append(names, c.Name)
	}
	for _, relation := range e.fields.Relations {
		names = append(names, relation.Name)
	}
	for _, name := range names {
		if !strings.ContainsAny(name, "\r\n\"") {
			continue
		}
		lines := strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(name)
		for _, written := range []string{lines, strings.NewReplacer("\r\n", "%0D%0A", `"`, "%22").Replace(lines)} {
			if slices.Contains(names, written) {
				continue
			}
			if _, taken := own[written]; taken {
				own[written] = "" // which of two it is cannot be told
				continue
			}
			own[written] = name
		}
	}
	for sent, name := range own {
		if name == "" {
			continue
		}
		for _, prefix := range []string{"", ui.ParamNull, ui.ParamClear, EditPrefix, ui.ParamNull + EditPrefix, ui.ParamSet + EditPrefix} {
			for _, form := range []url.Values{r.PostForm, r.Form} {
				renamed(form, prefix+sent, prefix+name)
			}
		}
		if r.MultipartForm != nil {
			renamed(r.MultipartForm.File, sent, name)
		}
	}
}

// renamed moves values to another name.
func renamed[V any](form map[string][]V, from, to string) {
	if values, ok := form[from]; ok {
		form[to] = append(form[to], values...)
		delete(form, from)
	}
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

// readHidden takes what was entered and is never shown; empty is unchanged, and
// a password is hashed.
func (e *entry) readHidden(in *data.Input, name, value string) error {
	if value == "" {
		return nil
	}
	stored, err := e.v.View.Stored(name, value)
	if err != nil {
		return err
	}
	in.Fields[name] = data.Field{Text: stored}
	in.Masked = append(in.Masked, name)
	return nil
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

// lastOf returns the value that counts of a field that was sent more than once.
func lastOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}
