// Filling: stores with many sessions, as logins make them.

package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	ourmemory "github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// visitor is a login as a middleware makes it of a common browser.
func visitor(user string) session.NewSession {
	return session.NewSession{
		UserID:    user,
		IP:        netip.AddrFrom4([4]byte{192, 0, 2, 1}),
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		Device:    session.Device{Browser: "Firefox", Version: "140.0", OS: "Linux", Kind: "desktop"},
	}
}

// sampled is how many of many tokens are kept.
const sampled = 100_000

// fill signs in as many users as the store is to grow to, by m.
func (g *grown) fill(t testing.TB, m *session.Manager, workers int, each func(session.Session)) {
	t.Helper()
	every := (g.size + sampled - 1) / sampled
	g.tokens = make([]session.Token, g.size/every)
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < g.size && !t.Failed(); i = int(next.Add(1)) - 1 {
				token, s, err := m.Create(context.Background(), visitor("user "+strconv.Itoa(i)))
				if err != nil {
					t.Error(err)
					return
				}
				if i%every == 0 && i/every < len(g.tokens) {
					g.tokens[i/every] = token
				}
				if i == g.size/2 {
					g.middle = session.Cursor{At: s.CreatedAt, ID: s.ID}.String()
				}
				if each != nil {
					each(s)
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func growMemory(t testing.TB, size int) *grown {
	g := &grown{size: size, clock: &clock{}}
	before := heap()
	g.m = manage(t, ourmemory.New(ourmemory.Config{Now: g.clock.now}), session.Config{Now: g.clock.now})
	g.fill(t, g.m, 4, nil)
	g.bytes = (heap() - before - float64(len(g.tokens)*len(session.Token{}.Reveal())*6/8)) / float64(size)
	return g
}

func growRedis(t testing.TB, size int) *grown {
	server := redisServer(t)
	g := &grown{size: size, clock: &clock{}}
	g.m = manage(t, must[*redisstore.Store](t)(redisstore.Open(t.Context(), redisstore.Config{
		URL: config.Secret(server.URL()), PoolSize: poolSize, Now: g.clock.now, Logger: discard(),
	})), session.Config{Now: g.clock.now})
	info := func(section, field string) (sum float64) {
		reply, err := server.Do("INFO", section)
		if err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(fmt.Sprint(reply)) {
			if _, rest, found := strings.Cut(line, field); found {
				n, _ := strconv.ParseFloat(strings.FieldsFunc(rest, func(r rune) bool { return r == ',' || r == '\r' || r == '\n' })[0], 64)
				if !strings.HasPrefix(line, "cmdstat_info") && !strings.HasPrefix(line, "cmdstat_ping") {
					sum += n
				}
			}
		}
		return sum
	}
	before := info("memory", "used_memory:")
	g.fill(t, g.m, 128, nil)
	g.bytes = (info("memory", "used_memory:") - before) / float64(size)
	g.spied = g.m
	g.asked = func(do func()) (float64, float64) { // with what scripts call
		before := info("commandstats", "calls=")
		do()
		return info("commandstats", "calls=") - before, -1
	}
	return g
}

func growMemcached(t testing.TB, size int) *grown {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-m", "4096"}})
	g := &grown{size: size, clock: &clock{}}
	g.m = manage(t, must[*memcachestore.Store](t)(memcachestore.Open(t.Context(), memcachestore.Config{
		Servers: []string{server.Addr}, PoolSize: poolSize, Now: g.clock.now, Logger: discard(),
	})), session.Config{Now: g.clock.now})
	stats := func(names ...string) (sum float64) {
		lines, err := server.Do("stats")
		if err != nil {
			t.Error(err)
		}
		for _, line := range lines {
			if f := strings.Fields(line); len(f) == 3 && slices.Contains(names, f[1]) {
				n, _ := strconv.ParseFloat(f[2], 64)
				sum += n
			}
		}
		return sum
	}
	g.fill(t, g.m, 64, nil)
	if evicted := stats("evictions"); evicted > 0 {
		t.Errorf("%.0f items evicted: too little memory", evicted)
	}
	g.bytes = stats("bytes") / float64(size)
	g.spied = g.m
	g.asked = func(do func()) (float64, float64) {
		counters := []string{"cmd_get", "cmd_set", "cmd_touch", "cmd_meta", "delete_hits", "delete_misses", "incr_hits", "incr_misses"}
		before := stats(counters...)
		do()
		return stats(counters...) - before, -1
	}
	return g
}

func growSQLite(t testing.TB, size int) *grown {
	path, heard := newFile(t), &counter{}
	db, counted := openSQLite(t, path, options{}), openSQLite(t, path, options{count: heard})
	g := growSQL(t, size, db, counted, func(columns []string, rows func() []any) error {
		const atOnce = 40
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			return err
		}
		insert := "INSERT INTO crudadmin_sessions (" + strings.Join(columns, ", ") + ") VALUES "
		tuple := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
		many, err := tx.Prepare(insert + tuple + strings.Repeat(", "+tuple, atOnce-1))
		if err != nil {
			return err
		}
		for last := false; !last; {
			var args []any
			n := 0
			for ; n < atOnce; n++ {
				row := rows()
				if last = row == nil; last {
					break
				}
				args = append(args, row...)
			}
			switch {
			case n == atOnce:
				_, err = many.Exec(args...)
			case n > 0:
				_, err = tx.Exec(insert+tuple+strings.Repeat(", "+tuple, n-1), args...)
			}
			if err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		_, err = db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
		return err
	})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	g.bytes = float64(info.Size()) / float64(size)
	g.asked = func(do func()) (float64, float64) {
		before := heard.trips.Load()
		do()
		return float64(heard.trips.Load() - before), -1
	}
	return g
}

func growPostgres(t testing.TB, size int) *grown {
	_, url := postgres(t, options{})
	heard := &counter{}
	db := openSQL(t, "pgx", url)
	counted := countSQL(t, db, url, heard)
	counted.SetMaxOpenConns(1) // so that the server counts all before it is asked
	g := growSQL(t, size, db, counted, func(columns []string, rows func() []any) error {
		conn, err := db.Conn(t.Context())
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		err = conn.Raw(func(c any) error {
			_, err := c.(*stdlib.Conn).Conn().CopyFrom(t.Context(), pgx.Identifier{"crudadmin_sessions"}, columns,
				pgx.CopyFromFunc(func() ([]any, error) { return rows(), nil }))
			return err
		})
		if err != nil {
			return err
		}
		_, err = db.Exec("VACUUM ANALYZE crudadmin_sessions") // as the server does by itself, later
		return err
	})
	if err := db.QueryRow("SELECT pg_total_relation_size('crudadmin_sessions')").Scan(&g.bytes); err != nil {
		t.Fatal(err)
	}
	g.bytes /= float64(size)
	touched := func() (n float64) {
		err := errors.Join(
			counted.QueryRow("SELECT 1 FROM (SELECT pg_stat_force_next_flush()) AS flushed").Scan(new(int)),
			counted.QueryRow("SELECT sum(seq_tup_read + idx_tup_fetch + n_tup_ins + n_tup_upd + n_tup_del)::float8 FROM pg_stat_user_tables").Scan(&n))
		if err != nil {
			t.Error(err)
		}
		return n
	}
	g.asked = func(do func()) (float64, float64) {
		rows, before := touched(), heard.trips.Load()
		do()
		commands := float64(heard.trips.Load() - before)
		return commands, touched() - rows
	}
	return g
}

// catcher takes sessions that a manager makes, in the place of a store.
type catcher struct {
	session.Store
	caught func(session.Session)
}

func (c catcher) Create(_ context.Context, s session.Session, _ session.Admission) ([]session.ID, error) {
	c.caught(s)
	return nil, nil
}

// growSQL makes one session by the store, and all others like it in bulk: rows
// returns the next, nil after the last.
func growSQL(t testing.TB, size int, db, counted *sql.DB, bulk func(columns []string, rows func() []any) error) *grown {
	t.Helper()
	g := &grown{size: size, clock: &clock{}}
	open := func(db *sql.DB) session.Store {
		return must[*sqlstore.Store](t)(sqlstore.Open(t.Context(), db, sqlstore.Config{Now: g.clock.now, Logger: discard()}))
	}
	store := open(db)
	g.m, g.spied = manage(t, store, session.Config{Now: g.clock.now}), manage(t, open(counted), session.Config{Now: g.clock.now})
	if _, _, err := g.m.Create(t.Context(), visitor("the first user")); err != nil {
		t.Fatal(err)
	}
	columns, like := onlyRow(t, db)
	made := make(chan session.Session, 1024)
	ended := make(chan struct{})
	catching := must[*session.Manager](t)(session.New(catcher{store, func(s session.Session) {
		select {
		case made <- s:
		case <-ended:
		}
	}}, session.Config{SecretKey: secretKey, Logger: discard(), Now: g.clock.now}))
	var filling sync.WaitGroup
	filling.Go(func() {
		defer close(made)
		g.fill(t, catching, 1, nil)
	})
	err := bulk(columns, func() []any {
		s, more := <-made
		if !more {
			return nil
		}
		row := slices.Clone(like)
		tag := s.ID.Tag()
		for name, value := range map[string]any{
			"id": s.ID[:], "tag": tag[:], "user_id": s.UserID, "lineage": s.Lineage[:], "created_at": s.CreatedAt.UnixMicro(),
			"last_activity": s.LastActivity.UnixMicro(), "expires_at": s.ExpiresAt.UnixMicro(), "deadline": s.Deadline.UnixMicro(), "rotated_at": s.RotatedAt.UnixMicro(),
		} {
			row[slices.Index(columns, name)] = value
		}
		return row
	})
	close(ended)
	filling.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// onlyRow reads the one session that is there.
func onlyRow(t testing.TB, db *sql.DB) (columns []string, row []any) {
	t.Helper()
	rows := must[*sql.Rows](t)(db.Query("SELECT * FROM crudadmin_sessions"))
	defer func() { _ = rows.Close() }()
	columns = must[[]string](t)(rows.Columns())
	row = make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	if !rows.Next() {
		t.Fatal("no session", rows.Err())
	}
	if err := rows.Scan(into...); err != nil {
		t.Fatal(err)
	}
	return columns, row
}
