// This file tests that no cell makes an export, or a download, hold much: by what is held and
// written at once.

package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// meter measures what a writer is given, and what the heap holds meanwhile.
type meter struct {
	hash.Hash
	n, biggest int
	highest    uint64
}

func (m *meter) Write(b []byte) (int, error) {
	before := m.n / (8 << 20)
	m.n, m.biggest = m.n+len(b), max(m.biggest, len(b))
	if m.n/(8<<20) > before {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		m.highest = max(m.highest, s.HeapAlloc)
	}
	return m.Hash.Write(b)
}

// Whatever a cell holds, the heap of an export does not grow with it.
func TestLongCellsAreExportedInPieces(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	longCellsAreExportedInPieces(t, "wal")
}

func TestLongCellsAreExportedInPiecesLong(t *testing.T) {
	testserver.LongForm(t)
	longCellsAreExportedInPieces(t, "wal", "delete")
}

func longCellsAreExportedInPieces(t *testing.T, journals ...string) {
	t.Helper()
	for _, journal := range journals {
		size := map[string]int{"wal": 28 << 20, "delete": maxMatched}[journal]
		fill := []string{`CREATE TABLE x (id INTEGER PRIMARY KEY, b BLOB, t TEXT, j JSON)`,
			fmt.Sprintf(`INSERT INTO x VALUES (1, zeroblob(%d), replace(hex(zeroblob(%d)), '0', '"'), NULL)`, size, size/2), `INSERT INTO x VALUES (2, x'00', 'short', '[1]')`}
		s := openSource(t, Config{}, fill...)
		if journal == "wal" {
			s, _ = pooled(t, 4, Config{}, fill...)
		}
		var mode string
		if err := s.db.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil || mode != journal {
			t.Fatal(mode, err)
		}
		for name, format := range map[string]func(io.Writer) RowWriter{"CSV": CSV, "JSON": JSON} {
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			m := &meter{Hash: sha256.New()}
			if err := s.Export(t.Context(), Query{Table: "x"}, format(m)); err != nil {
				t.Fatal(journal, name, err)
			}
			if m.n < size*7/3 {
				t.Errorf("%s: %d bytes", name, m.n)
			}
			grown := int64(m.highest) - int64(before.HeapAlloc)
			if journal == "delete" {
				grown -= 2 * maxMatched // read in one look, and copied from the driver's
			}
			if grown > 24<<20 || m.biggest > 2*longPiece {
				t.Errorf("%s, %s: the heap grew by %d bytes, %d were written at once", journal, name, grown, m.biggest)
			}
		}
		m := &meter{Hash: sha256.New()}
		table, _ := s.Schema().Table("x")
		if class, err := s.Download(t.Context(), "x", newKey(table, []any{int64(1)}), "b", m); err != nil || class != StoredBlob || m.n != size || m.biggest > longPiece {
			t.Errorf("download: %s, %d bytes, %d at once, %v", class, m.n, m.biggest, err)
		}
	}
}

// Where writers wait, a cell that cannot be read in one look is refused before it is loaded, in
// words, and nothing else is in the way.
func TestACellBeyondALookIsRefused(t *testing.T) {
	s := openSource(t, Config{}, `CREATE TABLE x (id INTEGER PRIMARY KEY, b BLOB)`, fmt.Sprintf(`INSERT INTO x VALUES (1, zeroblob(%d)), (2, x'00')`, maxMatched+1))
	table, _ := s.Schema().Table("x")
	if err := s.Export(t.Context(), Query{Table: "x"}, CSV(io.Discard)); wrongFields(t, err) != "b" {
		t.Error(err)
	}
	if _, err := s.Download(t.Context(), "x", newKey(table, []any{int64(1)}), "b", io.Discard); wrongFields(t, err) != "b" {
		t.Error(err)
	}
	var out bytes.Buffer
	if err := s.Export(t.Context(), Query{Table: "x", Filters: []Filter{{"id", OpEq, []string{"2"}}}}, CSV(&out)); err != nil || out.String() != "id,b\n2,AA==\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// Long cells are written as short ones are, wherever a piece ends.
func TestLongCellsAreWrittenAsShortOnes(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	texts := []string{"=formula", "plain", `with "quotes", commas` + "\r\nand lines", "Ünïcödé 雪 " + strings.Repeat("é", 50), "\xff\xfe broken \xc3", "ends in \xe9\x9b", `{"a": [1, 2]}`, "<script>&\u2028", ""}
	long := func(kind Kind, storage Storage, value string, size int) Value {
		return Value{Kind: kind, Storage: storage, Truncated: true, pieces: func(yield func([]byte) error) error {
			for rest := value; ; rest = rest[min(size, len(rest)):] {
				if err := yield([]byte(rest[:min(size, len(rest))])); err != nil || len(rest) < size {
					return err
				}
			}
		}}
	}
	columns := []*Column{{Name: "a", Kind: KindText}, {Name: "j", Kind: KindJSON}, {Name: "b", Kind: KindBlob}}
	for _, text := range texts {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			var cells, longs []Value
			for _, c := range columns {
				storage := StoredText
				var raw any = text
				if c.Kind == KindBlob {
					storage, raw = StoredBlob, []byte(text)
				}
				cells = append(cells, wholeCell(c, storage, raw))
				longs = append(longs, long(c.Kind, storage, text, size))
			}
			write := func(format func(io.Writer) RowWriter, cells []Value) string {
				var out bytes.Buffer
				w := format(&out)
				if err := errors.Join(w.Begin(columns), w.Row(cells), w.Row(cells[:3]), w.End()); err != nil {
					t.Fatal(err)
				}
				return out.String()
			}
			short, pieces := write(CSV, cells), write(CSV, longs)
			want, err1 := csv.NewReader(strings.NewReader(short)).ReadAll()
			got, err2 := csv.NewReader(strings.NewReader(pieces)).ReadAll()
			// Bytes that are not characters may be told apart where a piece ends.
			single := func(s string) string { return strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD") }
			if err1 != nil || err2 != nil || single(fmt.Sprint(got)) != single(fmt.Sprint(want)) {
				t.Errorf("CSV of %q in pieces of %d: %q, %v; want %q, %v", text, size, got, err2, want, err1)
			}
			if short, pieces := write(JSONLines, cells), write(JSONLines, longs); single(pieces) != single(short) || !json.Valid([]byte(strings.SplitN(pieces, "\n", 2)[0])) {
				t.Errorf("JSON of %q in pieces of %d: %q, want %q", text, size, pieces, short)
			}
		}
	}
	// A document beyond what is held is a string.
	var out bytes.Buffer
	document := `["` + strings.Repeat("x", maxDocument) + `"]`
	w := JSONLines(&out)
	if err := errors.Join(w.Begin(columns[1:2]), w.Row([]Value{long(KindJSON, StoredText, document, 1<<20)}), w.End()); err != nil {
		t.Fatal(err)
	}
	var row map[string]string
	if err := json.Unmarshal(out.Bytes(), &row); err != nil || row["j"] != document {
		t.Errorf("%.40q, %v", out.String(), err)
	}
}

// Read in slices, an export has every row that one statement has, whatever the order, the filter
// and the key; only the order differs where no index has it.
func TestSlicesHaveEveryRow(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	slicesHaveEveryRow(t, 3)
}

func TestSlicesHaveEveryRowLong(t *testing.T) {
	testserver.LongForm(t)
	slicesHaveEveryRow(t, 1)
}

// slicesHaveEveryRow makes one of every so many trials.
func slicesHaveEveryRow(t *testing.T, every int) {
	t.Helper()
	fill := []string{
		`CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, i TEXT, u TEXT)`, `CREATE INDEX a_i ON a (i)`,
		`CREATE TABLE b (k TEXT, l INTEGER, v TEXT, PRIMARY KEY (k, l)) WITHOUT ROWID`, `CREATE TABLE c (v TEXT)`,
		`CREATE TABLE d (k TEXT UNIQUE, v BLOB)`,
	}
	const rows = `WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 2100) `
	fill = append(fill, rows+`INSERT INTO a SELECT v * 3, v % 7, CASE WHEN v % 5 > 0 THEN 'i' || (v % 11) END, 'u' || (v % 13) FROM g`,
		rows+`INSERT INTO b SELECT 'k' || (v % 17), v, 'v' || v FROM g`, rows+`INSERT INTO c SELECT CASE WHEN v % 3 > 0 THEN 'v' END FROM g`,
		rows+`INSERT INTO d SELECT 'k' || v, zeroblob(5000) FROM g`)
	s := openSource(t, Config{}, fill...) // in no WAL mode
	if sliced, err := s.dialect.writersWait(t.Context(), s.db); err != nil || !sliced {
		t.Fatal(sliced, err)
	}
	tried := 0
	for _, table := range s.Schema().Tables {
		for _, sort := range append(table.Columns, nil) {
			for _, desc := range []bool{false, true} {
				for _, filter := range []string{"", "3"} {
					if tried++; tried%every != 0 {
						continue
					}
					q := Query{Table: table.Name, Search: filter}
					if sort != nil {
						q.Sort = []SortKey{{sort.Name, desc}}
					}
					var got collector
					if err := s.Export(t.Context(), q, &got); err != nil {
						t.Fatal(err)
					}
					conditions, err := s.conditions(table, q)
					if err != nil {
						t.Fatal(err)
					}
					columns := table.columns(nil)
					columns = append(columns, table.Columns...)
					e := &export{s: s, t: table, columns: columns, conditions: conditions, order: table.order(q.Sort), longest: longTo}
					var want collector
					e.w = &want
					if err := e.whole(t.Context(), s.db, e.w); err != nil {
						t.Fatal(err)
					}
					if sort != nil && !sort.Indexed || len(got) != len(want) {
						if len(got) != len(want) {
							t.Errorf("%+v: %d rows, want %d", q, len(got), len(want))
						}
						continue
					}
					for i := range got {
						if got[i] != want[i] {
							t.Errorf("%+v: row %d is %s, want %s", q, i, got[i], want[i])
							break
						}
					}
				}
			}
		}
	}
	// It stops with its context.
	ctx, cancel := context.WithCancel(t.Context())
	stop := &stopWriter{RowWriter: CSV(io.Discard), stop: cancel}
	if err := s.Export(ctx, Query{Table: "a"}, stop); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// collector takes rows as text.
type collector []string

func (c *collector) Begin([]*Column) error { return nil }
func (c *collector) End() error            { return nil }
func (c *collector) Row(cells []Value) error {
	var b strings.Builder
	for _, cell := range cells {
		blob, _ := cell.Bytes()
		fmt.Fprintf(&b, "%s:%s:%s|", cell.Storage, cell.Text, base64.StdEncoding.EncodeToString(blob[:min(len(blob), 3)]))
	}
	*c = append(*c, b.String())
	return nil
}
