// View: what a program says of one of its tables, with a Go struct for its rows.

package crudadmin

import (
	"context"
	"iter"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// Tx is the transaction in which a hook or an action runs. The panel commits it or rolls
// it back. Its methods are those of *sql.Tx that sqlc's queries and GORM's ConnPool need.
type Tx = data.Tx

// View says how the table whose rows are T is shown and changed. The zero View shows every
// field of T that has a column.
//
// A View names a field by its column ("customer_id") or by its name in Go ("CustomerID";
// "Address.City" in a struct that is not embedded). The column of a field is the one in
// the first of its tags `admin:"column"`, `db:"column"`, `gorm:"column:column"` and
// `bun:"column"`; without such a tag it is the column that the json tag names, or the
// field's name in snake case, whichever the table has. Structs in T are flattened if they
// are embedded, or if their gorm or bun tag says so. Other structs, slices and fields
// tagged as relations have no column. The admin tag takes more:
// `admin:"column;readonly;secret;label:Text;help:Text"`, or "-" for a field without one.
type View[T any] struct {
	// Table is the table's name. By default it is what T's method TableName() returns,
	// else the name in the tag of a bun.BaseModel, else T's name in snake case, in the
	// plural or singular, whichever the database has.
	Table string

	// Label and LabelPlural are what people call one record and the table. By
	// default the plural is the label with an s, or the table's name.
	Label, LabelPlural string

	// Description stands on the list and says what the records are; none by default.
	Description string

	// Group is the heading under which the table stands in the menu and on the dashboard,
	// "Tables" by default. Order is its place there: lower comes first, and equal ones are
	// sorted by label. HideFromMenu leaves the table out of both; its address still works.
	Group        string
	Order        int
	HideFromMenu bool

	// List, Detail, Create and Update name the fields of the list, of a record's page,
	// and of the forms that create and change a record, in their order. The forms also
	// take many-to-many relations, by the names of their join tables. By default they
	// have every field with a column: List and Detail without secrets, Create and Update
	// without fields that cannot be set, and with every relation. A field in neither
	// List nor Detail is not read, filtered, sorted, searched or exported; if it is in
	// Update, this is so for those who may not change records.
	List, Detail, Create, Update []string

	// DisplayField is the field whose value stands for a record: as its heading, and where
	// others refer to it. By default it is chosen by the names of the columns.
	DisplayField string

	// SearchFields are the fields that a search looks into, by default all that hold text.
	SearchFields []string

	// Sort is the order of a list until somebody asks for another one: fields, with "-"
	// before those in descending order. By default it is the order of the key.
	Sort []string

	// Allowed are the rights that a role can have at most; all by default.
	Allowed []Right

	// Rights are what each role may do; see the type Rights for the default.
	Rights Rights

	// Fields describes single fields.
	Fields map[string]Field

	// Hooks run in the transaction of the write, after the validate tags of the fields were
	// checked (https://pkg.go.dev/github.com/go-playground/validator/v10). They run for each
	// record, also if many are changed or deleted at once, but not for records that the
	// database changes by itself, as a cascade does. An error undoes the write and is shown
	// with the form; Invalid puts it beside a field. A panic undoes the write too, and the
	// answer is 500. BeforeCreate and BeforeUpdate can change their record before it is
	// written. In old, the fields of secrets are zero.
	//
	// A hook can run more than once for one write: the write is tried again, three times in
	// all, where the database refused it because of another transaction. So a hook does what
	// cannot be undone, such as sending mail, elsewhere.
	BeforeCreate func(ctx context.Context, tx Tx, record *T) error
	AfterCreate  func(ctx context.Context, tx Tx, record *T) error
	BeforeUpdate func(ctx context.Context, tx Tx, old, record *T) error
	AfterUpdate  func(ctx context.Context, tx Tx, record *T) error
	BeforeDelete func(ctx context.Context, tx Tx, record *T) error

	// Actions can be run on chosen records of the list, or on all that match.
	Actions []Action[T]
}

// Field describes one field.
type Field struct {
	// Label is what people call the field, its name by default; Help says how to fill it in.
	Label, Help string

	// Widget is how the field is entered; by default it follows from the column.
	Widget Widget

	// ReadOnly fields are shown on the form that changes a record, where they cannot be
	// changed, and are left out of the form that creates one.
	ReadOnly bool

	// Secret fields are not read, filtered, sorted or exported.
	Secret bool

	// Hash makes the field a password: what is entered is not shown, what Hash returns is
	// stored, and the field is secret. An empty field on the form that changes a record
	// leaves the password as it is. The validate tag checks what is entered.
	Hash func(password string) (string, error)
}

// Widget is how a field is entered.
type Widget = ui.Widget

// The widgets of Field. WidgetAuto, the zero value, follows from the column; only it can
// be a select, a check box or a reference.
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

// Action is a button of a list that runs the program's own code for chosen records.
type Action[T any] struct {
	// Name stands in the address. It consists of lower-case letters, digits, - and _;
	// "delete" and "edit" are taken.
	Name string

	// Label is on the button. Confirm is asked, with the number of records, before the
	// action runs. Danger makes the button red.
	Label, Confirm string
	Danger         bool

	// Roles are the roles that may run it, if they have RightBulk; all by default.
	Roles []account.Role

	// Run is the action, in one transaction. Its error undoes the transaction and is shown.
	// records are read one by one, at most 100,000; an error they yield is to be
	// returned. Run can be called again, as hooks can, and does what cannot be undone
	// elsewhere.
	Run func(ctx context.Context, tx Tx, records iter.Seq2[*T, error]) error
}

// Invalid returns an error for a hook to return, which is shown beside a field of the form.
func Invalid(field, message string) error {
	return &data.FieldError{Field: field, Message: message}
}
