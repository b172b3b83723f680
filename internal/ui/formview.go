// This file holds what the form templates ask of the page structs.

package ui

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// formInput is one field of a form with the id of its control.
type formInput struct {
	FormField

	ID string
}

// Inputs are the form's fields.
func (f Form) Inputs() []formInput { return inputs(f.Fields) }

// Inputs are the fields that the action asks for.
func (b Bulk) Inputs() []formInput { return inputs(b.Fields) }

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
	case f.Widget == WidgetText && strings.ContainsAny(f.Value, "\r\n"):
		return "textarea"
	case f.Widget == WidgetTextArea || f.Widget == WidgetJSON:
		return "textarea"
	case slices.Contains([]Widget{WidgetCheckbox, WidgetTriState, WidgetSelect, WidgetReference, WidgetPassword, WidgetFile}, f.Widget):
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
func (f formInput) Bounds() string {
	switch {
	case f.Widget != WidgetNumber || f.Min == "" && f.Max == "":
		return ""
	case f.Max == "":
		return "at least " + f.Min
	case f.Min == "":
		return "at most " + f.Max
	default:
		return f.Min + " to " + f.Max
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
func (f formInput) About() string {
	parts := []string{f.Type, f.Note, f.Bounds()}
	if f.Required {
		parts = append(parts, "required")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// DescribedBy is the ids of help and error.
func (f formInput) DescribedBy() string { return describedBy(f.ID, f.Help, f.Error) }

func describedBy(id, help, problem string) string {
	var ids []string
	if help != "" {
		ids = append(ids, id+"-help")
	}
	if problem != "" {
		ids = append(ids, id+"-error")
	}
	return strings.Join(ids, " ")
}

// NullBox reports whether NULL is chosen in a box of its own: where it is no
// choice of the control.
func (f formInput) NullBox() bool {
	if !f.Nullable {
		return false
	}
	switch f.Control() {
	case "readonly", "checkbox", "tristate", "file":
		return false
	case "select":
		return !f.EmptyOption()
	}
	return true
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

// LinkInputs are the form's many-to-many fields.
func (f Form) LinkInputs() []linkInput {
	var all []linkInput
	for i, l := range f.Links {
		all = append(all, linkInput{l, "links-" + strconv.Itoa(i)})
	}
	return all
}

// DescribedBy is the ids of help and error.
func (l linkInput) DescribedBy() string { return describedBy(l.ID, l.Help, l.Error) }

// formError is one line of the summary above a form.
type formError struct{ Href, Label, Error string }

// Unsaved reports whether the form shows entries that are not stored: it came back with
// something to correct.
func (f Form) Unsaved() bool { return len(f.Errors()) > 0 }

// Errors are the lines of the summary.
func (f Form) Errors() []formError {
	all := fieldErrors(f.Error, f.Inputs())
	for _, l := range f.LinkInputs() {
		if l.Error != "" {
			all = append(all, formError{"#" + l.ID, l.Label, l.Error})
		}
	}
	return all
}

// Errors are the lines of the summary.
func (b Bulk) Errors() []formError { return fieldErrors(b.Error, b.Inputs()) }

func fieldErrors(general string, fields []formInput) []formError {
	var all []formError
	if general != "" {
		all = append(all, formError{Error: general})
	}
	for _, f := range fields {
		if f.Error != "" {
			all = append(all, formError{"#" + f.ID, f.Label, f.Error})
		}
	}
	return all
}

// Differing are the columns whose versions differ.
func (c Conflict) Differing() []ConflictField { return c.versions(true) }

// Same are the columns whose versions are equal.
func (c Conflict) Same() []ConflictField { return c.versions(false) }

func (c Conflict) versions(changed bool) []ConflictField {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f ConflictField) bool { return (f.Changed || c.Deleted) != changed })
}

// Verb is what happens to the rows, after their number.
func (e Effect) Verb() string {
	one := e.Count.N == 1 && e.Count.Kind == CountExact
	if e.Maybe {
		return e.perhaps()
	}
	switch e.Kind {
	case EffectCascade:
		return plural(one, "is deleted too", "are deleted too")
	case EffectSetNull:
		return plural(one, "stays, without its reference (NULL)", "stay, without their reference (NULL)")
	case EffectSetDefault:
		return plural(one, "stays, with the default as its reference", "stay, with the default as their reference")
	default:
		to := plural(e.Many, "them", "it")
		return plural(one, "refers to "+to+" and forbids the deletion", "refer to "+to+" and forbid the deletion")
	}
}

// perhaps is Verb for what may happen.
func (e Effect) perhaps() string {
	switch e.Kind {
	case EffectCascade:
		return "may be deleted too"
	case EffectSetNull:
		return "may stay without their reference (NULL)"
	case EffectSetDefault:
		return "may stay with the default as their reference"
	default:
		return "may refer to " + plural(e.Many, "them", "it") + " and forbid the deletion"
	}
}

func plural(one bool, singular, many string) string {
	if one {
		return singular
	}
	return many
}

// Blocked reports whether something forbids the deletion.
func (d Delete) Blocked() bool { return blocked(d.Effects) }

// Blocked reports whether something forbids the action.
func (b Bulk) Blocked() bool { return blocked(b.Effects) }

// Told are the effects that are shown: what forbids it, else all.
func (d Delete) Told() []Effect { return told(d.Effects) }

// Told are the effects that are shown: what forbids it, else all.
func (b Bulk) Told() []Effect {
	effects := slices.Clone(b.Effects)
	for i := range effects {
		effects[i].Many = true
	}
	return told(effects)
}

func blocked(effects []Effect) bool { return slices.ContainsFunc(effects, Effect.forbids) }

func told(effects []Effect) []Effect {
	if !blocked(effects) {
		return effects
	}
	return slices.DeleteFunc(slices.Clone(effects), func(e Effect) bool { return !e.forbids() })
}

func (e Effect) forbids() bool { return e.Kind == EffectRestrict && !e.Maybe }

// Submit is the text of the button that goes on: what is done, and to how many.
func (b Bulk) Submit() string {
	label := b.SubmitLabel
	if label == "" {
		label = b.Heading
	}
	if rows := b.Records(); rows != "" {
		label += " " + rows
	}
	return label
}

// Records is the number with its noun: "1 record", "10,000+ records".
func (b Bulk) Records() string {
	return b.Count.of("record")
}

// newPassword is the field of an administrator's new password.
func newPassword(low, high int, problem string) passwordField {
	return passwordField{ID: "new_password", Label: "Password", Autocomplete: "new-password", Hint: lengthHint(low, high), Error: problem}
}

// lengthHint says how long a password may be; 0 says nothing.
func lengthHint(low, high int) string {
	switch {
	case low > 0 && high > 0:
		return fmt.Sprintf("%d to %d characters.", low, high)
	case low > 0:
		return fmt.Sprintf("At least %d characters.", low)
	}
	return ""
}

// Password is the field of the first password.
func (u UserNew) Password() passwordField { return newPassword(u.Min, u.Max, u.PasswordError) }

// Password is the field of a password that replaces a forgotten one.
func (u UserEdit) Password() passwordField { return newPassword(u.Min, u.Max, u.PasswordError) }

// Others reports whether there are sessions besides the viewer's own.
func (u UserEdit) Others() bool {
	return slices.ContainsFunc(u.Sessions, func(s Session) bool { return !s.Current })
}
