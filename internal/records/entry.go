// Entry: one filling-in of a form, from the record to the widgets.

package records

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// entry is a form with what was entered in it.
type entry struct {
	v      *frame.Visit
	fields *data.Form
	record *data.Record // nil for a new one
	token  string
	sent   url.Values // nil until the form was sent
	errs   data.FieldErrors
}

func newEntry(v *frame.Visit, record *data.Record) *entry {
	v.Data.LearnForm(v.R.Context(), v.Table)
	e := &entry{v: v, record: record}
	purpose := typed.ToCreate
	if record != nil {
		purpose, e.token = typed.ToUpdate, record.Token
	}
	e.fields = v.View.Form(v.Table, purpose)
	return e
}

// refuse keeps what is wrong with the entry, and reports whether err is that.
func (e *entry) refuse(err error) bool {
	found := refusal(err)
	e.errs = append(e.errs, found...)
	return len(found) > 0
}

// refusal is what an error says about the fields of a record or about all of it, also in the words
// of a program's hook; nil if it is an error of another kind.
func refusal(err error) data.FieldErrors {
	if hook := (*data.HookError)(nil); errors.As(err, &hook) {
		return data.FieldErrors{{Message: text.Verbatim(hook.Error())}}
	}
	return data.Refusal(err)
}

// wrong returns what is wrong with a field, nil if nothing is.
func (e *entry) wrong(name string) text.Message {
	var all []text.Message
	for _, one := range e.errs {
		if one.Field == name {
			all = append(all, one.Message)
		}
	}
	return text.List(all...)
}

// cell is the record's value of a column.
func (e *entry) cell(name string) (data.Value, bool) {
	if e.record == nil {
		return data.Value{}, false
	}
	i := slices.IndexFunc(e.record.Columns, func(c *data.Column) bool { return c.Name == name })
	if i < 0 {
		return data.Value{}, false
	}
	return e.record.Cells[i], true
}

// form makes the page of the entry.
func (e *entry) form() ui.Form {
	page, size := ui.Form{Error: e.wrong("")}, 0
	known := map[string]bool{"": true}
	for _, f := range e.fields.Fields {
		if f.Column.Generated && e.record == nil {
			continue // there is nothing to show yet
		}
		known[f.Column.Name] = true
		shown := e.field(f)
		switch shown.Widget {
		case ui.WidgetFile, ui.WidgetTextArea, ui.WidgetJSON: // a long text is longer as part of an address
			page.Multipart = true
		}
		page.Fields = append(page.Fields, shown)
		size += len(shown.Value)
	}
	page.Multipart = page.Multipart || 3*size > frame.MaxBody/2 // text may be three times as long there
	for _, relation := range e.fields.Relations {
		known[relation.Name] = true
		page.Links = append(page.Links, e.links(relation))
	}
	for _, one := range e.errs { // of fields that are not on the form
		if !known[one.Field] {
			page.Error = text.List(page.Error, one.Text())
		}
	}
	return page
}

// field makes one field: what was entered, else what is stored.
func (e *entry) field(f data.FormField) ui.FormField {
	out := e.shape(f)
	if f.Reference != nil && out.Widget == ui.WidgetReference {
		out.ChoicesHref = choicesURL(e.v, f.Column.Name)
		out.Display, out.DisplayHref = e.chosen(f.Column.Name, out.Value)
	}
	return out
}

// shape is the field without what the database has to be asked for.
func (e *entry) shape(f data.FormField) ui.FormField {
	c := f.Column
	out := ui.FormField{
		Name: c.Name, Label: frame.ColumnLabel(c), Type: c.Type, Note: keyNote(e.v.Table, c), Widget: e.widget(f), ReadOnly: f.ReadOnly != "", Help: text.Verbatim(capital(f.ReadOnly)),
		Nullable: c.Nullable && f.ReadOnly == "", Min: c.Min, Max: c.Max, Step: c.Step(), MaxLength: c.MaxLength, Error: e.wrong(c.Name),
		Required: f.Required && !c.HoldsText() && c.Kind != data.KindBool && e.record == nil,
	}
	switch {
	case e.v.View.Unseen(c):
		e.dress(&out, c)
		return e.hiddenField(out, f)
	case e.secret(f):
		out.Widget, out.Required, out.Help = ui.WidgetPassword, true, text.SecretEntered
		return out
	case c.Masked:
		out.ReadOnly, out.Nullable, out.Help = true, false, text.SecretHidden
		out.Error = e.wrong(c.Name)
		return out
	case f.Assigned && e.record == nil:
		out.Placeholder = text.Assigned
	case c.HasDefault && e.record == nil:
		out.Placeholder = text.DefaultIs(c.Default)
	}
	e.fill(&out, c)
	if out.Widget == ui.WidgetDateTime {
		stored, _ := e.cell(c.Name)
		out.Note = text.Notes(out.Note, zone(c, stored))
	}
	out.EmptyBox = !out.ReadOnly && e.mayBeEmpty(f)
	out.Empty = e.sent != nil && e.sent.Get(ui.ParamEmpty+c.Name) == "1"
	e.dress(&out, c)
	if e.record != nil && !out.ReadOnly && !e.v.MayChange(e.v.Table, c.Name) {
		out.ReadOnly, out.Nullable, out.Help = true, false, text.ChangeReaches
	}
	for _, value := range c.Enum {
		out.Options = append(out.Options, ui.Option{Value: value, Label: text.Verbatim(value)})
	}
	if out.Widget == ui.WidgetSelect && c.Kind == data.KindBool && len(out.Options) == 0 {
		out.Options = []ui.Option{{Value: "true", Label: text.TruthYes}, {Value: "false", Label: text.TruthNo}}
	}
	return out
}

// mayBeEmpty reports a field of texts in which an empty entry is not the empty text: on a new
// record it is the default, else NULL where that is allowed, else what must be filled.
func (e *entry) mayBeEmpty(f data.FormField) bool {
	c := f.Column
	return e.record == nil && c.HoldsText() && c.Kind != data.KindEnum && f.Reference == nil && (c.Nullable || c.HasDefault || f.Required)
}

// zone names the zone in which a time is entered: that of the stored one, or of the column.
func zone(c *data.Column, stored data.Value) text.Message {
	_, zoned, ok := stored.Time()
	if !ok {
		zoned = c.Zoned()
	}
	if zoned {
		return text.InUTC
	}
	return text.NoZone
}

// secret reports a masked column that a new record cannot do without.
func (e *entry) secret(f data.FormField) bool {
	return f.Column.Masked && f.Required && e.record == nil
}

// keyNote says which columns of their own tell one record from another.
func keyNote(t *data.Table, c *data.Column) text.Message {
	switch {
	case c.PrimaryKey > 0:
		return text.PrimaryKey
	case slices.ContainsFunc(t.UniqueKeys, func(u data.UniqueKey) bool { return slices.Equal(u.Columns, []string{c.Name}) }):
		return text.Unique
	}
	return nil
}

// fill sets the field's value.
func (e *entry) fill(out *ui.FormField, c *data.Column) {
	stored, ok := e.cell(c.Name)
	if ok && stored.Storage == data.StoredBlob {
		out.Widget = ui.WidgetFile
	}
	if out.Widget == ui.WidgetFile {
		out.Stored, out.Size = ok && !stored.Null(), stored.Size
		if out.Stored && e.record != nil {
			out.DownloadHref = e.v.RecordURL(e.v.Table.Name, e.record.Key) + "/file/" + url.PathEscape(frame.TableSegment(c.Name))
		}
		out.Null = ok && stored.Null()
		if form := e.v.R.MultipartForm; form != nil && len(form.File[c.Name]) > 0 && form.File[c.Name][0].Filename != "" {
			out.Help = text.ChooseFileAgain
		}
		return
	}
	switch {
	case out.ReadOnly:
		out.Value, out.Null = stored.Text, ok && stored.Null()
	case e.sent != nil && (e.sent.Has(c.Name) || e.sent.Has(ui.ParamNull+c.Name)):
		out.Value, out.Null = lastOf(e.sent[c.Name]), e.sent.Get(ui.ParamNull+c.Name) == "1"
		out.Checked = out.Value == "true"
	case ok:
		out.Value, out.Null = entered(c, stored), stored.Null()
		out.Checked = out.Value == "true"
		if stored.Truncated {
			out.ReadOnly, out.Help = true, text.TooLongToChange
		}
	default:
		out.Null = c.Nullable && !c.HasDefault
		out.Checked, _ = c.DefaultTruth()
	}
}

// entered is a stored value as its widget writes it.
func entered(c *data.Column, v data.Value) string {
	if v.Null() {
		return ""
	}
	switch c.Kind {
	case data.KindBool:
		if b, ok := v.Bool(); ok {
			return fmt.Sprint(b)
		}
	case data.KindDate, data.KindTime: // as the text itself says, whatever its zone
		layout := map[data.Kind]string{data.KindDate: time.DateOnly, data.KindTime: time.TimeOnly}[c.Kind]
		if at, _, ok := v.Time(); ok && at.Nanosecond() == 0 {
			return at.Format(layout)
		}
	case data.KindDateTime:
		if at, _, ok := v.Time(); ok && at.Nanosecond() == 0 {
			return at.UTC().Format("2006-01-02T15:04:05")
		}
	}
	return v.Text
}

// widget is how a field is entered in this form. A truth value for which a box has no place (-1,
// a word, a default that is not known before it is used) is chosen from a list that has it.
func (e *entry) widget(f data.FormField) ui.Widget {
	w, c := widget(f), f.Column
	if stored, ok := e.cell(c.Name); ok && w == ui.WidgetFile && stored.Storage == data.StoredText {
		return ui.WidgetTextArea
	}
	if w != ui.WidgetCheckbox && w != ui.WidgetTriState {
		return w
	}
	if stored, ok := e.cell(c.Name); ok {
		if _, known := stored.Bool(); !known && !stored.Null() {
			return ui.WidgetSelect
		}
		return w
	}
	if _, known := c.DefaultTruth(); e.record == nil && c.HasDefault && (c.Nullable || !known) {
		return ui.WidgetSelect
	}
	return w
}

func widget(f data.FormField) ui.Widget {
	c := f.Column
	if f.Reference != nil {
		return ui.WidgetReference
	}
	switch {
	case c.HoldsTexts():
		return ui.WidgetTextArea
	case c.HoldsBlobs():
		return ui.WidgetFile
	case c.HoldsDigits():
		return ui.WidgetNumber
	}
	switch c.Kind {
	case data.KindInteger, data.KindReal, data.KindDecimal:
		return ui.WidgetNumber
	case data.KindBool:
		if c.Nullable {
			return ui.WidgetTriState
		}
		return ui.WidgetCheckbox
	case data.KindDate:
		return ui.WidgetDate
	case data.KindTime:
		return ui.WidgetTime
	case data.KindDateTime:
		return ui.WidgetDateTime
	case data.KindEnum:
		return ui.WidgetSelect
	case data.KindLongText:
		return ui.WidgetTextArea
	case data.KindJSON:
		return ui.WidgetJSON
	case data.KindUUID:
		return ui.WidgetUUID
	case data.KindBlob:
		return ui.WidgetFile
	}
	return ui.WidgetText
}

// chosen is the record that a reference's value names.
func (e *entry) chosen(field, value string) (label, href string) {
	if value == "" {
		return "", ""
	}
	found, err := e.v.Data.Chosen(e.v.R.Context(), e.v.Table.Name, field, []string{value})
	if err != nil || len(found) == 0 {
		return "", ""
	}
	for _, f := range e.fields.Fields {
		if f.Column.Name == field && f.Reference != nil {
			href = e.v.RecordURL(f.Reference.RefTable, found[0].Key)
		}
	}
	return found[0].Label, href
}

// capital makes a note the beginning of a sentence.
func capital(note string) string {
	if note == "" {
		return ""
	}
	return strings.ToUpper(note[:1]) + note[1:] + "."
}
