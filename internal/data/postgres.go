// This file holds the PostgreSQL dialect: connections, identifiers, cells, errors.
// postgres_schema.go reads its catalogue, postgres_type.go its types, postgres_match.go holds its
// conditions, postgres_write.go and postgres_violation.go its writes.
//
// Every statement that reads runs in a transaction of its own, which the server keeps from writing,
// and in which the texts of values do not depend on what the connection was told before.

package data

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

type postgres struct {
	version string // 15.14
}

// newPostgres refuses versions before 13 (2020), and servers that speak PostgreSQL's protocol
// without being one.
func newPostgres(ctx context.Context, db *sql.DB, version string) (dialect, error) {
	for _, other := range []string{"-YB-", "Redshift", "Greenplum", "CockroachDB"} {
		if strings.Contains(version, other) {
			return nil, fmt.Errorf("data: open: %q is not PostgreSQL itself: it is not supported", version)
		}
	}
	d := &postgres{}
	var number int
	for _, setting := range []struct {
		name string
		to   any
	}{{"server_version", &d.version}, {"server_version_num", &number}} {
		if err := db.QueryRowContext(ctx, "SHOW "+setting.name).Scan(setting.to); err != nil {
			if sqldb.MixedUp(err) {
				return nil, fmt.Errorf("data: open: a pooler gives one connection of PostgreSQL to several clients: "+
					"set default_query_exec_mode=exec in the database's URL: %w", err)
			}
			return nil, fmt.Errorf("data: open: %w", d.classify(ctx, err))
		}
	}
	if number < 130000 {
		return nil, fmt.Errorf("data: open: PostgreSQL %s is not supported: use 13 or later", d.version)
	}
	return d, nil
}

func (*postgres) engine() sqldb.Engine { return sqldb.PostgreSQL }

// settings are what the texts of values depend on, and how names are written.
const postgresSettings = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; " +
	"SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL client_encoding = 'UTF8'; " +
	"SET LOCAL standard_conforming_strings = on"

// start begins a transaction. The server ends its statements a little before the context does: then
// the connection stays.
func (*postgres) start(p purpose) sqldb.Start {
	begin := map[purpose]string{
		reads:   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		writes:  "BEGIN ISOLATION LEVEL READ COMMITTED",
		deletes: "BEGIN ISOLATION LEVEL REPEATABLE READ",
	}[p]
	return func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
		statements := begin + "; " + postgresSettings
		if deadline, ok := ctx.Deadline(); ok {
			left := time.Until(deadline)
			left -= min(left/10, 50*time.Millisecond)
			statements += fmt.Sprintf("; SET LOCAL statement_timeout = %d", max(1, left.Milliseconds()))
		}
		_, err := conn.ExecContext(ctx, statements)
		return nil, err
	}
}

// postgresPool is a pool whose statements each have a transaction that reads.
type postgresPool struct {
	*sql.DB
	d    *postgres
	pool *sqldb.DB
}

func (d *postgres) reads(db *sql.DB) queryer {
	return postgresPool{db, d, &sqldb.DB{Pool: db, Engine: sqldb.PostgreSQL, Undo: undoTimeout}}
}

func (p postgresPool) within(ctx context.Context, work func(db queryer) error) error {
	tx, err := p.pool.Begin(ctx, p.d.start(reads))
	if err != nil {
		return err
	}
	defer tx.Close(ctx)
	return work(p.d.on(tx.Conn()))
}

func (*postgres) on(conn *sql.Conn) queryer { return numbered{conn, sqldb.PostgreSQL} }

func (*postgres) ping(ctx context.Context, conn *sql.Conn) error {
	var one int64
	return conn.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// quote writes a name. A question mark in it would be taken for a placeholder, so it is written as
// its number.
func (*postgres) quote(name string) string {
	quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	if !strings.Contains(name, "?") {
		return quoted
	}
	return "U&" + strings.NewReplacer(`\`, `\\`, "?", `\003F`).Replace(quoted)
}

// table is a table's name in a statement, which does not depend on the search path.
func (d *postgres) table(t *Table) string { return d.quote(t.schema) + "." + d.quote(t.bare) }

func (d *postgres) from(t *Table) string { return d.table(t) + " AS t" }

func (d *postgres) column(c *Column) string { return "t." + d.quote(c.Name) }

// place is the column, or its text where its type has no order.
func (d *postgres) place(_ *Table, o term) string {
	return postgresTypeOf(o.column).comparable(d.column(o.column))
}

func (d *postgres) bind(_ *Table, o term, value any) fragment {
	return postgresTypeOf(o.column).bind(value)
}

func (*postgres) nullsLast() bool { return true }

func (d *postgres) cell(c *Column, maxRunes int) string {
	x, typ := d.column(c), postgresTypeOf(c)
	switch {
	case c.Masked:
		return "CASE WHEN " + x + " IS NULL THEN 'null' ELSE 'text' END, NULL, NULL"
	case typ.class == StoredBlob:
		return typ.classOf(x) + ", NULL, octet_length(" + x + ")"
	case typ.class == StoredInteger:
		return typ.classOf(x) + ", " + typ.read(x) + ", NULL"
	}
	return fmt.Sprintf("%s, left(%s, %d), octet_length(%[2]s)", typ.classOf(x), typ.read(x), maxRunes+1)
}

func (d *postgres) exact(_ *Table, o term, maxBytes int) string {
	x, typ := d.column(o.column), postgresTypeOf(o.column)
	return typ.classOf(x) + ", " + typ.upTo(x, maxBytes)
}

func (*postgres) one() string { return "'integer', 1" }

func (d *postgres) class(_ *Table, o term) string {
	return "'text', " + postgresTypeOf(o.column).classOf(d.column(o.column))
}

func (d *postgres) bytes(_ *Table, o term) string {
	return "'integer', octet_length(" + postgresTypeOf(o.column).read(d.column(o.column)) + ")"
}

// longer: the server sorts on its disk what does not fit into its memory.
func (*postgres) longer(*Column, int) (fragment, bool) { return fragment{}, false }

func (d *postgres) part(_ *Table, o term, maxBytes int) string {
	x, typ := d.column(o.column), postgresTypeOf(o.column)
	if typ.class == StoredInteger {
		return typ.classOf(x) + ", " + typ.read(x)
	}
	return fmt.Sprintf("CASE WHEN octet_length(%s) > %d THEN 'long ' ELSE '' END || %s, %s", typ.read(x), maxBytes, typ.classOf(x), typ.upTo(x, maxBytes))
}

// stream fetches some rows at a time: a connection answers nothing else while it gives rows.
func (*postgres) stream(ctx context.Context, db queryer, query fragment, _ bool, row func(line *scan) error) error {
	const most = 256
	// Drivers remember the columns of a statement by its text: that of FETCH names its query.
	sum := sha256.Sum256([]byte(query.text))
	cursor := fmt.Sprintf("crudadmin_%x", sum[:8])
	if _, err := db.ExecContext(ctx, "DECLARE "+cursor+" NO SCROLL CURSOR FOR "+query.text, query.args...); err != nil {
		return err
	}
	for n := 16; ; n = min(2*n, most) {
		var batch []*scan
		err := stream(ctx, db, fragment{text: fmt.Sprintf("FETCH FORWARD %d FROM %s", n, cursor)}, func(line *scan) error {
			batch = append(batch, line)
			return nil
		})
		if err != nil {
			return err
		}
		for _, line := range batch {
			if err := row(line); err != nil {
				return err
			}
		}
		if len(batch) < n {
			return nil
		}
	}
}

// rowBytes: as many rows as stream fetches are held at once.
func (*postgres) rowBytes() int { return 128 << 10 }

func (*postgres) results() int { return 1664 } // MaxTupleAttributeNumber

func (*postgres) measured(_ string, size int64) int64 { return size }

func (*postgres) whole(_ Storage, read func(each func([]byte) error) error, yield func([]byte) error) error {
	return read(yield)
}

// piece is of the text in UTF-8, which the connection speaks whatever the database stores.
func (d *postgres) piece(c *Column, from, size int) string {
	x, typ := d.column(c), postgresTypeOf(c)
	if typ.class != StoredBlob {
		x = "convert_to(" + typ.text(x) + ", 'UTF8')"
	}
	return fmt.Sprintf("'blob', substring(%s FROM %d FOR %d)", x, from, size)
}

func (*postgres) writersWait(context.Context, queryer) (bool, error) { return false, nil }

// value undoes what drivers do to text and numbers.
func (*postgres) value(class string, scanned any) any {
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
		switch v := scanned.(type) {
		case string:
			return []byte(v)
		case []byte:
			if v == nil { // bound, it would be NULL
				return []byte{}
			}
		}
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

func (d *postgres) classify(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		if errors.Is(cause, context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", ErrTimeout, err)
		}
		return fmt.Errorf("%w: %w", cause, err)
	}
	state := sqldb.SQLState(err)
	if state == "57014" { // query_canceled: by statement_timeout, or by an administrator
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	switch sqldb.PostgreSQL.Fault(err) {
	case sqldb.ReadOnly:
		return fmt.Errorf("%w: the database cannot be written to: %w", ErrReadOnly, err)
	case sqldb.Conflict, sqldb.Lost, sqldb.Unsent, sqldb.Starting, sqldb.NoEntry, sqldb.Full:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if strings.HasPrefix(state, "53") || strings.HasPrefix(state, "58") { // too little of something, or the system's own error
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// problem is the server's message without the words that drivers put around it.
func (*postgres) problem(err error) string {
	text := err.Error()
	if i := strings.Index(text, "ERROR: "); i >= 0 {
		text = text[i+len("ERROR: "):]
	}
	if i := strings.LastIndex(text, " (SQLSTATE "); i > 0 {
		text = text[:i]
	}
	text = strings.TrimPrefix(text, "pq: ")
	if sqldb.PostgreSQL.Fault(err) == sqldb.Forbidden {
		return "the database does not let this user do that: " + text
	}
	return text
}

func (*postgres) misread(err error) bool {
	// invalid_text_representation, datetime_field_overflow, invalid_datetime_format,
	// numeric_value_out_of_range, character_not_in_repertoire, untranslatable_character; and
	// syntax_error and invalid_parameter_value, by types of extensions.
	return slices.Contains([]string{"22P02", "22008", "22007", "22003", "22021", "22P05", "42601", "22023"}, sqldb.SQLState(err))
}

func (d *postgres) lookup(parent *Table, columns []*Column, rows [][]any, expressions []string) fragment {
	names := []string{"n"}
	var on []string
	for i, c := range columns {
		name := "v" + strconv.Itoa(i)
		names = append(names, name)
		on = append(on, d.place(parent, term{column: c})+" = wanted."+name)
	}
	f := fragment{}
	var lines []string
	for n, row := range rows {
		line := "(" + strconv.Itoa(n)
		for i, value := range row {
			one := postgresTypeOf(columns[i]).bind(value)
			line += ", " + one.text
			f.args = append(f.args, one.args...)
		}
		lines = append(lines, line+")")
	}
	f.text = "WITH wanted(" + strings.Join(names, ", ") + ") AS (VALUES " + strings.Join(lines, ", ") + ") SELECT wanted.n, " +
		strings.Join(expressions, ", ") + " FROM wanted JOIN " + d.from(parent) + " ON " + strings.Join(on, " AND ")
	return f
}

func (d *postgres) orphan(t *Table, fk *ForeignKey, parent *Table) fragment {
	var set, on []string
	for i, c := range t.columns(fk.Columns) {
		set = append(set, d.column(c)+" IS NOT NULL")
		on = append(on, "parent."+d.quote(fk.RefColumns[i])+" = "+d.column(c))
	}
	return fragment{text: strings.Join(set, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " + d.table(parent) + " AS parent WHERE " + strings.Join(on, " AND ") + ")"}
}

func (d *postgres) referring(t *Table, handles [][]any, child *Table, fk *ForeignKey) fragment {
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
			typ := postgresTypeOf(o.column)
			one := typ.bind(handle[i])
			parts = append(parts, typ.comparable("parent."+d.quote(o.column.Name))+" = "+one.text)
			f.args = append(f.args, one.args...)
		}
		same = append(same, "("+strings.Join(parts, " AND ")+")")
	}
	f.text = "SELECT " + strings.Join(selected, ", ") + " FROM " + d.table(t) + " AS parent JOIN " + d.from(child) + " ON " + strings.Join(refers, " AND ") +
		" AND (" + strings.Join(same, " OR ") + ")"
	return f
}
