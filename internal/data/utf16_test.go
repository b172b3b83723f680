// This file tests files whose texts are UTF-16: a text is as long there as anywhere.

package data

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestTextsOfUTF16Files(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	long := strings.Repeat("long ä€😀 ", 200_000) // beyond what is read at once
	for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
		t.Run(encoding, func(t *testing.T) {
			s := openWritable(t, Config{}, "PRAGMA encoding = '"+encoding+"'",
				`CREATE TABLE t (k TEXT PRIMARY KEY, name TEXT, at DATETIME, doc JSON, st TEXT CHECK (st IN ('a', 'b')), big TEXT, x BLOB)`,
				`CREATE TABLE c (id INTEGER PRIMARY KEY, t TEXT REFERENCES t(k))`,
				`INSERT INTO t VALUES ('schlüssel', 'hello 😀', '2024-01-02 03:04:05', '{"a": "€"}', 'a', '`+long+`', x'c3a4')`, `INSERT INTO c VALUES (1, 'schlüssel')`)
			page, err := s.List(t.Context(), Query{Table: "t"})
			if err != nil {
				t.Fatal(err)
			}
			record := editOf(t, s, "t", page.Rows[0].Key)
			for i, c := range record.Columns {
				listed := cellOf(t, page.Columns, page.Rows[0].Cells, c.Name)
				if cell := record.Cells[i]; cell.Truncated != (c.Name == "big") || listed.Truncated != cell.Truncated || cell.Storage == StoredText && !cell.Truncated && cell.Size != int64(len(cell.Text)) {
					t.Errorf("%s: %d bytes of %d, cut %t, in the list %t", c.Name, len(cell.Text), cell.Size, cell.Truncated, listed.Truncated)
				}
			}
			if again := update(t, s, record, asShown(record)); again.Token != record.Token {
				t.Error("sent back as it was, the row is another")
			}
			if child, err := s.List(t.Context(), Query{Table: "c"}); err != nil || child.Rows[0].Cells[1].Ref == nil || child.Rows[0].Cells[1].Ref.Label != "hello 😀" {
				t.Errorf("the reference: %+v %v", child, err)
			}
			for column, want := range map[string]string{"big": long, "name": "hello 😀", "x": "\xc3\xa4"} {
				var out bytes.Buffer
				if _, err := s.Download(t.Context(), "t", record.Key, column, &out); err != nil || out.String() != want {
					t.Errorf("download of %s: %d bytes, %v, want %d", column, out.Len(), err, len(want))
				}
			}
			var out bytes.Buffer
			if err := s.Export(t.Context(), Query{Table: "t", Columns: []string{"big"}}, JSONLines(&out)); err != nil || !strings.Contains(out.String(), long) {
				t.Errorf("export: %d bytes, %v", out.Len(), err)
			}
		})
	}
}
