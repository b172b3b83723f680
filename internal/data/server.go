// This file holds what the dialects of PostgreSQL, MySQL and MariaDB have in common: each column
// holds values of its type alone, and a statement that reads has a transaction of its own.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// server is the common part of a dialect.
type server struct {
	quote func(name string) string // writes a name
}

func (server) ping(ctx context.Context, conn *sql.Conn) error {
	var one int64
	return conn.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// statementTime is for how long the server lets a statement run: a little less than its context
// does, so that the connection stays. bounded is false where the context has no deadline.
func statementTime(ctx context.Context) (limit time.Duration, bounded bool) {
	deadline, bounded := ctx.Deadline()
	left := time.Until(deadline)
	return max(time.Millisecond, left-min(left/10, 50*time.Millisecond)), bounded
}

// readingPool is a pool whose statements each have a transaction that reads.
type readingPool struct {
	*sql.DB
	d    dialect
	pool *sqldb.DB
}

func newReadingPool(d dialect, db *sql.DB) readingPool {
	return readingPool{db, d, &sqldb.DB{Pool: db, Engine: d.engine(), Undo: undoTimeout}}
}

func (p readingPool) within(ctx context.Context, work func(db queryer) error) error {
	tx, err := p.pool.Begin(ctx, p.d.start(reads))
	if err != nil {
		return err
	}
	defer tx.Close(ctx)
	return work(p.d.on(tx.Conn()))
}

// table is a table's name in a statement, which does not depend on the chosen schema.
func (d server) table(t *Table) string { return d.quote(t.schema) + "." + d.quote(t.bare) }

func (d server) from(t *Table) string { return d.table(t) + " AS t" }

func (d server) column(c *Column) string { return "t." + d.quote(c.Name) }

func (d server) place(_ *Table, o term) string { return o.column.native.place(d.column(o.column)) }

func (server) bind(_ *Table, o term, value any) fragment { return o.column.native.bind(value) }

func (d server) cell(c *Column, maxRunes int) string {
	x, typ := d.column(c), c.native
	switch {
	case c.Masked:
		return "CASE WHEN " + x + " IS NULL THEN 'null' ELSE 'text' END, NULL, NULL"
	case typ.stored() == StoredBlob:
		return typ.classOf(x) + ", NULL, OCTET_LENGTH(" + x + ")"
	case typ.stored() == StoredInteger:
		return typ.classOf(x) + ", " + typ.read(x) + ", NULL"
	}
	return typ.classOf(x) + ", " + typ.beginning(x, maxRunes+1) + ", OCTET_LENGTH(" + typ.read(x) + ")"
}

func (d server) exact(_ *Table, o term, maxBytes int) string {
	x := d.column(o.column)
	return o.column.native.classOf(x) + ", " + upTo(o.column.native, x, maxBytes)
}

// upTo is a value as it is selected, but NULL for one of more bytes.
func upTo(typ native, x string, maxBytes int) string {
	if typ.stored() == StoredInteger || maxBytes >= maxHandle {
		return typ.read(x)
	}
	return fmt.Sprintf("CASE WHEN OCTET_LENGTH(%s) <= %d THEN %[1]s END", typ.read(x), maxBytes)
}

func (d server) class(_ *Table, o term) string {
	return "'text', " + o.column.native.classOf(d.column(o.column))
}

func (d server) bytes(_ *Table, o term) string {
	return "'integer', OCTET_LENGTH(" + o.column.native.read(d.column(o.column)) + ")"
}

// longer: the server sorts on its disk what does not fit into its memory.
func (server) longer(*Column, int) (fragment, bool) { return fragment{}, false }

func (d server) part(_ *Table, o term, maxBytes int) string {
	x, typ := d.column(o.column), o.column.native
	if typ.stored() == StoredInteger {
		return typ.classOf(x) + ", " + typ.read(x)
	}
	return fmt.Sprintf("CONCAT(CASE WHEN OCTET_LENGTH(%s) > %d THEN 'long ' ELSE '' END, %s), %s", typ.read(x), maxBytes, typ.classOf(x), upTo(typ, x, maxBytes))
}

// rowBytes: as many rows as stream keeps are held at once.
func (server) rowBytes() int { return 128 << 10 }

func (server) measured(_ string, size int64) int64 { return size }

func (server) whole(_ Storage, read func(each func([]byte) error) error, yield func([]byte) error) error {
	return read(yield)
}

func (server) writersWait(context.Context, queryer) (bool, error) { return false, nil }

// atOnce is the query itself: the server stops it whatever it has given.
func (server) atOnce(query fragment) fragment { return query }

func (server) searchesPartly() bool { return false }

// lacks: what a trigger does not find is in the server's own words.
func (server) lacks(error) (name string, ok bool) { return "", false }

// value undoes what drivers do to text and numbers.
func (server) value(class string, scanned any) any {
	switch Storage(class) {
	case StoredNull:
		return nil
	case StoredInteger:
		if text, ok := asString(scanned); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n
			}
		}
	case StoredBlob:
		return asBlob(scanned)
	default:
		if text, ok := asString(scanned); ok {
			return text
		}
	}
	return scanned
}

// asString is a text as a driver gives it.
func asString(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), v != nil
	}
	return "", false
}

// asText is asString; what is not a text gives an empty one.
func asText(v any) string {
	text, _ := asString(v)
	return text
}

// asBlob is what a driver gives for a blob, as bytes.
func asBlob(v any) any {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case []byte:
		if v == nil { // bound, it would be NULL
			return []byte{}
		}
	}
	return v
}

// classify makes ErrTimeout of an error after the deadline of its context, ErrUnavailable and
// ErrReadOnly of others of the engine's, and returns the rest as it is.
func classify(ctx context.Context, d dialect, err error) error {
	switch cause := ctx.Err(); {
	case cause == nil:
		return d.classify(err)
	case errors.Is(cause, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	default:
		return fmt.Errorf("%w: %w", cause, err)
	}
}

// outageOf is classify of what an error of a server means.
func outageOf(fault sqldb.Fault, err error) error {
	switch fault {
	case sqldb.ReadOnly:
		return fmt.Errorf("%w: the database cannot be written to: %w", ErrReadOnly, err)
	case sqldb.Conflict, sqldb.Lost, sqldb.Unsent, sqldb.Starting, sqldb.NoEntry, sqldb.Full:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func (d server) refers(_ *Table, fk *ForeignKey, parent *Table, where []fragment) fragment {
	var conditions []fragment
	for i, name := range fk.RefColumns {
		value := fragment{text: "SELECT t." + d.quote(name) + " FROM " + d.from(parent)}.where(where).limit(1)
		conditions = append(conditions, fragment{"t." + d.quote(fk.Columns[i]) + " = (" + value.text + ")", value.args})
	}
	return allOf(conditions)
}

func (d server) orphan(t *Table, fk *ForeignKey, parent *Table) fragment {
	var set, on []string
	for i, c := range t.columns(fk.Columns) {
		set = append(set, d.column(c)+" IS NOT NULL")
		on = append(on, "parent."+d.quote(fk.RefColumns[i])+" = "+d.column(c))
	}
	return fragment{text: strings.Join(set, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " + d.table(parent) + " AS parent WHERE " + strings.Join(on, " AND ") + ")"}
}

func (d server) referring(t *Table, handles [][]any, child *Table, fk *ForeignKey) fragment {
	f := fragment{}
	var same, refers, selected []string
	for i, column := range fk.RefColumns {
		refers = append(refers, "parent."+d.quote(column)+" = t."+d.quote(fk.Columns[i]))
	}
	for _, o := range child.handle() {
		selected = append(selected, d.exact(child, o, maxHandle))
	}
	for _, handle := range handles {
		var parts []string
		for i, o := range t.handle() {
			one := o.column.native.bind(handle[i])
			parts = append(parts, o.column.native.place("parent."+d.quote(o.column.Name))+" = "+one.text)
			f.args = append(f.args, one.args...)
		}
		same = append(same, "("+strings.Join(parts, " AND ")+")")
	}
	f.text = "SELECT " + strings.Join(selected, ", ") + " FROM " + d.table(t) + " AS parent JOIN " + d.from(child) + " ON " + strings.Join(refers, " AND ") +
		" AND (" + strings.Join(same, " OR ") + ")"
	return f
}

// into is an INSERT of one row, into a table as it is named.
func (d server) into(table string, columns []*Column, values []any) fragment {
	var names []string
	var given []fragment
	for i, c := range columns {
		names = append(names, d.quote(c.Name))
		given = append(given, c.native.assign(values[i]))
	}
	all := joinAll(given, ", ")
	return fragment{"INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (" + all.text + ")", all.args}
}

// set is an UPDATE.
func (d server) set(t *Table, columns []*Column, values []any, where []fragment) fragment {
	var set []fragment
	for i, c := range columns {
		value := c.native.assign(values[i])
		set = append(set, fragment{d.quote(c.Name) + " = " + value.text, value.args})
	}
	all := joinAll(set, ", ")
	return fragment{"UPDATE " + d.from(t) + " SET " + all.text, all.args}.where(where)
}
