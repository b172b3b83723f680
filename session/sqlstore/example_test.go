// Examples: a store in an SQLite file. With PostgreSQL or MySQL only the *sql.DB is another one.

package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// openFile opens a new SQLite file. done removes it.
func openFile() (db *sql.DB, done func()) {
	folder := must(os.MkdirTemp("", "sqlstore"))
	db = must(sqlite.Open(context.Background(), filepath.Join(folder, "admin.db")))
	return db, func() {
		_ = db.Close()
		_ = os.RemoveAll(folder)
	}
}

// must returns the value of a call that does not fail here.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// newManager returns a manager of the sessions in a store.
func newManager(store session.Store) *session.Manager {
	return must(session.New(store, session.Config{
		SecretKey: "make yours with: openssl rand -base64 32",
		Logger:    slog.New(slog.DiscardHandler),
	}))
}

func ExampleOpen() {
	ctx := context.Background()
	db, done := openFile()
	defer done()
	store, err := sqlstore.Open(ctx, db, sqlstore.Config{KeepEnded: 30 * 24 * time.Hour})
	if err != nil { // session.ErrUnavailable: try again later; session.ErrMisconfigured: it says what to change
		fmt.Println(err)
		return
	}
	defer func() { _ = store.Close() }()
	manager := newManager(store)
	token, _, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := manager.Validate(ctx, token)
	fmt.Println(s.UserID, err)
	// Output: ada <nil>
}

func ExampleConfig_Validate() {
	fmt.Println(sqlstore.Config{KeepEnded: time.Minute, Grace: 3 * time.Hour}.Validate())
	// Output:
	// sqlstore: configuration:
	// KeepEnded: 1m0s, want 1h0m0s to 87600h0m0s
	// Grace: 3h0m0s, want 0s to 2h0m0s
}

func ExampleStore_Traits() {
	db, done := openFile()
	defer done()
	store := must(sqlstore.Open(context.Background(), db, sqlstore.Config{}))
	defer func() { _ = store.Close() }()
	traits := store.Traits()
	fmt.Println(traits.Name, traits.Shared, traits.Durable, traits.History)
	for _, note := range traits.Notes {
		fmt.Println(note)
	}
	// Output:
	// sqlite true true true
	// Only processes on one machine can share the database file.
}

func ExampleStore_Ping() {
	db, done := openFile()
	defer done()
	store := must(sqlstore.Open(context.Background(), db, sqlstore.Config{}))
	defer func() { _ = store.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(store.Ping(ctx))
	// Output: <nil>
}

// Manager.Run sweeps every few minutes. Without it, a program sweeps by itself.
func ExampleStore_Sweep() {
	ctx := context.Background()
	db, done := openFile()
	defer done()
	now := time.Now()
	store := must(sqlstore.Open(ctx, db, sqlstore.Config{Now: func() time.Time { return now }}))
	defer func() { _ = store.Close() }()
	if _, _, err := newManager(store).Create(ctx, session.NewSession{UserID: "ada"}); err != nil {
		fmt.Println(err)
		return
	}
	now = now.Add(30 * 24 * time.Hour)
	fmt.Println(store.Sweep(ctx, 1000)) // the session becomes history
	now = now.Add(365 * 24 * time.Hour)
	fmt.Println(store.Sweep(ctx, 1000)) // the history goes
	// Output:
	// 1 <nil>
	// 1 <nil>
}

// A copy of the sessions follows the log: what ended must not be believed any more.
func ExampleStore_Changes() {
	ctx := context.Background()
	db, done := openFile()
	defer done()
	store := must(sqlstore.Open(ctx, db, sqlstore.Config{Changes: true}))
	defer func() { _ = store.Close() }()
	newest, _, err := store.Changes(ctx, 0, 1) // where the log ends now
	if err != nil {
		fmt.Println(err)
		return
	}
	manager := newManager(store)
	token, s, err := manager.Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := manager.Logout(ctx, token); err != nil {
		fmt.Println(err)
		return
	}
	changes, _, err := store.Changes(ctx, newest[0].Seq+1, 100)
	for _, c := range changes {
		fmt.Println(c.Seq-newest[0].Seq, c.ID == s.ID, c.Final, err)
	}
	// Output: 1 true true <nil>
}

// With a grace, what was seen before a session expired still counts a little later.
func ExampleStore_TouchLate() {
	ctx := context.Background()
	db, done := openFile()
	defer done()
	now := time.Now()
	store := must(sqlstore.Open(ctx, db, sqlstore.Config{Grace: time.Hour, Now: func() time.Time { return now }}))
	defer func() { _ = store.Close() }()
	_, s, err := newManager(store).Create(ctx, session.NewSession{UserID: "ada"})
	if err != nil {
		fmt.Println(err)
		return
	}
	seen := session.Seen{ID: s.ID, LastActivity: s.ExpiresAt.Add(-time.Second), ExpiresAt: s.ExpiresAt.Add(time.Minute)}
	now = s.ExpiresAt.Add(time.Second)
	absent, err := store.TouchLate(ctx, []session.Seen{seen})
	fmt.Println(len(absent), err)
	_, err = store.Get(ctx, s.ID)
	fmt.Println(err)
	// Output:
	// 0 <nil>
	// <nil>
}
