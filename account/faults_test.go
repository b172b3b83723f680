// Faults, made for real: frozen and lost servers, deadlocks, strict isolation. And what is odd to
// one engine only.

package account_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/admindb"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// proxied start a database with a proxy before it.
var proxied = map[string]func(testing.TB) (database, *proxy){
	"postgresql": func(t testing.TB) (database, *proxy) {
		server := testserver.SharedPostgres(t)
		p := newProxy(t, server.Addr)
		return connect(t, sqldb.PostgreSQL, "pgx", strings.Replace(server.URL(), server.Addr, p.addr(), 1)), p
	},
	"mariadb": func(t testing.TB) (database, *proxy) {
		server := testserver.SharedMariaDB(t)
		p := newProxy(t, server.Addr)
		return connect(t, sqldb.MySQL, "mysql", strings.Replace(server.DSN(), server.Addr, p.addr(), 1)), p
	},
}

func TestFrozenAndLostServers(t *testing.T) {
	for name, start := range proxied {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, proxy := start(t)
			a := open(t, db, account.Config{Argon2: quick})
			hasty := open(t, db, account.Config{Argon2: quick, Timeout: time.Second})
			ada := create(t, a, "ada", account.Superuser)
			create(t, a, "bob", account.Superuser)
			for what, do := range map[string]func(context.Context) error{
				"COMMIT":           func(ctx context.Context) error { return a.SetRole(ctx, ada.ID, account.Editor) },
				"last_login_at = ": func(ctx context.Context) error { _, err := a.Authenticate(ctx, "ada", goodPassword); return err },
				"ada":              func(ctx context.Context) error { _, err := a.ByUsername(ctx, "ada"); return err },
			} {
				db.SetMaxIdleConns(0) // new connections, on which a statement's text is sent
				proxy.freezeAt(what)
				_ = testserver.ByDeadline(t, "frozen at "+what, do, func(err error) string {
					if !errors.Is(err, account.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
						return "want ErrUnavailable and DeadlineExceeded"
					}
					if !proxy.froze() {
						return "it was not said in that time"
					}
					return ""
				})
				ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard) // Config.Timeout is before it
				_, err := hasty.ByID(ctx, ada.ID)
				wantErr(t, err, account.ErrUnavailable)
				if ctx.Err() != nil {
					t.Errorf("frozen: back after %s, the timeout was a second", testserver.Guard)
				}
				cancel()
				proxy.cut()
				_, err = a.Authenticate(t.Context(), "ada", goodPassword)
				wantErr(t, err, account.ErrUnavailable)
				wantErr(t, a.SetDisabled(t.Context(), ada.ID, true), account.ErrUnavailable)
				_, err = account.Open(t.Context(), db.DB, account.Config{})
				wantErr(t, err, account.ErrUnavailable)
				proxy.mend()
				if _, err := a.Authenticate(t.Context(), "ada", goodPassword); err != nil {
					t.Errorf("mended: %v", err)
				}
				if err := a.SetRole(t.Context(), ada.ID, account.Superuser); err != nil {
					t.Errorf("mended: %v", err)
				}
			}
		})
	}
}

// Somebody else's transaction has ada's row and asks for the lock of this package, which has it and
// asks for the row.
func TestDeadlockIsTriedAgain(t *testing.T) {
	for name, waiting := range map[string]string{
		"postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
		// Not innodb_trx: it is renewed only when nobody has read it for 100 ms.
		"mariadb": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'UPDATE crudadmin_users SET role%'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, db := quickAccounts(t, engines[name])
			ada := create(t, a, "ada", account.Viewer)
			ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
			defer cancel()
			for range 5 {
				tx, err := db.BeginTx(ctx, nil)
				if err != nil {
					t.Fatal(err)
				}
				must := func(query string) {
					t.Helper()
					if _, err := tx.ExecContext(ctx, query); err != nil {
						t.Fatal(err)
					}
				}
				if db.engine == sqldb.PostgreSQL {
					must("SET LOCAL deadlock_timeout = '60s'") // so that this package's transaction is the one to find it, and to die
				}
				must("UPDATE crudadmin_users SET updated_at = 0")
				done := make(chan error)
				go func() { done <- a.SetRole(ctx, ada.ID, account.Editor) }()
				for n := 0; n == 0; {
					if err := db.QueryRowContext(ctx, waiting).Scan(&n); err != nil {
						t.Fatal(err)
					}
				}
				_, mine := tx.ExecContext(ctx, admindb.AccountLock(db.engine))
				if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
					t.Error(err)
				}
				if err := <-done; err != nil {
					t.Fatalf("SetRole: %v", err)
				}
				if mine == nil { // so SetRole's transaction was aborted
					return
				}
			}
			t.Error("SetRole was never the one to be aborted")
		})
	}
}

// With the strictest level as the default of the connections, transactions are aborted for what
// others read.
func TestSerializableIsTriedAgain(t *testing.T) {
	for name, db := range map[string]func() database{
		"postgresql": func() database {
			return connect(t, sqldb.PostgreSQL, "pgx", testserver.SharedPostgres(t).URL()+"&default_transaction_isolation=serializable")
		},
		"mariadb": func() database {
			return connect(t, sqldb.MySQL, "mysql", testserver.SharedMariaDB(t).DSN()+"?tx_isolation=%27SERIALIZABLE%27")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := db()
			a, b := open(t, first, account.Config{Argon2: quick}), open(t, first.connect(t), account.Config{Argon2: quick})
			ada, bob := create(t, a, "ada", account.Superuser), create(t, a, "bob", account.Superuser)
			for range 10 {
				var wg sync.WaitGroup
				var errs [4]error
				wg.Go(func() { errs[0] = a.SetDisabled(t.Context(), ada.ID, true) })
				wg.Go(func() { errs[1] = b.SetRole(t.Context(), bob.ID, account.Viewer) })
				wg.Go(func() { _, errs[2] = a.Authenticate(t.Context(), "bob", goodPassword) })
				wg.Go(func() { _, errs[3] = b.List(t.Context(), "", 0) })
				wg.Wait()
				if (errs[0] == nil) == (errs[1] == nil) {
					t.Fatalf("disable: %v, demote: %v; want exactly one refused", errs[0], errs[1])
				}
				wantErr(t, errors.Join(errs[:2]...), account.ErrLastSuperuser)
				if err := errors.Join(errs[2:]...); err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(a.SetDisabled(t.Context(), ada.ID, false), a.SetRole(t.Context(), bob.ID, account.Superuser)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestOddTextIsNobodys(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		u := create(t, a, "ada", account.Superuser)
		for _, name := range []string{"ad\x00a", "\x00", "ada\x00", "ad\xffa", "ad\u00e1", "ada\u200b", strings.Repeat("\U0010ffff", account.MaxUsername)} {
			before := a.HashStats()
			if _, err := a.Authenticate(t.Context(), name, goodPassword); err != account.ErrCredentials { //nolint:errorlint // the very same, with nothing around it
				t.Errorf("Authenticate as %q: %v", name, err)
			}
			if n := a.HashStats().Argon2 - before.Argon2; n != 1 {
				t.Errorf("Authenticate as %q: %d hashes, want 1", name, n)
			}
			_, err := a.ByUsername(t.Context(), name)
			wantErr(t, err, account.ErrNotFound)
		}
		for _, id := range []string{"", "\x00", "\xff", u.ID + " ", u.ID + "\x00", strings.ToUpper(u.ID), u.ID[:35] + "é", strings.Repeat("0", 36), strings.Repeat("0", 1<<20)} {
			_, err := a.ByID(t.Context(), id)
			wantErr(t, err, account.ErrNotFound)
			wantErr(t, a.SetRole(t.Context(), id, account.Viewer), account.ErrNotFound)
			wantErr(t, a.SetDisabled(t.Context(), id, true), account.ErrNotFound)
			wantErr(t, a.SetPassword(t.Context(), id, goodPassword, otherPassword), account.ErrNotFound)
			wantErr(t, a.ResetPassword(t.Context(), id, otherPassword), account.ErrNotFound)
		}
	})
}

// Names differ by every character but case, and are listed in the order of their bytes, on every
// engine.
func TestNamesCompareTheSameOnEveryEngine(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		a, _ := quickAccounts(t, empty)
		want := []string{"a b", "a-b", "aB", "b", "eva", "ß", "z", "éva", "ж", "\U0001f9a6"} // ß is ss
		for _, name := range []string{"\U0001f9a6", "éva", "b", "z", "ж", "a-b", "ß", "aB", "eva", "a b"} {
			create(t, a, name, account.Viewer)
		}
		users, err := a.List(t.Context(), "", 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range users {
			got = append(got, u.Username)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("listed %q, want %q", got, want)
		}
	})
}

// Administrators and sessions in one database: opened by ten at once, in either order.
func TestAccountsAndSessionsShareADatabase(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		first := empty(t)
		var wg sync.WaitGroup
		var errs [20]error
		for i := range 10 {
			db := first.connect(t)
			wg.Go(func() { _, errs[2*i] = account.Open(t.Context(), db.DB, account.Config{Argon2: quick}) })
			wg.Go(func() {
				store, err := sqlstore.Open(t.Context(), db.DB, sqlstore.Config{Logger: slog.New(slog.DiscardHandler)})
				if err == nil {
					err = errors.Join(store.Ping(t.Context()), store.Close())
				}
				errs[2*i+1] = err
			})
		}
		wg.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"crudadmin_account_version", "crudadmin_session_version"} {
			var applied, distinct int
			err := first.QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT version_id) FROM "+table+" WHERE version_id > 0").Scan(&applied, &distinct)
			if err != nil || applied != distinct || applied < 1 {
				t.Errorf("%s records %d migrations, %d different ones (%v)", table, applied, distinct, err)
			}
		}
		create(t, open(t, first, account.Config{Argon2: quick}), "ada", account.Superuser)
	})
}
