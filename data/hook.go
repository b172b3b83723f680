// Hooks: the program's own code in the transactions that write a table, and what it gets.

package data

import (
	"context"
	"database/sql"
)

// MaxText is the longest text of a Field, in bytes, and the longest value in Values.
const MaxText = 1 << 20

// Tx is the transaction that a hook or an action is part of. The panel ends it: committed
// when the hook and all that comes after it succeed, else rolled back. *sql.Tx is one too, so
// code that takes the interface runs in both. Placeholders are those of the engine: ? on SQLite, $1
// on PostgreSQL. There a statement that fails undoes the whole transaction, even if the hook goes
// on.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Values are a row as it is stored: an int64, float64, string, []byte or nil for each column. On
// PostgreSQL what is neither a whole number nor bytes is its text, as psql shows it in UTC: "1.50",
// "true", "2026-01-31 13:45:00+00".
// Columns that are masked, and values longer than MaxText, are left out; columns that
// ColumnConfig.Hide hides are there.
type Values map[string]any

// Hooks run in the transaction of a write, for each row, also where many are written at once.
// An error undoes the whole write; FieldErrors are shown beside their fields, other errors
// above the form. A panic undoes the write too, and goes on. Rows that the engine changes by
// itself (cascades, triggers) run no hooks.
//
// A hook can run more than once for one write: the write is tried again, three times in all,
// where the database undid it because of another transaction. So a hook does what cannot be
// undone, such as sending mail, elsewhere.
type Hooks struct {
	// BeforeInsert gets what is about to be written, as far as it was given, and returns
	// fields to set beside that or instead of it; of masked columns too.
	BeforeInsert func(ctx context.Context, tx Tx, row Values) (map[string]Field, error)

	// AfterInsert gets the row as it was written.
	AfterInsert func(ctx context.Context, tx Tx, row Values) error

	// BeforeUpdate gets the row as it is and as it is about to be, and returns fields as
	// BeforeInsert does. given are the names of the columns that are written.
	BeforeUpdate func(ctx context.Context, tx Tx, old, row Values, given []string) (map[string]Field, error)

	// AfterUpdate gets the row as it was written.
	AfterUpdate func(ctx context.Context, tx Tx, row Values) error

	// BeforeDelete gets the row that is about to be deleted.
	BeforeDelete func(ctx context.Context, tx Tx, row Values) error
}

// Field is the value that is given for one column. The zero Field is the empty text.
type Field struct {
	// Null sets NULL, whatever the rest says.
	Null bool

	// Text is read by the column's Kind:
	//
	//   - integer, real, decimal: decimal notation; a decimal that the column would round is
	//     refused.
	//   - bool: 1, true, t, yes, y, on or 0, false, f, no, n, off.
	//   - date, time, datetime: ISO 8601, as in a filter; without a zone it is UTC.
	//   - json: a JSON document, stored as it is written.
	//   - uuid: 32 hexadecimal digits, with or without hyphens.
	//   - enum: one of the values that the column allows.
	//   - blob: hexadecimal digits, unless File is set.
	//   - text: any UTF-8 without NUL. CR LF, which is how browsers send line breaks, is
	//     stored as LF unless the present value has CR LF.
	//
	// The empty text is NULL for every kind but text, longtext, any, and an enum that
	// allows it.
	Text string

	// File is the value instead of Text where it is not nil. Columns of text take it only
	// as UTF-8.
	File []byte
}
