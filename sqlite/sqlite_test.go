// Tests of Open on real files.

package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func openAdmin(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func pragma(t *testing.T, db *sql.DB, name string) string {
	t.Helper()
	var v string
	if err := db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenMakesPrivateDurableFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "admin.db")
	db := openAdmin(t, path)
	exec(t, db, "CREATE TABLE t (x)")
	for name, want := range map[string]fs.FileMode{
		path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
		filepath.Dir(path): 0o700 | fs.ModeDir, filepath.Dir(filepath.Dir(path)): 0o700 | fs.ModeDir,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", filepath.Base(name), info.Mode(), want)
		}
	}
	// On every connection of the pool, not only on the first.
	for range 4 {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		for name, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
		} {
			var got string
			if err := conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != want {
				t.Errorf("PRAGMA %s = %s, %v; want %s", name, got, err, want)
			}
		}
	}
}

func TestOddPathsNameTheFileTheySay(t *testing.T) {
	for _, name := range []string{
		"with space.db", "what?.db", "a?mode=memory&x=y", "frag#ment.db", "100%.db", "%41.db", "semi;colon&amp.db",
		"ünïcode é.db", "quote'\".db", "plus+.db", ":memory:", "file:x.db", "back\\slash.db", "new\nline.db",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			db := openAdmin(t, path)
			exec(t, db, "CREATE TABLE t (x); INSERT INTO t VALUES (7)")
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 || entries[0].Name() != name {
				t.Fatalf("the folder holds %v, %v; want only %q", entries, err, name)
			}
			for _, readOnly := range []bool{true, false} {
				data, err := sqlite.OpenData(t.Context(), path, readOnly)
				if err != nil {
					t.Fatal(err)
				}
				var x int
				if err := data.QueryRowContext(t.Context(), "SELECT x FROM t").Scan(&x); err != nil || x != 7 {
					t.Errorf("read %d, %v", x, err)
				}
				_ = data.Close()
			}
		})
	}
}

func TestOpenRefusesAndTouchesNothing(t *testing.T) {
	garbage := bytes.Repeat([]byte("this is not a database. "), 400)
	valid := func(t *testing.T) []byte {
		path := filepath.Join(t.TempDir(), "v.db")
		db := openAdmin(t, path)
		exec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX i ON t (x)")
		exec(t, db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, hex(randomblob(40)) FROM n")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		content func(t *testing.T) []byte
		mode    fs.FileMode
		says    string
	}{
		"not a database": {func(*testing.T) []byte { return garbage }, 0o600, "not an SQLite database, or is encrypted"},
		"a short text":   {func(*testing.T) []byte { return []byte("hello") }, 0o600, "not an SQLite database"},
		"truncated":      {func(t *testing.T) []byte { b := valid(t); return b[:len(b)/2] }, 0o600, "damaged"},
		"scribbled": {func(t *testing.T) []byte {
			b := valid(t)
			for p := 5; p < 9; p++ {
				copy(b[p*4096:], garbage[:200])
			}
			return b
		}, 0o600, "damaged"},
		"schema gone": {func(t *testing.T) []byte {
			b := valid(t)
			copy(b[100:], garbage[:500])
			return b
		}, 0o600, "damaged"},
		"read-only": {valid, 0o444, "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "admin.db")
			before := c.content(t)
			if err := os.WriteFile(path, before, c.mode); err != nil {
				t.Fatal(err)
			}
			db, err := sqlite.Open(t.Context(), path)
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("the error is %q; want it to say %q and name the file", err, c.says)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the refused file was changed (%v)", err)
			}
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				if n := e.Name(); n != "admin.db" && n != "admin.db-wal" && n != "admin.db-shm" {
					t.Errorf("%s appeared", n)
				}
			}
		})
	}
	t.Run("a folder", func(t *testing.T) {
		if _, err := sqlite.Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "folder") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("no name", func(t *testing.T) {
		for _, path := range []string{"", "a\x00b"} {
			if _, err := sqlite.Open(t.Context(), path); err == nil {
				t.Errorf("%q opened", path)
			}
		}
	})
	t.Run("a folder that is a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Open(t.Context(), filepath.Join(file, "admin.db")); err == nil {
			t.Error("opened")
		}
	})
}

func TestTenOpenANewFileAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.db")
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() {
			db, err := sqlite.Open(t.Context(), path)
			if err == nil {
				_, err = db.ExecContext(t.Context(), "CREATE TABLE IF NOT EXISTS t (x)")
				err = errors.Join(err, db.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestWritersWaitForEachOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.db")
	pools := []*sql.DB{openAdmin(t, path), openAdmin(t, path)}
	exec(t, pools[0], "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (0)")
	var wg sync.WaitGroup
	errs := make(chan error, 40)
	for i := range 40 {
		wg.Go(func() {
			// Read, then write: what a deferred transaction cannot upgrade under contention.
			tx, err := pools[i%2].BeginTx(t.Context(), nil)
			if err != nil {
				errs <- err
				return
			}
			var n int
			err = tx.QueryRowContext(t.Context(), "SELECT n FROM t").Scan(&n)
			if err == nil {
				_, err = tx.ExecContext(t.Context(), "UPDATE t SET n = ?", n+1)
			}
			if err == nil {
				err = tx.Commit()
			}
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	var n int
	if err := pools[0].QueryRowContext(t.Context(), "SELECT n FROM t").Scan(&n); err != nil || n != 40 {
		t.Errorf("n = %d, %v; want 40", n, err)
	}
}

func TestWaitForAWriterEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.db")
	holder, waiter := openAdmin(t, path), openAdmin(t, path)
	exec(t, holder, "CREATE TABLE t (x)")
	tx, err := holder.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	_ = testserver.ByDeadline(t, "a writer", func(ctx context.Context) error {
		_, err := waiter.ExecContext(ctx, "INSERT INTO t VALUES (1)")
		return err
	}, func(err error) string {
		if !errors.Is(err, context.DeadlineExceeded) {
			return "want the deadline"
		}
		return ""
	})
}

func ExampleOpen() {
	dir, _ := os.MkdirTemp("", "")
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := sqlite.Open(context.Background(), filepath.Join(dir, "admin.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	fmt.Println(db.PingContext(context.Background()))
	// Output: <nil>
}

// The database of a program is opened as it is: nothing of it is changed, and a wrong path makes no
// file.
func ExampleOpenData() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "shop.db")

	_, err := sqlite.OpenData(ctx, path, true)
	_, made := os.Stat(path)
	fmt.Println("refused:", err != nil, "made:", made == nil)

	shop, err := sql.Open("sqlite", path) // the program's own
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = shop.Close() }()
	if _, err := shop.ExecContext(ctx, "CREATE TABLE products (name TEXT); INSERT INTO products VALUES ('tea')"); err != nil {
		fmt.Println(err)
		return
	}

	db, err := sqlite.OpenData(ctx, path, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	var name string
	err = db.QueryRowContext(ctx, "SELECT name FROM products").Scan(&name)
	fmt.Println(name, err)
	// Output:
	// refused: true made: false
	// tea <nil>
}
