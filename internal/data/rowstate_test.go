// This file tests how much of a long cell is read to compare a record with what it was.

package data

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"testing"

	modernc "modernc.org/sqlite"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// cells opens connections that read a cell bit by bit, and counts the bytes.
type cells struct {
	driver.Connector
	value []byte
	read  int
}

type cellsConn struct {
	countedConn
	from *cells
}

func (c *cells) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return &cellsConn{countedConn{conn, &counted{}}, c}, err
}

func (c *cellsConn) ReadCell(_ context.Context, _, _ string, _ int64, size int, yield func([]byte) error) (bool, error) {
	for from := 0; from < len(c.from.value); from += size {
		piece := c.from.value[from:min(from+size, len(c.from.value))]
		c.from.read += len(piece)
		if err := yield(piece); err != nil {
			return true, err
		}
	}
	return true, nil
}

// A long cell is read once to edit its record, once to save another column of it, and never loaded
// by pieces, each of which an engine would load whole; its token is the same where a connection has
// to.
func TestALongCellIsReadOnceForAToken(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	path := "file:" + filepath.Join(t.TempDir(), "a.db") + "?_pragma=journal_mode(wal)"
	base, err := modernc.NewConnector(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &cells{Connector: base, value: bytes.Repeat([]byte("x"), 2*statePiece)} // a whole number of pieces
	db := sql.OpenDB(c)
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{`CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT, b BLOB)`} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO a VALUES (1, 'n', ?)`, c.value); err != nil {
		t.Fatal(err)
	}
	tokens := map[string]bool{}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	key := keyOf(t, s, "a", "1")
	record, err := s.Edit(t.Context(), "a", key)
	if err != nil || c.read > len(c.value) || c.read == 0 {
		t.Fatalf("%d bytes were read of %d: %v", c.read, len(c.value), err)
	}
	tokens[record.Token] = true
	plain, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	other, err := Open(t.Context(), plain, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if record, err = other.Edit(t.Context(), "a", key); err != nil {
		t.Fatal(err)
	}
	tokens[record.Token] = true
	if len(tokens) != 1 {
		t.Error("the token depends on how a connection reads")
	}
	c.read = 0
	if _, err := s.Update(t.Context(), "a", key, record.Token, Input{Fields: map[string]Field{"n": {Text: "m"}}}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes were read to save another column, of %d", c.read, len(c.value))
	if c.read > len(c.value) {
		t.Error("the cell was read more than once")
	}
}
