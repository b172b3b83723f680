// Package data reads and writes the application's database. It reads the schema, turns a typed
// Query, which has a form in addresses, into bounded SQL with parameters and keyset paging, and an
// Input into one transaction. What each engine does its own way is behind the dialect interface.
//
// Reading changes nothing, so a file that is opened read-only works; writing to it is ErrReadOnly.
// A write enforces the foreign keys even where the connection does not, checks all of them at the
// latest when it commits, and leaves the connection as it was. The package imports no SQL driver:
// the caller opens the *sql.DB.
//
// A table that cannot be read (a view whose base table is gone, a virtual table whose module is
// missing) stays in the Schema and states its Problem; reading it is a *TableError.
//
// # Values of any length
//
// Values of more than 16 MiB are not compared with anything, and rows are sorted by values of more
// than 256 KiB only where an index has the order. Exports and downloads read cells of more than 1
// MiB in pieces, so that the Go heap does not grow with them. Connections of this module's package
// sqlite read the pieces alone, of tables that have row ids and no computed columns. Other
// connections load the whole cell for each piece, outside the Go heap, so that the process grows
// for a moment by the largest cell. Where writers wait for readers (look.go) a cell of more than 16
// MiB is refused.
//
// # What columns hold
//
// SQLite holds no column to its type. Learn looks at the values (held.go): all of a table of up to
// 100,000 rows, some of a larger one. They decide in which unit numbers are times, whether a column
// of blobs is one of texts, and what a filter may ask for. New values are stored as most of the
// latest ones are. A number that can be a date in two ways (20240331) is shown and edited as it is
// stored.
//
// # Filters
//
// A filter's value is parsed by the column's Kind, and bound with the type that compares right with
// what is stored:
//
//   - integer, real, decimal: compared as numbers; lt, le, gt and ge match stored numbers only,
//     never text that happens to be in a numeric column.
//   - text, longtext, enum, json: compared as text by the column's collation; stored blobs never
//     match.
//   - a column of no known type: a value that reads as a number is compared with numbers (eq, ne
//     and in: also with the same characters stored as text), any other value with text.
//   - date, time, datetime: compared as instants, whether they are stored as ISO 8601 text or as
//     numbers in the unit of their column (see What columns hold). Without a zone they are UTC. The
//     day of a date, and a time of day, are those that a text itself says, whatever its zone. In lt
//     and ge, and in le and gt of a datetime, a date is its first instant; le and gt of a date
//     column, eq, ne and in mean the whole day, minute or second that was written.
//   - bool: true is 1, or the text true, t, yes, y, on; false is 0, or false, f, no, n, off.
//   - uuid: matches text in either case, with or without hyphens, and 16-byte blobs.
//   - blob: hexadecimal digits.
//   - Where a column holds values that do not read as its kind (a text in a column of numbers, a
//     blob in one of texts, 2 in one of booleans), a filter takes these too, as they are shown, and
//     blobs by their hexadecimal digits: each value meets eq, le, ge and in of its own text.
//   - refers, with the columns of a foreign key: the rows for which the key, as the engine compares
//     it, refers to the record of that key.
//   - ne also matches rows where the column is NULL; the other operators, but for isnull, do not.
//   - contains and startswith ignore case by Unicode simple folding; %, _ and * stand for
//     themselves.
//
// # PostgreSQL
//
// A column holds values of its type alone, and each value is the text that psql shows, with dates
// and times in UTC (ADR 22). Filters there compare as the type does: numbers to their last digit,
// NaN and Infinity too, enums in the order of their labels, instants to the microsecond. bool and
// uuid have one form. Other types take their own text. Types without an order, such as json, are
// compared by their texts. NULL comes after all values in an ascending order.
//
// # MySQL and MariaDB
//
// A value is the text that the engine's client shows, with TIMESTAMP in UTC. A FLOAT has the digits
// that it takes to read it again, BIT is in zeros and ones, and a geometry is well-known text.
// Texts compare and are sorted by their column's collation, long ones are sorted by their first 255
// characters; ENUM and SET are texts. Numbers compare to their last digit. A zero date, or a time
// of more than a day, equals itself. Two texts that are the same to a collation are two values to a
// write.
package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Source is the application's data behind a *sql.DB. It is safe for concurrent use.
//
// Reads return FieldErrors, which name every wrong field of a query, ErrNoTable, ErrNotFound,
// *TableError, ErrTimeout, ErrBusy and ErrUnavailable. A write writes all or nothing. Beside the
// errors of reads it returns constraints in words (a FieldError without a Field is about the whole
// record), ErrReadOnly, *StaleError and *ReferencedError. A write of many records takes as asked
// the Token of a Question or a Preview: if other records match by then, the error is ErrAsked. An
// empty token is not checked.
type Source struct {
	db      *sql.DB
	reads   queryer   // over db: single statements that read
	pool    *sqldb.DB // over db: transactions are begun on it
	dialect dialect
	config  settings
	shares  *shares // of db, among all sources over it
	schema  atomic.Pointer[Schema]
	refresh sync.Mutex
	read    *Schema // as the database has it, guarded by refresh
	version int64   // of read, guarded by refresh
	unheard elapse  // a database that did not say its version is not asked again
}

// Open detects the engine behind db and reads its schema. The caller keeps db and closes it. An
// engine other than SQLite 3.37, PostgreSQL 13, MySQL 8.0, MariaDB 10.6 or later, and names in cfg
// that the database does not have, are errors.
func Open(ctx context.Context, db *sql.DB, cfg Config) (*Source, error) {
	if db == nil {
		return nil, errors.New("data: open: db is nil")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	d, err := detect(ctx, db)
	if err != nil {
		return nil, err
	}
	pool := &sqldb.DB{Pool: db, Engine: d.engine(), Undo: undoTimeout}
	s := &Source{db: db, reads: d.reads(db), pool: pool, dialect: d, config: newSettings(cfg, Guard{}), shares: newShares(db, d.engine())}
	if err := s.Refresh(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Schema returns the schema of the last Refresh. It is shared: do not change it.
func (s *Source) Schema() *Schema { return s.schema.Load() }

// Refresh reads the schema again. On an error the schema stays as it was.
func (s *Source) Refresh(ctx context.Context) error {
	s.refresh.Lock()
	defer s.refresh.Unlock()
	version, _ := s.schemaVersion(ctx) // before, so that what changes meanwhile is read again
	schema, err := s.dialect.introspect(ctx, s.db)
	if err != nil {
		return fmt.Errorf("data: read schema: %w", classify(ctx, s.dialect, err))
	}
	s.learnBlobs(ctx, schema)
	shown := schema.clone()
	if err := shown.finish(s.config); err != nil {
		return err
	}
	s.read, s.version = schema, version
	s.schema.Store(shown)
	return nil
}

// Follow reads the schema again if the database has another one by now, and reports whether it did.
// It asks one number of the database, for which it waits two seconds at most: the page itself is
// still to come. Where another call is at it already, it leaves that to it.
func (s *Source) Follow(ctx context.Context) (changed bool, err error) {
	if s.unheard.lasts() || !s.refresh.TryLock() {
		return false, nil
	}
	known := s.version
	s.refresh.Unlock()
	asking, cancel := context.WithTimeout(ctx, min(versionWait, s.config.QueryTimeout))
	defer cancel()
	asking, leave, err := s.enter(asking, light)
	if err != nil {
		return false, err
	}
	defer leave()
	version, err := s.schemaVersion(asking)
	if err != nil {
		s.unheard.lastFor(heldRetry)
		return false, err
	}
	if version == known {
		return false, nil
	}
	ctx, cancel = context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	return true, s.Refresh(ctx)
}

// versionWait bounds the question for the version of the schema, as the health page's checks are.
const versionWait = 2 * time.Second

func (s *Source) schemaVersion(ctx context.Context) (version int64, err error) {
	conn, err := s.db.Conn(ctx)
	if err == nil {
		defer func() { _ = conn.Close() }() // back to the pool
		version, err = s.dialect.schemaVersion(ctx, conn)
	}
	if err != nil {
		return 0, fmt.Errorf("data: read schema: %w", classify(ctx, s.dialect, err))
	}
	return version, nil
}

// Ping says whether the database answers. It waits for no other work: one connection is kept for
// it, which pings that come at once use in turn. A database that is locked for a write answers too:
// it is there, and readers and writers wait for their turns.
func (s *Source) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	select {
	case s.shares.pings <- struct{}{}:
		defer func() { <-s.shares.pings }()
	case <-ctx.Done():
		return fmt.Errorf("data: ping: %w", classify(ctx, s.dialect, ctx.Err()))
	}
	conn, err := s.db.Conn(ctx)
	if err == nil {
		defer func() { _ = conn.Close() }() // back to the pool
		err = s.dialect.ping(ctx, conn)
	}
	if err != nil {
		return fmt.Errorf("data: ping: %w", classify(ctx, s.dialect, err))
	}
	return nil
}

// Estimates returns the approximate number of rows of each table; -1 where only counting would
// tell. It counts nothing: it asks the planner's statistics, else the highest row id.
func (s *Source) Estimates(ctx context.Context) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return nil, err
	}
	defer leave()
	estimates, err := s.dialect.estimates(ctx, s.db, s.Schema().Tables)
	if err != nil {
		return nil, fmt.Errorf("data: estimate rows: %w", classify(ctx, s.dialect, err))
	}
	return estimates, nil
}

// table finds a table that can be read.
func (s *Source) table(name string) (*Table, error) {
	t, ok := s.Schema().Table(name)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoTable, name)
	}
	if t.Problem != "" {
		return nil, &TableError{Table: t.Name, Problem: text.Verbatim(t.Problem)}
	}
	return t, nil
}

// failed turns an engine's error on a read of t into an error of this package.
func (s *Source) failed(ctx context.Context, op string, t *Table, err error) error {
	if errors.As(err, new(*TableError)) || outage(err) {
		return err // it is one
	}
	if classified := classify(ctx, s.dialect, err); outage(classified) {
		return fmt.Errorf("data: %s %q: %w", op, t.Name, classified)
	}
	words := s.dialect.problem(err)
	if s.dialect.engine().Fault(err) == sqldb.Forbidden {
		words = "the database does not let this user do that: " + words
	}
	problem := text.Verbatim(words)
	if s.dialect.misread(err) {
		return FieldErrors{fieldError("", "", problem)}
	}
	return &TableError{Table: t.Name, Problem: problem, Err: err}
}
