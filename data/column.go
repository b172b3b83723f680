// Column: what a program is told of a column when it decides whether the column is secret.

package data

// Column is a column as Config.Masked is asked about it.
type Column struct {
	Name   string
	Type   string // as it was declared
	Kind   Kind
	Scale  int  // of DECIMAL(p, s): digits after the point; 0 if none are declared
	Refers bool // the column is part of a foreign key to columns that exist
}

// Kind is what a column's values mean, whatever the engine calls their type.
type Kind string

// The kinds. KindAny is the kind of a column whose declared type says nothing.
const (
	KindAny      Kind = "any"
	KindInteger  Kind = "integer"
	KindReal     Kind = "real"
	KindDecimal  Kind = "decimal"
	KindBool     Kind = "bool"
	KindText     Kind = "text"
	KindLongText Kind = "longtext"
	KindDate     Kind = "date"
	KindTime     Kind = "time"
	KindDateTime Kind = "datetime"
	KindJSON     Kind = "json"
	KindUUID     Kind = "uuid"
	KindEnum     Kind = "enum"
	KindBlob     Kind = "blob"
)
