// This file holds the form page, on which a record is made or changed.

package ui

import (
	"strconv"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Parameters that a form sends beside its columns, which go by their own
// names. Of a column that is sent twice the last value counts: a checkbox sends
// "false" and, while it is set, "true" after it.
const (
	// ParamToken is the version of the record that the form was opened with.
	ParamToken = "row.token"
	// ParamOnce tells one opened form for a new record from another, so that sending
	// it twice makes one record.
	ParamOnce = "row.once"
	// ParamNull, followed by the column's name, is "1" for NULL. It wins over a
	// value that is sent with it, except where the form itself had ticked it: on a
	// new record and in bulk.
	ParamNull = "null."
	// ParamEmpty, followed by the column's name, is "1" to store the empty text
	// where an empty entry would be NULL, the default, or refused.
	ParamEmpty = "empty."
	// ParamClear, followed by the column's name, is "1" to remove a binary
	// value: NULL where the column allows it, else no bytes. A file that is sent
	// with it wins.
	ParamClear = "clear."
	// ParamSet, followed by the column's name, is "1" when an optional field is
	// to be changed; without it what was sent for the field means nothing.
	ParamSet = "set."
)

// Form is the page that makes or changes a record. It posts to Action.
type Form struct {
	Layout

	Heading     text.Message // such as "New product" or the record's display text
	Model       string       // the table's label
	ModelHref   string
	Action      string
	Token       string // sent as ParamToken; empty for a new record
	Once        string // sent as ParamOnce; empty for a stored one
	CancelHref  string
	SubmitLabel text.Message // default "Save"
	Multipart   bool         // sent as multipart/form-data, for files

	Fields []FormField
	Links  []LinkField
	// Error is what is wrong with the record as a whole. It and the fields'
	// errors are listed above the form, each linked to its field.
	Error   text.Message
	Problem *Problem // shown instead of the form
}

func (Form) template() string { return "form.html" }

// Widget says how a field is entered.
type Widget string

// The widgets. The zero value is a line of text. A value that the browser's own
// input would drop (a text that is not a number, a line break) is shown in a text
// input or a text area instead, so that what was entered is never lost.
const (
	WidgetText      Widget = ""
	WidgetNumber    Widget = "number"
	WidgetCheckbox  Widget = "checkbox" // Checked; sends "false", and "true" when set
	WidgetTriState  Widget = "tristate" // sends "", "true" or "false"; "" is NULL
	WidgetDate      Widget = "date"     // 2006-01-02
	WidgetTime      Widget = "time"     // 15:04:05
	WidgetDateTime  Widget = "datetime-local"
	WidgetSelect    Widget = "select"    // Options
	WidgetReference Widget = "reference" // a foreign key: ChoicesHref, Display
	WidgetTextArea  Widget = "textarea"  // line breaks are sent as CR LF
	WidgetJSON      Widget = "json"
	WidgetUUID      Widget = "uuid"
	WidgetPassword  Widget = "password" // Value is never written to the page
	WidgetFile      Widget = "file"     // binary: Stored, Size, DownloadHref
)

// FormField is one column of a form.
type FormField struct {
	Name   string // the column, under which the value is sent
	Label  string
	Type   string       // database type, shown quietly
	Note   text.Message // such as "unique"; may be nil
	Help   text.Message // how to fill it in; may be empty
	Widget Widget

	Value    string
	Checked  bool // WidgetCheckbox
	Nullable bool // NULL can be chosen
	Null     bool // the value is NULL
	// EmptyBox has a box beside the field that says to store the empty text, sent as ParamEmpty;
	// Empty ticks it.
	EmptyBox, Empty bool
	// Required has the browser refuse an empty value. It is for columns in which
	// empty cannot be stored, not for all that refuse NULL.
	Required bool
	ReadOnly bool // shown as text and not sent
	// Optional puts a box beside the field that says whether it is changed at
	// all, sent as ParamSet; for changing many records. Set ticks the box.
	Optional, Set bool
	Error         text.Message
	Min, Max      string // of numbers, dates and times; empty for none
	Step          string // default: any number; whole seconds
	MaxLength     int    // in characters; 0 for none
	// Placeholder is shown while the field is empty, such as the column's
	// default "CURRENT_TIMESTAMP".
	Placeholder text.Message

	// Options are the choices of WidgetSelect. Without one whose value is empty,
	// the empty value stands for NULL, or for no choice yet.
	Options []Option

	// ChoicesHref is the address of the rows that WidgetReference can refer to;
	// see Choices.
	ChoicesHref string
	Display     string // of the record that Value refers to
	DisplayHref string // that record; may be empty

	Stored       bool   // WidgetFile: there is a value now
	Size         int64  // its length in bytes; -1 when unknown
	DownloadHref string // may be empty
}

// LinkField is the other side of a many-to-many relation. It sends Name once
// for each record to be linked, and once or more with an empty value, which
// means nothing but that the field was sent.
type LinkField struct {
	Name        string
	Label       string
	Help        text.Message
	Selected    []Option // linked now, or as entered
	ChoicesHref string   // the records that can be linked; see Choices
	ReadOnly    bool     // such as when too many are linked to list them
	AllHref     string   // the list of what is linked; may be empty
	Error       text.Message
}

// Inputs are the form's fields.
func (f Form) Inputs() []formInput { return inputs(f.Fields) }

// LinkInputs are the form's many-to-many fields.
func (f Form) LinkInputs() []linkInput {
	var all []linkInput
	for i, l := range f.Links {
		all = append(all, linkInput{l, "links-" + strconv.Itoa(i)})
	}
	return all
}

// formError is one line of the summary above a form.
type formError struct {
	Href, Label string
	Error       text.Message
}

// Unsaved reports whether the form shows entries that are not stored: it came back with
// something to correct.
func (f Form) Unsaved() bool { return len(f.Errors()) > 0 }

// Errors are the lines of the summary.
func (f Form) Errors() []formError {
	all := fieldErrors(f.Error, f.Inputs())
	for _, l := range f.LinkInputs() {
		if l.Error != nil {
			all = append(all, formError{"#" + l.ID, l.Label, l.Error})
		}
	}
	return all
}

func fieldErrors(general text.Message, fields []formInput) []formError {
	var all []formError
	if general != nil {
		all = append(all, formError{Error: general})
	}
	for _, f := range fields {
		if f.Error != nil {
			all = append(all, formError{"#" + f.ID, f.Label, f.Error})
		}
	}
	return all
}
