// This file takes over the words that programs use from the module's public package data, where
// they are documented.

package data

import public "github.com/go-crudadmin/crudadmin/data"

type (
	Config       = public.Config
	TableConfig  = public.TableConfig
	ColumnConfig = public.ColumnConfig
	Kind         = public.Kind

	Tx     = public.Tx
	Hooks  = public.Hooks
	Values = public.Values
	Field  = public.Field

	NameError  = public.NameError
	NameErrors = public.NameErrors

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
