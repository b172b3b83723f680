// Tests of when a transaction is tried again, from inside the package.

package account

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-crudadmin/crudadmin/internal/migrate"
)

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		engine migrate.Engine
		err    error
		want   fault
	}{
		{migrate.SQLite, errors.New("constraint failed: UNIQUE constraint failed: crudadmin_users.username_key (2067)"), duplicate},
		{migrate.SQLite, errors.New("database is locked (5) (SQLITE_BUSY)"), other},
		{migrate.PostgreSQL, &pgconn.PgError{Code: "23505"}, duplicate},
		{migrate.PostgreSQL, &pgconn.PgError{Code: "40001"}, aborted},
		{migrate.PostgreSQL, &pgconn.PgError{Code: "40P01"}, aborted},
		{migrate.PostgreSQL, &pgconn.PgError{Code: "23514"}, other},
		{migrate.PostgreSQL, context.DeadlineExceeded, other},
		{migrate.MySQL, &mysql.MySQLError{Number: 1062, SQLState: [5]byte{'2', '3', '0', '0', '0'}, Message: "Duplicate entry"}, duplicate},
		{migrate.MySQL, &mysql.MySQLError{Number: 1213, Message: "Deadlock found"}, aborted},
		{migrate.MySQL, &mysql.MySQLError{Number: 1205, Message: "Lock wait timeout exceeded"}, aborted},
		{migrate.MySQL, &mysql.MySQLError{Number: 10621, Message: "another"}, other},
		{migrate.MySQL, &mysql.MySQLError{Number: 4025, Message: "CONSTRAINT `role` failed"}, other},
		{migrate.MySQL, context.DeadlineExceeded, other},
	} {
		if got := dialects[c.engine].fault(fmt.Errorf("lock: %w", c.err)); got != c.want {
			t.Errorf("%s: %v is %d, want %d", c.engine, c.err, got, c.want)
		}
	}
}

func TestAbortedTransactionsAreTriedThreeTimes(t *testing.T) {
	a := &Accounts{dialect: dialects[migrate.PostgreSQL], cfg: Config{Timeout: time.Minute}}
	ended, end := context.WithCancel(t.Context())
	end()
	deadlock, check := &pgconn.PgError{Code: "40P01"}, &pgconn.PgError{Code: "23514"}
	for _, c := range []struct {
		name string
		ctx  context.Context
		errs []error // of the tries
		want int
	}{
		{"never works", t.Context(), []error{deadlock, deadlock, deadlock, deadlock}, 3},
		{"works the third time", t.Context(), []error{deadlock, deadlock, nil}, 3},
		{"refused", t.Context(), []error{check, nil}, 1},
		{"refused the second time", t.Context(), []error{deadlock, check, nil}, 2},
		{"nobody waits for it", ended, []error{deadlock, nil}, 1},
	} {
		tries := 0
		err := a.again(c.ctx, func(context.Context) error { tries++; return c.errs[tries-1] })
		if tries != c.want || !errors.Is(err, c.errs[tries-1]) {
			t.Errorf("%s: %d tries, want %d; %v", c.name, tries, c.want, err)
		}
	}
}
