// This file tests that what people search for is found whatever its letters, and that no value and
// no pattern makes an operation of the database long: it is decided by whether the work ends at
// all, a minute is a guard.

package data

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// canonical is the model of folding: the least letter of those that are the same.
func canonical(text string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, text)
}

func TestSearchFoldsAsTheModelDoes(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	letters := []rune("aAbBkKKsSſßẞiIİıσςΣäÄéÉжЖǅǆǄθϑϴᎠꭰ1*?[]%_\\ -雪")
	r := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	// The longest pattern, each of its letters another.
	var many []rune
	for c := rune('À'); len(many) < MaxSearch; c++ {
		if unicode.IsLetter(c) && unicode.SimpleFold(c) != c && !slices.Contains(many, unicode.SimpleFold(c)) {
			many = append(many, c)
		}
	}
	stored := []string{strings.ToUpper(string(many))}
	for range 400 {
		stored = append(stored, text(1+r.IntN(12)))
	}
	fill := []string{`CREATE TABLE x (id INTEGER PRIMARY KEY, t TEXT)`}
	for _, one := range stored {
		fill = append(fill, `INSERT INTO x (t) VALUES ('`+one+`')`)
	}
	s := openSource(t, Config{}, fill...)
	found := 0
	for range 600 {
		wanted := text(1 + r.IntN(2))
		if r.IntN(3) == 0 { // a letter of each kind
			wanted = string(letters[r.IntN(len(letters))])
		}
		for _, op := range []Op{OpContains, OpStartsWith} {
			is := strings.Contains
			if op == OpStartsWith {
				is = strings.HasPrefix
			}
			want := int64(0)
			for _, one := range stored {
				if is(canonical(one), canonical(wanted)) {
					want++
				}
			}
			n, err := countMatching(t.Context(), s, Query{Table: "x", Filters: []Filter{{"t", op, []string{wanted}}}})
			if err != nil || n != want {
				t.Errorf("%s %q: %d, %v, want %d", op, wanted, n, err, want)
			}
			found += int(n)
		}
	}
	if found < 1000 {
		t.Errorf("%d were found: the test tells nothing", found)
	}
	if n, err := countMatching(t.Context(), s, Query{Table: "x", Search: string(many)}); n != 1 || err != nil {
		t.Errorf("the longest pattern: %d, %v", n, err)
	}
}

// longCells is a table of every type of column with a value of n bytes in each that is the worst
// for what looks into it.
func longCells(n int) []string {
	types := []string{"TEXT", "", "DATETIME", "BLOB"}
	if testserver.Long() {
		types = append(types, "LONGTEXT", "JSON", "UUID", "DATE", "TIME", "NUMERIC", "INTEGER", "REAL", "BOOLEAN", "DECIMAL(9,2)", "TEXT COLLATE NOCASE")
	}
	var columns, texts, blobs []string
	for i, name := range types {
		columns = append(columns, fmt.Sprintf("c%d %s", i, name))
		texts = append(texts, fmt.Sprintf("replace(hex(zeroblob(%d)), '0', 'a')", n/2))
		blobs = append(blobs, fmt.Sprintf("zeroblob(%d)", n))
	}
	return []string{
		"CREATE TABLE long (id INTEGER PRIMARY KEY, " + strings.Join(columns, ", ") + ")",
		"INSERT INTO long VALUES (1, " + strings.Join(texts, ", ") + "), (2, " + strings.Join(blobs, ", ") + ")",
		"CREATE TABLE child (id INTEGER PRIMARY KEY, long INTEGER REFERENCES long)", "INSERT INTO child VALUES (1, 1)",
	}
}

// Whatever a filter, a search or an order looks for in a value of many megabytes, it ends.
func TestNoOperationIsLong(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	noOperationIsLong(t, 2<<20)
}

func TestNoOperationIsLongLong(t *testing.T) {
	testserver.LongForm(t)
	noOperationIsLong(t, 20<<20)
}

func noOperationIsLong(t *testing.T, size int) {
	s := openSource(t, Config{QueryTimeout: time.Hour, Tables: map[string]TableConfig{"long": {Display: "c0"}}}, longCells(size)...)
	table, _ := s.Schema().Table("long")
	ask := func(what string, work func(ctx context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- work(ctx) }()
		select {
		case err := <-done:
			if ctx.Err() != nil {
				t.Fatalf("%s: stopped after a minute, %v", what, err)
			}
		case <-time.After(2 * time.Minute):
			buf := make([]byte, 1<<16)
			t.Fatalf("%s: nothing stops it\n%s", what, buf[:runtime.Stack(buf, true)])
		}
	}
	var columns []string // one at a time: what is loaded of the others is not the filter's
	for _, c := range table.Columns[1:] {
		columns = []string{"id"}
		for _, op := range c.Ops() {
			worst := strings.Repeat("a", MaxSearch-1) + "b"
			for _, value := range []string{worst, "1", "true", "2026-01-01", "03:04", "00112233-4455-6677-8899-aabbccddeeff", strings.Repeat("aa", MaxFilterValue/2)} {
				q := Query{Table: "long", Columns: columns, Filters: []Filter{{c.Name, op, []string{value}}}}
				if _, wrong := q.check(table); wrong != nil {
					continue
				}
				ask(fmt.Sprintf("%s (%s) %s %.20q", c.Name, c.Type, op, value), func(ctx context.Context) error { _, err := s.List(ctx, q); return err })
			}
		}
		if c.Sortable() {
			ask("sort by "+c.Name, func(ctx context.Context) error {
				_, err := s.List(ctx, Query{Table: "long", Columns: columns, Sort: []SortKey{{c.Name, true}}})
				return err
			})
		}
	}
	ask("search", func(ctx context.Context) error {
		_, err := s.List(ctx, Query{Table: "long", Search: strings.Repeat("a", MaxSearch-1) + "b"})
		return err
	})
	ask("list", func(ctx context.Context) error { _, err := s.List(ctx, Query{Table: "long"}); return err })
	ask("choices", func(ctx context.Context) error {
		_, err := s.Choices(ctx, "child", "long", strings.Repeat("a", MaxSearch-1)+"b", "", 0)
		return err
	})
	ask("label", func(ctx context.Context) error { _, err := s.List(ctx, Query{Table: "child"}); return err })
	ask("record", func(ctx context.Context) error {
		_, err := s.Get(ctx, "long", newKey(table, []any{int64(1)}))
		return err
	})
	ask("preview", func(ctx context.Context) error {
		_, err := s.DeletePreview(ctx, "long", newKey(table, []any{int64(1)}))
		return err
	})
}

// A value beyond what is compared is shown by its size, matches no filter but those that say what
// it is not, and is not in the way of others.
func TestWhatIsTooLongToBeCompared(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := openSource(t, Config{}, `CREATE TABLE x (id INTEGER PRIMARY KEY, t TEXT)`,
		fmt.Sprintf(`INSERT INTO x VALUES (1, replace(hex(zeroblob(%d)), '0', 'a')), (2, 'aaa'), (3, NULL)`, maxMatched/2+1),
		// Searched for beyond the beginning that is looked into.
		fmt.Sprintf(`INSERT INTO x VALUES (4, printf('%%.*c', %d, 'x') || 'needle'), (5, printf('%%.*c', %d, 'x') || 'needle')`, searched, searched-6))
	for _, one := range []struct {
		op    Op
		value string
		want  int64
	}{
		{OpContains, "aa", 1}, {OpStartsWith, "aa", 1}, {OpGe, "a", 3}, {OpEq, "aaa", 1}, {OpNe, "aaa", 4}, {OpIsNull, "false", 4}, {OpContains, "needle", 1},
	} {
		n, err := countMatching(t.Context(), s, Query{Table: "x", Filters: []Filter{{"t", one.op, []string{one.value}}}})
		if err != nil || n != one.want {
			t.Errorf("%s %s: %d, %v, want %d", one.op, one.value, n, err, one.want)
		}
	}
	page, err := s.List(t.Context(), Query{Table: "x", Sort: []SortKey{{"id", false}}})
	if err != nil {
		t.Fatal(err)
	}
	if cell := page.Rows[0].Cells[1]; cell.Text != "" || !cell.Truncated || cell.Size != maxMatched+2 {
		t.Errorf("%q, truncated %v, %d bytes", cell.Text, cell.Truncated, cell.Size)
	}
	if cell := page.Rows[3].Cells[1]; len(cell.Text) != ListRunes || cell.Size != searched+6 {
		t.Errorf("%d characters, %d bytes", len(cell.Text), cell.Size)
	}
}
