// This file holds what the templates ask of the page structs.

package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what one value may take on a page, in characters.
const (
	shortText  = 80  // in a cell
	foldedText = 400 // on the record page, before it is folded
	headText   = 160 // the visible beginning of folded text
	foldLines  = 8   // lines before text is folded, whatever its length
	maxPretty  = 1e5 // bytes of JSON that are indented
)

// Short is the text on one line, cut for a table cell.
func (v Value) Short() string {
	s, cut := firstRunes(v.Text, shortText)
	s = strings.Join(strings.Fields(s), " ")
	if s == "" {
		s = "␣" // only spaces: visible, and a link has a name
	}
	if cut || v.Cut {
		s += "…"
	}
	return s
}

// Long reports whether the record page folds the text.
func (v Value) Long() bool {
	if v.Kind != KindText && v.Kind != KindNumber {
		return false
	}
	_, cut := firstRunes(v.Text, foldedText)
	return cut || strings.Count(v.Text, "\n") >= foldLines
}

// Head is the visible beginning of folded text.
func (v Value) Head() string {
	s, _ := firstRunes(v.Text, headText)
	return strings.Join(strings.Fields(s), " ")
}

// LengthText says how much folded text there is.
func (v Value) LengthText() string {
	n := groupThousands(int64(utf8.RuneCountInString(v.Text)))
	if v.Cut {
		n = "the first " + n
	}
	return "Show " + n + " characters"
}

// Pretty is the JSON indented, or the text as it is when it is not valid, cut
// or too long.
func (v Value) Pretty() string {
	var buf bytes.Buffer
	if len(v.Text) > maxPretty || indented(v.Text) > 4*maxPretty || json.Indent(&buf, []byte(v.Text), "", "  ") != nil {
		return v.Text
	}
	return buf.String()
}

// indented is about how long JSON is once it is indented: brackets and commas
// begin lines. Ten kilobytes of nothing but brackets would be fifty megabytes.
func indented(text string) int {
	n, depth, quoted := len(text), 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
			n += 2 * depth
		case c == '}', c == ']':
			depth--
			n += 2 * depth
		case c == ',':
			n += 2 * depth
		}
	}
	return n
}

// SizeText is the length of a binary value, such as "1.4 kB".
func (v Value) SizeText() string {
	switch {
	case v.Size < 0:
		return "binary"
	case v.Size == 1:
		return "1 byte"
	case v.Size < 1000:
		return fmt.Sprintf("%d bytes", v.Size)
	}
	size, unit := float64(v.Size), ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		size /= 1000
		if size < 999.5 {
			break
		}
	}
	if size < 10 {
		return fmt.Sprintf("%.1f %s", size, unit)
	}
	return fmt.Sprintf("%.0f %s", size, unit)
}

func firstRunes(s string, n int) (head string, cut bool) {
	for i := range s {
		if n == 0 {
			return s[:i], true
		}
		n--
	}
	return s, false
}

// table is what the table partial shows.
type table struct {
	Label   string
	Columns []Column
	Rows    []Row
	Choose  bool // rows can be chosen for an action
}

// Table is the list's table.
func (l List) Table() table { return table{l.Heading, l.Columns, l.Rows, l.Choosing()} }

// Choosing reports whether rows can be chosen for an action.
func (l List) Choosing() bool {
	return len(l.Actions) > 0 && slices.ContainsFunc(l.Rows, func(r Row) bool { return r.Key != "" })
}

// AllLabel names the choice of all rows that match.
func (l List) AllLabel() string {
	what := "in the table"
	if l.Filtered() {
		what = "that match"
	}
	if n := l.Count.String(); n != "" {
		return "All " + n + " " + what
	}
	return "All " + what
}

// Table is the section's table.
func (r Related) Table() table { return table{Label: r.Label, Columns: r.Columns, Rows: r.Rows} }

// Links reports whether any row leads to a record.
func (t table) Links() bool {
	return slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Href != "" })
}

// LinkColumn is the column whose cells lead to the record: the first, unless
// its cells lead elsewhere; -1 for none.
func (t table) LinkColumn() int {
	if !t.Links() || len(t.Columns) == 0 || t.Columns[0].Ref {
		return -1
	}
	return 0
}

// End reports whether the cells of column i are aligned to its end.
func (t table) End(i int) bool { return i < len(t.Columns) && t.Columns[i].End }

// OpenColumn reports whether an extra column leads to the record, because the
// first is a foreign key.
func (t table) OpenColumn() bool { return t.Links() && t.LinkColumn() < 0 }

// Hint is shown on hover over a column's sort link.
func (c Column) Hint() string {
	var parts []string
	if c.Type != "" {
		parts = append(parts, c.Type)
	}
	if c.Slow {
		parts = append(parts, "no index: sorting may be slow")
	}
	if c.AddHref != "" {
		parts = append(parts, "Shift+click adds to the sort")
	}
	return strings.Join(parts, " · ")
}

// StateWithout is the state without one parameter, for the form that sends it.
func (l List) StateWithout(name string) []Param {
	return slices.DeleteFunc(slices.Clone(l.State), func(p Param) bool { return p.Name == name })
}

// Refused reports whether a filter or the search cannot be applied.
func (l List) Refused() bool {
	return l.Search != nil && l.Search.Error != "" ||
		slices.ContainsFunc(l.Filters, func(f Filter) bool { return f.Error != "" })
}

// Searched reports whether there is a search that can be taken back.
func (l List) Searched() bool {
	return l.Search != nil && l.Search.Query != "" && l.Search.Cancel != ""
}

// Filtered reports whether the list shows less than all rows.
func (l List) Filtered() bool {
	return len(l.Filters) > 0 || l.Search != nil && l.Search.Query != ""
}

// OpList is the comparisons as one attribute.
func (c FilterColumn) OpList() string { return strings.Join(c.Ops, " ") }

// Many reports whether the fields are laid out in two columns and searchable.
func (r Record) Many() bool { return len(r.Fields) > 24 }

// Others reports whether there are sessions besides the viewer's own.
func (a Account) Others() bool {
	return slices.ContainsFunc(a.Sessions, func(s Session) bool { return !s.Current })
}

// Username is the name password managers file the new password under.
func (a Account) Username() string {
	if a.User == nil {
		return ""
	}
	return a.User.Name
}

// passwordField is one input of the password form.
type passwordField struct {
	ID, Label, Autocomplete, Hint, Error string
}

// DescribedBy is the ids of hint and error.
func (f passwordField) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Fields are the form's inputs.
func (p PasswordForm) Fields() []passwordField {
	return []passwordField{
		{ID: "current_password", Label: "Current password", Autocomplete: "current-password", Error: p.CurrentError},
		{ID: "new_password", Label: "New password", Autocomplete: "new-password", Hint: lengthHint(p.Min, p.Max), Error: p.NewError},
		{ID: "confirm_password", Label: "New password, again", Autocomplete: "new-password", Error: p.RepeatError},
	}
}

// pagerLink is one link of the pager.
type pagerLink struct {
	Label string
	Icon  Icon
	Href  string
}

// Times in attributes and, until the script shows the viewer's zone, as text.
const (
	isoTime    = "2006-01-02T15:04:05.999999999Z"
	exactTime  = "2006-01-02 15:04:05.999999999 UTC"
	minuteTime = "2006-01-02 15:04 UTC"
)

func utc(layout string) func(time.Time) string {
	return func(t time.Time) string { return t.UTC().Format(layout) }
}

// Wait is a duration for people, rounded up; empty for none.
func Wait(d time.Duration) string {
	seconds := int64((d + time.Second - 1) / time.Second)
	switch {
	case d <= 0:
		return ""
	case seconds == 1:
		return "1 second"
	case seconds < 120:
		return fmt.Sprintf("%d seconds", seconds)
	default:
		return fmt.Sprintf("%d minutes", (seconds+59)/60)
	}
}
