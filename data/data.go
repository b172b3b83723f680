// Package data reads and writes the user's application database: it introspects the schema, turns a typed, URL-encoded
// Query into bounded, parameterised SQL with keyset paging, and an Input into one transaction. SQLite is supported now;
// everything an engine does its own way is behind the dialect interface.
//
// Reading changes nothing, so a file that is opened read-only works; writing to it is ErrReadOnly. A write enforces the
// foreign keys even where the connection does not, checks all of them when it commits, and leaves the connection as it
// was. It imports no SQL driver: the caller opens the *sql.DB.
//
// A table this package cannot read (a view whose base table is gone, a virtual table whose module is missing) stays in
// the Schema with its Problem stated, and reading it is a *TableError.
//
// # Values of any length
//
// A value of more than 16 MiB is compared with nothing, and one of more than 256 KiB not sorted by unless an index is. In
// exports and downloads longer cells than 1 MiB are read in pieces, so that the Go heap does not grow with them. Where
// the connection can (those of this module's package sqlite do, for tables with row ids and without computed columns),
// SQLite reads the pieces alone; elsewhere it loads the whole of the cell for each, outside that heap, so that the process
// grows for a moment by the largest cell. Where writers wait for readers (look.go) a cell beyond 16 MiB is refused.
//
// # Filters
//
// A filter's value is parsed by the column's Kind and bound with the type that compares right with what is stored:
//
//   - integer, real, decimal: compared as numbers; lt, le, gt and ge match stored numbers only, never text that
//     happens to sit in a numeric column.
//   - text, longtext, enum, json: compared as text by the column's collation; stored blobs never match.
//   - a column of no known type: a value that reads as a number is compared with numbers (eq, ne and in: also with the
//     same characters stored as text), any other with text.
//   - date, time, datetime: compared as instants, whether stored as ISO 8601 text, Unix seconds or milliseconds, or a
//     Julian day (real). No zone means UTC. In lt, le, gt and ge a date is its first instant; eq, ne and in mean the
//     whole day, minute or second that was written.
//   - bool: true is 1, or the text true, t, yes, on; false is 0, or false, f, no, off.
//   - uuid: matches text in either case, with or without hyphens, and 16-byte blobs.
//   - blob: hexadecimal digits.
//   - ne also matches rows where the column is NULL; every other operator but isnull does not.
//   - contains and startswith ignore case by Unicode simple folding; % and _ and * are literal.
package data

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/fields"
)

const (
	// DefaultQueryTimeout bounds one read, or a write of one record, when Options.QueryTimeout is zero.
	DefaultQueryTimeout = 10 * time.Second
	// DefaultBulkTimeout bounds a write of many when Options.BulkTimeout is zero: for so long at most the application waits
	// for it with its own writes.
	DefaultBulkTimeout = 20 * time.Second
)

// Options says what of the database is shown. The zero value shows every table and masks by DefaultMasked.
type Options struct {
	// QueryTimeout bounds each read, and each write of one record. Default: DefaultQueryTimeout. At most 24 hours.
	QueryTimeout time.Duration
	// BulkTimeout bounds what changes or deletes many records, and actions. Default: DefaultBulkTimeout. At most 24 hours.
	BulkTimeout time.Duration
	// Show, if set, names the only tables and views shown; "*" is all but the engine's and this module's own.
	Show []string
	// Hide names tables and views not shown; "*" is all. A view that reads one of them, itself or through another view, is
	// not shown either unless Show names it.
	Hide []string
	// Mask names columns that are masked whatever Masked and Unmasked say: "table.column", "table" for all of its columns,
	// and * for every table or column, as in "*.email". A name with a dot, or that is *, stands in double quotes.
	Mask []string
	// Unmasked names columns, as Mask does, that are shown whatever Masked says and whatever they show.
	Unmasked []string
	// Tables says more of single tables, by name.
	Tables map[string]TableOptions
	// Masked decides whether a column's values are secret: never read, filtered, sorted or searched.
	// Default: DefaultMasked, by name.
	//
	// What shows a secret by another name is masked too: references to it, columns generated from it, columns of views that
	// are computed from it (all of a view's where its text cannot be followed), full-text tables of it.
	Masked func(table string, column *Column) bool `json:"-"`
	// Reach, if set, decides what a write may change beside the rows that it is about: it is asked of each Reached before
	// anything is written, and its error stops the write and is returned as it is.
	Reach func(Reached) error `json:"-"`
	// Refer, if set, is asked of each table that is not shown and that a written reference leads to. Where it says no, the
	// reference takes only values that rows of the written table have already: which keys the hidden table has cannot be
	// found out by trying.
	Refer func(table string) bool `json:"-"`

	byName         bool // Masked is DefaultMasked
	masks, unmasks []columnPattern
}

// Source is the application's data behind a *sql.DB. It is safe for concurrent use.
//
// Reads return FieldErrors for what is wrong in a query, naming every wrong field, ErrNoTable, ErrNotFound, *TableError,
// ErrTimeout, ErrBusy and ErrUnavailable. A write writes all or nothing. Beside the errors of reads it returns constraints
// in words (a FieldError without Field is about the whole record), ErrReadOnly, *StaleError and *ReferencedError. What writes
// many records takes as asked the Token of a Question or a Preview: if other records match by then, the error is ErrAsked; an
// empty one is not checked.
type Source struct {
	db      *sql.DB
	dialect dialect
	opts    Options
	shares  *shares // of db, among all sources over it
	schema  atomic.Pointer[Schema]
	refresh sync.Mutex
	read    *Schema // as the database has it, guarded by refresh
}

// Open detects the engine behind db and reads its schema. The caller keeps db and closes it.
// An engine other than SQLite 3.37 or later, and names in opts that the database does not have, are errors.
func Open(ctx context.Context, db *sql.DB, opts Options) (*Source, error) {
	if db == nil {
		return nil, errors.New("data: open: db is nil")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	d, err := detect(ctx, db)
	if err != nil {
		return nil, err
	}
	s := &Source{db: db, dialect: d, opts: opts, shares: newShares(db)}
	if err := s.Refresh(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// maxTimeout is the most that a timeout of Options can be.
const maxTimeout = 24 * time.Hour

// Validate returns nil, or one error with a config.FieldError for each field that is out of its bounds. Open and
// Source.With call it; they check the names too, which it asks no database for.
func (o Options) Validate() error {
	var check fields.Check
	check.Duration("QueryTimeout", o.QueryTimeout, 0, maxTimeout)
	check.Duration("BulkTimeout", o.BulkTimeout, 0, maxTimeout)
	return check.Err("data")
}

func (o Options) withDefaults() (Options, error) {
	if err := o.Validate(); err != nil {
		return o, err
	}
	o.QueryTimeout = cmp.Or(o.QueryTimeout, DefaultQueryTimeout)
	o.BulkTimeout = cmp.Or(o.BulkTimeout, DefaultBulkTimeout)
	if o.Masked == nil {
		o.Masked, o.byName = DefaultMasked, true
	}
	return o, nil
}

// Schema returns the schema of the last Refresh. It is shared: do not change it.
func (s *Source) Schema() *Schema { return s.schema.Load() }

// Refresh reads the schema again. On an error the schema stays as it was.
func (s *Source) Refresh(ctx context.Context) error {
	s.refresh.Lock()
	defer s.refresh.Unlock()
	schema, err := s.dialect.introspect(ctx, s.db)
	if err != nil {
		return fmt.Errorf("data: read schema: %w", s.dialect.classify(ctx, err))
	}
	shown := schema.clone()
	if err := shown.finish(s.opts); err != nil {
		return err
	}
	s.read = schema
	s.schema.Store(shown)
	return nil
}

// Ping says whether the database answers. It waits for no other work: a connection is kept for it, and one of many that come at once
// uses it at a time. A database that somebody has locked to write to it answers: it is there, and whoever reads or writes
// waits for its turn.
func (s *Source) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.QueryTimeout)
	defer cancel()
	select {
	case s.shares.pings <- struct{}{}:
		defer func() { <-s.shares.pings }()
	case <-ctx.Done():
		return fmt.Errorf("data: ping: %w", s.dialect.classify(ctx, ctx.Err()))
	}
	conn, err := s.db.Conn(ctx)
	if err == nil {
		defer func() { _ = conn.Close() }() // back to the pool
		err = s.dialect.ping(ctx, conn)
	}
	if err != nil {
		return fmt.Errorf("data: ping: %w", s.dialect.classify(ctx, err))
	}
	return nil
}

// Estimates returns the approximate number of rows of each table; -1 where only counting would tell. It counts nothing: the planner's statistics, else the highest row id.
func (s *Source) Estimates(ctx context.Context) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return nil, err
	}
	defer leave()
	estimates, err := s.dialect.estimates(ctx, s.db, s.Schema().Tables)
	if err != nil {
		return nil, fmt.Errorf("data: estimate rows: %w", s.dialect.classify(ctx, err))
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
		return nil, &TableError{Table: t.Name, Problem: t.Problem}
	}
	return t, nil
}

// failed turns an engine's error on a read of t into one of this package's.
func (s *Source) failed(ctx context.Context, op string, t *Table, err error) error {
	if errors.As(err, new(*TableError)) || outage(err) {
		return err // it is one
	}
	if classified := s.dialect.classify(ctx, err); outage(classified) {
		return fmt.Errorf("data: %s %q: %w", op, t.Name, classified)
	}
	return &TableError{Table: t.Name, Problem: s.dialect.problem(err), Err: err}
}

// unknownTables are the names in Show and Hide that no table has.
func (o Options) unknownTables(tables []*Table) (wrong NameErrors) {
	for _, list := range []struct {
		field string
		names []string
	}{{"Show", o.Show}, {"Hide", o.Hide}} {
		for _, name := range list.names {
			if name != "*" && !slices.ContainsFunc(tables, func(t *Table) bool { return t.Name == name }) {
				wrong = append(wrong, &NameError{list.field, name, "is no table of the database"})
			}
		}
	}
	return wrong
}

// choose applies Show and Hide.
func (o Options) choose(all []*Table) []*Table {
	tables := slices.Clone(all)
	return slices.DeleteFunc(tables, func(t *Table) bool {
		shown := !t.system && (len(o.Show) == 0 || slices.Contains(o.Show, "*")) || slices.Contains(o.Show, t.Name)
		return !shown || listed(o.Hide, t) || t.View && !slices.Contains(o.Show, t.Name) && o.readsHidden(all, t, map[*Table]bool{})
	})
}

// readsHidden says whether the text of a view names what Hide does, or a view that does.
func (o Options) readsHidden(tables []*Table, view *Table, seen map[*Table]bool) bool {
	if len(o.Hide) == 0 || seen[view] {
		return false
	}
	seen[view] = true
	names := readView(view.ddl).names
	return slices.ContainsFunc(tables, func(t *Table) bool {
		return t != view && names[strings.ToLower(t.Name)] && (listed(o.Hide, t) || t.View && o.readsHidden(tables, t, seen))
	})
}
