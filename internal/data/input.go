package data

// This file holds what a caller gives to be written.

// Bounds of an Input.
const (
	// MaxFile is the largest blob of a field, in bytes.
	MaxFile = 32 << 20
	// MaxLinks is how many records a ManyToMany may link to one.
	MaxLinks = 1000
)

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
	// Masked names masked columns, and columns hidden by ColumnConfig, that this input may set. Others are refused.
	Masked []string
}
