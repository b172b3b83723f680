// View: what a program says of one of its tables, with a Go struct for its rows.

package crudadmin

import (
	"context"
	"iter"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// Tx is the transaction that a hook or an action is part of. It ends without
// them. *sql.Tx is one too, and so is what sqlc's queries and GORM's ConnPool
// take.
type Tx = data.Tx

// View says how the table whose rows are T is shown and changed. The zero View
// shows every field of T that has a column.
//
// A field is named in a View by its column ("customer_id") or by its name in Go
// ("CustomerID"; "Address.City" in a struct that is not embedded). Which column a
// field is, is read from its tags, as text: `admin:"column"`, `db:"column"`,
// `gorm:"column:column"`, `bun:"column"`, in this order; else it is the column
// that its json tag names, or its own name in snake case, whichever the table
// has. Structs within T are flattened where they are embedded or their gorm or
// bun tag says so; other structs, slices and fields tagged as relations are no
// columns. The admin tag takes more: `admin:"column;readonly;secret;label:Text;help:Text"`,
// or "-" for none.
type View[T any] struct {
	// Table is the table's name. Default: what T's method TableName() returns, else
	// the name in the tag of a bun.BaseModel, else the table named as T in snake
	// case, in the plural or singular, whichever the database has.
	Table string

	// Label and LabelPlural are what people call one record and the table. By
	// default the plural is the label with an s, or the table's name.
	Label, LabelPlural string

	// Description says on the list what the records are; none by default.
	Description string

	// Group is the heading in the menu and on the dashboard under which the table
	// stands, "Tables" by default; Order its place there, lower first, by label where
	// it is equal. HideFromMenu leaves it out of both; its address works.
	Group        string
	Order        int
	HideFromMenu bool

	// List, Detail, Create and Update name the fields of the list, of a record's
	// page, and of the forms that make and change a record, in their order; the
	// forms also many-to-many relations, by their join table. By default: every field
	// that has a column, without secrets in the first two, and without those that
	// cannot be set in the others, which have every relation. A field that is in neither
	// List nor Detail is not read, filtered, sorted, searched or exported, unless it
	// is in Update and by who may change records.
	List, Detail, Create, Update []string

	// DisplayField names a record to people: as its heading, and where others refer
	// to it. By default it is chosen by the columns' names.
	DisplayField string

	// SearchFields are looked into by the search. By default all that hold text.
	SearchFields []string

	// Sort is the order of a list that asks for none: fields, with "-" before those
	// in descending order. By default it is that of the key.
	Sort []string

	// Allowed are the rights that anybody can have; all by default.
	Allowed []Right

	// Rights are what each role may do; see Rights for the default.
	Rights Rights

	// Fields says more of single fields.
	Fields map[string]Field

	// Hooks run in the transaction of the write, after the fields were checked by
	// their validate tags (https://pkg.go.dev/github.com/go-playground/validator/v10).
	// They run for each record, also where many are changed or deleted at once, but
	// not for those that the database changes by itself, as a cascade does. An error
	// undoes the write and is shown beside the form; Invalid puts it beside a field.
	// A panic undoes it too and answers 500. What BeforeCreate and BeforeUpdate
	// change in their record is written. Secrets are zero in old.
	BeforeCreate func(ctx context.Context, tx Tx, record *T) error
	AfterCreate  func(ctx context.Context, tx Tx, record *T) error
	BeforeUpdate func(ctx context.Context, tx Tx, old, record *T) error
	AfterUpdate  func(ctx context.Context, tx Tx, record *T) error
	BeforeDelete func(ctx context.Context, tx Tx, record *T) error

	// Actions can be run on chosen records of the list, or on all that match.
	Actions []Action[T]
}

// Field says more of one field.
type Field struct {
	// Label is what people call it, its name by default; Help says how to fill it in.
	Label, Help string

	// Widget is how it is entered; by default it follows from the column.
	Widget Widget

	// ReadOnly shows it on the form without letting it be changed, and leaves it out
	// of the form that makes a record.
	ReadOnly bool

	// Secret keeps its values from being read, filtered, sorted and exported.
	Secret bool

	// Hash makes the field a password: entered without being shown, stored as what
	// Hash returns, and otherwise secret. On the form that changes a record empty
	// means unchanged. Its validate tag is about what is entered.
	Hash func(password string) (string, error)
}

// Widget is how a field is entered, of those that a program can choose.
type Widget = ui.Widget

// The widgets of Field. WidgetAuto, the zero value, is the one that follows from
// the column: a select, a check box and a reference are chosen this way alone.
const (
	WidgetAuto     Widget = ""
	WidgetNumber          = ui.WidgetNumber
	WidgetDate            = ui.WidgetDate     // 2006-01-02
	WidgetTime            = ui.WidgetTime     // 15:04:05
	WidgetDateTime        = ui.WidgetDateTime // 2006-01-02T15:04:05
	WidgetTextArea        = ui.WidgetTextArea // several lines
	WidgetJSON            = ui.WidgetJSON     // several lines, checked as JSON
	WidgetUUID            = ui.WidgetUUID
)

// Action is something of the program's own that can be done with records.
type Action[T any] struct {
	// Name stands in the address: lower-case letters, digits, - and _. "delete" and
	// "edit" are taken.
	Name string

	// Label is on the button; Confirm is asked, with the number of records, before
	// it is done; Danger paints it red.
	Label, Confirm string
	Danger         bool

	// Roles are who may run it, of those who have RightBulk; all of them by default.
	Roles []account.Role

	// Run does it, in one transaction that its error undoes; the error is shown.
	// records are read one by one, at most 100,000; an error they yield is to be
	// returned.
	Run func(ctx context.Context, tx Tx, records iter.Seq2[*T, error]) error
}

// Invalid is an error of a hook that is shown beside a field of the form.
func Invalid(field, message string) error {
	return &data.FieldError{Field: field, Message: message}
}
