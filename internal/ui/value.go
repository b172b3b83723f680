// This file holds Value, the view model of one cell or field.

package ui

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Kind says how a Value is shown.
type Kind string

// The kinds of values. The zero value is plain text.
const (
	KindText   Kind = ""
	KindNull   Kind = "null"
	KindNumber Kind = "number" // Text as written
	KindBool   Kind = "bool"
	KindTime   Kind = "time" // an instant, shown in the viewer's zone
	KindDate   Kind = "date" // date, time of day or timestamp without zone: Text as written
	KindJSON   Kind = "json" // Text, indented on the record page when it is valid JSON
	KindBytes  Kind = "bytes"
	KindMasked Kind = "masked" // dots, whatever the value
)

// Value is one cell of a table or one field of a record. Exactly the members
// named beside its Kind are read, besides Href, Title and Cut, which work with
// every kind.
type Value struct {
	Kind Kind
	Text string    // KindText, KindNumber, KindDate, KindJSON
	Bool bool      // KindBool
	Time time.Time // KindTime
	Size int64     // KindBytes: length in bytes; -1 when unknown

	// Href links the value, for a foreign key to the record it names.
	Href string
	// Title is shown on hover, for a foreign key its raw value.
	Title string
	// Cut says that Text is only the beginning of a longer value.
	Cut bool
}

// Null is SQL's NULL, shown distinct from an empty string.
func Null() Value { return Value{Kind: KindNull} }

// Text is plain text.
func Text(s string) Value { return Value{Text: s} }

// Number is a number, written as it should be read.
func Number(s string) Value { return Value{Kind: KindNumber, Text: s} }

// Bool is true or false.
func Bool(b bool) Value { return Value{Kind: KindBool, Bool: b} }

// Time is an instant.
func Time(t time.Time) Value { return Value{Kind: KindTime, Time: t} }

// Date is a date, a time of day or a timestamp without zone.
func Date(s string) Value { return Value{Kind: KindDate, Text: s} }

// JSON is a JSON document.
func JSON(s string) Value { return Value{Kind: KindJSON, Text: s} }

// Bytes is a binary value of n bytes; -1 when the length is unknown.
func Bytes(n int64) Value { return Value{Kind: KindBytes, Size: n} }

// Masked is a value that is never shown.
func Masked() Value { return Value{Kind: KindMasked} }

// Ref is a foreign key shown by the display text of the record it names.
// key is the raw value, shown on hover; href may be empty.
func Ref(display, key, href string) Value {
	return Value{Text: display, Title: key, Href: href}
}

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
func (v Value) LengthText() text.Message {
	n := utf8.RuneCountInString(v.Text)
	if v.Cut {
		return text.ShowFirstCharacters(n)
	}
	return text.ShowCharacters(n)
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
func (v Value) SizeText() text.Message {
	if v.Size < 0 {
		return text.Binary
	}
	return text.Size(v.Size)
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
