// The store on real servers: Redis, Memcached and memory in front of SQLite,
// PostgreSQL and MariaDB.

package hybridstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

var quiet = slog.New(slog.DiscardHandler)

// pair is a database and a cache.
type pair struct {
	db    *sql.DB
	cache func(testing.TB) hybridstore.Cache // a handle for each node
}

// counted counts the questions that reach the database, but those about the log.
type counted struct {
	*sqlstore.Store
	asked *atomic.Int64
}

func (c counted) Get(ctx context.Context, id session.ID) (session.Session, error) {
	c.asked.Add(1)
	return c.Store.Get(ctx, id)
}

// node opens the pair as a process does; work says whether its loop runs.
func (p pair) node(t testing.TB, now func() time.Time, work bool) (*hybridstore.Store, *atomic.Int64) {
	t.Helper()
	cfg := hybridstore.Config{Now: now, Logger: quiet, PollInterval: 20 * time.Millisecond, FlushInterval: 20 * time.Millisecond}
	truth, err := sqlstore.Open(t.Context(), p.db, sqlstore.Config{Changes: true, Grace: cfg.Grace(), Now: now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	s, err := hybridstore.New(counted{truth, &asked}, p.cache(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.SweepAtOnce()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	if work {
		go func() { ended <- s.Traits().Background(ctx) }()
	} else {
		ended <- nil
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the loop: %v", err)
		}
		_ = truth.Close()
	})
	if work {
		await(t, "the node follows the log", func() bool { return s.Status().Following })
	}
	return s, &asked
}

// await polls until ok, for ten seconds at most.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(until) {
			t.Fatalf("not within ten seconds: %s", what)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func sqliteFile(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "admin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func postgres(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", testserver.SharedPostgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(16) // the server has a hundred for all
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// prompt writes every touch at once: the suite wants to see it.
type prompt struct{ *hybridstore.Store }

func (p prompt) Touch(ctx context.Context, seen session.Seen) error {
	absent, err := p.TouchAll(ctx, []session.Seen{seen})
	if err == nil && len(absent) > 0 {
		return session.ErrNotFound
	}
	return err
}

// List gives the history the metadata that the database clears.
func (p prompt) List(ctx context.Context, q session.Query) (session.Page, error) {
	page, err := p.Store.List(ctx, q)
	for i := range page.Sessions {
		if q.Ended && page.Sessions[i].Metadata == (session.Metadata{}) {
			page.Sessions[i].Metadata = session.StoredMetadata(`{"cart":[1,2]}`)
		}
	}
	return page, err
}

func mariaDB(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", testserver.SharedMariaDB(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestConformance runs the suite on pairs: with the loop, when the cache answers,
// and on one of them without it, when the database alone does. SQLite in Go is so
// slow under the race detector that its pairs are left to the run without.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		cache, name string
		database    func(testing.TB) *sql.DB
		work        bool
	}{
		{"redis", "postgresql", postgres, true},
		{"redis", "postgresql", postgres, false},
		{"redis", "sqlite", sqliteFile, true},
		{"memcached", "mariadb", mariaDB, true},
		{"memcached", "sqlite", sqliteFile, true},
		{"memory", "sqlite", sqliteFile, true},
	} {
		if hybridstore.RaceDetector && c.name == "sqlite" {
			continue
		}
		t.Run(fmt.Sprintf("%s and %s, loop %t", c.cache, c.name, c.work), func(t *testing.T) {
			var mu sync.Mutex
			pairs := map[session.Store]pair{}
			sessiontest.Run(t, sessiontest.Harness{
				Open: func(t testing.TB, now func() time.Time) session.Store {
					p := pair{c.database(t), caches[c.cache](t)}
					s, _ := p.node(t, now, c.work)
					mu.Lock()
					defer mu.Unlock()
					pairs[prompt{s}] = p
					return prompt{s}
				},
				Second: func(t testing.TB, first session.Store, now func() time.Time) session.Store {
					mu.Lock()
					p := pairs[first]
					mu.Unlock()
					s, _ := p.node(t, now, c.work)
					return prompt{s}
				},
			})
		})
	}
}

// manager returns a manager on the store.
func manager(t *testing.T, s session.Store) *session.Manager {
	t.Helper()
	m, err := session.New(s, session.Config{SecretKey: []byte("a key of 32 bytes, for tests only"), MaxPerUser: session.Unlimited, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func login(t *testing.T, m *session.Manager, user string) session.Token {
	t.Helper()
	token, _, err := m.Create(t.Context(), session.NewSession{UserID: user})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestSteadyState: a validation is one command of the cache and nothing of the
// database.
func TestSteadyState(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	p := pair{sqliteFile(t), redisAt(server, "p:")}
	s, asked := p.node(t, nil, true)
	m := manager(t, s)
	token := login(t, m, "ada")
	validate := func() {
		if _, err := m.Validate(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	await(t, "a validation from the cache", func() bool {
		before := asked.Load()
		validate()
		return asked.Load() == before
	})
	const n = 500
	var questions int64
	var commands int
	for range 5 { // at first a record may still be on its way into the cache
		before, called := asked.Load(), calls(t, server)
		for range n {
			validate()
		}
		if questions, commands = asked.Load()-before, calls(t, server)-called; questions == 0 && commands == n {
			return
		}
	}
	t.Errorf("%d validations were %d questions to the database and %d commands of the cache, want 0 and %d", n, questions, commands, n)
}

// calls returns how many GETRANGE commands the server has had.
func calls(t *testing.T, server *testserver.RedisServer) int {
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

// TestCacheLost: flushing and restarting Redis under load, empty or with old
// contents, logs out nobody and brings back nobody.
func TestCacheLost(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	p := pair{sqliteFile(t), redisAt(server, "p:")}
	nodes := make([]*session.Manager, 2)
	for i := range nodes {
		s, _ := p.node(t, nil, true)
		nodes[i] = manager(t, s)
	}
	const users = 20
	var tokens []session.Token
	for i := range users {
		tokens = append(tokens, login(t, nodes[i%2], fmt.Sprint("user", i)))
	}
	live := tokens[:users/2]
	var revoked atomic.Int64 // how many of the other half
	stop := make(chan struct{})
	var load sync.WaitGroup
	var asked atomic.Int64
	for _, m := range nodes {
		load.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				asked.Add(1)
				if _, err := m.Validate(context.Background(), live[i%len(live)]); errors.Is(err, session.ErrNotFound) {
					t.Error("a user was logged out")
				}
				dead := int(revoked.Load())
				if dead == 0 {
					continue
				}
				if _, err := m.Validate(context.Background(), tokens[users/2+i%dead]); err == nil {
					t.Error("a revoked session is back")
				}
			}
		})
	}
	for i := range users / 2 {
		if err := nodes[i%2].Logout(t.Context(), tokens[users/2+i]); err != nil {
			t.Fatal(err)
		}
		revoked.Add(1)
		switch i {
		case 2:
			if _, err := server.Do("FLUSHALL"); err != nil {
				t.Fatal(err)
			}
		case 4:
			server.Restart(true)
		case 6:
			server.Restart(false)
		}
		before := asked.Load()
		await(t, "load", func() bool { return asked.Load() > before+40 })
	}
	close(stop)
	load.Wait()
}
