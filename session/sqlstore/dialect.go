// Dialects: what differs between the engines, and how to tell them apart.

package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-crudadmin/crudadmin/session"
)

// dialect is one engine's words.
type dialect struct {
	name  string // of the engine, and of its folder of migrations
	notes []string

	durability string   // query of the setting that says whether a commit waits for the disk
	durableAt  []string // its values that do
	notDurable string   // note where it is another

	begin []string // begins a transaction that writes
	lock  string   // takes the lock of the one argument until the transaction ends; empty if begin did

	oneWriter bool // only one transaction can write
	numbered  bool // arguments are $1, $2, … instead of ?
	forUpdate string
	clock     string // the time in microseconds; empty: that of this machine
	greatest  string
	least     string

	// some returns the statement that changes at most ? rows.
	some func(change) string

	// fault says what an error of the driver means.
	fault func(error) fault

	// stale reports whether an error of the driver says that the plan of a statement is
	// out of date. The statement has done nothing.
	stale func(error) bool

	// flaw says, in a sentence with its remedy, what the database can never do by the
	// word of an error of the driver; empty if the error says no such thing.
	flaw func(error) string

	// settings returns a sentence for each setting of the connection or the database
	// with which the store cannot work; nil: there are none to look at.
	settings func(context.Context, *sql.DB) (wrong []string, err error)

	// more is what the store does beside deeds.
	more []deed
}

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

// fault is what an error of a driver means.
type fault int

const (
	lost      fault = iota // no answer: whether the statement had an effect is not known
	refused                // the database answered that it did nothing
	busy                   // as refused, by a lock: the transaction can be tried again
	aborted                // as refused, by a deadlock or a conflict between transactions
	duplicate              // as refused, because the key is there
	away                   // as refused, because the server is starting or going down
)

// detect asks the database what it is.
func detect(ctx context.Context, db *sql.DB) (*dialect, error) {
	if err := db.PingContext(ctx); err != nil {
		if flaw := cmp.Or(postgresqlFlaw(err), mysqlFlaw(err)); flaw != "" { // it is there, and says no
			return nil, fmt.Errorf("sqlstore: open: %w", &flawed{flaw, err})
		}
		return nil, fmt.Errorf("sqlstore: open: %w: %w", session.ErrUnavailable, err)
	}
	var version string
	err := db.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	switch {
	case err == nil && strings.HasPrefix(version, "PostgreSQL"), err != nil && mixed(err): // behind a pooler
		return &postgresql, nil
	case err == nil && strings.IndexFunc(version, unicode.IsDigit) == 0: // 8.4.0, 10.11.6-MariaDB
		return &mysql, nil
	case err == nil:
		return nil, fmt.Errorf("sqlstore: the database is %q: want SQLite, PostgreSQL, MySQL or MariaDB", version)
	}
	if notSQLite := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); notSQLite != nil {
		return nil, fmt.Errorf("sqlstore: open: %w: %w", session.ErrUnavailable, errors.Join(err, notSQLite))
	}
	return &sqlite, nil
}

// bind writes the question marks of query as this engine writes arguments. No
// query has one in a text.
func (d *dialect) bind(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}
