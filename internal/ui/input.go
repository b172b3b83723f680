// This file holds how the fields of a form are entered and shown.

package ui

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// formInput is one field of a form with the id of its control.
type formInput struct {
	FormField

	ID string
}

func inputs(fields []FormField) []formInput {
	var all []formInput
	for i, f := range fields {
		f.Required = f.Required && !f.Optional
		all = append(all, formInput{f, "field-" + strconv.Itoa(i)})
	}
	return all
}

// Control is the element that the value is entered in.
func (f formInput) Control() string {
	switch {
	case f.ReadOnly:
		return "readonly"
	case f.Widget == WidgetTextArea || f.Widget == WidgetJSON:
		return "textarea"
	case slices.Contains([]Widget{WidgetCheckbox, WidgetTriState, WidgetSelect, WidgetPassword, WidgetFile}, f.Widget):
		return string(f.Widget)
	case strings.ContainsAny(f.Value, "\r\n"):
		return "textarea"
	case f.Widget == WidgetReference:
		return string(f.Widget)
	}
	return "input"
}

// What the browser's own inputs keep (HTML, "Common microsyntaxes"): they drop
// any other value.
var (
	timeSyntax     = regexp.MustCompile(`^\d\d:\d\d(:\d\d(\.\d{1,3})?)?$`)
	dateTimeLayout = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"}
)

// InputMode is the keyboard that a phone shows for a number. A number is text: a browser's
// own input for numbers drops what it cannot read, such as the comma of 49,90.
func (f formInput) InputMode() string {
	switch {
	case f.Widget != WidgetNumber:
		return ""
	case f.Step == "1":
		return "numeric"
	default:
		return "decimal"
	}
}

// Bounds says in words what a number lies between.
func (f formInput) Bounds() text.Message {
	switch {
	case f.Widget != WidgetNumber || f.Min == "" && f.Max == "":
		return nil
	case f.Max == "":
		return text.AtLeastIs(f.Min)
	case f.Min == "":
		return text.AtMostIs(f.Max)
	default:
		return text.Between(f.Min, f.Max)
	}
}

// InputType is the type of the input that keeps the value.
func (f formInput) InputType() string {
	kept := f.Value == ""
	switch f.Widget {
	case WidgetDate:
		kept = kept || parses(f.Value, time.DateOnly)
	case WidgetTime:
		kept = kept || timeSyntax.MatchString(f.Value) && parses(f.Value, "15:04", time.TimeOnly)
	case WidgetDateTime:
		_, clock, _ := strings.Cut(strings.Replace(f.Value, " ", "T", 1), "T")
		kept = kept || timeSyntax.MatchString(clock) && parses(f.Value, dateTimeLayout...)
	default:
		return "text"
	}
	if !kept {
		return "text"
	}
	return string(f.Widget)
}

func parses(value string, layouts ...string) bool {
	return slices.ContainsFunc(layouts, func(layout string) bool {
		t, err := time.Parse(layout, value)
		return err == nil && t.Year() > 0 || err == nil && !strings.Contains(layout, "2006")
	})
}

// InputStep is the step of the input.
func (f formInput) InputStep() string {
	switch {
	case f.Step != "":
		return f.Step
	case f.Widget == WidgetDate:
		return ""
	case strings.Contains(f.Value, "."):
		return "0.001"
	default:
		return "1"
	}
}

// Title is the column's name where the label says another.
func (f formInput) Title() string {
	if f.Name == f.Label {
		return ""
	}
	return f.Name
}

// About says what kind of value is stored.
func (f formInput) About() text.Message {
	parts := []text.Message{text.Verbatim(f.Type), f.Note, f.Bounds()}
	if f.Required {
		parts = append(parts, text.IsRequired)
	}
	return text.Notes(parts...)
}

// DescribedBy is the ids of help and error.
func (f formInput) DescribedBy() string { return describedBy(f.ID, f.Help, f.Error) }

func describedBy(id string, help, problem text.Message) string {
	var ids []string
	if help != nil {
		ids = append(ids, id+"-help")
	}
	if problem != nil {
		ids = append(ids, id+"-error")
	}
	return strings.Join(ids, " ")
}

// NullBox reports whether NULL is chosen in a box of its own: where it is not a
// choice of the control.
func (f formInput) NullBox() bool {
	if !f.Nullable {
		return false
	}
	switch f.Control() {
	case "readonly", "checkbox", "tristate", "file":
		return false
	case "select":
		return !f.EmptyOption() || f.Placeholder != nil
	}
	return true
}

// Emptied reports whether the box for the empty text is shown: beside a field in which texts are
// written.
func (f formInput) Emptied() bool {
	return f.EmptyBox && slices.Contains([]string{"input", "textarea"}, f.Control())
}

// Longest is the bound of a text that the browser may hold to: none where the value that is shown
// breaks it, in the units in which browsers count (HTML, "The maxlength and minlength attributes").
func (f formInput) Longest() int {
	if len(utf16.Encode([]rune(foldBreaks(f.Value)))) > f.MaxLength {
		return 0
	}
	return f.MaxLength
}

// Untouched reports whether a value, and a NULL box, are what a browser sends of this field when
// nobody changed it.
func (f FormField) Untouched(value string, null bool) bool {
	in := formInput{FormField: f}
	shown := f.Value
	switch in.Control() {
	case "readonly", "file", "password":
		return false
	case "checkbox":
		shown = strconv.FormatBool(f.Checked)
	case "tristate":
		shown = strconv.FormatBool(f.Checked)
		if f.Null {
			shown = ""
		}
	case "select":
		shown = in.selected()
	case "reference":
		if f.Null {
			shown = ""
		}
	}
	if null != (f.Null && in.NullBox()) {
		return false
	}
	if f.Widget == WidgetDateTime && in.InputType() != "text" { // browsers write it as they like
		is, ok := localTime(value)
		was, _ := localTime(shown)
		return shown == value || ok && is.Equal(was)
	}
	return foldBreaks(value) == foldBreaks(shown)
}

// localTime reads what a datetime-local input holds.
func localTime(value string) (time.Time, bool) {
	for _, layout := range dateTimeLayout {
		if at, err := time.Parse(layout, value); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// selected is the value of the option that a browser selects of a select.
func (f formInput) selected() string {
	if f.Unlisted() {
		return f.Value
	}
	for _, o := range f.Options {
		if f.Chosen(o.Value) {
			return o.Value
		}
	}
	if f.EmptyOption() || len(f.Options) == 0 {
		return ""
	}
	return f.Options[0].Value
}

// foldBreaks is a text as a page holds it: with one kind of line breaks, and without NUL, which
// HTML cannot show.
func foldBreaks(value string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "\uFFFD").Replace(value)
}

// EmptyOption reports whether the select's empty value means no value.
func (f formInput) EmptyOption() bool {
	return !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == "" })
}

// Chosen reports whether the select shows that option.
func (f formInput) Chosen(value string) bool {
	return value == f.Value && (!f.Null || !f.EmptyOption())
}

// Unlisted reports whether the value is none of the options.
func (f formInput) Unlisted() bool {
	return !f.Null && f.Value != "" && !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == f.Value })
}

// StoredValue is the present value of a file.
func (f formInput) StoredValue() Value {
	if f.Null || !f.Stored {
		return Null()
	}
	return Bytes(f.Size)
}

// ShownValue is the value of a field that cannot be entered.
func (f formInput) ShownValue() Value {
	switch {
	case f.Null:
		return Null()
	case f.Widget == WidgetPassword:
		return Masked()
	case f.Widget == WidgetFile:
		v := f.StoredValue()
		v.Href = f.DownloadHref
		return v
	case f.Widget == WidgetCheckbox:
		return Bool(f.Checked)
	case f.Widget == WidgetJSON:
		return JSON(f.Value)
	case f.Display != "":
		return Ref(f.Display, f.Value, f.DisplayHref)
	default:
		return Text(f.Value)
	}
}

// linkInput is one many-to-many field with the id of its control.
type linkInput struct {
	LinkField

	ID string
}

// DescribedBy is the ids of help and error.
func (l linkInput) DescribedBy() string { return describedBy(l.ID, l.Help, l.Error) }
