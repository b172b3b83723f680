// This file takes over the words that programs use from the module's public package data, where
// they are documented.

package data

import public "github.com/go-crudadmin/crudadmin/data"

type (
	// Config is what a program says of all tables.
	Config = public.Config
	// TableConfig is what it says of one.
	TableConfig = public.TableConfig
	// ColumnConfig is what it says of one column.
	ColumnConfig = public.ColumnConfig
	// Kind is what a column holds.
	Kind = public.Kind
	// Tx is the transaction of a write.
	Tx = public.Tx
	// Hooks are called around writes.
	Hooks = public.Hooks
	// Values are those of a record, by column.
	Values = public.Values
	// Field is one entry of a form.
	Field = public.Field
	// NameError is one name that is wrong.
	NameError = public.NameError
	// NameErrors are all of them.
	NameErrors = public.NameErrors //nolint:errname // its name in the public package
	// Level is how bad a finding is.
	Level = public.Level
)

// MaxText is the longest text of a Field, in bytes. Edit reads texts up to it.
const MaxText = public.MaxText

// The kinds of columns.
const (
	KindAny      = public.KindAny
	KindInteger  = public.KindInteger
	KindReal     = public.KindReal
	KindDecimal  = public.KindDecimal
	KindBool     = public.KindBool
	KindText     = public.KindText
	KindLongText = public.KindLongText
	KindDate     = public.KindDate
	KindTime     = public.KindTime
	KindDateTime = public.KindDateTime
	KindJSON     = public.KindJSON
	KindUUID     = public.KindUUID
	KindEnum     = public.KindEnum
	KindBlob     = public.KindBlob
)

// The levels of findings.
const (
	Note    = public.Note
	Warning = public.Warning
	Failure = public.Failure
)

// DefaultMasked says whether a column's name speaks of a secret.
func DefaultMasked(table string, c *Column) bool { return public.DefaultMasked(table, c.public()) }

// public is the column as Config.Masked is asked about it.
func (c *Column) public() public.Column {
	return public.Column{Name: c.Name, Type: c.Type, Kind: c.Kind, Scale: c.Scale, Refers: c.refers}
}
