// This file holds the SQLite dialect: identifiers, cells, errors. sqlite_match.go holds its
// conditions, sqlite_write.go, sqlite_store.go and sqlite_constraint.go its writes, the other
// sqlite_ files its introspection.

package data

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

type sqlite struct {
	version string
	octets  bool             // it has octet_length
	utf16   binary.ByteOrder // of texts in the file; nil: they are UTF-8
}

// newSQLite refuses versions before 3.37 (2021), which lack PRAGMA table_list.
func newSQLite(ctx context.Context, db *sql.DB, version string) (dialect, error) {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if major != "3" || err != nil || n < 37 {
		return nil, fmt.Errorf("data: open: SQLite %s is not supported: use 3.37 or later", version)
	}
	d := &sqlite{version: version, octets: n >= 43}
	var encoding string
	if err := db.QueryRowContext(ctx, "PRAGMA main.encoding").Scan(&encoding); err != nil {
		return nil, fmt.Errorf("data: open: %w", classify(ctx, d, err))
	}
	switch encoding {
	case "UTF-16le":
		d.utf16 = binary.LittleEndian
	case "UTF-16be":
		d.utf16 = binary.BigEndian
	}
	return d, nil
}

func (*sqlite) quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// from is qualified: a temporary table of the name would come first.
func (d *sqlite) from(t *Table) string { return "main." + d.quote(t.Name) + " AS t" }

// column is qualified: SQLite takes a quoted name it does not know for a string, unless it is
// qualified.
func (d *sqlite) column(c *Column) string { return "t." + d.quote(c.Name) }

// place compares a column whose collation this connection does not have as bytes.
func (d *sqlite) place(t *Table, o term) string {
	if o.column == nil {
		return "t." + d.quote(t.rowid)
	}
	if o.column.binary {
		return d.column(o.column) + " COLLATE BINARY"
	}
	return d.column(o.column)
}

func (d *sqlite) cell(c *Column, maxRunes int) string {
	x := d.column(c)
	if c.Masked {
		return "CASE WHEN " + x + " IS NULL THEN 'null' ELSE 'text' END, NULL, NULL"
	}
	// Expressions have no declared type, so drivers leave the value as it is stored.
	return fmt.Sprintf("typeof(%[1]s), CASE typeof(%[1]s) WHEN 'text' THEN CASE WHEN %[4]s <= %[3]d THEN substr(%[1]s, 1, %[2]d) ELSE '' END WHEN 'blob' THEN NULL ELSE %[1]s END, "+
		"CASE WHEN typeof(%[1]s) IN ('text', 'blob') THEN %[4]s END", x, maxRunes+1, maxMatched, d.size(x))
}

func (d *sqlite) bind(_ *Table, _ term, value any) fragment { return fragment{"?", []any{value}} }

func (*sqlite) nullsLast() bool { return false }

func (d *sqlite) exact(t *Table, o term, maxBytes int) string {
	return d.exactly(d.place(t, o), maxBytes)
}

// exactly is exact of any expression.
func (d *sqlite) exactly(x string, maxBytes int) string {
	return fmt.Sprintf("typeof(%[1]s), CASE WHEN typeof(%[1]s) IN ('text', 'blob') AND %[3]s > %[2]d THEN NULL ELSE %[1]s END", x, maxBytes, d.size(x))
}

func (d *sqlite) class(t *Table, o term) string { return "'text', typeof(" + d.place(t, o) + ")" }

func (d *sqlite) part(t *Table, o term, maxBytes int) string {
	x := d.place(t, o)
	return fmt.Sprintf("CASE WHEN typeof(%[1]s) IN ('text', 'blob') AND %[3]s > %[2]d THEN 'long ' ELSE '' END || typeof(%[1]s), CASE WHEN typeof(%[1]s) IN ('text', 'blob') AND %[3]s > %[2]d THEN NULL ELSE %[1]s END", x, maxBytes, d.size(x))
}

func (d *sqlite) longer(c *Column, bytes int) (fragment, bool) {
	x := d.column(c)
	return fragment{text: fmt.Sprintf("(typeof(%s) IN ('text', 'blob') AND %s > %d)", x, d.size(x), bytes)}, true
}

func (d *sqlite) bytes(t *Table, o term) string { return "'integer', " + d.size(d.place(t, o)) }

func (*sqlite) reads(db *sql.DB) queryer { return db }

// stream: a connection answers others while it gives rows.
func (*sqlite) stream(ctx context.Context, db queryer, query fragment, _ bool, row func(line *scan) error) error {
	return stream(ctx, db, query, row)
}

func (*sqlite) rowBytes() int { return rowBytes }

func (*sqlite) results() int { return 2000 } // SQLITE_MAX_COLUMN

// on is the connection itself, whose cells can be read bit by bit (cellReader).
func (*sqlite) on(conn *sql.Conn) queryer { return conn }

// writersWait: with a rollback journal a commit waits until nobody reads. A database in memory
// belongs to this process alone.
func (d *sqlite) writersWait(ctx context.Context, db queryer) (bool, error) {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA main.journal_mode").Scan(&mode); err != nil {
		return false, err
	}
	return mode != "wal" && mode != "memory", nil
}

// size is the bytes of a value. Of a column octet_length tells it without loading the value, as
// typeof does; it came with SQLite 3.43.
func (d *sqlite) size(x string) string {
	x = strings.TrimSuffix(x, " COLLATE BINARY")
	if d.octets {
		return "octet_length(" + x + ")"
	}
	return "length(CAST(" + x + " AS BLOB))"
}

// ping does not wait for a lock: a new connection reads the schema before its first statement, and
// could not while somebody commits.
func (d *sqlite) ping(ctx context.Context, conn *sql.Conn) error {
	var one int64
	err := d.impatient(ctx, conn, func() error { return conn.QueryRowContext(ctx, "SELECT 1").Scan(&one) })
	if sqldb.SQLite.Fault(err) == sqldb.Locked {
		err = nil
	}
	return err
}

// impatient asks something that does not wait for a lock. The connection is left as it was.
func (d *sqlite) impatient(ctx context.Context, conn *sql.Conn, ask func() error) error {
	var patience int64
	if err := conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&patience); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	err := ask()
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	if _, back := conn.ExecContext(undo, fmt.Sprintf("PRAGMA busy_timeout = %d", patience)); back != nil {
		sqldb.Discard(conn)
	}
	return err
}

// value undoes what drivers do to text and empty blobs.
func (*sqlite) value(class string, scanned any) any {
	switch Storage(class) {
	case StoredText:
		switch v := scanned.(type) {
		case []byte:
			return string(v)
		case time.Time:
			return v.Format(time.RFC3339Nano)
		}
	case StoredBlob:
		return asBlob(scanned)
	case StoredInteger:
		switch v := scanned.(type) {
		case bool:
			if v {
				return int64(1)
			}
			return int64(0)
		case time.Time:
			return v.Unix()
		}
	}
	return scanned
}

func (*sqlite) classify(err error) error {
	switch sqldb.SQLite.Fault(err) {
	case sqldb.Locked, sqldb.Conflict:
		return fmt.Errorf("%w: it is locked by another process: %w", ErrUnavailable, err)
	case sqldb.ReadOnly:
		return fmt.Errorf("%w: the database cannot be written to: %w", ErrReadOnly, err)
	case sqldb.Broken, sqldb.Full, sqldb.Unsent:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// problem is the engine's message without the words that the driver puts around it.
func (*sqlite) problem(err error) string {
	text := strings.TrimPrefix(err.Error(), "SQL logic error: ")
	if i := strings.LastIndex(text, " ("); i > 0 && strings.HasSuffix(text, ")") {
		if _, notCode := strconv.Atoi(text[i+2 : len(text)-1]); notCode == nil {
			text = text[:i]
		}
	}
	return text
}

// misread: SQLite compares values of all types.
func (*sqlite) misread(error) bool { return false }

// lookup: CROSS JOIN keeps SQLite from walking the parent first.
func (d *sqlite) lookup(parent *Table, columns []*Column, rows [][]any, expressions []string) fragment {
	return wantedRows(d, parent, columns, rows, expressions, "CROSS JOIN")
}
