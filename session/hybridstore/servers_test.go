// The store on real servers: Redis, Memcached and memory in front of SQLite and
// PostgreSQL.

package hybridstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
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

// fast is a configuration whose times are short, so that tests are.
func fast() hybridstore.Config {
	return hybridstore.Config{Logger: quiet, PollInterval: 20 * time.Millisecond, FlushInterval: 20 * time.Millisecond}
}

// unhasty is a configuration for tests that wait neither for the log nor for touches.
func unhasty() hybridstore.Config {
	cfg := fast()
	cfg.PollInterval = 200 * time.Millisecond
	return cfg
}

// node opens the pair as a process does; work says whether its loop runs. It also
// returns how many sessions the database was asked for.
func (p pair) node(t testing.TB, cfg hybridstore.Config, work bool) (*hybridstore.Store, *atomic.Int64) {
	t.Helper()
	truth, err := sqlstore.Open(t.Context(), p.db, sqlstore.Config{Changes: true, Grace: cfg.Grace(), Now: cfg.Now, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	s, err := hybridstore.New(counted{truth, &asked}, p.cache(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = truth.Close() })
	s.SweepAtOnce()
	if work {
		loop(t, s)
		await(t, "the node follows the log", func() bool { return s.Health().Following })
	}
	return s, &asked
}

// parts are a SQLite file and a cache in memory, for a store of the test's own making.
func parts(t testing.TB, cfg hybridstore.Config) (*sqlstore.Store, hybridstore.Cache) {
	t.Helper()
	truth, err := sqlstore.Open(t.Context(), sqliteFile(t), sqlstore.Config{Changes: true, Grace: cfg.Grace(), Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = truth.Close() })
	cache, err := memstore.NewCache(memstore.CacheConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return truth, cache
}

// loop runs the store's loop until the test ends.
func loop(t testing.TB, s *hybridstore.Store) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Traits().Background(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the loop: %v", err)
		}
	})
}

// await polls until ok, for a minute at most: the machine may be busy.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(until) {
			t.Fatalf("not within a minute: %s", what)
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
	return databaseAt(t, testserver.SharedPostgres(t).URL())
}

func databaseAt(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(16) // the server has a hundred for all
	db.SetMaxIdleConns(16)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// empty deletes all rows but those that the migrations made.
func empty(db *sql.DB) error {
	for _, table := range []string{"sessions", "session_events", "session_changes", "session_log"} {
		if _, err := db.Exec("DELETE FROM crudadmin_" + table); err != nil {
			return err
		}
	}
	return nil
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

// TestConformance runs the suite on pairs: with the loop, when the cache answers,
// and on one of them without it, when the database alone does. The short form has one pair, and the
// themes of what the cache keeps; the long one repeats as often as a store is certified with.
func TestConformance(t *testing.T) { conformance(t, false) }

func TestConformanceLong(t *testing.T) {
	testserver.LongForm(t)
	conformance(t, true)
}

func conformance(t *testing.T, long bool) {
	t.Helper()
	for _, c := range []struct {
		cache, name string
		database    func(testing.TB) *sql.DB
		work, short bool
	}{
		{"redis", "postgresql", postgres, true, false},
		{"redis", "sqlite", sqliteFile, true, false},
		{"redis", "sqlite", sqliteFile, false, true}, // the database alone, which has its own
		{"memcached", "sqlite", sqliteFile, true, false},
		{"memory", "sqlite", sqliteFile, true, true}, // for one process
	} {
		if !long && c.name == "sqlite" {
			continue
		}
		t.Run(fmt.Sprintf("%s and %s, loop %t", c.cache, c.name, c.work), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			pairs := map[session.Store]pair{}
			databases := testserver.Lender[*sql.DB]{Make: func() *sql.DB { return c.database(t) }, Empty: empty}
			var themes []string
			if !long {
				themes = []string{"records", "touch", "update", "limit", "revoke", "rotate", "expiry", "restore", "sweep", "faults"}
			}
			sessiontest.Run(t, sessiontest.Harness{
				Short: c.short || !long, Themes: themes,
				Open: func(t testing.TB, now func() time.Time) session.Store {
					p := pair{databases.Lend(t), caches[c.cache](t)}
					cfg := unhasty()
					cfg.Now = now
					s, _ := p.node(t, cfg, c.work)
					mu.Lock()
					defer mu.Unlock()
					pairs[prompt{s}] = p
					return prompt{s}
				},
				Second: func(t testing.TB, first session.Store, now func() time.Time) session.Store {
					mu.Lock()
					p := pairs[first]
					mu.Unlock()
					cfg := unhasty()
					cfg.Now = now
					s, _ := p.node(t, cfg, c.work)
					return prompt{s}
				},
			})
		})
	}
}

// manager returns a manager on the store, which has the patience of a busy machine.
func manager(t *testing.T, s session.Store) *session.Manager {
	t.Helper()
	m, err := session.New(s, session.Config{SecretKey: "a key of 32 bytes, for tests only", MaxPerUser: session.Unlimited, StoreTimeout: 30 * time.Second, TouchWait: time.Minute, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func login(t *testing.T, m *session.Manager, user string) session.Token {
	t.Helper()
	token, _, err := m.Create(t.Context(), session.NewSession{UserID: user})
	if err != nil {
		t.Error(err)
	}
	return token
}
