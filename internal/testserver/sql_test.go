// This file tests PostgreSQL and MariaDB: start, talk, freeze, kill, restart.

package testserver_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

type sqlServer interface {
	Kill()
	Freeze()
	Thaw()
	Restart()
}

// query runs one statement on a connection of its own; if n is not nil it reads
// one number.
type query func(ctx context.Context, n *int, sql string) error

func TestPostgres(t *testing.T) {
	t.Parallel()
	p := testserver.Postgres(t)
	suffer(t, p, postgres(p.URL()))
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	m := testserver.MariaDB(t)
	suffer(t, m, mariaDB(m.DSN()))
}

func suffer(t *testing.T, s sqlServer, do query) {
	t.Helper()
	for _, sql := range []string{"CREATE TABLE t (n INT PRIMARY KEY)", "INSERT INTO t VALUES (1)"} {
		if err := do(t.Context(), nil, sql); err != nil {
			t.Fatal(err)
		}
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := count(ctx, do); err == nil || ctx.Err() == nil {
		t.Fatalf("a query on a frozen server: %v, want the deadline", err)
	}
	s.Thaw()
	if err := count(t.Context(), do); err != nil {
		t.Fatalf("after Thaw: %v", err)
	}
	s.Kill()
	if err := count(t.Context(), do); err == nil {
		t.Fatal("a killed server answered")
	}
	s.Restart()
	if err := count(t.Context(), do); err != nil {
		t.Fatalf("after Restart: %v", err)
	}
}

func TestSharedPostgres(t *testing.T) {
	t.Parallel()
	a, b := testserver.SharedPostgres(t), testserver.SharedPostgres(t)
	if a.Addr != b.Addr || a.Database == b.Database {
		t.Fatalf("shared: %s %s and %s %s", a.Addr, a.Database, b.Addr, b.Database)
	}
	separate(t, postgres(a.URL()), postgres(b.URL()))
}

func TestSharedMariaDB(t *testing.T) {
	t.Parallel()
	a, b := testserver.SharedMariaDB(t), testserver.SharedMariaDB(t)
	if a.Addr != b.Addr || a.Database == b.Database {
		t.Fatalf("shared: %s %s and %s %s", a.Addr, a.Database, b.Addr, b.Database)
	}
	separate(t, mariaDB(a.DSN()), mariaDB(b.DSN()))
}

func separate(t *testing.T, a, b query) {
	t.Helper()
	if err := a(t.Context(), nil, "CREATE TABLE t (n INT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := b(t.Context(), &n, "SELECT COUNT(*) FROM t"); err == nil {
		t.Fatal("a table of one test shows in another's database")
	}
}

func postgres(url string) query {
	return func(ctx context.Context, n *int, sql string) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		if n == nil {
			_, err = conn.Exec(ctx, sql)
			return err
		}
		return conn.QueryRow(ctx, sql).Scan(n)
	}
}

func mariaDB(dsn string) query {
	return func(ctx context.Context, n *int, query string) error {
		db, err := sql.Open("mysql", dsn)
		if err != nil {
			return err
		}
		defer db.Close()
		if n == nil {
			_, err = db.ExecContext(ctx, query)
			return err
		}
		return db.QueryRowContext(ctx, query).Scan(n)
	}
}

// count wants exactly one row in t.
func count(ctx context.Context, do query) error {
	var n int
	if err := do(ctx, &n, "SELECT COUNT(*) FROM t"); err != nil {
		return err
	}
	if n != 1 {
		return errors.New("a committed row is gone")
	}
	return nil
}
