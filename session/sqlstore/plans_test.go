// Plans that a schema change puts out of date are made anew: nobody's validation fails.

package sqlstore

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// schemaChanges are what a migration does to the table, in each engine's words.
var schemaChanges = map[string][]string{
	"sqlite": {
		"ALTER TABLE crudadmin_sessions ADD COLUMN later TEXT",
		"DROP INDEX crudadmin_sessions_ended",
	},
	"postgresql": {
		"ALTER TABLE crudadmin_sessions ALTER COLUMN user_agent TYPE varchar(2000)",
		"ALTER TABLE crudadmin_sessions ALTER COLUMN user_agent TYPE text",
		"ALTER TABLE crudadmin_sessions ADD COLUMN later text",
		"BEGIN; ALTER TABLE crudadmin_sessions RENAME TO old_sessions; CREATE TABLE crudadmin_sessions (LIKE old_sessions INCLUDING ALL);" +
			" ALTER TABLE crudadmin_sessions ALTER COLUMN device TYPE varchar(70); INSERT INTO crudadmin_sessions SELECT * FROM old_sessions; COMMIT",
		"DROP TABLE old_sessions",
	},
	"mariadb": {
		"ALTER TABLE crudadmin_sessions MODIFY user_agent VARCHAR(2000) NOT NULL",
		"ALTER TABLE crudadmin_sessions ADD COLUMN later TEXT",
		"FLUSH TABLES",
	},
}

// TestPlansHeal changes the schema under load: 0 of the validations and touches fail. Each of eight
// callers makes 20 of both about a change, in the long form 50.
func TestPlansHeal(t *testing.T) { plansHeal(t, 8) }

func TestPlansHealLong(t *testing.T) {
	testserver.LongForm(t)
	plansHeal(t, 50)
}

func plansHeal(t *testing.T, each int) {
	t.Helper()
	for name, start := range engines {
		changes := schemaChanges[strings.TrimSuffix(name, ", arguments sent apart")]
		for what, cfg := range map[string]Config{"prepared": {}, "not prepared": {NoPrepare: true}} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				e := start(t)
				cfg.Logger = slog.New(slog.DiscardHandler)
				s, err := Open(t.Context(), e.connect(t), cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = s.Close() }()
				healsFrom(t, s, e.connect(t), each, changes)
			})
		}
	}
}

// TestLostStatementsHeal: somebody empties the connections of the pool of what was
// prepared on them, as an application that shares it may.
func TestLostStatementsHeal(t *testing.T) {
	t.Parallel()
	e := engines["postgresql"](t)
	db := e.connect(t)
	s := open(t, db, nil)
	healsAfter(t, s, 50, func() {
		var conns []*sql.Conn
		for range db.Stats().MaxOpenConnections / 2 {
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		for _, conn := range conns {
			if _, err := conn.ExecContext(t.Context(), "DEALLOCATE ALL"); err != nil {
				t.Error(err)
			}
			_ = conn.Close()
		}
	})
}

// healsFrom is healsAfter these statements.
func healsFrom(t *testing.T, s *Store, db *sql.DB, each int, changes []string) {
	t.Helper()
	var do []func()
	for _, change := range changes {
		do = append(do, func() {
			if _, err := db.ExecContext(t.Context(), change); err != nil {
				t.Errorf("%s: %v", change, err)
			}
		})
	}
	healsAfter(t, s, each, do...)
}

// healsAfter validates and touches with eight callers, makes the changes one by one,
// each in the middle of so many calls of everybody, and counts the failures.
func healsAfter(t *testing.T, s *Store, each int, changes ...func()) {
	t.Helper()
	const callers = 8
	one := sample("ada", time.Now(), 7)
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // against hanging
	defer cancel()
	var calls, failures atomic.Int64
	round := func(change func()) {
		var crowd sync.WaitGroup
		half := make(chan struct{}, callers)
		for range callers {
			crowd.Go(func() {
				for i := range each {
					if i == each/2 {
						half <- struct{}{}
					}
					calls.Add(2)
					_, err := s.Get(ctx, one.ID)
					touch := s.Touch(ctx, session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Duration(calls.Load()) * time.Millisecond), ExpiresAt: one.ExpiresAt})
					for _, err := range []error{err, touch} {
						if err != nil && failures.Add(1) <= 3 {
							t.Error(err)
						}
					}
				}
			})
		}
		<-half
		change()
		crowd.Wait()
	}
	for _, change := range changes {
		round(change)
	}
	round(func() {})
	t.Logf("%d of %d calls failed", failures.Load(), calls.Load())
}
