// This file holds Value, the view model of one cell or field.

package ui

import "time"

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
