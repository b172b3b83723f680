// Reads that go in one statement: everybody gets the record of their own ID.

package sqlstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/batch"
)

// TestReadsGoTogether holds the first reads at the driver until many more are asked
// for, of sessions that are live, renewed, ended, expired, unknown, and spoiled.
func TestReadsGoTogether(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		var ears spy
		db := ears.connect(t, e)
		db.SetMaxOpenConns(2 * batch.MaxInFlight)
		s := open(t, db, nil)
		want := map[session.ID]error{}
		var ids []session.ID
		add := func(id session.ID, err error) { ids, want[id] = append(ids, id), err }
		create := func() session.Session {
			one := made("ada", time.Now())
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatal(err)
			}
			return one
		}
		for range 5*maxBatch + 3 {
			add(create().ID, nil)
		}
		ended, spoiled := create(), create()
		if _, err := s.Delete(t.Context(), ended.ID, session.Ending{Reason: session.ReasonLogout}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.change(t.Context(), "UPDATE crudadmin_sessions SET format = ? WHERE id = ?", []any{format + 1, spoiled.ID[:]}); err != nil {
			t.Fatal(err)
		}
		add(ended.ID, session.ErrNotFound)
		add(spoiled.ID, session.ErrUnavailable) // of a newer release
		add(made("nobody", time.Now()).ID, session.ErrNotFound)
		old, next := create(), made("ada", time.Now())
		next.Previous, next.PreviousUntil = old.ID, next.CreatedAt.Add(time.Minute)
		if err := s.Rotate(t.Context(), old.ID, next); err != nil {
			t.Fatal(err)
		}
		add(next.ID, nil)

		if _, err := s.Get(t.Context(), next.ID); err != nil { // the statement is prepared
			t.Fatal(err)
		}
		held, release := make(chan struct{}, len(ids)), make(chan struct{})
		ears.forget()
		ears.on("SELECT", func() error {
			held <- struct{}{}
			<-release
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
		defer cancel()
		var all sync.WaitGroup
		waiting := make(chan struct{}, len(ids))
		for n, id := range ids {
			ctx := ctx
			if n == batch.MaxInFlight {
				for range batch.MaxInFlight {
					<-held
				}
			}
			if n >= batch.MaxInFlight {
				ctx = waiter{ctx, waiting}
			}
			all.Go(func() {
				got, err := s.Get(ctx, id)
				if !errors.Is(err, want[id]) || err == nil && got.ID != id {
					t.Errorf("Get of %s: %s, %v, want %v", id, got.ID, err, want[id])
				}
			})
		}
		for range len(ids) - batch.MaxInFlight {
			<-waiting
		}
		close(release)
		all.Wait()
		if n := strings.Count(ears.verbs(), "SELECT"); n > len(ids)/2 {
			t.Errorf("%d statements for %d reads", n, len(ids))
		}
		if got, err := s.Get(ctx, old.ID); err != nil || got.ID != next.ID {
			t.Errorf("in its grace: %s, %v", got.ID, err)
		}
	})
}

// waiter says when somebody waits for it: a reader asks for Done once it is in line.
type waiter struct {
	context.Context
	waiting chan<- struct{}
}

func (w waiter) Done() <-chan struct{} {
	select {
	case w.waiting <- struct{}{}:
	default: // it has been said
	}
	return w.Context.Done()
}
