// Tests of OpenData on files of another program.

package sqlite_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/sqlite"
)

// foreign makes a file as another program would, with its own journal mode.
func foreign(t *testing.T, journal string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	exec(t, db, "PRAGMA journal_mode = "+journal)
	exec(t, db, `CREATE TABLE author (id INTEGER PRIMARY KEY);
		CREATE TABLE book (id INTEGER PRIMARY KEY, author INTEGER REFERENCES author);
		INSERT INTO author VALUES (1); INSERT INTO book VALUES (1, 1)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openData(t *testing.T, path string, readOnly bool) *sql.DB {
	t.Helper()
	db, err := sqlite.OpenData(t.Context(), path, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestOpenDataLeavesTheFileAsItIs(t *testing.T) {
	for _, journal := range []string{"delete", "truncate", "wal"} {
		for _, readOnly := range []bool{true, false} {
			path := foreign(t, journal)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			db := openData(t, path, readOnly)
			want := journal
			if journal == "truncate" {
				want = "delete" // kept by no file: a connection's own choice
			}
			if got := pragma(t, db, "journal_mode"); got != want {
				t.Errorf("journal mode %s became %s", want, got)
			}
			var n int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM book").Scan(&n); err != nil || n != 1 {
				t.Errorf("%s, read only %v: %d books, %v", journal, readOnly, n, err)
			}
			if got := pragma(t, db, "foreign_keys"); got != "1" {
				t.Errorf("foreign_keys = %s", got)
			}
			_ = db.Close()
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("%s, read only %v: looking changed the file (%v)", journal, readOnly, err)
			}
		}
	}
}

func TestReadOnlyDataCannotBeWritten(t *testing.T) {
	for _, journal := range []string{"delete", "wal"} {
		db := openData(t, foreign(t, journal), true)
		for _, query := range []string{
			"INSERT INTO author VALUES (2)", "CREATE TABLE x (y)", "DROP TABLE book", "PRAGMA user_version = 3",
			"PRAGMA query_only = 0; DELETE FROM book", "PRAGMA journal_mode = WAL; INSERT INTO author VALUES (2)",
		} {
			if _, err := db.ExecContext(t.Context(), query); err == nil {
				t.Errorf("%s: %q was done", journal, query)
			}
		}
	}
}

func TestReadOnlyDataSeesAnotherProgramsCommits(t *testing.T) {
	path := foreign(t, "wal")
	reader, writer := openData(t, path, true), openData(t, path, false)
	exec(t, writer, "INSERT INTO author VALUES (2)")
	var n int
	if err := reader.QueryRowContext(t.Context(), "SELECT count(*) FROM author").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d authors, %v; want 2", n, err)
	}
}

func TestWritableDataEnforcesForeignKeys(t *testing.T) {
	db := openData(t, foreign(t, "delete"), false)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO book VALUES (2, 99)"); err == nil {
		t.Error("a book without its author was written")
	}
	exec(t, db, "INSERT INTO book VALUES (2, 1)")
}

func TestOpenDataRefuses(t *testing.T) {
	random := make([]byte, 8192) // what an encrypted database looks like
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	write := func(t *testing.T, b []byte, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "f.db")
		if err := os.WriteFile(path, b, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name     string
		path     func(t *testing.T) string
		readOnly bool
		says     string
	}{
		{"missing", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none.db") }, false, "there is no file"},
		{"missing, read-only", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none.db") }, true, "there is no file"},
		{"folder", func(t *testing.T) string { return t.TempDir() }, true, "folder"},
		{"encrypted", func(t *testing.T) string { return write(t, random, 0o600) }, false, "encrypted"},
		{"encrypted, read-only", func(t *testing.T) string { return write(t, random, 0o600) }, true, "encrypted"},
		{"text", func(t *testing.T) string { return write(t, []byte("id,name\n1,x\n"), 0o600) }, true, "not an SQLite database"},
		{"read-only for writing", func(t *testing.T) string {
			path := foreign(t, "delete")
			if err := os.Chmod(path, 0o444); err != nil {
				t.Fatal(err)
			}
			return path
		}, false, "or open it for reading only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.path(t)
			db, err := sqlite.OpenData(t.Context(), path, c.readOnly)
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("the error is %q; want it to say %q and name the file", err, c.says)
			}
			if _, err := os.Stat(path); c.says == "there is no file" && err == nil {
				t.Error("the missing file was made")
			}
		})
	}
}
