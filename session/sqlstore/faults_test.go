// Faults, made for real: locks, full disks, frozen and killed servers, deadlocks.

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	sqlitefile "github.com/go-crudadmin/crudadmin/sqlite"
)

// inTime fails the test if do is not back by its deadline, or with another error than
// session.ErrUnavailable.
func inTime(t *testing.T, what string, do func(context.Context) error) error {
	t.Helper()
	return testserver.ByDeadline(t, what, do, func(err error) string {
		if !errors.Is(err, session.ErrUnavailable) {
			return "want ErrUnavailable"
		}
		return ""
	})
}

// hold takes SQLite's write lock as another process would, and returns what
// gives it back.
func hold(t *testing.T, e engine) (release func()) {
	t.Helper()
	conn, err := e.connect(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	}
}

func TestSQLiteWaitsForALockUntilTheDeadline(t *testing.T) {
	for _, busy := range []string{"0", "60000"} {
		t.Run("busy_timeout "+busy, func(t *testing.T) {
			t.Parallel()
			e := engines["sqlite"](t)
			e.dsn = strings.Replace(e.dsn, "busy_timeout(5000)", "busy_timeout("+busy+")", 1)
			s := open(t, e.connect(t), nil)
			release := hold(t, e)
			one := made("anna", time.Now())
			for what, do := range map[string]func(context.Context) error{
				"Create": func(ctx context.Context) error {
					_, err := s.Create(ctx, one, session.Admission{Limit: 1})
					return err
				},
				"Touch": func(ctx context.Context) error { return s.Touch(ctx, session.Seen{ID: one.ID}) },
			} {
				_ = inTime(t, what, func(ctx context.Context) error {
					err := do(ctx)
					if ctx.Err() == nil {
						t.Errorf("%s gave up before its deadline", what)
					}
					return err
				})
			}
			ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
			defer cancel()
			if _, err := s.Get(ctx, one.ID); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("a read beside the lock: %v", err)
			}
			release()
			if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
				t.Errorf("after the lock: %v", err)
			}
		})
	}
}

func TestSQLiteTriesAgainWhenTheLockIsReleased(t *testing.T) {
	e := engines["sqlite"](t)
	e.dsn = strings.Replace(e.dsn, "busy_timeout(5000)", "busy_timeout(0)", 1)
	var ears spy
	s := open(t, ears.connect(t, e), nil)
	release := hold(t, e)
	tries := 0
	ears.on("BEGIN", func() error {
		if tries++; tries == 10 {
			release()
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
	defer cancel()
	if _, err := s.Create(ctx, made("anna", time.Now()), session.Admission{Limit: 1}); err != nil || tries != 10 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestFullAndReadOnly(t *testing.T) {
	path := t.TempDir() + "/admin.db"
	db, err := sqlitefile.Open(t.Context(), path)
	opened(t, db, err)
	live := made("anna", time.Now())
	if _, err := open(t, db, nil).Create(t.Context(), live, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	for name, pragma := range map[string]string{
		"full":      "max_page_count(1)", // never less than there are
		"read-only": "query_only(on)",
	} {
		t.Run(name, func(t *testing.T) {
			// It becomes so after Open, which refuses one that is read-only.
			db := engine{"sqlite", "file:" + path}.connect(t)
			db.SetMaxOpenConns(1)
			s := open(t, db, nil)
			if _, err := db.Exec("PRAGMA " + pragma); err != nil {
				t.Fatal(err)
			}
			big := made("bert", time.Now())
			big.Metadata = session.StoredMetadata(`{"x":"` + strings.Repeat("x", 16000) + `"}`)
			_, err := s.Create(t.Context(), big, session.Admission{Limit: 5})
			if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("Create: %v, want ErrUnavailable", err)
			}
			if _, err := s.Get(t.Context(), big.ID); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("after Create failed: %v", err)
			}
			if _, err := s.Get(t.Context(), live.ID); err != nil {
				t.Errorf("a read: %v", err)
			}
		})
	}
}

// mortal is a server of one test, that can be frozen and killed.
type mortal interface {
	Freeze()
	Thaw()
	Kill()
	Restart()
}

// mortals start a server and say where its database is.
var mortals = map[string]func(t testing.TB) (mortal, engine){
	"mariadb": func(t testing.TB) (mortal, engine) {
		m := testserver.MariaDB(t)
		return m, engine{"mysql", m.DSN()}
	},
	"postgresql": func(t testing.TB) (mortal, engine) {
		p := testserver.Postgres(t)
		return p, engine{"pgx", p.URL()}
	},
}

func TestFrozenAndKilledServers(t *testing.T) {
	for name, start := range mortals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, e := start(t)
			var ears spy
			s := open(t, ears.connect(t, e), nil)
			live := made("anna", time.Now())
			if _, err := s.Create(t.Context(), live, session.Admission{Limit: 5}); err != nil {
				t.Fatal(err)
			}
			// As many connections as there are callers, all of which may have died.
			back := func(when string) {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
				defer cancel()
				var callers sync.WaitGroup
				for range 8 {
					callers.Go(func() {
						if _, err := s.Get(ctx, live.ID); err != nil {
							t.Errorf("%s: Get: %v", when, err)
						}
						if _, err := s.Count(ctx, "key", session.CountRule{Limit: 100, Window: time.Minute}); err != nil {
							t.Errorf("%s: Count: %v", when, err)
						}
						if err := s.Ping(ctx); err != nil {
							t.Errorf("%s: Ping: %v", when, err)
						}
					})
				}
				callers.Wait()
			}
			atCommit := func(fault func()) (session.Session, error) {
				t.Helper()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var once sync.Once
				ears.on("COMMIT", func() error { // which is sent then
					once.Do(func() {
						fault()
						time.AfterFunc(time.Second, cancel)
					})
					return nil
				})
				one := made("bert", time.Now())
				back := make(chan error, 1)
				go func() {
					_, err := s.Create(ctx, one, session.Admission{Limit: 5})
					back <- err
				}()
				select {
				case err := <-back:
					return one, err
				case <-time.After(testserver.Guard):
					t.Fatal("Create waits for a server that is gone, though nobody waits for it")
					return one, nil
				}
			}
			// Asking again has an answer.
			asked := func(one session.Session) {
				t.Helper()
				if _, err := s.Get(t.Context(), one.ID); err != nil && !errors.Is(err, session.ErrNotFound) {
					t.Errorf("asked again: %v", err)
				}
			}

			back("at first")
			one, err := atCommit(server.Freeze)
			if !errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("Create, frozen at COMMIT: %v, want ErrIndeterminate", err)
			}
			for what, do := range map[string]func(context.Context) error{
				"Get":    func(ctx context.Context) error { _, err := s.Get(ctx, live.ID); return err },
				"Touch":  func(ctx context.Context) error { return s.Touch(ctx, session.Seen{ID: live.ID}) },
				"List":   func(ctx context.Context) error { _, err := s.List(ctx, session.Query{}); return err },
				"Delete": func(ctx context.Context) error { _, err := s.Delete(ctx, live.ID, session.Ending{}); return err },
				"Count": func(ctx context.Context) error {
					_, err := s.Count(ctx, "key", session.CountRule{Limit: 5, Window: time.Minute})
					return err
				},
				"Counted": func(ctx context.Context) error { _, err := s.Counted(ctx, "key", time.Minute); return err },
				"Sweep":   func(ctx context.Context) error { _, err := s.Sweep(ctx, 10); return err },
				"Ping":    s.Ping,
				"Open":    func(ctx context.Context) error { _, err := Open(ctx, e.connect(t), Config{}); return err },
			} {
				_ = inTime(t, what+" on a frozen server", do)
			}
			report := func(context.Context) error { _ = s.Traits().Report(); return nil }
			_ = testserver.ByDeadline(t, "Report on a frozen server", report, func(error) string { return "" })
			server.Thaw()
			back("after it was frozen")
			asked(one)

			one, err = atCommit(server.Kill)
			if !errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("Create, killed at COMMIT: %v, want ErrIndeterminate", err)
			}
			_ = inTime(t, "Get from a killed server", func(ctx context.Context) error { _, err := s.Get(ctx, live.ID); return err })
			err = inTime(t, "Create on a killed server", func(ctx context.Context) error {
				_, err := s.Create(ctx, made("anna", time.Now()), session.Admission{})
				return err
			})
			if errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("Create where nothing was sent: %v", err)
			}
			server.Restart()
			back("after it was killed")
			server.Restart()
			back("after it was restarted")
			asked(one)
		})
	}
}

// TestEndingsWithoutAnswer: who ended sessions is told so, though the answer of COMMIT
// was lost.
func TestEndingsWithoutAnswer(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		if e.driver == "sqlite" {
			t.Skip("no answer is lost on the way")
		}
		var ears spy
		s := open(t, ears.connect(t, e), nil)
		lose := func() {
			ears.mu.Lock()
			defer ears.mu.Unlock()
			ears.lose = "COMMIT"
		}
		one, two, three := made("anna", time.Now()), made("anna", time.Now()), made("anna", time.Now())
		one.Metadata = session.StoredMetadata(`{"cart":[1,2]}`)
		for _, n := range []session.Session{one, two, three} {
			if _, err := s.Create(t.Context(), n, session.Admission{}); err != nil {
				t.Fatal(err)
			}
		}
		why := session.Ending{Reason: session.ReasonRevoked, By: "admin"}
		lose()
		if got, err := s.Delete(t.Context(), one.ID, why); err != nil || got != one {
			t.Errorf("Delete: %+v, %v, want the session", got, err)
		}
		if _, err := s.Delete(t.Context(), one.ID, why); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Delete of what has ended: %v, want ErrNotFound", err)
		}
		lose()
		if _, err := s.Delete(t.Context(), one.ID, why); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Delete of what has ended: %v, want ErrNotFound", err)
		}
		lose()
		if n, err := s.DeleteUser(t.Context(), one.User(), why); n != 2 || err != nil {
			t.Errorf("DeleteUser: %d, %v, want 2", n, err)
		}
		if n, err := s.DeleteUser(t.Context(), one.User(), why); n != 0 || err != nil {
			t.Errorf("DeleteUser of what has ended: %d, %v, want 0", n, err)
		}
	})
}

// TestAbortedTransactionsAreTriedAgain answers the store's INSERT with the error
// of a real deadlock.
func TestAbortedTransactionsAreTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		var ears spy
		s := open(t, ears.connect(t, e), nil)
		if s.dialect == &sqlite {
			t.Skip("one writer cannot deadlock")
		}
		deadlock := errDeadlock(t, e.connect(t), s.db.Engine)
		if got := s.fault(deadlock); got != sqldb.Conflict {
			t.Fatalf("a deadlock is fault %d: %v", got, deadlock)
		}
		left := 2
		ears.on("INSERT", func() error {
			if left--; left >= 0 {
				return deadlock
			}
			return nil
		})
		one := made("anna", time.Now())
		if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
			t.Errorf("aborted twice: %v", err)
		}
		if _, err := s.Get(t.Context(), one.ID); err != nil {
			t.Error(err)
		}
		left = 3
		_, err := s.Create(t.Context(), made("anna", time.Now()), session.Admission{Limit: 1})
		if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("aborted three times: %v, want ErrUnavailable", err)
		}
		if _, err := s.Get(t.Context(), one.ID); err != nil {
			t.Errorf("a Create that failed evicted: %v", err)
		}
	})
}

// errDeadlock makes a real deadlock and returns the error of the one it hit.
func errDeadlock(t *testing.T, db *sql.DB, engine sqldb.Engine) error {
	t.Helper()
	run := func(conn *sql.Conn, statement string) error {
		_, err := conn.ExecContext(t.Context(), statement)
		return err
	}
	var conns [2]*sql.Conn
	for i := range conns {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		conns[i] = conn
	}
	for _, statement := range []string{"CREATE TABLE deadlock (n INT PRIMARY KEY, v INT)", "INSERT INTO deadlock VALUES (0, 0), (1, 0)"} {
		if err := run(conns[0], statement); err != nil {
			t.Fatal(err)
		}
	}
	for i, conn := range conns {
		for _, statement := range append(engine.Begin(), fmt.Sprintf("UPDATE deadlock SET v = 1 WHERE n = %d", i)) {
			if err := run(conn, statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := make(chan error)
	go func() { other <- run(conns[0], "UPDATE deadlock SET v = 1 WHERE n = 1") }()
	err := run(conns[1], "UPDATE deadlock SET v = 1 WHERE n = 0")
	_ = run(conns[1], "ROLLBACK")
	if second := <-other; err == nil {
		err = second
	}
	_ = run(conns[0], "ROLLBACK")
	if err == nil {
		t.Fatal("no deadlock")
	}
	return err
}

// TestCanceledCalls leaves neither goroutines nor connections behind.
func TestCanceledCalls(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := e.connect(t)
		s := open(t, db, nil)
		live := made("anna", time.Now())
		if _, err := s.Create(t.Context(), live, session.Admission{Limit: 5}); err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*10*time.Microsecond)
			_, _ = s.Create(ctx, made("bert", time.Now()), session.Admission{Limit: 2})
			_, _ = s.Get(ctx, live.ID)
			cancel()
		}
		page, err := s.List(t.Context(), session.Query{User: session.User{ID: "bert", Tag: made("bert", time.Now()).ID.Tag()}})
		if err != nil || len(page.Sessions) > 2 {
			t.Errorf("%d sessions of a user with a limit of 2 (%v)", len(page.Sessions), err)
		}
		if _, err := s.Get(t.Context(), live.ID); err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(5 * time.Second); db.Stats().InUse > 0 && time.Now().Before(deadline); {
			runtime.Gosched()
		}
		if n := db.Stats().InUse; n > 0 {
			t.Errorf("%d connections are still in use", n)
		}
	})
}
