package main

// This file copies administrators' databases from each engine to each.

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/admindb"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// adminDatabases make the address of a new database of each engine.
var adminDatabases = map[string]func(*testing.T) string{
	"sqlite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "admin.db") },
	"postgresql": func(t *testing.T) string { return testserver.SharedPostgres(t).URL() },
	"mariadb":    func(t *testing.T) string { return testserver.SharedMariaDB(t).URL() },
}

// adminDB opens a database as the panel does.
func adminDB(t *testing.T, address string) *sql.DB {
	t.Helper()
	a, err := connect.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := a.Own(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// cheap is a cost of hashes that tests can pay.
var cheap = account.Config{Argon2: account.Argon2{Memory: 8, Time: 1, Threads: 1}}

const copiedPassword = "canary of the copied one"

// fillAdmin makes administrators and sessions of every kind, with the values at the edges of what
// the tables keep, and returns the session that is live.
func fillAdmin(t *testing.T, db *sql.DB) session.ID {
	t.Helper()
	ctx := t.Context()
	accounts, err := account.Open(ctx, db, cheap)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"ann", "Ünïcode 🦊 Straße", "o'brien \\ % _", strings.Repeat("ж", account.MaxUsername)} {
		u, err := accounts.Create(ctx, name, copiedPassword, []account.Role{account.Superuser, account.Editor, account.Viewer}[i%3])
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			err = accounts.SetDisabled(ctx, u.ID, true)
		} else if i == 0 {
			_, err = accounts.Authenticate(ctx, name, copiedPassword)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	change(t, db, "UPDATE crudadmin_users SET epoch = 9223372036854775807, unlocks = 9007199254740993, created_at = -1 WHERE username = 'ann'")
	store, err := sqlstore.Open(ctx, db, sqlstore.Config{Changes: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	var ids []session.ID
	now := time.Now().UTC().Truncate(time.Microsecond)
	for i := range 56 { // more than are written at once
		id := session.ID{}
		for j := range id {
			id[j] = byte(i + j*7)
		}
		s := session.Session{
			ID: id, UserID: fmt.Sprintf("user %d ✓", i%5), CreatedAt: now.Add(-time.Hour), LastActivity: now.Add(-time.Minute), RotatedAt: now.Add(-time.Hour),
			ExpiresAt: now.Add(time.Hour), Deadline: now.Add(2 * time.Hour), IP: netip.MustParseAddr("2001:db8::1"), UserAgent: strings.Repeat("ü", session.MaxUserAgent/2), Version: 1,
		}
		if _, err := store.Create(ctx, s, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for _, id := range ids[1:30] {
		if _, err := store.Delete(ctx, id, session.Ending{Reason: session.ReasonRevoked, By: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	change(t, db, "UPDATE crudadmin_sessions SET expires_at = 1000000 WHERE user_id = 'user 2 ✓' AND ended_at IS NULL")
	change(t, db, "UPDATE crudadmin_sessions SET expires_at = 1000000, deadline = 1000000 WHERE user_id = 'user 3 ✓' AND ended_at IS NULL")
	every := make([]byte, 0, 100)
	for i := range 100 {
		every = append(every, byte(i*5/2))
	}
	for _, key := range []string{"a", string(every)} {
		for range 3 {
			if _, err := store.Count(ctx, key, session.CountRule{Limit: 10, Window: time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return ids[0]
}

func change(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// rowsOf are the rows of a table in one form for every engine.
func rowsOf(t *testing.T, db *sql.DB, table string) []map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, value := range values {
			switch v := value.(type) {
			case nil:
				row[names[i]] = "NULL"
			case []byte:
				row[names[i]] = hex.EncodeToString(v)
			case bool:
				row[names[i]] = hex.EncodeToString([]byte(map[bool]string{false: "0", true: "1"}[v]))
			default:
				row[names[i]] = hex.EncodeToString(fmt.Append(nil, v))
			}
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// copyAdmin runs the command, and returns its exit code and what it printed.
func copyAdmin(t *testing.T, source, target string) (int, string) {
	t.Helper()
	var out strings.Builder
	code := run(t.Context(), []string{"admin", "copy", "--from", source, "--to", target}, nil, &out, &out, from())
	if text := out.String(); strings.Contains(text, "canary") || strings.Contains(text, "argon2") {
		t.Errorf("a secret is printed: %s", text)
	}
	return code, out.String()
}

// Whatever the engines, the copy has every value, the passwords sign in, nobody is signed in, and
// the sign-ins that failed still count.
func TestAdministratorsAreCopiedBetweenAllEngines(t *testing.T) {
	t.Parallel()
	for _, source := range slices.Sorted(maps.Keys(adminDatabases)) {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			from := adminDatabases[source](t)
			old := adminDB(t, from)
			live := fillAdmin(t, old)
			users, sessions, events := rowsOf(t, old, "crudadmin_users"), rowsOf(t, old, "crudadmin_sessions"), rowsOf(t, old, "crudadmin_session_events")
			for _, target := range slices.Sorted(maps.Keys(adminDatabases)) {
				to := adminDatabases[target](t)
				code, said := copyAdmin(t, from, to)
				if code != exitDone {
					t.Fatalf("to %s: exit code %d: %s", target, code, said)
				}
				for _, want := range []string{"administrators: 4\n", "sessions, as history: 56; of them live until now: 17,", "counted sign-ins: 6\n"} {
					if !strings.Contains(said, want) {
						t.Errorf("to %s: %q is not said: %s", target, want, said)
					}
				}
				db := adminDB(t, to)
				if got := rowsOf(t, db, "crudadmin_users"); !slices.EqualFunc(got, users, maps.Equal) {
					t.Errorf("to %s: the administrators are\n%v, want\n%v", target, got, users)
				}
				if got := rowsOf(t, db, "crudadmin_session_events"); !slices.EqualFunc(got, events, maps.Equal) {
					t.Errorf("to %s: the counted sign-ins are\n%v, want\n%v", target, got, events)
				}
				checkHistory(t, target, rowsOf(t, db, "crudadmin_sessions"), sessions)
				checkUse(t, target, db, live)

				// The second copy finds what the first has brought, and the source is as it was.
				if code, said := copyAdmin(t, from, to); code != exitFailed || !strings.Contains(said, "it is not empty (crudadmin_users: 4, ") || !strings.Contains(said, "name an empty database") {
					t.Errorf("to %s again: exit code %d: %s", target, code, said)
				}
			}
			if got := rowsOf(t, old, "crudadmin_sessions"); !slices.EqualFunc(got, sessions, maps.Equal) {
				t.Error("the sessions of the source were changed")
			}
		})
	}
}

// checkHistory compares sessions: those that had ended are the same, and the others have ended.
func checkHistory(t *testing.T, target string, got, want []map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("to %s: %d sessions, want %d", target, len(got), len(want))
	}
	of := func(text string) string { return hex.EncodeToString([]byte(text)) }
	for i, row := range got {
		was := maps.Clone(want[i])
		if was["ended_at"] == "NULL" {
			was["metadata"], was["ended_reason"], was["ended_by"], was["ended_at"] = of("{}"), of("revoked"), of("crudadmin admin copy"), row["ended_at"]
			if was["expires_at"] == of("1000000") {
				was["ended_reason"], was["ended_by"], was["ended_at"] = of("idle"), "", was["expires_at"]
				if was["deadline"] == was["expires_at"] {
					was["ended_reason"] = of("absolute")
				}
			}
		}
		if row["ended_at"] == "NULL" || !maps.Equal(row, was) {
			t.Fatalf("to %s: a session is\n%v, want\n%v", target, row, was)
		}
	}
}

// checkUse signs in and counts at the copy.
func checkUse(t *testing.T, target string, db *sql.DB, live session.ID) {
	t.Helper()
	accounts, err := account.Open(t.Context(), db, cheap)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := accounts.Authenticate(t.Context(), "ÜNÏCODE 🦊 strasse", copiedPassword); err == nil {
		t.Errorf("to %s: the disabled %s signs in", target, u.Username)
	}
	if _, err := accounts.Authenticate(t.Context(), "O'BRIEN \\ % _", copiedPassword); err != nil {
		t.Errorf("to %s: the copied password: %v", target, err)
	}
	store, err := sqlstore.Open(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if s, err := store.Get(t.Context(), live); err == nil {
		t.Errorf("to %s: the session of %s is live", target, s.UserID)
	}
	if n, err := store.Counted(t.Context(), "a", time.Hour); err != nil || n != 3 {
		t.Errorf("to %s: %d counted, %v, want 3", target, n, err)
	}
}

// What a copy would lose or mix is refused in a sentence, and the target has nothing of it then.
func TestCopiesThatWouldLoseSomethingAreRefused(t *testing.T) {
	t.Parallel()
	copiesThatWouldLoseSomethingAreRefused(t, "sqlite")
}

func TestCopiesThatWouldLoseSomethingAreRefusedLong(t *testing.T) {
	testserver.LongForm(t)
	copiesThatWouldLoseSomethingAreRefused(t, "postgresql", "mariadb")
}

func copiesThatWouldLoseSomethingAreRefused(t *testing.T, engines ...string) {
	t.Helper()
	for _, c := range []struct {
		name           string
		source, target string // statements
		want           string
	}{
		{"a table that nobody knows", "CREATE TABLE crudadmin_passkeys (id INTEGER)", "", "--from: .*it has the table crudadmin_passkeys, which this version of the program does not know"},
		{"a newer schema of accounts", "INSERT INTO crudadmin_account_version (version_id, is_applied) VALUES (99, TRUE)", "", "--from: .*crudadmin_account_version says version 99, and this program knows those up to "},
		{"a newer schema of sessions", "INSERT INTO crudadmin_session_version (version_id, is_applied) VALUES (99, TRUE)", "", "--from: .*crudadmin_session_version says version 99"},
		{"an older schema", "DELETE FROM crudadmin_session_version WHERE version_id = 2", "", "--from: .*says version 1, and this program has 2: start the panel of this program on it once"},
		{"no version", "DROP TABLE crudadmin_session_version", "", "--from: .*has the table crudadmin_session[a-z_]* without crudadmin_session_version"},
		{"another column", "ALTER TABLE crudadmin_users ADD COLUMN totp_secret TEXT", "", "crudadmin_users: its columns are .*totp_secret"},
		{"no administrators", "DELETE FROM crudadmin_users", "", "--from: .*it has no administrators: there is nothing to copy"},
		{"a target with sessions", "", "DELETE FROM crudadmin_users", "--to: .*it is not empty .crudadmin_sessions: 1.: name an empty database"},
		{"a newer target", "", "INSERT INTO crudadmin_account_version (version_id, is_applied) VALUES (99, TRUE)", "--to: .*says version 99"},
		{"a target with a table that nobody knows", "", "CREATE TABLE crudadmin_passkeys (id INTEGER)", "--to: .*crudadmin_passkeys"},
	} {
		for _, engine := range engines {
			t.Run(c.name+" on "+engine, func(t *testing.T) {
				t.Parallel()
				from, to := adminDatabases[engine](t), adminDatabases[engine](t)
				fillShortly(t, adminDB(t, from), c.source)
				if c.target != "" {
					fillShortly(t, adminDB(t, to), c.target)
				}
				code, said := copyAdmin(t, from, to)
				if code != exitFailed || !regexp.MustCompile(c.want).MatchString(said) || strings.Count(said, "\n") != 1 {
					t.Errorf("exit code %d: %s, want %s", code, said, c.want)
				}
				if c.target != "" {
					return
				}
				if i, err := account.Inspect(t.Context(), adminDB(t, to)); err != nil || i.Accounts > 0 {
					t.Errorf("the target has %d accounts, %v", i.Accounts, err)
				}
			})
		}
	}
}

// fillShortly makes an administrator and a session, and runs a statement.
func fillShortly(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	accounts, err := account.Open(t.Context(), db, cheap)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.Create(t.Context(), "ann", copiedPassword, account.Superuser); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := session.Session{ID: session.ID{1}, UserID: "ann", CreatedAt: now, LastActivity: now, RotatedAt: now, ExpiresAt: now.Add(time.Hour), Deadline: now.Add(time.Hour), Version: 1}
	if _, err := store.Create(t.Context(), s, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	if statement != "" {
		change(t, db, statement)
	}
}

// A database that does not keep a value, aloud or in silence, keeps nothing of the copy.
func TestCopiesAreWholeOrNotThere(t *testing.T) {
	t.Parallel()
	from := adminDatabases["sqlite"](t)
	old := adminDB(t, from)
	fillShortly(t, old, "UPDATE crudadmin_sessions SET user_agent = '"+strings.Repeat("a", 600)+"'")
	to := adminDatabases["mariadb"](t)
	for _, c := range []struct{ address, want string }{
		{to, "user_agent"},
		{to + "?sql_mode=%27%27", "crudadmin_sessions: the target does not keep what was written into it"},
	} {
		code, said := copyAdmin(t, from, c.address)
		if code != exitFailed || !strings.Contains(said, c.want) {
			t.Errorf("%s: exit code %d: %s, want %q", c.address, code, said, c.want)
		}
		for _, table := range []string{"crudadmin_users", "crudadmin_sessions"} {
			if rows := rowsOf(t, adminDB(t, to), table); len(rows) > 0 {
				t.Errorf("%d rows in %s", len(rows), table)
			}
		}
	}
	change(t, old, "UPDATE crudadmin_sessions SET user_agent = ''")
	if code, said := copyAdmin(t, from, to); code != exitDone {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// A copy is of one moment of its source, whatever others do to that meanwhile. Rows that are gone
// from the target when they are counted again are an error.
func TestCopiesAreOfOneMoment(t *testing.T) {
	t.Parallel()
	for _, engine := range slices.Sorted(maps.Keys(adminDatabases)) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			open := func(address string) *sqldb.DB {
				a, err := connect.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				return &sqldb.DB{Pool: adminDB(t, address), Engine: a.Engine}
			}
			from, to := open(adminDatabases[engine](t)), open(adminDatabases["sqlite"](t))
			fillShortly(t, from.Pool, "")
			fillShortly(t, to.Pool, "DELETE FROM crudadmin_users")
			change(t, to.Pool, "DELETE FROM crudadmin_sessions")
			all, err := admindb.Copy(t.Context(), from, to, func() time.Time { // asked when the moment has passed
				change(t, from.Pool, "DELETE FROM crudadmin_users")
				change(t, from.Pool, "DELETE FROM crudadmin_sessions")
				return time.Now()
			})
			if err != nil || len(all) != 3 || all[0].Rows != 1 || all[1].Rows != 1 {
				t.Fatalf("%+v, %v, want one administrator and one session", all, err)
			}
			if err := admindb.Recount(t.Context(), to, all); err != nil {
				t.Error(err)
			}
			change(t, to.Pool, "DELETE FROM crudadmin_sessions")
			if err := admindb.Recount(t.Context(), to, all); err == nil || !strings.Contains(err.Error(), "crudadmin_sessions has 0 rows, and 1 were copied") {
				t.Errorf("counted again: %v", err)
			}
		})
	}
}

// A panel that starts on the target while the copy is under way makes no administrator of its own
// beside the copied ones: either it was first, and the copy is refused, or it finds them.
func TestPanelsThatStartDuringACopy(t *testing.T) {
	t.Parallel()
	for _, engine := range slices.Sorted(maps.Keys(adminDatabases)) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			from, to := adminDatabases["sqlite"](t), adminDatabases[engine](t)
			fillShortly(t, adminDB(t, from), "")
			db := adminDB(t, to)
			accounts, err := account.Open(t.Context(), db, cheap)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan bool)
			go func() {
				_, _, made, err := accounts.EnsureFirst(t.Context(), "root", copiedPassword)
				if err != nil {
					t.Error(err)
				}
				done <- made
			}()
			code, said := copyAdmin(t, from, to)
			made := <-done
			if made == (code == exitDone) {
				t.Errorf("the panel made one: %t; exit code %d: %s", made, code, said)
			}
			if rows := rowsOf(t, db, "crudadmin_users"); len(rows) != 1 {
				t.Errorf("%d administrators, want 1", len(rows))
			}
		})
	}
}

// waiting counts the copies of a database that wait for its lock.
var waiting = map[string]string{
	"postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
	// Not innodb_trx: it is renewed only when nobody has read it for 100 ms.
	"mariadb": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT id FROM crudadmin_account_lock%'",
}

// A copy waits for whoever is about to make an administrator in the target, and is refused then.
func TestCopiesWaitForTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	for engine, query := range waiting {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			from, to := adminDatabases["sqlite"](t), adminDatabases[engine](t)
			fillShortly(t, adminDB(t, from), "")
			db := adminDB(t, to)
			if _, err := account.Open(t.Context(), db, cheap); err != nil {
				t.Fatal(err)
			}
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			a, err := connect.Parse(to)
			if err != nil {
				t.Fatal(err)
			}
			var held any
			if err := tx.QueryRowContext(t.Context(), admindb.AccountLock(a.Engine)).Scan(&held); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), "INSERT INTO crudadmin_users (id, username, username_key, password_hash, role, created_at, updated_at, password_changed_at) VALUES ('1', 'root', 'root', '', 'superuser', 0, 0, 0)"); err != nil {
				t.Fatal(err)
			}
			type outcome struct {
				code int
				said string
			}
			done := make(chan outcome, 1)
			go func() {
				code, said := copyAdmin(t, from, to)
				done <- outcome{code, said}
			}()
			for waits := 0; waits == 0; {
				select {
				case got := <-done:
					t.Fatalf("the copy did not wait: %+v", got)
				case <-time.After(10 * time.Millisecond):
				}
				if err := db.QueryRowContext(t.Context(), query).Scan(&waits); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if got := <-done; got.code != exitFailed || !strings.Contains(got.said, "it is not empty (crudadmin_users: 1)") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What a panel has made is copied: every table that a package of the program keeps
// there is one that the copy knows.
func TestWhatAPanelMadeIsCopied(t *testing.T) {
	t.Parallel()
	whatAPanelMadeIsCopied(t, "sqlite")
}

func TestWhatAPanelMadeIsCopiedLong(t *testing.T) {
	testserver.LongForm(t)
	whatAPanelMadeIsCopied(t, "postgresql", "mariadb")
}

func whatAPanelMadeIsCopied(t *testing.T, engines ...string) {
	t.Helper()
	redis, _ := testserver.SharedRedis(t)
	for _, engine := range engines {
		from := adminDatabases[engine](t)
		n := startNode(t, database(t), dataDir(t), "ADMIN_DATABASE_URL", from, "SESSION_BACKEND", "redis", "REDIS_URL", redis.URL(), "TRACK_SESSIONS_IN_DB", "true")
		n.end(t)
		if code, said := copyAdmin(t, from, adminDatabases["sqlite"](t)); code != exitDone || !strings.Contains(said, "administrators: 1\n") {
			t.Errorf("%s: exit code %d: %s", engine, code, said)
		}
	}
}
