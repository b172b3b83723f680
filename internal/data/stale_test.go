// This file tests that no change is lost, and what a database that cannot be written to answers.

package data

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Of two edits of one record one wins; the other sees what it would have overwritten.
func TestStaleEditsAreRefused(t *testing.T) {
	const size = 2_000_000
	s := openWritable(t, Config{QueryTimeout: time.Minute}, `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, big BLOB)`, fmt.Sprintf(`INSERT INTO t VALUES (1, 'old', zeroblob(%d))`, size))
	key := keyOf(t, s, "t", "1")
	record := editOf(t, s, "t", key)
	var wins, stale, other int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := s.Update(t.Context(), "t", key, record.Token, Input{Fields: map[string]Field{"a": {Text: fmt.Sprint("new ", i)}}})
			mu.Lock()
			defer mu.Unlock()
			var old *StaleError
			switch {
			case err == nil:
				wins++
			case errors.As(err, &old) && strings.HasPrefix(old.Current.Cells[1].Text, "new "):
				stale++
			default:
				other++
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if wins != 1 || stale != 7 || other != 0 {
		t.Errorf("%d won, %d were stale, %d failed", wins, stale, other)
	}
	current := editOf(t, s, "t", key)
	shown := func() string {
		preview, err := s.DeletePreview(t.Context(), "t", key)
		if err != nil {
			t.Fatal(err)
		}
		return preview.Token
	}
	seen := shown()
	if _, err := s.db.Exec(`UPDATE t SET big = CAST(zeroblob(?) || x'01' AS BLOB)`, size-1); err != nil { // its last byte
		t.Fatal(err)
	}
	var old *StaleError
	if _, err := s.Update(t.Context(), "t", key, current.Token, Input{}); !errors.As(err, &old) {
		t.Errorf("%v: the last byte of a long blob changed", err)
	}
	if err := s.Delete(t.Context(), "t", key, seen); !errors.As(err, &old) {
		t.Errorf("delete: %v", err)
	}
	if err := s.Delete(t.Context(), "t", key, shown()); err != nil {
		t.Error(err)
	}
	if _, err := s.Update(t.Context(), "t", key, current.Token, Input{}); !errors.As(err, &old) || old.Current != nil {
		t.Errorf("%v: the record is gone", err)
	}
	if err := s.Delete(t.Context(), "t", key, ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
	if _, err := s.Update(t.Context(), "t", key, "", Input{}); wrongFields(t, err) != "token" {
		t.Errorf("%v: without a token", err)
	}
}

func TestReadOnlyDatabases(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)`, `INSERT INTO t VALUES (1, 'x')`, `CREATE VIEW v AS SELECT * FROM t`)
	key := keyOf(t, s, "t", "1")
	record := editOf(t, s, "t", key)
	_, insert := s.Insert(t.Context(), "t", Input{})
	_, change := s.Update(t.Context(), "t", key, record.Token, Input{Fields: map[string]Field{"a": {Text: "y"}}})
	_, view := s.Insert(t.Context(), "v", Input{})
	for _, err := range []error{insert, change, s.Delete(t.Context(), "t", key, ""), view} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%v, want ErrReadOnly", err)
		}
	}
}

func TestLockedDatabasesAreUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locked.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), db, Config{QueryTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Insert(t.Context(), "t", Input{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Insert(t.Context(), "t", Input{}); err != nil {
		t.Error(err)
	}
	var enforced bool
	if err := conn.QueryRowContext(t.Context(), "PRAGMA foreign_keys").Scan(&enforced); err != nil || enforced {
		t.Errorf("foreign keys are %v, %v: a connection is left as it was", enforced, err)
	}
}
