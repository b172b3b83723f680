// Transactions: begun, committed or undone in time, and tried again.

package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	// tries is how often a transaction is tried in all that the database undoes.
	tries = 3

	// undoTimeout is for how long a rollback may outlast its caller's context, where DB.Undo is
	// zero: callers are to be back 50 ms after their deadline.
	undoTimeout = 30 * time.Millisecond
)

// DB is a pool of connections to a database of a known engine. It is safe for concurrent use.
type DB struct {
	Pool   *sql.DB
	Engine Engine

	// Undo is for how long a rollback may outlast the context of its caller; then the connection is
	// closed, and the transaction ends with it. 30 ms by default.
	Undo time.Duration
}

// Exec runs one statement with [Engine.Bind], and returns how many rows it changed. MySQL counts
// rows that had the new values before only if the DSN says clientFoundRows.
func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return changed(d.Pool.ExecContext(ctx, d.Engine.Bind(query), args...))
}

// Query runs one query with [Engine.Bind].
func (d *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.Pool.QueryContext(ctx, d.Engine.Bind(query), args...)
}

// Row runs one query with [Engine.Bind] and returns its first row.
func (d *DB) Row(ctx context.Context, query string, args ...any) *sql.Row {
	return d.Pool.QueryRowContext(ctx, d.Engine.Bind(query), args...)
}

// Start begins a transaction on a connection. restore, unless it is nil, is called once after the
// transaction has ended, or could not begin, and puts the connection into the state it had before;
// where it returns an error the connection is closed. [Engine.Start] is one.
type Start func(ctx context.Context, conn *sql.Conn) (restore func(context.Context) error, err error)

// Tx is a transaction on a connection of its own. It is for one goroutine.
type Tx struct {
	db      *DB
	conn    *sql.Conn
	restore func(context.Context) error
	done    bool // committed
}

// Begin takes a connection and begins a transaction on it with start; nil is [Engine.Start]. After
// an error there is nothing to close. A connection that died in the pool, as all of them do where
// the server restarts, is closed, and another one is taken: nothing was done on it.
func (d *DB) Begin(ctx context.Context, start Start) (*Tx, error) {
	for idle := d.Pool.Stats().Idle; ; idle-- {
		t, dead, err := d.begin(ctx, start)
		if !dead || idle <= 0 || ctx.Err() != nil {
			return t, err
		}
	}
}

// begin is Begin on one connection; dead says that it gave no answer.
func (d *DB) begin(ctx context.Context, start Start) (t *Tx, dead bool, err error) {
	conn, err := d.Pool.Conn(ctx)
	if err != nil {
		return nil, false, err
	}
	t = &Tx{db: d, conn: conn}
	if start == nil {
		t.restore, err = d.Engine.Start(ctx, conn)
	} else {
		t.restore, err = start(ctx, conn)
	}
	if err != nil {
		t.Close(ctx)
		return nil, d.Engine.Fault(err).NoAnswer(), err
	}
	return t, false, nil
}

// Conn is the connection. What is sent on it is part of the transaction.
func (t *Tx) Conn() *sql.Conn { return t.conn }

// Exec is [DB.Exec] in the transaction.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return changed(t.conn.ExecContext(ctx, t.db.Engine.Bind(query), args...))
}

// Query is [DB.Query] in the transaction.
func (t *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return t.conn.QueryContext(ctx, t.db.Engine.Bind(query), args...)
}

// Row is [DB.Row] in the transaction.
func (t *Tx) Row(ctx context.Context, query string, args ...any) *sql.Row {
	return t.conn.QueryRowContext(ctx, t.db.Engine.Bind(query), args...)
}

// Commit commits. After an error, [Fault.Undecided] says whether that may have happened.
func (t *Tx) Commit(ctx context.Context) error {
	_, err := t.conn.ExecContext(ctx, "COMMIT")
	t.done = err == nil
	return err
}

// Open reports whether the transaction is still there after a Commit that was refused: then the
// database can be asked in it what was wrong. That is so on SQLite alone; elsewhere it is over, and
// undone.
func (t *Tx) Open() bool { return t.db.Engine == SQLite && !t.done }

// Close ends the transaction: unless it was committed, it is undone. The connection goes back into
// the pool, or is closed if that cannot be ensured. Close must be called once.
func (t *Tx) Close(ctx context.Context) {
	if (!t.done || t.restore != nil) && !t.clean(ctx) {
		Discard(t.conn)
	}
	_ = t.conn.Close() // gives it back to the pool
}

// clean undoes what was not committed and restores the connection. It reports whether both
// succeeded.
func (t *Tx) clean(ctx context.Context) bool {
	ctx, cancel := outlast(ctx, t.db.undo())
	defer cancel()
	sound := true
	if !t.done {
		_, err := t.conn.ExecContext(ctx, "ROLLBACK")
		sound = err == nil || t.db.Engine == SQLite && strings.Contains(err.Error(), "no transaction is active")
	}
	if t.restore != nil && t.restore(ctx) != nil {
		sound = false
	}
	return sound
}

func (d *DB) undo() time.Duration {
	if d.Undo == 0 {
		return undoTimeout
	}
	return d.Undo
}

// outlast returns a context that ends some time after ctx does.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// Discard closes a connection that must not come back into the pool: with a transaction, a lock or
// settings on it.
func Discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// Stage is how far an attempt at a transaction came.
type Stage int

// The stages.
const (
	Beginning  Stage = iota // there was no transaction
	Working                 // it was not committed
	Committing              // COMMIT was sent
)

// Attempt runs work in a transaction that [Engine.Start] begins, once, and returns how far it came.
// Errors are those of work and of the driver.
func (d *DB) Attempt(ctx context.Context, work func(*Tx) error) (Stage, error) {
	t, err := d.Begin(ctx, nil)
	if err != nil {
		return Beginning, err
	}
	defer t.Close(ctx)
	if err := work(t); err != nil {
		return Working, err
	}
	return Committing, t.Commit(ctx)
}

// Retry calls do, and again after a pause while the database refuses it because of another
// transaction: three times in all, and not after ctx has ended. do rolls back what it began, as
// [DB.Attempt] does, and must keep nothing of a try that failed.
func (d *DB) Retry(ctx context.Context, do func(context.Context) error) error {
	for try := 1; ; try++ {
		err := do(ctx)
		if !d.Engine.Fault(err).Again(ctx, try) {
			return err
		}
	}
}

// Again reports, after a pause, whether to try a transaction again: one that the database
// refused because of another one, three times in all. try is how often it was tried.
func (f Fault) Again(ctx context.Context, try int) bool {
	return f == Conflict && try < tries && Pause(ctx, try)
}

// AskAgain reports, after a pause, whether to send again what had no answer, and does no harm if it
// is done twice: three times in all. try is how often it was sent.
func (f Fault) AskAgain(ctx context.Context, try int) bool {
	return f.NoAnswer() && try < tries && Pause(ctx, try)
}

// Pause waits some milliseconds, longer the more often something was tried, and at random so that
// those who met do not meet again. It reports whether ctx still lasts.
func Pause(ctx context.Context, try int) bool {
	timer := time.NewTimer(time.Millisecond + rand.N(time.Duration(min(try, 10))*5*time.Millisecond)) //nolint:gosec // no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
