// This file tests how reading from MariaDB ends: in time on the server too, and in words; and that
// it does not matter how a connection was opened and what it was told before.

package data

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// slowMariaView is a view whose rows take longer than any test.
const slowMariaView = `CREATE VIEW slow AS SELECT seq AS id, CAST(SLEEP(600) AS CHAR) AS t FROM seq_1_to_3`

// runningOn is how many statements of a database the server runs that sleep.
func runningOn(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE = 'User sleep'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A statement that takes too long, or whose reader is gone, is stopped on the server, also where
// the pool has one connection.
func TestMariaDBStatementsEndOnTheServer(t *testing.T) {
	for _, connections := range []int{0, 1} {
		dsn := testserver.SharedMariaDB(t).DSN()
		db, watch := connectMariaDB(t, dsn), connectMariaDB(t, dsn)
		if _, err := watch.ExecContext(t.Context(), slowMariaView); err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(connections)
		s, err := Open(t.Context(), db, Config{QueryTimeout: 5 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		t.Cleanup(cancel)
		if _, err := s.List(ctx, Query{Table: "slow"}); !errors.Is(err, ErrTimeout) {
			t.Errorf("%v, want a timeout", err)
		}
		waitFor(t, "nothing runs after the deadline", func() bool { return runningOn(t, watch) == 0 })
		aStatementEndsWithItsReader(t, s, func() int { return runningOn(t, watch) })
	}
}

// A context that ends kills nothing that runs on its connection afterwards.
func TestMariaDBNothingElseIsKilled(t *testing.T) {
	db := openMariaDB(t, `CREATE TABLE x (id integer PRIMARY KEY)`, `INSERT INTO x VALUES (1)`)
	db.SetMaxOpenConns(2)
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := s.List(ctx, Query{Table: "x"}); err != nil {
			t.Fatal(err)
		}
		cancel()
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT SLEEP(0.001)").Scan(&n); err != nil || n != 0 {
			t.Fatalf("%d, %v", n, err)
		}
	}
}

func TestMariaDBFaults(t *testing.T) {
	s := mariaSource(t, Config{}, `CREATE TABLE x (id integer PRIMARY KEY, u uuid, n decimal(5,2))`, `INSERT INTO x (id) VALUES (1)`, `CREATE TABLE gone (id integer PRIMARY KEY)`,
		`CREATE TABLE by_uuid (id uuid PRIMARY KEY)`, `CREATE TABLE by_date (at date PRIMARY KEY)`)
	aGoneTableIsTold(t, s, ".gone' doesn't exist", "1146")
	areNoKeys(t, s, map[string]string{"x": "abc", "by_uuid": "abc", "by_date": "yesterday"})
}

// A server that is gone is an outage, and one that is there again is read again.
func TestMariaDBOutage(t *testing.T) {
	server := testserver.MariaDB(t)
	anOutageIsTold(t, connectMariaDB(t, server.DSN()), server.Kill, server.Restart)
}

// How a program opened its pool, and what a connection was told before, changes nothing of what is
// read, and the connection is left as it was.
func TestMariaDBSessionsDoNotMatter(t *testing.T) {
	for _, parameters := range []string{"?parseTime=true&loc=Asia%2FKolkata&time_zone=%27%2B05%3A30%27", "?interpolateParams=true&clientFoundRows=true&parseTime=true", "?charset=latin1&sql_mode=%27ANSI_QUOTES%2CNO_BACKSLASH_ESCAPES%2CPAD_CHAR_TO_FULL_LENGTH%27",
		"?interpolateParams=true&sql_mode=%27NO_BACKSLASH_ESCAPES%2CTRADITIONAL%27&max_statement_time=100", "?collation=utf8mb4_bin&tx_isolation=%27READ-UNCOMMITTED%27&max_sort_length=8&sql_select_limit=1"} {
		db := openMariaDBWith(t, parameters, `SET time_zone = '+00:00'`,
			`CREATE TABLE x (id integer PRIMARY KEY, at timestamp(6) NULL, d date, c char(5), u bigint unsigned, t text, y bit(2), INDEX (at))`,
			`INSERT INTO x VALUES (1, '2024-03-10 07:30:00.123456', '0000-00-00', 'ab', 18446744073709551615, 'it''s a "back\\slash" 雪', 2), (2, NULL, NULL, NULL, NULL, NULL, NULL)`)
		db.SetMaxOpenConns(1)
		settings := func() (all [6]string) {
			t.Helper()
			if err := db.QueryRowContext(t.Context(), "SELECT @@time_zone, @@sql_mode, @@character_set_client, @@collation_connection, @@max_statement_time, @@max_sort_length").Scan(&all[0], &all[1], &all[2], &all[3], &all[4], &all[5]); err != nil {
				t.Fatal(err)
			}
			return all
		}
		before := settings()
		s, err := Open(t.Context(), db, Config{})
		if err != nil {
			t.Fatal(err)
		}
		page, err := s.List(t.Context(), Query{Table: "x", Filters: []Filter{{"at", OpEq, []string{"2024-03-10T13:00:00.123456+05:30"}}, {"t", OpEq, []string{`it's a "back\slash" 雪`}}, {"t", OpContains, []string{`S A "BACK\`}}}})
		if err != nil || len(page.Rows) != 1 {
			t.Fatalf("%s: %+v, %v", parameters, page, err)
		}
		for i, want := range []string{"1", "2024-03-10 07:30:00.123456", "0000-00-00", "ab", "18446744073709551615", `it's a "back\slash" 雪`, "10"} {
			if got := page.Rows[0].Cells[i].Text; got != want {
				t.Errorf("%s: %s is %q, want %q", parameters, page.Columns[i].Name, got, want)
			}
		}
		if at, zoned, ok := page.Rows[0].Cells[1].Time(); !ok || !zoned || !at.Equal(time.Date(2024, 3, 10, 7, 30, 0, 123456000, time.UTC)) {
			t.Errorf("%v %v %v", at, zoned, ok)
		}
		if all, err := s.List(t.Context(), Query{Table: "x"}); err != nil || len(all.Rows) != 2 {
			t.Errorf("%s: %v", parameters, err)
		}
		if after := settings(); after != before {
			t.Errorf("%s: the connection has now %q, had %q", parameters, after, before)
		}
	}
}
