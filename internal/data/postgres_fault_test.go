// This file tests how reading from PostgreSQL ends: in time on the server too, and in words.

package data

import (
	"database/sql"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// slowView is a view whose rows take longer than any test.
const slowView = `CREATE VIEW slow AS SELECT v AS id, CAST(pg_sleep(600) AS text) AS t FROM generate_series(1, 3) AS v`

// running is how many statements the server runs that sleep.
func running(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A statement that takes too long, or whose reader is gone, is stopped on the server.
func TestPostgresStatementsEndOnTheServer(t *testing.T) {
	url := testserver.SharedPostgres(t).URL()
	db, watch := connectPostgres(t, url), connectPostgres(t, url)
	if _, err := watch.ExecContext(t.Context(), slowView); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), db, Config{QueryTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), Query{Table: "slow"}); !errors.Is(err, ErrTimeout) {
		t.Errorf("%v, want a timeout", err)
	}
	waitFor(t, "nothing runs after the deadline", func() bool { return running(t, watch) == 0 })

	if s, err = Open(t.Context(), db, Config{QueryTimeout: 5 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	aStatementEndsWithItsReader(t, s, func() int { return running(t, watch) })
}

func TestPostgresFaults(t *testing.T) {
	s := postgresSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, u uuid, n numeric)`, `INSERT INTO x VALUES (1)`, `CREATE TABLE gone (id integer PRIMARY KEY)`,
		`CREATE TABLE by_inet (at inet PRIMARY KEY)`, `CREATE TABLE by_uuid (id uuid PRIMARY KEY)`)
	aGoneTableIsTold(t, s, `relation "public.gone" does not exist`, "42P01")
	areNoKeys(t, s, map[string]string{"x": "abc", "by_uuid": "abc"})
	byInet, _ := s.Schema().Table("by_inet")
	key, err := ParseKey(byInet, "nonsense")
	if err != nil {
		t.Fatal(err)
	}
	var field *FieldError
	if _, err := s.Get(t.Context(), "by_inet", key); !errors.As(err, &field) || !strings.Contains(err.Error(), "invalid input syntax for type inet") {
		t.Errorf("%v, want what is wrong with the key", err)
	}
	if _, err := s.List(t.Context(), Query{Table: "by_inet", Filters: []Filter{{"at", OpGt, []string{"nonsense"}}}}); !errors.As(err, &field) {
		t.Errorf("%v, want what is wrong with the filter", err)
	}
}

// A server that is gone is an outage, and one that is there again is read again.
func TestPostgresOutage(t *testing.T) {
	server := testserver.Postgres(t)
	anOutageIsTold(t, connectPostgres(t, server.URL()), server.Kill, server.Restart)
}

// What a connection was told before changes nothing of what is read.
func TestPostgresSessionsDoNotMatter(t *testing.T) {
	db := openPostgres(t, `CREATE TABLE x (id integer PRIMARY KEY, at timestamptz, d date, i interval, f double precision, b bytea)`,
		`INSERT INTO x VALUES (1, '2024-03-10 02:30:00.123456-05', '2024-02-29', '1 day 02:00', 0.1, '\x00ff')`,
		`SET TimeZone = 'Asia/Kolkata'`, `SET DateStyle = 'German'`, `SET IntervalStyle = 'iso_8601'`, `SET extra_float_digits = 0`, `SET bytea_output = 'escape'`, `SET search_path = pg_catalog`)
	db.SetMaxOpenConns(1)
	for _, setting := range []string{"TimeZone = 'Asia/Kolkata'", "DateStyle = 'German'", "IntervalStyle = 'iso_8601'", "extra_float_digits = 0", "search_path = 'pg_catalog'"} {
		if _, err := db.ExecContext(t.Context(), "SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.List(t.Context(), Query{Table: "public.x"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"1", "2024-03-10 07:30:00.123456+00", "2024-02-29", "1 day 02:00:00", "0.1"} {
		if got := page.Rows[0].Cells[i].Text; got != want {
			t.Errorf("%s is %q, want %q", page.Columns[i].Name, got, want)
		}
	}
	if at, zoned, ok := page.Rows[0].Cells[1].Time(); !ok || !zoned || at.Nanosecond() != 123456000 {
		t.Errorf("%v %v %v", at, zoned, ok)
	}
	var zone string
	if err := db.QueryRowContext(t.Context(), "SHOW TimeZone").Scan(&zone); err != nil || zone != "Asia/Kolkata" {
		t.Errorf("the connection's zone is now %q, %v", zone, err)
	}
}

// Behind a pooler that gives connections to several clients everything is read that is read
// without one, where the driver prepares nothing; else what to do is said.
func TestPostgresBehindAPooler(t *testing.T) {
	plain := zooOfPostgres(t)
	server := testserver.SharedPostgres(t)
	zoo, err := url.Parse(postgresZooURL.url)
	if err != nil {
		t.Fatal(err)
	}
	server.Database = strings.TrimPrefix(zoo.Path, "/")
	db := connectPostgres(t, testserver.PgBouncer(t, server, "transaction", 3).URL()+"&default_query_exec_mode=exec")
	pooled, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []Query{{Table: "every_type", Search: "a", Sort: []SortKey{{"n", true}}}, {Table: "sales.orders"}, {Table: "pair", Filters: []Filter{{"n", OpGt, []string{"2"}}}}, {Table: "long_text", Before: Last}, {Table: "good_view"}} {
		want := must(plain.List(t.Context(), q))(t)
		got := must(pooled.List(t.Context(), q))(t)
		if len(got.Rows) != len(want.Rows) || got.Count != want.Count {
			t.Errorf("%s: %d rows, want %d", q.Table, len(got.Rows), len(want.Rows))
			continue
		}
		for i := range want.Rows {
			for j := range want.Rows[i].Cells {
				if a, b := got.Rows[i].Cells[j], want.Rows[i].Cells[j]; a.Text != b.Text || a.Storage != b.Storage || a.Size != b.Size {
					t.Errorf("%s: %q, want %q", q.Table, a.Text, b.Text)
				}
			}
		}
	}
	counted := &stopWriter{RowWriter: CSV(io.Discard)}
	if err := pooled.Export(t.Context(), Query{Table: "measured"}, counted); err != nil || counted.rows != 100 {
		t.Errorf("%d rows, %v", counted.rows, err)
	}
}
