// This file holds what statements run on: the pool, or one connection with a transaction.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// undoTimeout is for how long a rollback may outlast its caller's context.
const undoTimeout = 5 * time.Second

// queryer runs statements: a *sql.DB, or a *sql.Conn inside a transaction.
type queryer interface{ Tx }

// purpose is what a transaction is for.
type purpose int

const (
	reads   purpose = iota // it sees one moment
	writes                 // each statement sees what was committed before it
	deletes                // it writes, and sees one moment: what goes with a row is what was asked about
)

// snapshot runs reads that must see one state of the database.
func (s *Source) snapshot(ctx context.Context, op string, t *Table, work func(db queryer) error) error {
	return s.transaction(ctx, reads, op, t, func(_ context.Context, db queryer) error { return work(db) }, nil)
}

// longWrite is how long a write may keep others from writing, up to its commit, where writers wait
// for readers (look.go): the application's writes wait for it too. A write of many records that
// took longer than patience there is followed by a rest, as a look is.
const longWrite = 500 * time.Millisecond

func tooSlowWrite(limit time.Duration) error {
	return FieldErrors{fieldError("", "", text.WriteTooSlow(limit.String()))}
}

// writer runs the work of a write, and its check. Where writers wait for readers it is bounded.
func (s *Source) writer(ctx context.Context, conn *sql.Conn, work func(ctx context.Context, db queryer) error) error {
	wait, err := s.dialect.writersWait(ctx, s.dialect.on(conn))
	if err != nil {
		return err
	}
	all := func(ctx context.Context) error {
		if err := work(ctx, s.dialect.on(conn)); err != nil {
			return err
		}
		if check := checkOf(ctx); check != nil {
			return check(ctx, statements{conn})
		}
		return nil
	}
	if !wait {
		return all(ctx)
	}
	if took, ok := ctx.Value(sharing{s.shares}).(*time.Duration); ok {
		begun := time.Now()
		defer func() { *took = time.Since(begun) }()
	}
	limit := s.shares.write
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = all(short)
	if short.Err() != nil && ctx.Err() == nil {
		return tooSlowWrite(limit)
	}
	return err
}

// transact runs writes, all or nothing, and again from the start, three times in all, if the
// database undid them because of another transaction: work must keep nothing of a try that failed.
// Errors of work are returned as they are. If the database refuses at the end what work wrote,
// refused gets the engine's error; it must return an error. Its db is nil where the refusal has
// ended the transaction.
func (s *Source) transact(ctx context.Context, p purpose, op string, t *Table, work func(ctx context.Context, db queryer) error, refused func(ctx context.Context, db queryer, err error) error) error {
	return s.pool.Retry(ctx, func(ctx context.Context) error { return s.transaction(ctx, p, op, t, work, refused) })
}

func (s *Source) transaction(ctx context.Context, p purpose, op string, t *Table, work func(ctx context.Context, db queryer) error, refused func(ctx context.Context, db queryer, err error) error) error {
	tx, err := s.pool.Begin(ctx, s.dialect.start(p))
	if err != nil {
		return s.failed(ctx, op, t, err)
	}
	defer tx.Close(ctx)
	if p == reads {
		if err := work(ctx, s.dialect.on(tx.Conn())); err != nil {
			return err
		}
	} else {
		settled := func(ctx context.Context, db queryer) error {
			ctx, changes := s.record(ctx, db)
			if err := work(ctx, db); err != nil {
				return err
			}
			if err := s.dialect.settle(ctx, db); err != nil {
				return refused(ctx, nil, err)
			}
			return changes.tell(ctx, false)
		}
		if err := s.writer(ctx, tx.Conn(), settled); err != nil {
			return err
		}
	}
	err = tx.Commit(ctx)
	switch {
	case err == nil:
	case p != reads && !tx.Open() && s.pool.Engine.Fault(err).Undecided(true):
		err = fmt.Errorf("data: %s %q: %w: %w: %w", op, t.Name, ErrUndecided, ErrUnavailable, err)
	case refused == nil:
		err = s.failed(ctx, op, t, err)
	case tx.Open():
		err = refused(ctx, s.dialect.on(tx.Conn()), err)
	default:
		err = refused(ctx, nil, err)
	}
	if p != reads {
		s.ended(ctx, err)
	}
	return err
}

// answering is db where it can be asked after a statement was refused in it, else nil.
func (s *Source) answering(db queryer) queryer {
	if !s.dialect.answers() {
		return nil
	}
	return db
}

type checkKey struct{}

// BeforeCommit returns a context whose writes call check right before they commit, when all their
// work is done. check says whether the write is still allowed; its error undoes the write and is
// returned as it is. It gets the transaction that is about to commit, and must ask that and not the
// pool, of which the transaction may hold the only connection.
func BeforeCommit(ctx context.Context, check func(ctx context.Context, tx Tx) error) context.Context {
	return context.WithValue(ctx, checkKey{}, check)
}

func checkOf(ctx context.Context) func(context.Context, Tx) error {
	check, _ := ctx.Value(checkKey{}).(func(context.Context, Tx) error)
	return check
}

// writable finds a table that can be written to.
func (s *Source) writable(name string) (*Table, error) {
	t, err := s.table(name)
	if err != nil {
		return nil, err
	}
	if t.ReadOnly != "" {
		return nil, fmt.Errorf("%w: table %q cannot be changed: %s", ErrReadOnly, t.Name, t.ReadOnly)
	}
	return t, nil
}
