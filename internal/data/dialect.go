// This file holds the dialect, which is what an engine does its own way, and finds out which engine
// a database is.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// dialect is one SQL engine. Expressions name columns of the table alias t. Placeholders are
// question marks: what runs statements writes them as the engine wants them.
type dialect interface {
	// introspect reads the whole schema; Schema.finish does the rest.
	introspect(ctx context.Context, db *sql.DB) (*Schema, error)
	// schemaVersion is a number that is another one when the schema has been changed. It does not
	// wait for a lock.
	schemaVersion(ctx context.Context, conn *sql.Conn) (int64, error)
	// estimates is Source.Estimates.
	estimates(ctx context.Context, db *sql.DB, tables []*Table) (map[string]int64, error)
	// classify makes ErrTimeout, ErrUnavailable and ErrReadOnly of the driver's errors and returns
	// others as they are. The function of this name knows whether the context has ended.
	classify(err error) error

	// reads runs single statements that read, on any connection of the pool.
	reads(db *sql.DB) queryer
	// on runs statements on one connection, inside a transaction.
	on(conn *sql.Conn) queryer
	// ping asks whether the database answers. A locked database is an answer, for which ping does
	// not wait.
	ping(ctx context.Context, conn *sql.Conn) error
	// engine is this engine's name in package sqldb.
	engine() sqldb.Engine
	// start begins a transaction, with foreign keys enforced at its commit if not before.
	start(p purpose) sqldb.Start
	// lock is the end of a SELECT from t that keeps others from changing the rows that it finds,
	// and from referring to them anew if they are to be deleted, until the transaction ends. A row
	// that somebody else is writing is found as it is after that.
	lock(t *Table, deletes bool) string
	// moves says whether a transaction that deletes sees what others commit meanwhile. Then it
	// locks all rows that it takes along, and deletes by their handles.
	moves() bool
	// answers says whether a transaction can be asked about a statement of it that was refused.
	answers() bool
	// settle makes the engine check now what it would check at the commit, where it could not be
	// asked about that any more. It fails in a transaction that can only be undone.
	settle(ctx context.Context, db queryer) error
	// store turns a parsed field into the value that is stored, in the form of like: the value that
	// this row has, or another row, or nil.
	store(c *Column, value, like any) (any, error)
	// insert writes a row and returns its handle; no handle if a trigger prevented the write.
	insert(ctx context.Context, db queryer, t *Table, columns []*Column, values []any) (handles [][]any, err error)
	// update changes the rows that meet the conditions and returns their handles.
	update(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) (handles [][]any, err error)
	// change changes the rows that meet the conditions and returns their number.
	change(ctx context.Context, db queryer, t *Table, columns []*Column, values []any, where []fragment) (int64, error)
	// remove deletes the rows that meet the conditions and returns their number.
	remove(ctx context.Context, db queryer, t *Table, where []fragment) (int64, error)
	// measured is how many bytes a text has in UTF-8 of which this much was read, and of which the
	// engine told its own size: more than were read unless that is all of it.
	measured(text string, size int64) int64
	// whole reads a long value by read, which gives its bytes as the engine stores them, and yields
	// it in UTF-8 if it is text.
	whole(storage Storage, read func(each func([]byte) error) error, yield func([]byte) error) error
	// piece selects, exactly, bytes of a text or blob, from 1.
	piece(c *Column, from, size int) string
	// orphan is the condition that a row's foreign key points at no row.
	orphan(t *Table, fk *ForeignKey, parent *Table) fragment
	// referring selects the handles of the rows of child whose foreign key points at one of these
	// rows of t.
	referring(t *Table, handles [][]any, child *Table, fk *ForeignKey) fragment
	// refers is the condition that a row's foreign key refers to the row of parent that meets the
	// conditions, as the engine compares the key.
	refers(t *Table, fk *ForeignKey, parent *Table, where []fragment) fragment
	// differs is the condition that a column of a row does not have this value, with NULL as a
	// value.
	differs(t *Table, c *Column, value any) fragment
	// lacks is the name of a function, or the like, that a write needs and this connection does not
	// have, if that is what an error is about.
	lacks(err error) (name string, ok bool)
	// violation reads an engine's error as a rule of t that a write broke. db is nil where nothing
	// can be asked.
	violation(ctx context.Context, db queryer, t *Table, err error) (violation, bool)

	// problem says in the engine's words why a table cannot be read.
	problem(err error) string
	// misread says whether an error is about a value in a statement that is none of its column's
	// type.
	misread(err error) bool

	// from names the table as t, as a FROM clause does.
	from(t *Table) string
	// place is the expression of an order's term; it also compares.
	place(t *Table, o term) string
	// bind is a value that is not NULL, to be compared with the term's place.
	bind(t *Table, o term, value any) fragment
	// nullsLast says that NULL comes after all values in an ascending order, and before them in a
	// descending one, not the other way round.
	nullsLast() bool
	// cell selects what newValue needs: the storage class, the value cut to a number of characters,
	// the size in bytes.
	cell(c *Column, maxRunes int) string
	// exact selects a term's storage class and value; the value is NULL if it is longer than
	// maxBytes.
	exact(t *Table, o term, maxBytes int) string
	// class selects, exactly, a term's storage class.
	class(t *Table, o term) string
	// bytes selects, exactly, how many bytes a term's value has.
	bytes(t *Table, o term) string
	// longer is the condition that a column's value has more bytes; it loads none of them. false:
	// the engine sorts values of any length in bounded memory.
	longer(c *Column, bytes int) (fragment, bool)
	// part is exact, except that the class of a value that is too long begins with "long ".
	part(t *Table, o term, maxBytes int) string
	// stream calls row with each row of a query, in little memory. row may ask db other things if
	// the query, asked again, gives its rows in the same order (steady). An error of row ends it,
	// and is returned.
	stream(ctx context.Context, db queryer, query fragment, steady bool, row func(line *scan) error) error
	// rowBytes is how much of one row of an export is read at once.
	rowBytes() int
	// results is how many columns the result of a query has at most.
	results() int
	// writersWait says whether writers wait for readers.
	writersWait(ctx context.Context, db queryer) (bool, error)
	// value converts what exact and cell selected.
	value(class string, scanned any) any
	// plan says how the engine would answer a query.
	plan(ctx context.Context, db queryer, query fragment) (plan, error)
	// unindexed is the same condition in a form for which no index is used.
	unindexed(f fragment) fragment
	// atOnce is a query that finds all of its rows before it gives the first one. Until then it
	// stops when ctx ends.
	atOnce(query fragment) fragment
	// unordered is a place in an ORDER BY for which no index is used.
	unordered(place string) string
	// match is a filter's condition; that of OpNe is made of OpEq's.
	match(t *Table, c *Column, op Op, operands []operand) fragment
	// searchesPartly says that conditions look into the beginning of a long text only.
	searchesPartly() bool
	// search is the condition of Query.Search on one column.
	search(c *Column, text string) fragment
	// lookup selects, for each row of values, the parent rows whose columns equal them: an int (the
	// row's number, from 0), then the given expressions.
	lookup(parent *Table, columns []*Column, rows [][]any, expressions []string) fragment
}

// openTimeout bounds the question of which engine a database is.
const openTimeout = 10 * time.Second

// detect asks the database which engine it is.
func detect(ctx context.Context, db *sql.DB) (dialect, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	engine, version, err := sqldb.Detect(ctx, db)
	switch {
	case err != nil:
		return nil, fmt.Errorf("data: open: %w", err)
	case engine == sqldb.SQLite:
		return newSQLite(ctx, db, version)
	case engine == sqldb.PostgreSQL:
		return newPostgres(ctx, db)
	}
	return newMySQL(ctx, db, version)
}
