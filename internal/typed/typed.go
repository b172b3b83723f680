// Package typed maps Go structs to rows: which column each field of a struct is, a stored row
// as a struct and a struct as the fields of a row, what its validate tags refuse, a program's
// hooks and actions as the data calls them, and where the struct and the table disagree.
//
// A [View] is what a program says of one table, without the type of its rows. [Bind] makes it
// of a struct and checks all of it; [Default] is that of a table of which nothing is said. The
// package reads tags as text and asks no ORM. Whatever a row holds, decoding it is bounded, and
// a panic of a program's Scanner or Valuer is an error.
package typed

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// View says how one table is shown and changed.
type View struct {
	Table *data.Table // as the database has it

	Label, Description, Group string
	Order                     int
	OffMenu                   bool

	Sort string // of a list that asks for none, as in an address; empty for that of the key

	ForEditors data.TableConfig // the table to people who may change its records
	ForReaders data.TableConfig // … and to people who may not

	Actions []*Action
	Drift   []Drift

	typ       reflect.Type // of the struct; nil where a program says nothing
	fields    []*field
	columns   map[string]*data.Column
	list      []string // columns
	detail    []string
	forms     map[Purpose]*form
	widgets   map[string]ui.Widget
	options   map[string][]string // of a select
	readOnly  map[string]bool
	passwords map[string]password
}

// Spec is what a program says of the table whose rows are T: crudadmin.View documents the
// fields.
type Spec[T any] struct {
	Label, LabelPlural, Description, Group string

	Order        int
	HideFromMenu bool

	List, Detail, Create, Update []string

	DisplayField       string
	SearchFields, Sort []string

	Fields map[string]Field

	BeforeCreate func(ctx context.Context, tx data.Tx, record *T) error
	AfterCreate  func(ctx context.Context, tx data.Tx, record *T) error
	BeforeUpdate func(ctx context.Context, tx data.Tx, old, record *T) error
	AfterUpdate  func(ctx context.Context, tx data.Tx, record *T) error
	BeforeDelete func(ctx context.Context, tx data.Tx, record *T) error

	Actions []ActionSpec[T]
}

// Field is what a program says of one field: crudadmin.Field documents it.
type Field struct {
	Label, Help string
	Widget      ui.Widget
	ReadOnly    bool
	Secret      bool
	Hash        func(password string) (string, error)
}

// Default is the view of a table of which a program says nothing: everything that can be read
// is shown, everything that can be set is on the forms.
func Default(t *data.Table) *View { return &View{Table: t} }

// Declared reports whether a program says something of the table.
func (v *View) Declared() bool { return v.typ != nil }

// Type is the struct's name in Go, such as "shop.Order"; empty where there is none.
func (v *View) Type() string {
	if v.typ == nil {
		return ""
	}
	return v.typ.String()
}

// Detailed are the columns of a record's page with their cells.
func (v *View) Detailed(found *data.Record) (columns []*data.Column, cells []data.Value) {
	if !v.Declared() {
		return found.Columns, found.Cells
	}
	for _, name := range v.detail {
		if i := slices.IndexFunc(found.Columns, func(c *data.Column) bool { return c.Name == name }); i >= 0 {
			columns, cells = append(columns, found.Columns[i]), append(cells, found.Cells[i])
		}
	}
	return columns, cells
}

// problems is what is wrong with a view.
type problems []error

func (p *problems) add(field string, err error) {
	if err != nil {
		*p = append(*p, fmt.Errorf("%s: %w", field, err))
	}
}
