// Config: what of a database is shown, how its tables and columns look, and its bounds.

package data

import (
	"time"

	"github.com/go-crudadmin/crudadmin/internal/fields"
)

const (
	// DefaultQueryTimeout bounds one read, or a write of one record, where
	// Config.QueryTimeout is zero.
	DefaultQueryTimeout = 10 * time.Second

	// DefaultBulkTimeout bounds a write of many records where Config.BulkTimeout is zero:
	// the application's own writes wait for it that long at most.
	DefaultBulkTimeout = 20 * time.Second

	// maxTimeout is the most that a timeout of a Config can be.
	maxTimeout = 24 * time.Hour
)

// Config says what of the database is shown. The zero value shows every table and masks
// columns by DefaultMasked. A name in it that the database does not have is an error of
// what opens the database: NameErrors.
type Config struct {
	// QueryTimeout bounds each read, and each write of one record. Default:
	// DefaultQueryTimeout. At most 24 hours.
	QueryTimeout time.Duration

	// BulkTimeout bounds each change or deletion of many records, and each action.
	// Default: DefaultBulkTimeout. At most 24 hours.
	BulkTimeout time.Duration

	// Show names the only tables and views that are shown; "*" stands for all but the
	// engine's and the panel's own. Default: "*".
	Show []string

	// Hide names tables and views that are not shown; "*" stands for all. A view that reads
	// one of them, itself or through another view, is not shown either unless Show names it.
	Hide []string

	// Mask names columns that are masked whatever Masked and Unmasked say: "table.column",
	// "table" for all of its columns, and * for every table or column, as in "*.email". A
	// name that has a dot in it, or that is *, stands in double quotes.
	Mask []string

	// Unmasked names columns, as Mask does, that are shown whatever Masked says and whatever
	// they show.
	Unmasked []string

	// Tables says more of single tables, by name.
	Tables map[string]TableConfig

	// Masked decides which columns are secret. Default: DefaultMasked, by name.
	//
	// A column that shows a secret under another name is masked too: a reference to it, a
	// column that is generated from it, a view's column that is computed from it (all columns
	// of the view where its text cannot be followed), full-text tables of it.
	Masked func(table string, column Column) bool `json:"-"`
}

// TableConfig says how one table is shown and written. The zero value leaves everything as
// the schema has it.
type TableConfig struct {
	// Label is what people call the table. Default: its name.
	Label string

	// Display names the column that names a row to people. Default: chosen by the columns'
	// names.
	Display string

	// List names the columns of a list for which nobody has chosen columns. Default: all, up
	// to 50.
	List []string

	// Search names the columns that the search of a list looks into. Default: columns of
	// text, and whole UUIDs and numbers of the key.
	Search []string

	// Columns says more of single columns, by name.
	Columns map[string]ColumnConfig

	// Hooks run in the transactions that write the table.
	Hooks Hooks `json:"-"`
}

// ColumnConfig says how one column is shown.
type ColumnConfig struct {
	// Label is what people call the column. Default: its name.
	Label string

	// Help says how to fill the column in.
	Help string

	// Hide keeps the column from being read, filtered, sorted, searched, exported and
	// written. A column of the primary key cannot be hidden.
	Hide bool

	// Mask makes the column a secret, whatever Config.Masked says.
	Mask bool
}

// Validate returns nil, or one error with a config.FieldError for each field that is out of
// its bounds. Whether the database has the names in it is asked when the database is opened.
func (c Config) Validate() error {
	var check fields.Check
	check.Duration("QueryTimeout", c.QueryTimeout, 0, maxTimeout)
	check.Duration("BulkTimeout", c.BulkTimeout, 0, maxTimeout)
	return check.Err("data")
}
