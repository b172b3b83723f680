// This file tests exports: complete, in order, safe to open, and in constant memory.

package data

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

const exported = `CREATE TABLE x (id INTEGER PRIMARY KEY, t TEXT, n NUMERIC, b BOOLEAN, j JSON, bl BLOB, dec DECIMAL(8,2), password TEXT, "=evil" TEXT)`

func TestExportFormats(t *testing.T) {
	s := openSource(t, Config{}, exported, `INSERT INTO x VALUES
		(1, '=1+1', -5, 1, '{"a": [1, 2]}', x'00ff', 192.9, 'S3CRET', '@x'),
		(2, '+a"b,c' || char(10) || 'd', 9e999, 'maybe', 'not json', x'', -1, NULL, char(9) || 'x'),
		(3, NULL, '-3x', 0, NULL, NULL, 9223372036854775807, NULL, ''),
		(4, CAST(x'ff41' AS TEXT), 1e300, 'no', '12345678901234567890.5', zeroblob(3), 0.5, NULL, '-1'),
		(5, 'skip', 0, 0, NULL, NULL, NULL, NULL, NULL)`)
	q := Query{Table: "x", Filters: []Filter{{"id", OpLt, []string{"5"}}}, Sort: []SortKey{{"id", false}}, Limit: 1, After: "ignored"}
	export := func(format func(io.Writer) RowWriter) string {
		var out bytes.Buffer
		if err := s.Export(t.Context(), q, format(&out)); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "S3CRET") || strings.Contains(out.String(), "password") {
			t.Error("a secret is exported")
		}
		return out.String()
	}
	want := `id,t,n,b,j,bl,dec,'=evil
1,'=1+1,-5,1,"{""a"": [1, 2]}",AP8=,192.90,'@x
2,"'+a""b,c
d",+Inf,maybe,not json,,-1.00,'	x
3,,'-3x,0,,,9223372036854775807.00,
4,` + "\uFFFD" + `A,1e+300,no,1.2345678901234567e+19,AAAA,0.50,'-1
`
	if got := export(CSV); got != want {
		t.Errorf("CSV\n%s\nwant\n%s", got, want)
	}
	if lines, err := csv.NewReader(strings.NewReader(want)).ReadAll(); err != nil || len(lines) != 5 {
		t.Error(len(lines), err)
	}
	want = `{"id":1,"t":"=1+1","n":-5,"b":true,"j":{"a":[1,2]},"bl":"AP8=","dec":192.90,"=evil":"@x"}
{"id":2,"t":"+a\"b,c\nd","n":"+Inf","b":"maybe","j":"not json","bl":"","dec":-1.00,"=evil":"\tx"}
{"id":3,"t":null,"n":"-3x","b":false,"j":null,"bl":null,"dec":9223372036854775807.00,"=evil":""}
{"id":4,"t":"` + "\uFFFD" + `A","n":1e+300,"b":false,"j":1.2345678901234567e+19,"bl":"AAAA","dec":0.50,"=evil":"-1"}
`
	lines := export(JSONLines)
	if lines != want {
		t.Errorf("JSON lines\n%s\nwant\n%s", lines, want)
	}
	if got := export(JSON); got != "[\n"+strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", ",\n")+"\n]\n" || !json.Valid([]byte(got)) {
		t.Errorf("JSON\n%s", got)
	}
	q.Columns = []string{"t", "id", "password"}
	q.Filters = []Filter{{"id", OpGt, []string{"4"}}}
	if got := export(CSV); got != "t,id\nskip,5\n" {
		t.Errorf("chosen columns: %q", got)
	}
	q.Filters = []Filter{{"id", OpGt, []string{"9"}}}
	if got := export(JSON); got != "[\n]\n" {
		t.Errorf("nothing: %q", got)
	}
	for _, wrong := range []Query{{Table: "x", Columns: []string{"password"}}, {Table: "x", Filters: []Filter{{"password", OpEq, []string{"S3CRET"}}}}, {Table: "x", Sort: []SortKey{{"nonsense", false}}}} {
		wrongFields(t, s.Export(t.Context(), wrong, CSV(io.Discard)))
	}
}

// Whatever is in the zoo, an export has every row, or the table says its problem.
func TestZooIsExported(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{}, zoo()...)
	everyTableIsExported(t, s, func(table *Table, err error) bool {
		return table.Name == "wide_2000" && wrongFields(t, err) == "columns"
	})
}

// heapWriter takes the highest heap that is seen while rows come.
type heapWriter struct {
	RowWriter
	rows    int
	highest uint64
}

func (h *heapWriter) Row(cells []Value) error {
	if h.rows++; h.rows%10_000 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.highest = max(h.highest, m.HeapAlloc)
	}
	return h.RowWriter.Row(cells)
}

func TestExportStreams(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{}, `CREATE TABLE big (id INTEGER PRIMARY KEY, a TEXT, b TEXT, n REAL)`,
		`WITH RECURSIVE g(v) AS (VALUES (1) UNION ALL SELECT v + 1 FROM g LIMIT 100000) INSERT INTO big SELECT v, 'name ' || v, printf('%.*c', 100, 'x'), v / 3.0 FROM g`)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	w := &heapWriter{RowWriter: CSV(io.Discard)}
	if err := s.Export(t.Context(), Query{Table: "big", Sort: []SortKey{{"id", true}}}, w); err != nil || w.rows != 100_000 {
		t.Fatal(w.rows, err)
	}
	if grown := int64(w.highest) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	anExportStreams(t, s, 100_000)
}

type stopWriter struct {
	RowWriter
	rows int
	stop func()
	err  error
}

func (w *stopWriter) Row(cells []Value) error {
	if w.rows++; w.rows == 10 && w.stop != nil {
		w.stop()
	}
	return w.err
}

func TestNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-x": "'-x", "@x": "'@x", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x",
		"": "", "a=1": "a=1", "\xff=": "\xff=",
	} {
		if got := plainCell(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}
