// This file shares the pool's connections out, so that nobody takes all of them from the others.
//
// Of a pool of n connections (sql.DB.SetMaxOpenConns) at most n-1 are used by this package at once,
// so that Ping always finds one; at most n/2 of them, and no more than there are cores, by heavy
// work, which may read more rows than it shows: searches, filters and orders that no index answers,
// exact counts, views, previews of deletions, exports, and writes of many. Of these one is an
// export (two from four places on). On SQLite one write is under way at a time: it has one writer,
// and others that wait for it would hold connections meanwhile. Elsewhere n/2 are, of which one is
// of many records: a write may wait for a lock that the application holds on its row. A pool
// without a bound is treated as one of four connections a core, at least eight.
//
// Work waits for its place without a connection, never behind work that is heavier: a write of many
// waits for its turn, and for the rest after the write before it, before it takes a place. A
// program's own use of the pool is its own affair: give the panel a pool of its own, of four
// connections at least.

package data

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// weight is what a piece of work takes from the others.
type weight int

const (
	light     weight = iota // some rows, found by an index
	heavy                   // more rows than are shown
	exporting               // all rows
	writing                 // one record
	bulk                    // many records
)

// exportWait is how long an export waits for its turn before it is ErrBusy.
const exportWait = 5 * time.Second

// ErrBusy means that the share of the connections that this work may use was taken for too long. It
// can be asked for again in a few seconds.
var ErrBusy = errors.New("too much other work of this kind is under way")

// places is a number of places. Those who wait for one get it in no order.
type places chan struct{}

// shares are the places of one pool.
type shares struct {
	all     places // connections
	heavy   places // of them, for heavy work
	exports places // of these
	writes  places
	pings   places // beside all
	turns   *turns // of looks
	bulk    *turns // of writes of many

	first time.Duration // lookTime
	long  time.Duration // longLook
	held  time.Duration // heldTime
	write time.Duration // longWrite
}

func newShares(db *sql.DB, engine sqldb.Engine) *shares {
	n := db.Stats().MaxOpenConnections
	if n <= 0 {
		n = max(8, 4*runtime.GOMAXPROCS(0))
	}
	many := max(1, min(n/2, runtime.GOMAXPROCS(0)))
	writers := 1
	if engine != sqldb.SQLite {
		writers = max(1, n/2)
	}
	return &shares{
		all:     make(places, max(1, n-1)),
		heavy:   make(places, many),
		exports: make(places, max(1, min(2, many/2))),
		writes:  make(places, writers),
		pings:   make(places, 1),
		turns:   newTurns(),
		bulk:    newTurns(),
		first:   lookTime,
		long:    longLook,
		held:    heldTime,
		write:   longWrite,
	}
}

// needs are the places that work of a weight takes, in the order in which it takes them. The place
// of a connection comes last, so that work that has it does not wait for another place.
func (s *shares) needs(w weight) []places {
	switch w {
	case heavy:
		return []places{s.heavy, s.all}
	case exporting:
		return []places{s.exports, s.heavy, s.all}
	case writing:
		return []places{s.writes, s.all}
	case bulk:
		return []places{s.heavy, s.writes, s.all}
	}
	return []places{s.all}
}

// sharing is the key under which the context of work that has its places carries a *time.Duration:
// how long its write kept the application from writing while others read (writer).
type sharing struct{ s *shares }

// enter waits for the places of a piece of work, and for its turn before, and returns a context
// that says so: calls with it need no places of their own. leave gives the places back. Errors:
// ErrBusy, or context.Canceled.
func (s *Source) enter(ctx context.Context, w weight) (_ context.Context, leave func(), err error) {
	if ctx.Value(sharing{s.shares}) != nil {
		return ctx, func() {}, nil
	}
	waiting := ctx
	if w == exporting {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, exportWait)
		defer cancel()
	}
	noPlace := func() error {
		if errors.Is(ctx.Err(), context.Canceled) {
			return fmt.Errorf("data: wait for a connection: %w", ctx.Err())
		}
		return fmt.Errorf("data: wait for a connection: %w", ErrBusy)
	}
	done := func(time.Duration) {}
	if w == bulk {
		if done, err = s.shares.bulk.take(ctx); err != nil {
			return nil, nil, noPlace()
		}
	}
	needs := s.shares.needs(w)
	for i, p := range needs {
		select {
		case p <- struct{}{}:
			continue
		case <-waiting.Done():
		}
		for _, had := range needs[:i] {
			<-had
		}
		done(0)
		return nil, nil, noPlace()
	}
	took := new(time.Duration)
	return context.WithValue(ctx, sharing{s.shares}, took), func() {
		for _, p := range slices.Backward(needs) {
			<-p
		}
		done(*took)
	}, nil
}

// Heavy says whether a list's query may read many more rows than it shows: it searches, filters or
// sorts by columns that no single index serves, or reads a view.
func (t *Table) Heavy(q Query) bool {
	indexed := func(name string) bool {
		c, ok := t.Column(name)
		return ok && c.Indexed
	}
	switch {
	case t.View, t.Virtual, !t.keyset(), q.Search != "", len(q.Filters) > 1, len(q.Sort) > 1:
		return true
	case len(q.Sort) == 1 && !indexed(q.Sort[0].Column):
		return true
	case len(q.Filters) == 0:
		return false
	}
	f := q.Filters[0]
	if f.Op == OpRefers {
		return len(q.Sort) > 0 || !t.leads(f)
	}
	if !indexed(f.Column) {
		return true
	}
	sorted := len(q.Sort) == 1 && q.Sort[0].Column == f.Column
	switch f.Op {
	case OpEq, OpIn, OpIsNull:
		return len(q.Sort) > 0 && !sorted
	case OpLt, OpLe, OpGt, OpGe:
		return !sorted
	}
	return true
}

// load is the weight of a list.
func (t *Table) load(q Query) weight {
	if t.Heavy(q) {
		return heavy
	}
	return light
}
