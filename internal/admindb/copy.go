// Copy: the rows of one database written into another in one transaction, and compared there.

package admindb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// batchRows are how many rows an INSERT has: at most 50 × 24 values and, since only sessions that
// ended are written, less than 1 MiB.
const batchRows = 50

// Copied is what was copied of a table.
type Copied struct {
	Table string
	What  string // the rows are
	Rows  int64
	Ended int64 // of them, sessions that were live, and end with the copy
}

// UndecidedError says that the COMMIT had no answer: the copy may be there, whole, or not at all.
type UndecidedError struct{ err error }

func (e *UndecidedError) Error() string {
	return fmt.Sprintf("the COMMIT had no answer: %v. Either everything was copied or nothing: copy again, which is refused if it was", e.err)
}

func (e *UndecidedError) Unwrap() error { return e.err }

// Copy copies what from holds, as it is at one moment, into to, whose tables its packages have made
// (account.Open, and sqlstore.Open where [Source] says so). Everything is written in one
// transaction, read again in it, and compared value by value before it is committed; after an error
// to holds nothing. A session that is live then ends in the copy, and one that expired has ended
// when it did: what is told to the old database from now on is not known to the new one, so that a
// session could live on there that was ended here.
func Copy(ctx context.Context, from, to *sqldb.DB, now func() time.Time) ([]Copied, error) {
	source, err := from.Begin(ctx, snapshot(from.Engine))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	defer source.Close(ctx)
	found, err := look(ctx, from.Engine, source, false)
	if err != nil {
		return nil, err
	}
	if err := found.worthCopying(); err != nil {
		return nil, err
	}
	began := now().UnixMicro()
	var all []Copied
	stage, err := to.Attempt(ctx, func(target *sqldb.Tx) error {
		if err := LockAccounts(ctx, to.Engine, target); err != nil {
			return err
		}
		there, err := look(ctx, to.Engine, target, false)
		if err == nil {
			err = there.empty()
		}
		if err != nil {
			return fmt.Errorf("the target cannot be used: %w", err)
		}
		for _, t := range tables {
			if t.what == "" || !found.has(t.name) {
				continue
			}
			one, err := copyTable(ctx, t, source, target, began)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			all = append(all, one)
		}
		return nil
	})
	switch {
	case err == nil:
		return all, nil
	case stage == sqldb.Committing && to.Engine.Fault(err).Undecided(true):
		return nil, &UndecidedError{err}
	}
	return nil, err
}

// Recount counts again what was copied, outside of its transaction.
func Recount(ctx context.Context, db *sqldb.DB, all []Copied) error {
	for _, one := range all {
		n, err := count(ctx, db, one.Table)
		if err != nil {
			return fmt.Errorf("%s: %w", one.Table, err)
		}
		if n != one.Rows {
			return fmt.Errorf("%s has %d rows, and %d were copied: something else writes to it", one.Table, n, one.Rows)
		}
	}
	return nil
}

// snapshot begins a transaction that reads, and sees one moment.
func snapshot(engine sqldb.Engine) sqldb.Start {
	statements := map[sqldb.Engine][]string{
		sqldb.SQLite:     {"BEGIN"},
		sqldb.PostgreSQL: {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
		sqldb.MySQL:      {"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"},
	}[engine]
	return func(ctx context.Context, conn *sql.Conn) (func(context.Context) error, error) {
		for _, statement := range statements {
			if _, err := conn.ExecContext(ctx, statement); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
}

// copyTable copies the rows of a table, and compares what the target has then.
func copyTable(ctx context.Context, t table, source, target *sqldb.Tx, now int64) (Copied, error) {
	columns, err := columnsOf(ctx, target, t.name)
	if err != nil {
		return Copied{}, err
	}
	theirs, err := columnsOf(ctx, source, t.name)
	if err != nil {
		return Copied{}, err
	}
	if a, b := columns.sorted(), theirs.sorted(); !slices.Equal(a, b) {
		return Copied{}, fmt.Errorf("its columns are %s, and those of this program %s: use a database as the program has made it", strings.Join(b, ", "), strings.Join(a, ", "))
	}
	one := Copied{Table: t.name, What: t.what}
	var wanted, got digest
	var batch [][]any
	write := func() error {
		if len(batch) == 0 {
			return nil
		}
		_, err := target.Exec(ctx, columns.insert(t.name, len(batch)), slices.Concat(batch...)...)
		batch = batch[:0]
		return err
	}
	err = columns.each(ctx, source, t.name, func(row []any) error {
		if t.name == sessionsTable && columns.end(row, now) {
			one.Ended++
		}
		wanted.add(row)
		one.Rows++
		if batch = append(batch, row); len(batch) == batchRows {
			return write()
		}
		return nil
	})
	if err == nil {
		err = write()
	}
	if err == nil {
		err = columns.each(ctx, target, t.name, func(row []any) error {
			got.add(row)
			return nil
		})
	}
	if err == nil && got != wanted {
		err = fmt.Errorf("the target does not keep what was written into it (%d rows were written, it has %d, or it cut a value): its settings or its tables are not as the program wants them", wanted.rows, got.rows)
	}
	return one, err
}
