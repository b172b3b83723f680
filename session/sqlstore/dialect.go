// Dialects: what the store's own statements and settings are on each engine.

package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
)

// dialect is what the store says to one engine.
type dialect struct {
	engine sqldb.Engine
	notes  []string

	durability string   // query of the setting that says whether a commit waits for the disk
	durableAt  []string // its values that do
	notDurable string   // note where it is another

	lock     string // takes the lock of the one argument until the transaction ends; empty where BEGIN took one for all
	clock    string // the time in microseconds; empty: that of this machine
	greatest string
	least    string

	// some returns the statement that changes at most ? rows.
	some func(change) string

	noSchema   string // says what to do where there is nowhere to keep the tables
	unstorable string // says what to do where a character has no place

	// settings returns a sentence for each setting of the connection or the database with which the
	// store cannot work. It is nil where there are no settings to look at.
	settings func(context.Context, *sql.DB) (wrong []string, err error)

	// more is what the store does on this engine beside deeds.
	more []deed
}

var dialects = map[sqldb.Engine]*dialect{sqldb.SQLite: &sqlite, sqldb.PostgreSQL: &postgresql, sqldb.MySQL: &mysql}

// deeds are all that the store does on this engine.
func (d *dialect) deeds() []deed { return append(slices.Clone(deeds), d.more...) }

// change says which rows to change, and how.
type change struct {
	table string
	set   string // empty: delete them
	where string
	by    string // the column to go by, which where bounds
	index string // on it
}

// verb is the statement up to its WHERE.
func (c *change) verb(table string) string {
	if c.set == "" {
		return "DELETE FROM " + table
	}
	return "UPDATE " + table + " SET " + c.set
}

// flaw says, in a sentence with its remedy, what the database can never do by the word of an error
// of the driver. It is empty for other errors.
func (d *dialect) flaw(err error) string {
	switch d.engine.Fault(err) {
	case sqldb.Forbidden:
		return noRight
	case sqldb.ReadOnly:
		return readOnly
	case sqldb.NoEntry:
		return noEntry
	case sqldb.NoSchema:
		return d.noSchema
	case sqldb.Unstorable:
		return d.unstorable
	}
	if d.engine == sqldb.PostgreSQL && sqldb.MixedUp(err) {
		return poolerSentence
	}
	return ""
}

const (
	// noRight is the flaw of a user who lacks a right.
	noRight = "the user of the database lacks a right: grant it SELECT, INSERT, UPDATE and DELETE on the tables crudadmin_session…, and once CREATE to make them"

	// readOnly is the flaw of a database that takes no writes.
	readOnly = "the database is read-only: give the address of one that takes writes"

	// noEntry is the flaw of an address.
	noEntry = "the server does not let this user into this database: look at user, password and database in the address"
)

// detect asks the database which engine it is.
func detect(ctx context.Context, db *sql.DB) (*dialect, error) {
	engine, _, err := sqldb.Detect(ctx, db)
	switch {
	case err == nil:
		return dialects[engine], nil
	case errors.Is(err, sqldb.ErrEngine):
		return nil, fmt.Errorf("sqlstore: open: %w: %w", session.ErrMisconfigured, err)
	}
	if flaw := cmp.Or(postgresql.flaw(err), mysql.flaw(err)); flaw != "" { // the server is there, and refuses
		return nil, fmt.Errorf("sqlstore: open: %w", &flawed{flaw, err})
	}
	return nil, fmt.Errorf("sqlstore: open: %w: %w", session.ErrUnavailable, err)
}
