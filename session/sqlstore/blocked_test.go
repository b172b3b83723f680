// Writes that wait while reads answer: a backup's lock, an index that is being made,
// another writer of SQLite. No page waits for a touch, and the log has a line, not two
// for each page.

package sqlstore

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/session"
)

// blockWrites lets every write to the table of sessions wait, and returns what ends that.
// FLUSH TABLES WITH READ LOCK would hold up the whole server, and other tests with it.
func blockWrites(t *testing.T, e engine) (release func()) {
	t.Helper()
	if e.driver == "sqlite" {
		return hold(t, e)
	}
	statements := []string{"LOCK TABLES crudadmin_sessions READ", "UNLOCK TABLES"}
	if e.driver == "pgx" {
		statements = []string{"BEGIN; LOCK TABLE crudadmin_sessions IN SHARE MODE", "ROLLBACK"}
	}
	conn, err := e.connect(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(ctx context.Context, statement string) {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.Error(err)
		}
	}
	run(t.Context(), statements[0])
	return func() { run(context.Background(), statements[1]) }
}

// touched counts the touches of a store.
type touched struct {
	session.Store
	begun, done atomic.Int64
}

func (s *touched) Touch(ctx context.Context, seen session.Seen) error {
	s.begun.Add(1)
	err := s.Store.Touch(ctx, seen)
	if err == nil {
		s.done.Add(1)
	}
	return err
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestPagesDoNotWaitForBlockedWrites(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		log := &lines{}
		logger := slog.New(slog.NewTextHandler(log, nil))
		store, err := Open(t.Context(), e.connect(t), Config{Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		s := &touched{Store: store}
		m, err := session.New(s, session.Config{
			SecretKey: "a key of 32 bytes, for tests only", Logger: logger, MaxPerUser: session.Unlimited,
			TouchInterval: 1, StoreTimeout: time.Minute, // that nobody waits for
		})
		if err != nil {
			t.Fatal(err)
		}
		var tokens []session.Token
		for range 12 {
			token, _, err := m.Create(t.Context(), session.NewSession{UserID: "anna"})
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, token)
		}
		release := sync.OnceFunc(blockWrites(t, e))
		defer release()
		for range 3 {
			for _, token := range tokens {
				if _, err := m.Validate(t.Context(), token); err != nil {
					t.Errorf("a page while writes wait: %v", err)
				}
			}
		}
		// Four go on beside their answers; the fifth is given up, and that is known.
		if begun, done := s.begun.Load(), s.done.Load(); begun > 6 || done != 0 {
			t.Errorf("36 pages began %d touches, of which %d were done before the lock was released", begun, done)
		}
		if n := strings.Count(log.String(), "level=WARN"); n > 2 || strings.Contains(log.String(), "no answer") { // one is that Run is not running
			t.Errorf("the log has %d warnings:\n%s", n, log)
		}
		release()
		eventually(t, "touches that went on beside are made", func() bool { return s.done.Load() >= 4 })
		eventually(t, "touches are made again", func() bool {
			got, err := m.Validate(t.Context(), tokens[11])
			return err == nil && time.Since(got.LastActivity) < time.Minute && got.LastActivity.After(got.CreatedAt)
		})
	})
}

// TestAPoolOfTenAnswersWhileWritesWait: blocked touches leave connections to the reads.
func TestAPoolOfTenAnswersWhileWritesWait(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := e.connect(t)
		db.SetMaxOpenConns(10)
		m, err := session.New(open(t, db, nil), session.Config{
			SecretKey: "a key of 32 bytes, for tests only", Logger: slog.New(slog.DiscardHandler), MaxPerUser: session.Unlimited,
			TouchInterval: 1, StoreTimeout: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		var tokens []session.Token
		for range 60 {
			token, _, err := m.Create(t.Context(), session.NewSession{})
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, token)
		}
		release := sync.OnceFunc(blockWrites(t, e))
		defer release()
		for range 2 {
			var all sync.WaitGroup
			for _, token := range tokens {
				all.Go(func() {
					if _, err := m.Validate(t.Context(), token); err != nil {
						t.Errorf("one of 60 users at once: %v", err)
					}
				})
			}
			all.Wait()
		}
	})
}

// eventually fails the test if what does not come true within a minute.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); {
		if time.Since(begun) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
		sqldb.Pause(t.Context(), 1)
	}
}
