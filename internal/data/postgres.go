// This file holds the PostgreSQL dialect: identifiers, exports, errors. server.go holds what it has
// in common with that of MySQL and MariaDB. postgres_schema.go reads its catalogue,
// postgres_type.go its types, postgres_match.go holds its conditions, postgres_write.go and
// postgres_violation.go its writes.
//
// Every statement that reads runs in a transaction of its own, which the server keeps from writing,
// and in which the texts of values do not depend on what the connection was told before.

package data

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

type postgres struct {
	server
	version string // 15.14
	// encoding is how the connection writes texts: UTF8, but SQL_ASCII in a database of that, whose
	// texts have no encoding: bytes that are not UTF-8 are read as they are.
	encoding string
	untold   atomic.Bool // views were locked when their texts were asked for
	// beside are schemas that search_path does not lead to, with operators of columns' types, as
	// they are written in search_path. They stay once they were met.
	beside struct {
		sync.Mutex
		schemas []string
	}
}

// lookBeside makes the operators of a schema found, after all others.
func (d *postgres) lookBeside(schema string) {
	d.beside.Lock()
	defer d.beside.Unlock()
	if name := `"` + strings.ReplaceAll(schema, `"`, `""`) + `"`; !slices.Contains(d.beside.schemas, name) {
		d.beside.schemas = append(d.beside.schemas, name)
	}
}

// path is the statement that makes the operators of types found whose schema (of an extension) is
// not in search_path; empty where all are.
func (d *postgres) path() string {
	d.beside.Lock()
	defer d.beside.Unlock()
	if len(d.beside.schemas) == 0 {
		return ""
	}
	schemas := "'" + strings.ReplaceAll(strings.Join(d.beside.schemas, ", "), "'", "''") + "'"
	return "; SELECT set_config('search_path', concat_ws(', ', nullif(current_setting('search_path'), ''), " + schemas + "), true)"
}

// newPostgres asks a server that [sqldb.Detect] has taken for PostgreSQL for its settings.
func newPostgres(ctx context.Context, db *sql.DB) (dialect, error) {
	d := &postgres{server: server{quote: postgresQuote}, encoding: "UTF8"}
	var encoding string
	for _, setting := range []struct {
		name string
		to   any
	}{{"server_version", &d.version}, {"server_encoding", &encoding}} {
		if err := db.QueryRowContext(ctx, "SHOW "+setting.name).Scan(setting.to); err != nil {
			if sqldb.MixedUp(err) {
				return nil, fmt.Errorf("data: open: a pooler gives one connection of PostgreSQL to several clients: "+
					"set default_query_exec_mode=exec in the database's URL: %w", err)
			}
			return nil, fmt.Errorf("data: open: %w", classify(ctx, d, err))
		}
	}
	if encoding == "SQL_ASCII" {
		d.encoding = encoding
	}
	return d, nil
}

func (*postgres) engine() sqldb.Engine { return sqldb.PostgreSQL }

// settings are what the texts of values depend on, how texts are read as values, and how names are
// written. To compile a statement (jit) takes seconds for one of the catalogue, and saves nothing
// for statements as short as these.
func (d *postgres) settings() string {
	return postgresSettings + "; SET LOCAL client_encoding = '" + d.encoding + "'" + d.path()
}

const postgresSettings = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; " +
	"SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off; SET LOCAL array_nulls = on; SET LOCAL xmloption = 'content'; " +
	"SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on"

func (d *postgres) start(p purpose) sqldb.Start {
	begin := map[purpose]string{
		reads:   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		writes:  "BEGIN ISOLATION LEVEL READ COMMITTED",
		deletes: "BEGIN ISOLATION LEVEL REPEATABLE READ",
	}[p]
	return func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
		statements := strings.Join([]string{begin, d.settings()}, "; ")
		if left, bounded := statementTime(ctx); bounded {
			statements += fmt.Sprintf("; SET LOCAL statement_timeout = %d", left.Milliseconds())
		}
		_, err := conn.ExecContext(ctx, statements)
		return nil, err
	}
}

func (d *postgres) reads(db *sql.DB) queryer { return newReadingPool(d, db) }

func (*postgres) on(conn *sql.Conn) queryer { return numbered{conn, sqldb.PostgreSQL} }

// postgresQuote writes a name. A question mark in it would be taken for a placeholder, so it is
// written as its number.
func postgresQuote(name string) string {
	quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	if !strings.Contains(name, "?") {
		return quoted
	}
	return "U&" + strings.NewReplacer(`\`, `\\`, "?", `\003F`).Replace(quoted)
}

func (*postgres) nullsLast() bool { return true }

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

func (*postgres) results() int { return 1664 } // MaxTupleAttributeNumber

// piece is of the text in UTF-8, which the connection speaks whatever the database stores.
func (d *postgres) piece(c *Column, from, size int) string {
	x, typ := d.column(c), postgresTypeOf(c)
	if typ.class != StoredBlob {
		x = "convert_to(" + typ.text(x) + ", '" + d.encoding + "')"
	}
	return fmt.Sprintf("'blob', substring(%s FROM %d FOR %d)", x, from, size)
}

func (*postgres) classify(err error) error {
	state := sqldb.SQLState(err)
	switch {
	case state == "57014": // query_canceled: by statement_timeout, or by an administrator
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case strings.HasPrefix(state, "53"), strings.HasPrefix(state, "58"): // too little of something, or the system's own error
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return outageOf(sqldb.PostgreSQL.Fault(err), err)
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
	return strings.TrimPrefix(text, "pq: ")
}

func (*postgres) misread(err error) bool {
	// invalid_text_representation, datetime_field_overflow, invalid_datetime_format,
	// numeric_value_out_of_range, character_not_in_repertoire, untranslatable_character; and
	// syntax_error and invalid_parameter_value, by types of extensions.
	return slices.Contains([]string{"22P02", "22008", "22007", "22003", "22021", "22P05", "42601", "22023"}, sqldb.SQLState(err))
}

func (d *postgres) lookup(parent *Table, columns []*Column, rows [][]any, expressions []string) fragment {
	return wantedRows(d, parent, columns, rows, expressions, "JOIN")
}
