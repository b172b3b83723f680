// Databases that can never do are found at Open, and told in one sentence.

package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// TestDeedsAreAll: what the store does with its tables, by its own text, is tried.
func TestDeedsAreAll(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, d := range append(slices.Clone(deeds), mysql.more...) {
		for right := range strings.SplitSeq(d.right, " and ") {
			tried[right+" on "+d.table] = true
		}
	}
	does := regexp.MustCompile(`(INSERT INTO|UPDATE|DELETE FROM|FROM|table: ) *"?(crudadmin_session\w+)`)
	words := map[string]string{"INSERT INTO": "INSERT", "UPDATE": "UPDATE", "DELETE FROM": "DELETE", "FROM": "SELECT", "table: ": "DELETE"}
	found := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") || path == "suits.go" {
			continue
		}
		for _, match := range does.FindAllStringSubmatch(string(text), -1) {
			found++
			what := words[match[1]] + " on " + match[2]
			if !tried[what] && what != "INSERT on crudadmin_session_log" && match[2] != "crudadmin_session_version" { // once, with the migrations
				t.Errorf("%s: %s is not tried", path, what)
			}
		}
	}
	if found < 20 {
		t.Errorf("%d statements were found, want more: does the test still read them?", found)
	}
}

// refusedAtOpen opens a store that can never work.
func refusedAtOpen(t *testing.T, what string, db *sql.DB, cfg Config, words ...string) {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	s, err := Open(t.Context(), db, cfg)
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: %v, want ErrMisconfigured alone", what, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v; want %q said", what, err, word)
		}
	}
	t.Logf("%s: %v", what, err)
}

// TestWithoutOneRight takes each right from a user, one at a time.
func TestWithoutOneRight(t *testing.T) {
	t.Parallel()
	for name, users := range map[string]struct {
		start func(testing.TB) (engine, string)
		make  string
		deeds []deed
	}{
		"postgresql": {func(t testing.TB) (engine, string) {
			p := testserver.SharedPostgres(t)
			return engine{"pgx", p.URL()}, strings.Replace(p.URL(), "postgres@", "%s@", 1)
		}, "CREATE ROLE %s LOGIN", deeds},
		"mariadb": {func(t testing.TB) (engine, string) {
			m := testserver.SharedMariaDB(t)
			_, place, _ := strings.Cut(m.DSN(), "@")
			return engine{"mysql", m.DSN()}, "%s@" + place
		}, "CREATE USER %s", append(slices.Clone(deeds), mysql.more...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, as := users.start(t)
			root := e.connect(t)
			s, err := Open(t.Context(), root, Config{Changes: true, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			_ = s.Close()
			do := func(statement string) {
				t.Helper()
				if _, err := root.Exec(statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			for i := range len(users.deeds) + 1 {
				user := fmt.Sprintf("u%d_%d", i, time.Now().UnixNano()%1e9)
				do(fmt.Sprintf(users.make, user))
				t.Cleanup(func() {
					_, _ = root.Exec("DROP OWNED BY " + user)
					_, _ = root.Exec("DROP " + map[string]string{"postgresql": "ROLE ", "mariadb": "USER "}[name] + user)
				})
				do("GRANT SELECT ON crudadmin_session_version TO " + user)
				for j, d := range users.deeds {
					for right := range strings.SplitSeq(d.right, " and ") {
						if i != j {
							do("GRANT " + right + " ON " + d.table + " TO " + user)
						}
					}
				}
				db := engine{e.driver, fmt.Sprintf(as, user)}.connect(t)
				if i == len(users.deeds) {
					s, err := Open(t.Context(), db, Config{Changes: true, Logger: slog.New(slog.DiscardHandler)})
					if err != nil {
						t.Fatalf("with these rights alone: %v", err)
					}
					work(t, s)
					_ = s.Close()
					continue
				}
				d := users.deeds[i]
				refusedAtOpen(t, "without "+d.right+" on "+d.table, db, Config{Changes: true}, d.table)
			}
		})
	}
}

// TestUnsuited: character sets, autocommit, databases that take no writes, users who
// may not make the tables.
func TestUnsuited(t *testing.T) {
	t.Parallel()
	mariadb, postgres := testserver.SharedMariaDB(t), testserver.SharedPostgres(t)
	open(t, engine{"mysql", mariadb.DSN()}.connect(t), nil) // so that there are tables
	for parameters, words := range map[string][]string{
		"charset=utf8":                 {"utf8", "charset=utf8mb4"},
		"charset=latin1":               {"latin1", "charset=utf8mb4"},
		"autocommit=0":                 {"autocommit"},
		"tx_read_only=1":               {"read-only"},
		"charset=latin1&autocommit=0":  {"latin1", "autocommit"},
		"sql_mode=''&charset=utf8":     {"charset=utf8mb4"},
		"character_set_results=latin1": {"latin1"},
	} {
		refusedAtOpen(t, parameters, engine{"mysql", mariadb.DSN() + "?" + parameters}.connect(t), Config{}, words...)
	}
	for _, parameters := range []string{"charset=utf8mb4", "charset=binary", "sql_mode=''", "sql_mode=ANSI", "interpolateParams=true&charset=utf8mb4,utf8"} {
		work(t, open(t, engine{"mysql", mariadb.DSN() + "?" + parameters}.connect(t), nil))
	}
	root := engine{"pgx", postgres.URL()}.connect(t)
	open(t, root, nil)
	do := func(db *sql.DB, statement string) {
		t.Helper()
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, encoding := range []string{"EUC_JP", "SQL_ASCII", "LATIN1"} {
		name := postgres.Database + strings.ToLower(encoding)
		do(root, "CREATE DATABASE "+name+" ENCODING '"+encoding+"' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
		refusedAtOpen(t, encoding, engine{"pgx", strings.Replace(postgres.URL(), "/"+postgres.Database, "/"+name, 1)}.connect(t), Config{}, encoding, "ENCODING 'UTF8'")
	}
	refusedAtOpen(t, "client_encoding", engine{"pgx", postgres.URL() + "&client_encoding=LATIN1"}.connect(t), Config{}, "LATIN1", "client_encoding=UTF8")
	refusedAtOpen(t, "default_transaction_read_only", engine{"pgx", postgres.URL() + "&default_transaction_read_only=on"}.connect(t), Config{}, "read-only")
	nobody := fmt.Sprintf("nobody%d", time.Now().UnixNano()%1e9)
	do(root, "CREATE ROLE "+nobody+" LOGIN")
	empty := testserver.SharedPostgres(t)
	refusedAtOpen(t, "a role that may not make the tables", engine{"pgx", strings.Replace(empty.URL(), "postgres@", nobody+"@", 1)}.connect(t), Config{}, "CREATE", "permission denied for schema public")

	lite := engines["sqlite"](t)
	open(t, lite.connect(t), nil)
	for _, parameters := range []string{"&mode=ro", "&_pragma=query_only(1)"} {
		refusedAtOpen(t, "SQLite "+parameters, engine{"sqlite", lite.dsn + parameters}.connect(t), Config{}, "read-only")
	}
}

// TestChangedLater: a right that is taken and a character set that is changed after
// Open are told in the log as what they are, once.
func TestChangedLater(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	db := engines["postgresql"](t).connect(t)
	db.SetMaxOpenConns(1)
	s, err := Open(t.Context(), db, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := db.Exec("SET default_transaction_read_only = on"); err != nil { // as after a failover to a standby
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Create(t.Context(), sample("ada", time.Now(), 1), session.Admission{}); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%v, want ErrUnavailable and ErrMisconfigured", err)
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), "read-only") {
		t.Errorf("%d error records, want 1: %s", n, log.String())
	}
}

// TestCrowdedPool: whoever waits because the application holds all connections is told
// so, and the server is not doubted.
func TestCrowdedPool(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	db := engines["postgresql"](t).connect(t)
	db.SetMaxOpenConns(2)
	s, err := Open(t.Context(), db, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	var held []*sql.Conn
	for range 2 {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	if r := s.Traits().Report(); r.Warning != "" {
		t.Errorf("before a call waits, the report warns: %s", r.Warning)
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err = s.Get(ctx, session.ID{1})
		cancel()
		if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "give sessions a *sql.DB of their own") {
			t.Errorf("%v", err)
		}
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "a *sql.DB of their own") {
		t.Errorf("log: %s", text)
	}
	if r := s.Traits().Report(); !strings.Contains(r.Warning, "Calls for sessions wait") || !strings.Contains(r.Warning, "a *sql.DB of their own") {
		t.Errorf("the report warns %q", r.Warning)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	if _, err := s.Get(t.Context(), session.ID{1}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("with the connections again: %v", err)
	}
	if r := s.Traits().Report(); r.Warning != "" {
		t.Errorf("with the connections again, the report warns: %s", r.Warning)
	}
}

// Engines that only look like one of ours are refused before anything is made in them.
func TestOpenRefusesLookalikes(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"PostgreSQL 15.2-YB-2025.1.0.0-b0 on aarch64-unknown-linux-gnu, compiled by clang version 17, 64-bit": "YugabyteDB is not PostgreSQL itself",
		"CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)":                "CockroachDB",
		"8.0.11-TiDB-v7.5.0":               "TiDB is neither MySQL nor MariaDB itself",
		"8.0.30-Vitess":                    "Vitess is neither MySQL nor MariaDB itself",
		"10.5.9-MariaDB-1:10.5.9+maria~f1": "MariaDB before 10.6 is not supported",
	} {
		server := &testserver.Saying{Version: version, Comment: "a comment"}
		db := server.Open()
		_, err := Open(t.Context(), db, Config{})
		_ = db.Close()
		if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), want) || server.Asked() > 0 {
			t.Errorf("%s: %v after %d statements, want %q", version, err, server.Asked(), want)
		}
	}
}
