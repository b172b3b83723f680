// What the steady state costs, counted at the servers.

package hybridstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// ears hear every statement that reaches PostgreSQL's driver, but the questions
// about the log of changes.
type ears struct {
	mu      sync.Mutex
	heard   []string // first words
	touched int64    // rows that UPDATEs of sessions changed
}

type statement struct{}

func (e *ears) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if strings.Contains(data.SQL, "FROM crudadmin_session_changes") {
		return ctx
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, strings.Fields(data.SQL)[0])
	return context.WithValue(ctx, statement{}, data.SQL)
}

func (e *ears) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if text, _ := ctx.Value(statement{}).(string); strings.HasPrefix(text, "UPDATE crudadmin_sessions") {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.touched += data.CommandTag.RowsAffected()
	}
}

// count returns how many statements began with the word, and how many there were.
func (e *ears) count(word string) (these, all int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, verb := range e.heard {
		if verb == word {
			these++
		}
	}
	return these, len(e.heard)
}

func (e *ears) rows() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.touched
}

// overheard is a database of its own whose statements are heard.
func overheard(t testing.TB) (*sql.DB, *ears) {
	t.Helper()
	cfg, err := pgx.ParseConfig(testserver.SharedPostgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	e := &ears{}
	cfg.Tracer = e
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { _ = db.Close() })
	return db, e
}

// TestSteadyState: a validation is one command of the cache and no SQL.
func TestSteadyState(t *testing.T) {
	redis, memcached := testserver.Redis(t, testserver.RedisOptions{}), testserver.Memcached(t, testserver.MemcachedOptions{})
	for name, c := range map[string]struct {
		pair
		commands func() int
	}{
		"redis":     {pair{cache: redisAt(redis, "p:")}, func() int { return redisGets(t, redis) }},
		"memcached": {pair{cache: memcachedAt(memcached, "p:")}, func() int { return memcachedGets(t, memcached) }},
	} {
		t.Run(name, func(t *testing.T) {
			db, heard := overheard(t)
			s, asked := pair{db, c.cache}.node(t, fast(), true)
			m := manager(t, s)
			token := login(t, m, "ada")
			warm(t, []*session.Manager{m}, []*atomic.Int64{asked}, []session.Token{token})
			const n = 500
			var commands, statements int
			for range 5 { // at first a touch may still be on its way
				_, before := heard.count("")
				called := c.commands()
				for range n {
					if _, err := m.Validate(t.Context(), token); err != nil {
						t.Fatal(err)
					}
				}
				_, after := heard.count("")
				if commands, statements = c.commands()-called, after-before; commands == n && statements == 0 {
					t.Logf("%d validations: %d commands of the cache, %d statements", n, commands, statements)
					return
				}
			}
			t.Errorf("%d validations were %d statements and %d commands of the cache, want 0 and %d", n, statements, commands, n)
		})
	}
}

// redisGets returns how many GETRANGE commands the server has had.
func redisGets(t *testing.T, server *testserver.RedisServer) int {
	t.Helper()
	text, err := server.Do("INFO", "commandstats")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.(string)) {
		var n int
		if _, err := fmt.Sscanf(line, "cmdstat_getrange:calls=%d,", &n); err == nil {
			return n
		}
	}
	return 0
}

func memcachedGets(t *testing.T, server *testserver.MemcachedServer) int {
	t.Helper()
	lines, err := server.Do("stats")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		var n int
		if _, err := fmt.Sscanf(line, "STAT cmd_get %d", &n); err == nil {
			return n
		}
	}
	t.Fatalf("no cmd_get in %q", lines)
	return 0
}

// TestTouchesAreWrittenInBatches: ten validations of each session write it once in a touch
// interval, many in a statement; in the long form 10,000 of 1,000 sessions.
func TestTouchesAreWrittenInBatches(t *testing.T) {
	testserver.WithoutRaceDetector(t) // with it the log is read late on a busy machine, and then touches are written at once
	touchesAreWrittenInBatches(t, 200)
}

func TestTouchesAreWrittenInBatchesLong(t *testing.T) {
	testserver.LongForm(t)
	touchesAreWrittenInBatches(t, 1000)
}

func touchesAreWrittenInBatches(t *testing.T, sessions int) {
	t.Helper()
	validations := 10 * sessions
	db, heard := overheard(t)
	var at atomic.Int64
	start := time.Now().UTC().Truncate(time.Microsecond)
	cfg := fast()
	cfg.FlushInterval = 500 * time.Millisecond
	cfg.Now = func() time.Time { return start.Add(time.Duration(at.Load())) }
	server, prefix := testserver.SharedRedis(t)
	s, asked := pair{db, redisAt(server, prefix)}.node(t, cfg, true)
	m, err := session.New(s, session.Config{SecretKey: "a key of 32 bytes, for tests only", MaxPerUser: session.Unlimited, StoreTimeout: 30 * time.Second, TouchWait: time.Minute, Logger: quiet, Now: cfg.Now, TouchInterval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]session.Token, sessions)
	eachOf(8, sessions, func(i int) { tokens[i] = login(t, m, fmt.Sprint("user", i)) })
	await(t, "all sessions are in the cache", func() bool {
		before := asked.Load()
		eachOf(8, sessions, func(i int) { validate(t, m, tokens[i]) })
		return asked.Load() == before
	})
	if n := heard.rows(); n != 0 {
		t.Errorf("%d rows were written before a touch interval had passed", n)
	}
	for interval := range 2 {
		at.Add(int64(time.Minute))
		rows := heard.rows()
		updates, _ := heard.count("UPDATE")
		selects, _ := heard.count("SELECT")
		questions := asked.Load()
		eachOf(8, validations, func(i int) { validate(t, m, tokens[i%sessions]) })
		await(t, "the touches are written", func() bool { return s.Health().Touches == 0 && heard.rows()-rows >= int64(sessions) })
		rows = heard.rows() - rows
		after, _ := heard.count("UPDATE")
		updates = after - updates
		after, _ = heard.count("SELECT")
		if rows > int64(sessions) || updates > sessions/10 || asked.Load() != questions {
			t.Errorf("interval %d: %d validations of %d sessions wrote %d rows in %d UPDATEs with %d SELECTs and asked for %d sessions, want %d rows in few, and 0",
				interval, validations, sessions, rows, updates, after-selects, asked.Load()-questions, sessions)
		}
		t.Logf("%d validations of %d sessions: %d rows in %d UPDATEs", validations, sessions, rows, updates)
	}
}

func validate(t *testing.T, m *session.Manager, token session.Token) {
	if _, err := m.Validate(t.Context(), token); err != nil {
		t.Error(err)
	}
}

// eachOf calls do for 0 to n-1, some at a time.
func eachOf(workers, n int, do func(i int)) {
	var work sync.WaitGroup
	var next atomic.Int64
	for range workers {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	work.Wait()
}
