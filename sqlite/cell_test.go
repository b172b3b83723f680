// Tests of cells that are read bit by bit.

package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

const cellSize = 20 << 20

// cells is a file in WAL mode with long cells.
func cells(t *testing.T) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cells.db")
	plain, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.ExecContext(t.Context(), `CREATE TABLE x (id INTEGER PRIMARY KEY, b BLOB, t TEXT, n INTEGER);
		CREATE TABLE g (id INTEGER PRIMARY KEY, b BLOB, c BLOB AS (b || b));
		INSERT INTO g VALUES (1, zeroblob(1000));
		CREATE TABLE w (k TEXT PRIMARY KEY, b BLOB) WITHOUT ROWID;
		CREATE VIEW v AS SELECT * FROM x;
		INSERT INTO w VALUES ('a', zeroblob(3000000));`+
		fmt.Sprintf("INSERT INTO x (id, b, t, n) VALUES (1, zeroblob(%d), replace(hex(zeroblob(%d)), '00', 'ab'), 5), (2, x'', '', NULL)", cellSize, cellSize/2)); err != nil {
		t.Fatal(err)
	}
	_ = plain.Close()
	db, err := sqlite.OpenData(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

type cellReader interface {
	ReadCell(ctx context.Context, table, column string, row int64, size int, yield func([]byte) error) (bool, error)
}

// readCell reads a cell on a connection.
func readCell(t *testing.T, conn *sql.Conn, table, column string, row int64, yield func([]byte) error) (done bool, err error) {
	t.Helper()
	if rawErr := conn.Raw(func(raw any) error {
		reader, ok := raw.(cellReader)
		if !ok {
			t.Fatalf("%T does not read cells", raw)
		}
		done, err = reader.ReadCell(t.Context(), table, column, row, 1<<20, yield)
		return nil
	}); rawErr != nil {
		t.Fatal(rawErr)
	}
	return done, err
}

// A cell is read as the transaction sees it, in pieces; what cannot be read so is left to others.
func TestReadCell(t *testing.T) {
	db := cells(t)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var n int
	if _, err := conn.ExecContext(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.QueryContext(t.Context(), "SELECT id FROM x ORDER BY id") // under way meanwhile
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE x SET t = 'other'"); err != nil {
		t.Fatal(err)
	}
	h, pieces := sha256.New(), 0
	done, err := readCell(t, conn, "x", "t", 1, func(piece []byte) error {
		pieces, n = pieces+1, n+len(piece)
		_, _ = h.Write(piece)
		return nil
	})
	if want := sha256.Sum256(bytes.Repeat([]byte("ab"), cellSize/2)); !done || err != nil || n != cellSize || pieces != cellSize>>20 || !bytes.Equal(h.Sum(nil), want[:]) {
		t.Errorf("%v, %v: %d bytes in %d pieces", done, err, n, pieces)
	}
	if err := rows.Scan(&n); err != nil || n != 1 || !rows.Next() {
		t.Errorf("the statement that was under way: %d, %v", n, err)
	}
	_ = rows.Close()
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
	if done, err := readCell(t, conn, "x", "b", 2, func([]byte) error { t.Error("a piece of nothing"); return nil }); !done || err != nil {
		t.Errorf("an empty one: %v, %v", done, err)
	}
	full := errors.New("full")
	if done, err := readCell(t, conn, "x", "b", 1, func([]byte) error { return full }); !done || !errors.Is(err, full) {
		t.Errorf("%v, %v, want what yield said", done, err)
	}
	for _, other := range []struct {
		table, column string
		row           int64
	}{{"x", "b", 3}, {"g", "b", 1}, {"g", "c", 1}, {"x", "n", 1}, {"x", "n", 2}, {"w", "b", 1}, {"v", "b", 1}, {"nosuch", "b", 1}, {"x", "nosuch", 1}, {`x"; DROP TABLE x; --`, "b", 1}} {
		if done, err := readCell(t, conn, other.table, other.column, other.row, func([]byte) error { t.Error("a piece"); return nil }); done || err != nil {
			t.Errorf("%v: %v, %v", other, done, err)
		}
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Error(err)
	}
}

// An export, and a download, load no cell: they work on a connection on which none can be loaded
// that is long.
func TestExportsLoadNoLongCell(t *testing.T) {
	db := cells(t)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := driver.Limit(conn, lib.SQLITE_LIMIT_LENGTH, 5<<20); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT length(substr(b, 1, 10)) FROM x WHERE id = 1").Scan(&n); err == nil {
		t.Fatal("a long cell can be loaded: the test tells nothing")
	}
	s, err := data.Open(t.Context(), db, data.Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if err := s.Export(t.Context(), data.Query{Table: "x", Columns: []string{"b"}}, data.CSV(h)); err != nil {
		t.Fatal(err)
	}
	want := sha256.New()
	_, _ = io.WriteString(want, "b\n")
	encoder := base64.NewEncoder(base64.StdEncoding, want)
	_, _ = encoder.Write(make([]byte, cellSize))
	_ = encoder.Close()
	_, _ = io.WriteString(want, "\n\n")
	if !bytes.Equal(h.Sum(nil), want.Sum(nil)) {
		t.Error("the export is not what is stored")
	}
	table, _ := s.Schema().Table("x")
	key, err := data.ParseKey(table, "1")
	if err != nil {
		t.Fatal(err)
	}
	if class, err := s.Download(t.Context(), "x", key, "b", io.Discard); err != nil || class != data.StoredBlob {
		t.Error(class, err)
	}
}
