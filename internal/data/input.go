// This file holds the Input of a write.

package data

// Bounds of an Input.
const (
	// MaxFile is the largest blob of a field, in bytes.
	MaxFile = 32 << 20
	// MaxLinks is how many records a ManyToMany may link to one.
	MaxLinks = 1000
)

// Input is what Insert and Update write.
//
// On insert a column that is left out takes its default. On update it stays as it is. So does a
// column whose Field says what is stored already, even if the column's type would not take that
// today.
//
// Dates, times and UUIDs are stored in the form of the row's present value, else in that of one of
// the table's latest rows (ISO 8601 text with its separator and zone, Unix seconds or milliseconds,
// Julian day; UUIDs as text or 16 bytes), else as SQLite's own functions write them: 2026-01-31,
// 15:04:05, 2026-01-31 15:04:05 in UTC. Booleans are 1 and 0, or true and false where the present
// value is text.
type Input struct {
	// Fields are the values, by column name. A name that is not a column, or whose column cannot be
	// set, is an error.
	Fields map[string]Field
	// Links replace the linked records of a ManyToMany, by its Name: keys of its target table, at
	// most MaxLinks.
	Links map[string][]Key
	// Masked names masked columns, and columns hidden by ColumnConfig, that this input may set.
	// Others are refused.
	Masked []string
}
