package data

// This file holds what a caller gives to be written.

// Bounds of an Input.
const (
	// MaxText is the longest text of a field, in bytes. Edit reads texts up to it.
	MaxText = 1 << 20
	// MaxFile is the largest blob of a field, in bytes.
	MaxFile = 32 << 20
	// MaxLinks is how many records a ManyToMany may link to one.
	MaxLinks = 1000
)

// Field is the value given for one column. The zero Field is the empty text.
type Field struct {
	// Null sets NULL, whatever the rest says.
	Null bool
	// Text is read by the column's Kind:
	//
	//   - integer, real, decimal: decimal notation; a decimal that the column would round is refused.
	//   - bool: 1, true, t, yes, y, on or 0, false, f, no, n, off.
	//   - date, time, datetime: ISO 8601, as a filter's; no zone means UTC.
	//   - json: a JSON document, stored as written.
	//   - uuid: 32 hexadecimal digits, with or without hyphens.
	//   - enum: one of Column.Enum.
	//   - blob: hexadecimal digits, unless File is set.
	//   - text: any UTF-8 without NUL. CR LF, which is how browsers send line breaks, is stored as LF unless the present
	//     value has CR LF.
	//
	// The empty text is NULL for every kind but text, longtext, any, and an enum that has it.
	Text string
	// File, if not nil, is the value instead of Text. Text columns take it only as UTF-8.
	File []byte
}

// Input is what Insert and Update write.
//
// On insert a column that is left out takes its default. On update it stays as it is; so does one whose Field says
// what is stored already, even if that is something the column's type would not take today.
//
// Dates, times and UUIDs are stored the way the row's present value is, else the way one of the table's latest rows
// has it (ISO 8601 text with its separator and zone, Unix seconds or milliseconds, Julian day; UUIDs as text or 16
// bytes), else as SQLite's own functions write them: 2026-01-31, 15:04:05, 2026-01-31 15:04:05 in UTC. Booleans are 1
// and 0, or true and false where the present value is text.
type Input struct {
	// Fields are the values, by column name. A name that is no column, or one of a column that cannot be set, is an error.
	Fields map[string]Field
	// Links replace the linked records of a ManyToMany, by its Name: keys of its target table, at most MaxLinks.
	Links map[string][]Key
	// Masked names masked columns, and columns hidden by ColumnOptions, that this input may set. Others are refused.
	Masked []string
}
