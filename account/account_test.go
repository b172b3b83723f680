// Tests of opening, and what the other tests share: quick hashes.

package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// quick is the least cost there is: the rules are the same at any.
var quick = account.Argon2{Memory: 8, Time: 1, Threads: 1}

const (
	goodPassword  = "otters glide under ice"
	otherPassword = "seven lamps in the attic"
)

var morning = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))

func open(t testing.TB, db database, cfg account.Config) *account.Accounts {
	t.Helper()
	a, err := account.Open(t.Context(), db.DB, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func quickAccounts(t testing.TB, empty start) (*account.Accounts, database) {
	t.Helper()
	db := empty(t)
	return open(t, db, account.Config{Argon2: quick}), db
}

func create(t testing.TB, a *account.Accounts, name string, role account.Role) account.User {
	t.Helper()
	u, err := a.Create(t.Context(), name, goodPassword, role)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func exec(t testing.TB, db database, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), db.engine.Bind(query), args...); err != nil {
		t.Fatal(err)
	}
}

func storedHash(t testing.TB, db database, id string) string {
	t.Helper()
	var hash string
	if err := db.QueryRowContext(t.Context(), db.engine.Bind("SELECT password_hash FROM crudadmin_users WHERE id = ?"), id).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("err = %v, want %v", err, want)
	}
}

func TestOpenNamesEveryWrongField(t *testing.T) {
	db := newSQLite(t)
	_, err := account.Open(t.Context(), db.DB, account.Config{
		MaxHashes: -1, Argon2: account.Argon2{Memory: 1 << 30, Time: 99, Threads: 99},
	})
	if err == nil {
		t.Fatal("opened")
	}
	for _, field := range []string{"MaxHashes: -1", "Argon2.Memory: 1073741824", "Argon2.Time: 99", "Argon2.Threads: 99"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("the error does not say %q: %v", field, err)
		}
	}
	if _, err := account.Open(t.Context(), nil, account.Config{}); err == nil {
		t.Error("opened without a database")
	}
}

func TestTenMigrateOneDatabaseAtOnce(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		first := empty(t)
		dbs := make([]database, 10)
		for i := range dbs {
			dbs[i] = first.connect(t)
		}
		errs := make([]error, len(dbs))
		var wg sync.WaitGroup
		for i, db := range dbs {
			wg.Go(func() { _, errs[i] = account.Open(t.Context(), db.DB, account.Config{Argon2: quick}) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		var applied, distinct int
		err := dbs[0].QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT version_id) FROM crudadmin_account_version").Scan(&applied, &distinct)
		if err != nil || applied != distinct || applied < 2 {
			t.Errorf("%d migrations recorded, %d different ones, %v", applied, distinct, err)
		}
		create(t, open(t, dbs[9], account.Config{Argon2: quick}), "ada", account.Viewer)
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		db := empty(t)
		exec(t, db, "CREATE TABLE crudadmin_users (somebody_elses INT)")
		if _, err := account.Open(t.Context(), db.DB, account.Config{Argon2: quick}); err == nil {
			t.Fatal("opened over somebody else's table")
		}
		if db.engine == sqldb.SQLite { // the others make the table of versions apart
			var n int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_master WHERE name LIKE 'crudadmin_account%'").Scan(&n); err != nil || n != 0 {
				t.Errorf("%d tables were left behind, %v", n, err)
			}
		}
		exec(t, db, "DROP TABLE crudadmin_users")
		create(t, open(t, db, account.Config{Argon2: quick}), "ada", account.Viewer)
	})
}

func TestDatabaseDownIsUnavailable(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		u := create(t, a, "ada", account.Superuser)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		for name, call := range map[string]func() error{
			"known":         func() error { _, err := a.Authenticate(ctx, "ada", goodPassword); return err },
			"unknown":       func() error { _, err := a.Authenticate(ctx, "nobody", goodPassword); return err },
			"ByID":          func() error { _, err := a.ByID(ctx, u.ID); return err },
			"ByUsername":    func() error { _, err := a.ByUsername(ctx, "ada"); return err },
			"List":          func() error { _, err := a.List(ctx, "", 0); return err },
			"Create":        func() error { _, err := a.Create(ctx, "bob", goodPassword, account.Viewer); return err },
			"SetPassword":   func() error { return a.SetPassword(ctx, u.ID, goodPassword, otherPassword) },
			"ResetPassword": func() error { return a.ResetPassword(ctx, u.ID, otherPassword) },
			"SetDisabled":   func() error { return a.SetDisabled(ctx, u.ID, true) },
			"SetRole":       func() error { return a.SetRole(ctx, u.ID, account.Viewer) },
			"EnsureFirst":   func() error { _, _, _, err := a.EnsureFirst(ctx, "", ""); return err },
			"Open":          func() error { _, err := account.Open(ctx, db.DB, account.Config{}); return err },
		} {
			err := call()
			if !errors.Is(err, account.ErrUnavailable) || errors.Is(err, account.ErrCredentials) || errors.Is(err, account.ErrNotFound) {
				t.Errorf("%s: %v, want ErrUnavailable", name, err)
			}
		}
	})
}

func TestLockedDatabaseIsUnavailableByTheDeadline(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, db := quickAccounts(t, empty)
		create(t, a, "ada", account.Superuser)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(t.Context(), "UPDATE crudadmin_users SET updated_at = updated_at + 1"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err = a.Authenticate(ctx, "ada", goodPassword)
		wantErr(t, err, account.ErrUnavailable)
		wantErr(t, err, context.DeadlineExceeded)
	})
}
