// Package sqlstore keeps sessions in SQLite, PostgreSQL, MySQL or MariaDB, over
// database/sql. It takes a *sql.DB and imports no driver.
//
// Sessions that ended stay as history, with the reason, for Config.KeepEnded.
// Their metadata is cleared at once: history says who was signed in, when, from
// where and why it ended, not what was in the basket.
//
// Everything that changes is guarded by the row itself: an UPDATE names the state it needs, and the
// number of rows it changed is the answer. Operations that must see all sessions of a user at one
// moment (Create under a limit, Rotate, Delete, DeleteUser) first take a lock of that user's tag:
// the write lock on SQLite, an advisory lock on PostgreSQL, one of 256 rows on MySQL.
package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/batch"
)

// Config is a store's configuration. The zero value is ready for use.
type Config struct {
	// KeepEnded is how long ended sessions stay as history: 90 days by default,
	// 1 hour to 10 years. An ended session is kept until its Deadline in any case,
	// so that nothing can restore it.
	KeepEnded time.Duration

	// Changes keeps a numbered log of ends and changes of sessions, for a cache in front of the
	// store (package hybridstore). Once one process has begun the log, processes that open the
	// store later keep it too; those that opened it before must open it again. Ends of sessions
	// then wait for each other: one after the other commits.
	Changes bool

	// Grace is how long Sweep leaves alone sessions that have expired, so that TouchLate finds
	// them. Default 0: not at all; at most 2 hours. Either every process that ends sessions has a
	// grace, or none of them has one.
	Grace time.Duration

	// NoPrepare prepares no statements, for databases and poolers that do not keep them.
	// The store finds PgBouncer and its like in transaction mode by itself.
	NoPrepare bool

	// Now is the clock; time.Now by default.
	Now func() time.Time `json:"-"`

	// Logger gets warnings; slog.Default() by default. Records carry the component
	// session.sqlite, session.postgresql or session.mysql, which is MariaDB too.
	Logger *slog.Logger `json:"-"`
}

const (
	defaultKeepEnded = 90 * 24 * time.Hour
	minKeepEnded     = time.Hour
	maxKeepEnded     = 10 * 365 * 24 * time.Hour
	maxGrace         = 2 * time.Hour
)

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	c.KeepEnded = cmp.Or(c.KeepEnded, defaultKeepEnded)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Validate returns nil, or one error with a config.FieldError for each field that is out of its
// bounds. Open calls it.
func (c Config) Validate() error {
	c = c.withDefaults()
	var check fields.Check
	check.Duration("KeepEnded", c.KeepEnded, minKeepEnded, maxKeepEnded)
	check.Duration("Grace", c.Grace, 0, maxGrace)
	return check.Err("sqlstore")
}

// Store is a session.Store in an SQL database.
type Store struct {
	db      *sqldb.DB
	dialect *dialect
	keep    time.Duration
	grace   time.Duration
	log     *slog.Logger
	now     func() time.Time
	traits  session.Traits

	numbered bool // changes are entered into the log
	ownClock bool // Config.Now is the time, not the database's

	unprepared bool         // nothing is prepared
	statements sync.Map     // text → *sql.Stmt, prepared at first use
	forgotten  atomic.Int64 // how many statements were prepared anew
	toldAt     atomic.Int64 // when warnOfFlaw logged, in nanoseconds since 1970

	// writer is held by the one writer that SQLite can have, so that writers of this process wait
	// in line instead of polling. It is nil on servers.
	writer chan struct{}

	reach *reach // nil where the database is not a server

	reads batch.Group[session.ID, underID] // by their IDs
}

var _ session.Store = (*Store)(nil)

// Open finds out which engine db speaks to, brings its tables up to date, and returns a store.
// Tables are named crudadmin_…, one application to a database or schema. Any number of processes
// may open at once: one migrates, the others wait, at most as long as ctx. Errors:
// session.ErrUnavailable where the database cannot be reached; session.ErrMisconfigured where it
// can never be used: a right that is missing, no writes, a character set in which not every
// character has a place, autocommit off, a pooler in transaction mode with a driver that prepares
// statements.
//
// Behind PgBouncer in transaction mode pgx wants default_query_exec_mode=exec in its
// address (simple_protocol and cache_describe will do too), lib/pq binary_parameters=yes.
// A statement whose plan a schema change has put out of date is prepared anew.
//
// The database is the caller's: Close does not close it. With SQLite, every
// connection must open the same file, and synchronous=FULL is what makes an
// acknowledged revocation survive a power cut (package sqlite sets it).
// With MySQL and MariaDB, interpolateParams=true in the DSN saves round trips.
func Open(ctx context.Context, db *sql.DB, cfg Config) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: Open: db is nil")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	d, err := detect(ctx, db)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db:      &sqldb.DB{Pool: db, Engine: d.engine},
		dialect: d,
		keep:    cfg.KeepEnded,
		grace:   cfg.Grace,
		log:     cfg.Logger.With("component", "session."+string(d.engine)),
		now:     session.MonotonicClock(cfg.Now),

		ownClock: cfg.Now != nil,
	}
	if d.engine == sqldb.SQLite {
		s.writer = make(chan struct{}, 1)
	} else {
		s.reach = newReach(db, s.log)
	}
	s.reads.MaxBatch, s.reads.Send, s.reads.SendOne = maxBatch, s.getAll, s.getOne
	if err := s.begin(ctx, cfg); err != nil {
		if s.reach != nil {
			s.reach.end()
		}
		return nil, err
	}
	durable, err := s.durable(ctx)
	if err != nil {
		return nil, err
	}
	s.traits = session.Traits{
		Name:       string(d.engine),
		Shared:     true,
		Durable:    durable,
		ListAll:    true,
		History:    true,
		ExactLimit: true,
		SweepBatch: sweepBatch,
		SweepGrace: cfg.Grace,
		Report:     s.report,
		Notes:      slices.Clone(d.notes),
	}
	if !durable {
		s.traits.Notes = append(s.traits.Notes, d.notDurable)
	}
	return s, nil
}

// begin finds out whether the database can be used, and makes the tables.
func (s *Store) begin(ctx context.Context, cfg Config) error {
	if err := s.choosePreparing(ctx, cfg.NoPrepare); err != nil {
		return s.wrapOpen(err)
	}
	if err := s.checkSettings(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return s.wrapOpen(err)
	}
	if err := s.openLog(ctx, cfg.Changes); err != nil {
		return s.wrapOpen(err)
	}
	return s.checkRights(ctx)
}

// durable asks the database whether a commit waits for the disk.
func (s *Store) durable(ctx context.Context) (bool, error) {
	var setting string
	err := s.db.Row(ctx, s.dialect.durability).Scan(&setting)
	if s.fault(err).Passes() { // a server that does not tell promises nothing
		return false, s.wrap("open", err)
	}
	return slices.Contains(s.dialect.durableAt, setting), nil
}

// Ping implements session.Store.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := ask(ctx, s, readNumber, "SELECT count(*) FROM "+versionTable); err != nil {
		return s.wrap("ping", err)
	}
	return nil
}

// Close implements session.Store. It releases the prepared statements; the
// database stays open.
func (s *Store) Close() error {
	if s.reach != nil {
		s.reach.end()
	}
	var errs []error
	s.statements.Range(func(text, stmt any) bool {
		s.statements.Delete(text)
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(errs...)
}

// Traits implements session.Store.
func (s *Store) Traits() session.Traits { return s.traits }
