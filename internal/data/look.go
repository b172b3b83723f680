// This file lets readers and writers take turns where writers wait for readers: a SQLite file that
// is not in WAL mode cannot be committed to while a statement, or a transaction, reads it. There
//
//   - all reads are looks: one statement, or one transaction of some, in which nothing waits for
//     anybody but the database. Rows to which an index leads are read in one look of some rows. A
//     read that may pass many more rows than it shows (see share.go) has a turn: of these looks the
//     source has one at a time, with a rest after each;
//   - a look that has taken lookTime is stopped, and its work is done in smaller looks: in windows
//     of the table's rows by their keys (window.go), or a page's cells some rows at a time. A
//     window of one row is not stopped;
//   - a table whose rows have no key to cut it by (a view, a virtual table without row ids) gets
//     one more look, of longLook, and is a TableError if that is too short. After a look that took
//     longer than patience the next one waits, restFor times as long as the excess: so 19 of 20
//     writes wait for patience at most;
//   - several looks are not a snapshot: a row that is written between two may be seen or not. The
//     values of one row, and of one cell, are always of one moment.
//
// Writes have their bound in transaction.go.

package data

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

const (
	lookTime = 40 * time.Millisecond
	longLook = 300 * time.Millisecond
	patience = 100 * time.Millisecond
	restFor  = 20
)

// errStopped means that a look was stopped because it took too long.
var errStopped = errors.New("data: a look at the database took too long")

// turns are the turns of looks that may read many rows, or those of writes of many: one is under
// way at a time.
type turns struct {
	taken chan struct{}
	free  time.Time     // when the next may begin; set by the holder of the turn
	pause time.Duration // sliceRest
	rest  int           // restFor
}

func newTurns() *turns {
	return &turns{taken: make(chan struct{}, 1), pause: sliceRest, rest: restFor}
}

// take waits for the turn. done gives it back, and is told how long writers waited for it.
func (t *turns) take(ctx context.Context) (done func(took time.Duration), err error) {
	select {
	case t.taken <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if wait := time.Until(t.free); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			<-t.taken
			return nil, ctx.Err()
		}
	}
	return func(took time.Duration) {
		t.free = time.Now().Add(max(t.pause, time.Duration(t.rest)*(took-patience)))
		<-t.taken
	}, nil
}

// elapse is a time that passes. The zero elapse has passed.
type elapse struct{ end atomic.Int64 }

// lastFor begins it.
func (e *elapse) lastFor(d time.Duration) { e.end.Store(time.Now().Add(d).UnixNano()) }

func (e *elapse) lasts() bool { return time.Now().UnixNano() < e.end.Load() }

// waits says whether writers to the database wait for its readers.
func (s *Source) waits(ctx context.Context, t *Table) (bool, error) {
	wait, err := s.dialect.writersWait(ctx, s.reads)
	if err != nil {
		return false, s.failed(ctx, "read", t, err)
	}
	return wait, nil
}

// glance reads one moment of the database, and is stopped with errStopped when it has looked for
// limit (0: it is not stopped). The time in which it waits for a writer does not count.
func (s *Source) glance(ctx context.Context, op string, t *Table, limit time.Duration, work func(ctx context.Context, db queryer) error) (took time.Duration, err error) {
	err = s.snapshot(ctx, op, t, func(db queryer) error {
		begun := time.Now()
		defer func() { took = time.Since(begun) }()
		if limit == 0 {
			return work(ctx, db)
		}
		short, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err := work(short, db)
		if err != nil && short.Err() != nil && ctx.Err() == nil {
			return errStopped
		}
		return err
	})
	return took, err
}

// inTurn is a glance in its turn.
func (s *Source) inTurn(ctx context.Context, op string, t *Table, limit time.Duration, work func(ctx context.Context, db queryer) error) error {
	done, err := s.shares.turns.take(ctx)
	if err != nil {
		return s.failed(ctx, op, t, err)
	}
	took, err := s.glance(ctx, op, t, limit, work)
	done(took)
	return err
}

// twice runs work that cannot be cut. If the first look is stopped, work begins anew in a longer
// one. Errors: errStopped.
func (s *Source) twice(ctx context.Context, op string, t *Table, work func(ctx context.Context, db queryer) error) error {
	if _, err := s.glance(ctx, op, t, s.shares.first, work); !errors.Is(err, errStopped) {
		return err
	}
	return s.inTurn(ctx, op, t, s.shares.long, work)
}

// undivided runs work, which cannot be cut, at one moment: on db, or in a look of its own where db
// is nil (piecewise). A look that takes too long is a TableError.
func (s *Source) undivided(ctx context.Context, db queryer, op string, t *Table, work func(ctx context.Context, db queryer) error) error {
	if db != nil {
		return work(ctx, db)
	}
	err := s.twice(ctx, op, t, work)
	if errors.Is(err, errStopped) {
		err = tooSlow(t, s.shares.long)
	}
	return err
}

func tooSlow(t *Table, limit time.Duration) error {
	return &TableError{Table: t.Name, Problem: text.ReadTooSlow(limit.String())}
}

// piecewise runs work on one moment of the database. Where writers wait for readers it gives work
// no db, which means: in looks, as many as it needs. What is given such a db passes it on, to
// undivided or exactSome.
func (s *Source) piecewise(ctx context.Context, op string, t *Table, work func(ctx context.Context, db queryer) error) error {
	wait, err := s.waits(ctx, t)
	switch {
	case err != nil:
		return err
	case wait:
		return work(ctx, nil)
	}
	return s.snapshot(ctx, op, t, func(db queryer) error { return work(ctx, db) })
}

// moment runs work, which cannot be cut, at one moment of the database: for a bounded time where
// writers wait for it.
func (s *Source) moment(ctx context.Context, op string, t *Table, work func(ctx context.Context, db queryer) error) error {
	return s.piecewise(ctx, op, t, func(ctx context.Context, db queryer) error { return s.undivided(ctx, db, op, t, work) })
}

// exactSome is exactRows on db. Where db is nil (piecewise) a query that takes too long for one
// look is asked of t's rows in windows, and the rows that it finds are then in the order of the
// windows.
func (s *Source) exactSome(ctx context.Context, db queryer, t *Table, query fragment, conditions []fragment, limit int) (all [][]any, err error) {
	if db != nil {
		return s.exactRows(ctx, db, query, conditions, limit)
	}
	_, err = s.glance(ctx, "read", t, s.shares.first, func(ctx context.Context, db queryer) (err error) {
		all, err = s.exactRows(ctx, db, query, conditions, limit)
		return err
	})
	switch {
	case !errors.Is(err, errStopped):
		return all, err
	case len(t.walked()) == 0:
		return nil, tooSlow(t, s.shares.first)
	}
	all = nil
	err = s.windows(ctx, t, false, conditions, func(ctx context.Context, db queryer, rows window) (bool, error) {
		some, err := s.exactRows(ctx, db, query, rows.where(), limit-len(all))
		if err != nil {
			return false, s.failed(ctx, "read", t, err)
		}
		all = append(all, some...)
		return len(all) < limit, nil
	})
	return all, err
}
