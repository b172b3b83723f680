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
	"io"
	"slices"
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
	// MaxKeys is how many records DeleteMany and UpdateMany take at once.
	MaxKeys = 10_000
)

// DataSource is what the panel needs of the application's data. *Source is the SQL one.
// Implementations are safe for concurrent use.
type DataSource interface {
	// Schema returns the schema of the last Refresh. It is shared: do not change it.
	Schema() *Schema
	// Refresh reads the schema again.
	Refresh(ctx context.Context) error
	// Ping says whether the database answers.
	Ping(ctx context.Context) error
	// Estimates returns the approximate number of rows of each table; -1 where only counting would tell.
	Estimates(ctx context.Context) (map[string]int64, error)
	// List returns one page of a table. Errors: FieldErrors, ErrNoTable, *TableError, ErrTimeout, ErrUnavailable.
	List(ctx context.Context, q Query) (*Page, error)
	// Get returns one record. Errors: as List, and ErrNotFound.
	Get(ctx context.Context, table string, key Key) (*Record, error)
	// Related returns what refers to a record: one entry for each foreign key that points at its table.
	Related(ctx context.Context, table string, key Key) ([]Related, error)
	// Download writes the whole of one cell to a writer, whatever its size, and returns how it is stored: StoredNull,
	// StoredBlob, or StoredText, also of a number, as text. Errors: as Get, ErrBusy, an error of the writer as it is, which
	// leave a part written; and FieldErrors for a column that is masked
	// or none.
	Download(ctx context.Context, table string, key Key, column string, to io.Writer) (Storage, error)
	// Export gives every row that matches a query, in its order, to w: all columns or the query's, whole, without the
	// masked ones. The query's page is ignored. Only ctx bounds its time; it keeps a connection until it returns, so w
	// should wait for nobody. An error of w is returned as it is. ErrBusy: others are under way.
	Export(ctx context.Context, q Query, w RowWriter) error
	Writer
}

// Writer is the writing half of a DataSource.
//
// Each method writes all or nothing. Beside the reads' errors: FieldErrors, naming every wrong field that can be known
// at once, and constraints in words (a FieldError without Field is about the whole record); ErrReadOnly; *StaleError.
type Writer interface {
	// Edit is Get for a form: with Token and Links, and texts up to MaxText. A cell that is Truncated even so must stay
	// out of the Input.
	Edit(ctx context.Context, table string, key Key) (*Record, error)
	// Insert writes a new record and returns its key; zero if its table has none.
	Insert(ctx context.Context, table string, in Input) (Key, error)
	// Update changes a record and returns its key, which differs if a column of the key changed. token is the Token of
	// the Record that was edited: if the row is no longer what it was, nothing is written and the error is a *StaleError.
	Update(ctx context.Context, table string, key Key, token string, in Input) (Key, error)
	// Delete deletes a record. token is the Token of its DeletePreview: if the row, or what goes with it, is not what it
	// was, nothing is deleted and the error is a *StaleError. An empty one is not checked. Refused by a foreign key, the
	// error is a *ReferencedError.
	Delete(ctx context.Context, table string, key Key, token string) error
	// DeletePreview says what Delete would do to other records.
	DeletePreview(ctx context.Context, table string, key Key) (*Preview, error)
	// AskMany and AskMatching say what is to be asked before the records of the keys, or those that match a query, are
	// changed. The methods below take the Token of the answer, or that of a Preview, as asked: if other records match
	// by then, the error is ErrAsked. An empty one is not checked.
	AskMany(ctx context.Context, table string, keys []Key) (*Question, error)
	AskMatching(ctx context.Context, q Query) (*Question, error)
	// DeleteMany deletes the records of the keys, at most MaxKeys, and returns how many there were; those that are gone
	// do not matter. Refused by a foreign key, the error is a *ReferencedError.
	DeleteMany(ctx context.Context, table string, keys []Key, asked string) (int64, error)
	// DeleteManyPreview says what DeleteMany would do to other records. The Preview has no Record.
	DeleteManyPreview(ctx context.Context, table string, keys []Key) (*Preview, error)
	// CountMatching counts the rows that match a query's search and filters, exactly.
	CountMatching(ctx context.Context, q Query) (int64, error)
	// DeleteMatching deletes them, at most MaxBulk, within Options.BulkTimeout.
	DeleteMatching(ctx context.Context, q Query, asked string) (int64, error)
	// DeleteMatchingPreview says what DeleteMatching would do to other records, as far as PreviewLimit.
	DeleteMatchingPreview(ctx context.Context, q Query) (*Preview, error)
	// UpdateMany sets the input's fields in each of the records of the keys, at most MaxKeys, and returns how many there
	// were. No token is checked: what the records have in other fields stays, what they have in these is replaced.
	UpdateMany(ctx context.Context, table string, keys []Key, in Input, asked string) (int64, error)
	// UpdateMatching does so with the rows that match a query's search and filters, at most MaxBulk, within
	// Options.BulkTimeout.
	UpdateMatching(ctx context.Context, q Query, in Input, asked string) (int64, error)
	// ActMany runs an action on the records of the keys, at most MaxKeys, within Options.BulkTimeout, and returns how many
	// it was given.
	ActMany(ctx context.Context, table string, keys []Key, work Work, asked string) (int64, error)
	// ActMatching runs it on the records that match a query's search and filters, at most MaxActed.
	ActMatching(ctx context.Context, q Query, work Work, asked string) (int64, error)
	// Choices returns one page of the records that a field can refer to: a column with a usable foreign key of its own, or
	// a ManyToMany by its Name. They are those whose display value contains the search, or whose key it is; after is
	// ChoicePage.Next, limit is 1 to MaxLimit, 0 for DefaultLimit.
	Choices(ctx context.Context, table, field, search, after string, limit int) (*ChoicePage, error)
	// Chosen returns the choices of the values, in their order; values that no record has are left out. At most MaxLinks.
	Chosen(ctx context.Context, table, field string, values []string) ([]Choice, error)
}

// Options says what of the database is shown. The zero value shows every table and masks by DefaultMasked.
type Options struct {
	// QueryTimeout bounds each read, and each write of one record. Default: DefaultQueryTimeout. At most 24 hours.
	QueryTimeout time.Duration
	// BulkTimeout bounds what changes or deletes many records, and actions. Default: DefaultBulkTimeout. At most 24 hours.
	BulkTimeout time.Duration
	// Show, if set, names the only tables and views shown; "*" is all but the engine's and this module's own.
	Show []string
	// Hide names tables and views not shown; "*" is all.
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

// Source is a DataSource over a *sql.DB. It is safe for concurrent use.
type Source struct {
	db      *sql.DB
	dialect dialect
	opts    Options
	shares  *shares // of db, among all sources over it
	schema  atomic.Pointer[Schema]
	refresh sync.Mutex
	read    *Schema // as the database has it, guarded by refresh
}

var _ DataSource = (*Source)(nil)

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

// Schema implements DataSource.
func (s *Source) Schema() *Schema { return s.schema.Load() }

// Refresh implements DataSource. On an error the schema stays as it was.
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

// Ping implements DataSource. It waits for no other work: a connection is kept for it, and one of many that come at once
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

// Estimates implements DataSource. It counts nothing: the planner's statistics, else the highest row id.
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
func (o Options) choose(tables []*Table) []*Table {
	return slices.DeleteFunc(tables, func(t *Table) bool {
		shown := !t.system && (len(o.Show) == 0 || slices.Contains(o.Show, "*")) || slices.Contains(o.Show, t.Name)
		return !shown || listed(o.Hide, t)
	})
}
