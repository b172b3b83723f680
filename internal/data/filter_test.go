// This file tests what filters and search match.

package data

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// matched lists the first column's text of the rows a query matches.
func matched(t *testing.T, s *Source, table, raw string) string {
	t.Helper()
	q, err := parse(t, s, table, raw)
	if err != nil {
		t.Errorf("%s: %v", raw, err)
		return ""
	}
	page, err := s.List(t.Context(), q)
	if err != nil {
		t.Errorf("%s: %v", raw, err)
		return ""
	}
	var ids []string
	for _, row := range page.Rows {
		ids = append(ids, row.Cells[0].Text)
	}
	return strings.Join(ids, " ")
}

// Rows 1 to 5 of mismatch hold values that fit the declared types and values that do not.
func TestFiltersOnMixedStorage(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{}, zoo()...)
	for _, test := range []struct{ query, want string }{
		{"f.n.eq=1", "1"},
		{"f.n.gt=0", "1 4"}, // neither the text nor the blob in an integer column
		{"f.n.ge=-9223372036854775808", "1 4"},
		{"f.n.lt=100", "1 4"},
		{"f.n.ne=1", "2 3 4 5"},
		{"f.n.in=1,3,7", "1 4"},
		{"f.n.isnull=true", "5"},
		{"f.n.isnull=false", "1 2 3 4"},
		{"f.r.ge=0", "1 4 5"},
		{"f.r.eq=0", "4"},
		{"f.b.eq=true", "1 2"},
		{"f.b.eq=false", "3"},
		{"f.b.ne=true", "3 4 5"},
		{"f.dec.gt=0", "1 4"},
		{"f.dec.eq=12.34", "1"},
		{"f.d.eq=2024-01-31", "1 4"},   // text, and a Julian day
		{"f.d.lt=2024-02-01", "1 3 4"}, // 20240131 is Unix seconds in 1970
		{"f.d.gt=2024-01-31", ""},
		{"f.d.ge=2024-01-31", "1 4"},
		{"f.d.ne=2024-01-31", "2 3 5"},
		{"f.dt.eq=2024-01-31T10:00", "1 2 3 4 5"}, // text, seconds, milliseconds, a zone, Go's String
		{"f.dt.eq=2024-01-31T10:00:00Z", "1 2 3 4 5"},
		{"f.dt.eq=2024-01-31T11:00:00%2B01:00", "1 2 3 4 5"},
		{"f.dt.gt=2024-01-31T10:00:00Z", ""},
		{"f.dt.eq=2024-01-31", "1 2 3 4 5"},
		{"f.dt.in=2024-01-30,2024-01-31", "1 2 3 4 5"},
		{"f.s.eq=abc", "1"},
		{"f.s.eq=12", "3"},
		{"f.s.gt=a", "1"}, // not the blob
		{"f.s.lt=a", "3 4"},
		{"f.s.contains=B", "1"},
		{"f.s.eq=", "4"},
	} {
		if got := matched(t, s, "mismatch", test.query); got != test.want {
			t.Errorf("%s: %q, want %q", test.query, got, test.want)
		}
	}
	for _, test := range []struct{ table, query, want string }{
		{"nokey", "f.a.eq=1", "1 1"}, // 1 and '1'
		{"nokey", "f.a.gt=0", "1 +Inf 9223372036854775807"},
		{"nokey", "f.a.ge=1&f.b.isnull=false&f.a.lt=2", "1"},
		{"nokey", "f.b.contains=X", "1"},
		{"users", "f.name.eq=ann", "1 3"}, // the column's collation
		{"users", "f.status.in=on,off", "1 2"},
		{"users", "f.level.eq=-2", "2"},
		{"uuids", "f.id.eq=00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000A"},
		{"uuids", "q=123E4567E89B12D3A456426614174000", "123e4567-e89b-12d3-a456-426614174000"},
		{"blob_children", "f.parent.eq=00112233445566778899aabbccddeeff", "1"},
		{"good_view", "f.next.gt=2", "2"},
		{"foreign_collation", "sort=name", "2 1"},
		{"foreign_collation", "f.name.gt=a", "1"},
		{"base", "q=2", "2"},
		{"base", "q=TW", "2"},
		{"users", "q=S3CRET", ""},
	} {
		if got := matched(t, s, test.table, test.query); got != test.want {
			t.Errorf("%s?%s: %q, want %q", test.table, test.query, got, test.want)
		}
	}
}

func TestContainsIgnoresCaseAndTakesPatternsLiterally(t *testing.T) {
	texts := []string{"100% sure", "100 sure", "a_b", "aXb", "[x]", "*?", "École", "МОСКВА", "Straße", "K elvin", "back\\slash", "tail%"}
	statements := []string{`CREATE TABLE t (v TEXT)`}
	for _, text := range texts {
		statements = append(statements, "INSERT INTO t VALUES ('"+text+"')")
	}
	containsAgrees(t, openSource(t, Config{}, statements...), texts)
}

// containsAgrees fails if contains and startswith find others of the texts, in a table t, than Go
// does.
func containsAgrees(t *testing.T, s *Source, texts []string) {
	t.Helper()
	fold := func(text string) string {
		return strings.Map(func(r rune) rune {
			least := r
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				least = min(least, f)
			}
			return least
		}, text)
	}
	for _, needle := range []string{"%", "_", "[", "]", "*", "?", "\\", "école", "москв", "STRASSE", "straSSe", "straßE", "k", "A_B", "100%", "[x]", "*?", "^", "-"} {
		for _, op := range []Op{OpContains, OpStartsWith} {
			var want []string
			for _, text := range texts {
				if op == OpContains && strings.Contains(fold(text), fold(needle)) || op == OpStartsWith && strings.HasPrefix(fold(text), fold(needle)) {
					want = append(want, text)
				}
			}
			page, err := s.List(t.Context(), Query{Table: "t", Filters: []Filter{{"v", op, []string{needle}}}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range page.Rows {
				got = append(got, row.Cells[0].Text)
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%s %q: %q, want %q", op, needle, got, want)
			}
		}
	}
}

// Instants match by when they are, however they are stored and written.
func TestInstantFiltersAgreeWithGo(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "instants.db")+"?_pragma=synchronous(off)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME); CREATE INDEX at ON t (at)`); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	noClock(s)
	base := time.Date(2024, 2, 28, 22, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		if _, err := db.Exec("DELETE FROM t"); err != nil {
			t.Fatal(err)
		}
		instant := func() time.Time {
			at := base.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(t, "minutes")) * time.Minute)
			return at.In(time.FixedZone("", rapid.SampledFrom([]int{0, 3600, -12 * 3600, 14 * 3600, 19800}).Draw(t, "zone")))
		}
		stored := make([]time.Time, rapid.IntRange(1, 10).Draw(t, "rows"))
		for i := range stored {
			stored[i] = instant()
			var value any
			switch rapid.IntRange(0, 7).Draw(t, "form") {
			case 0:
				value = stored[i].UTC().Format("2006-01-02 15:04:05")
			case 1:
				value = stored[i].Format(time.RFC3339)
			case 2:
				value = stored[i].Unix()
			case 3:
				value = stored[i].UnixMilli()
			case 4:
				value = float64(stored[i].UnixMilli())/86400e3 + 2440587.5
			case 5:
				value = stored[i].UTC().Format("2006-01-02T15:04")
			case 6:
				value = stored[i].String()
			case 7:
				value = stored[i].Format("2006-01-02T15:04:05-0700")
			}
			if _, err := db.Exec("INSERT INTO t VALUES (?, ?)", i, value); err != nil {
				t.Fatal(err)
			}
		}
		forget(s)
		op := rapid.SampledFrom([]Op{OpEq, OpNe, OpLt, OpLe, OpGt, OpGe}).Draw(t, "op")
		want, step := instant(), time.Second
		written := want.Format(time.RFC3339)
		if rapid.Bool().Draw(t, "date") {
			want, step = want.UTC().Truncate(24*time.Hour), 24*time.Hour
			written = want.Format(time.DateOnly)
		} else if rapid.Bool().Draw(t, "exact") {
			want = stored[0]
			written = want.Format(time.RFC3339)
		}
		var ids []string
		for i, at := range stored {
			within := !at.Before(want) && at.Before(want.Add(step))
			if map[Op]bool{OpEq: within, OpNe: !within, OpLt: at.Before(want), OpLe: !at.After(want), OpGt: at.After(want), OpGe: !at.Before(want)}[op] {
				ids = append(ids, strconv.Itoa(i))
			}
		}
		page, err := s.List(t.Context(), Query{Table: "t", Filters: []Filter{{"at", op, []string{written}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := idsOf(page); !slices.Equal(got, ids) {
			t.Fatalf("%s %s of %v: %v, want %v", op, written, stored, got, ids)
		}
	})
}

// Every stored date and time equals its own text, and is neither less nor greater.
func TestEveryInstantEqualsItsText(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s, db := pooled(t, 1, Config{}, `CREATE TABLE x (id INTEGER PRIMARY KEY, v DATETIME, w TIME)`)
	random := rand.New(rand.NewPCG(1, 1))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	for range 60 {
		clock := fmt.Sprintf("%02d:%02d:%02d", random.IntN(24), random.IntN(60), random.IntN(60))
		if random.IntN(4) > 0 { // with a fraction, also next to where it is rounded
			clock += "." + one("", "9", "99", "999") + strconv.Itoa(random.IntN(1000)) + one("", "5", "4999", "6")
		}
		day := fmt.Sprintf("%04d-%02d-%02d", 1+random.IntN(9998), 1+random.IntN(12), 1+random.IntN(28))
		if _, err := db.Exec("INSERT INTO x (v, w) VALUES (?, ?)", day+one(" ", "T")+clock+one("", "", "Z", "+02:00", "-05:30"), clock); err != nil {
			t.Fatal(err)
		}
	}
	table, _ := s.Schema().Table("x")
	page, err := s.List(t.Context(), Query{Table: "x", Limit: MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range page.Rows {
		for i, column := range []string{"v", "w"} {
			c, _ := table.Column(column)
			meetsItsText(t, s, inList, "x", row.Cells[0].Text, c, row.Cells[1+i], row.Cells[1+i].Text, eachOp...)
		}
	}
}
