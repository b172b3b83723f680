// This file has what the tests of all engines assert, each once.

package data

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// typeValues are a column of every_type, its kind, and values of its type.
type typeValues struct {
	column, ddl string
	kind        Kind
	values      []string
}

// typesAreShown fails if a column of every_type is of another kind, a value is shown as another
// text than it was written or shown says, or NULL, which the last row has, is shown as a text.
func typesAreShown(t *testing.T, s *Source, types []typeValues, shown map[string][]string, neverNull ...string) {
	t.Helper()
	table, _ := s.Schema().Table("every_type")
	page, err := s.List(t.Context(), Query{Table: "every_type", Sort: []SortKey{{"id", false}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range types {
		c, ok := table.Column(one.column)
		if !ok || c.Kind != one.kind {
			t.Errorf("%s: %+v, want a %s", one.ddl, c, one.kind)
			continue
		}
		at := slices.Index(page.Columns, c)
		want := one.values
		if shown[one.column] != nil {
			want = shown[one.column]
		}
		for i, text := range want {
			short, _ := cutRunes(text, ListRunes)
			if got := page.Rows[i].Cells[at]; got.Text != short || got.Null() {
				t.Errorf("%s: %q is shown as %q (%s)", one.ddl, text, got.Text, got.Storage)
			}
		}
		if last := page.Rows[len(page.Rows)-1].Cells[at]; !last.Null() && !slices.Contains(neverNull, one.column) {
			t.Errorf("%s: NULL is shown as %q", one.ddl, last.Text)
		}
	}
}

// eachOp are the operators that compare, one at a time: what equals a value may hide from an
// engine what is less than it.
var eachOp = [][]Op{{OpEq}, {OpLe}, {OpGe}, {OpIn}, {OpNe}, {OpLt}, {OpGt}}

// inList is how many rows the list of a query has.
func inList(ctx context.Context, s *Source, q Query) (int64, error) {
	page, err := s.List(ctx, q)
	if err != nil {
		return 0, err
	}
	return int64(len(page.Rows)), nil
}

// meetsItsText fails if filters for the text of a row's value do not find the row, or those for
// other, lesser and greater values do. The operators of one group are asked about at once.
func meetsItsText(t *testing.T, s *Source, find func(context.Context, *Source, Query) (int64, error), table, id string, c *Column, cell Value, own string, groups ...[]Op) {
	t.Helper()
	for _, ops := range groups {
		q := Query{Table: table, Filters: []Filter{{"id", OpEq, []string{id}}}}
		for _, op := range ops {
			if slices.Contains(c.Ops(), op) {
				q.Filters = append(q.Filters, Filter{c.Name, op, []string{own}})
			}
		}
		if len(q.Filters) == 1 {
			continue
		}
		want := int64(1)
		if slices.Contains([]Op{OpNe, OpLt, OpGt}, ops[0]) {
			want = 0
		}
		if n, err := find(t.Context(), s, q); err != nil {
			t.Errorf("%s %s: %v %q: %v", c.Type, cell.Storage, ops, own, err)
		} else if n != want {
			t.Errorf("%s (%s) %v %q of itself in %s: %d rows", c.Type, cell.Storage, ops, own, table, n)
		}
	}
}

// everyValueMeetsItsText fails if a value of every_type is not listed and counted by its own
// text, or is as a lesser or greater one; in the short form, one value is listed, the next counted.
func everyValueMeetsItsText(t *testing.T, s *Source) {
	t.Helper()
	both := testserver.Long()
	page, err := s.List(t.Context(), Query{Table: "every_type", Limit: MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	for r, row := range page.Rows {
		record, err := s.Get(t.Context(), "every_type", row.Key)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range record.Columns {
			own := record.Cells[i].Text
			if record.Cells[i].Null() || len(own) > MaxFilterValue || c.Kind == KindBlob { // which has no text
				continue
			}
			groups := eachOp
			if own != "" && len(own) <= MaxSearch {
				groups = append(slices.Clone(eachOp), []Op{OpContains}, []Op{OpStartsWith})
			}
			if both || (r+i)%2 == 0 {
				meetsItsText(t, s, inList, "every_type", row.Key.Label(), c, record.Cells[i], own, groups...)
			}
			if both || (r+i)%2 > 0 {
				meetsItsText(t, s, countMatching, "every_type", row.Key.Label(), c, record.Cells[i], own, groups...)
			}
		}
	}
}

// rowsHaveKeys fails if rows of a table that has an identity have no key, or others have one, or
// if a table is not listed that is not expected to fail.
func rowsHaveKeys(t *testing.T, s *Source, failing ...string) {
	t.Helper()
	for _, table := range s.Schema().Tables {
		page, err := s.List(t.Context(), Query{Table: table.Name, Limit: MaxLimit})
		if err != nil {
			if !slices.Contains(failing, table.Name) {
				t.Errorf("%s: %v", table.Name, err)
			}
			continue
		}
		for _, row := range page.Rows {
			if row.Key.IsZero() != !table.Identity.Addressable() {
				t.Errorf("%s: key %q", table.Name, row.Key)
			}
		}
	}
}

func areHidden(t *testing.T, s *Source, tables ...string) {
	t.Helper()
	for _, name := range tables {
		if _, ok := s.Schema().Table(name); ok {
			t.Errorf("%s is shown", name)
		}
	}
}

func identitiesAre(t *testing.T, s *Source, wants map[string]Identity) {
	t.Helper()
	for name, want := range wants {
		table, ok := s.Schema().Table(name)
		if !ok || !slices.Equal(table.Identity.Columns, want.Columns) || table.Identity.RowID != want.RowID {
			t.Errorf("%s: identity %+v, want %+v", name, table, want)
		}
	}
}

func rowsAreCounted(t *testing.T, s *Source, wants map[string]int64) {
	t.Helper()
	for name, want := range wants {
		if n, err := countMatching(t.Context(), s, Query{Table: name}); err != nil || n != want {
			t.Errorf("%s: %d rows, want %d, %v", name, n, want, err)
		}
	}
}

// areReadOnly fails if a table does not say why it is not written.
func areReadOnly(t *testing.T, s *Source, whys map[string]string) {
	t.Helper()
	for name, why := range whys {
		if table, _ := s.Schema().Table(name); !strings.Contains(table.ReadOnly, why) {
			t.Errorf("%s: %q", name, table.ReadOnly)
		}
	}
}

func columnsAre(t *testing.T, table *Table, checks map[string]func(c *Column) bool) {
	t.Helper()
	for name, check := range checks {
		if c, ok := table.Column(name); !ok || !check(c) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// areMasked fails if one of the columns of a view or a table is shown.
func areMasked(t *testing.T, s *Source, all map[string][]string) {
	t.Helper()
	for table, columns := range all {
		view, ok := s.Schema().Table(table)
		if !ok {
			t.Errorf("%s is not shown", table)
			continue
		}
		for _, name := range columns {
			if c, _ := view.Column(name); c == nil || !c.Masked {
				t.Errorf("%s.%s is not masked", table, name)
			}
		}
	}
}

// shipmentRefersToPair fails if the foreign key of two columns is not read as it is declared.
func shipmentRefersToPair(t *testing.T, s *Source) {
	t.Helper()
	shipment, _ := s.Schema().Table("shipment")
	if fk := shipment.ForeignKeys[0]; !slices.Equal(fk.Columns, []string{"n", "k"}) || !fk.Usable || fk.OnDelete != Cascade || fk.OnUpdate != SetNull {
		t.Errorf("%+v", fk)
	}
}

// relatedAre fails if the tables that refer to a user, each with the number of its rows, are
// others.
func relatedAre(t *testing.T, s *Source, user Key, want ...string) {
	t.Helper()
	related, err := s.Related(t.Context(), "users", user)
	if err != nil {
		t.Fatal(err)
	}
	var from []string
	for _, one := range related {
		if one.Problem != nil {
			t.Error(one.Problem)
			continue
		}
		from = append(from, fmt.Sprint(one.ForeignKey.Table, len(one.Page.Rows)))
	}
	if slices.Sort(from); !slices.Equal(from, want) {
		t.Errorf("%q", from)
	}
}

// bobIsChosen fails if a column that refers to users does not offer Bob, or has another name for
// user 2.
func bobIsChosen(t *testing.T, s *Source, table, column string) {
	t.Helper()
	choices, err := s.Choices(t.Context(), table, column, "bo", "", 0)
	if err != nil || len(choices.Choices) != 1 || choices.Choices[0].Label != "Bob" || choices.Choices[0].Value != "2" {
		t.Errorf("%+v, %v", choices, err)
	}
	chosen, err := s.Chosen(t.Context(), table, column, []string{"2", "99"})
	if err != nil || len(chosen) != 1 || chosen[0].Label != "Bob" {
		t.Errorf("%+v, %v", chosen, err)
	}
}

// halfOfColumnsIsShown fails if the table half does not have those columns alone that its reader
// may read, without the foreign key to a table that is closed.
func halfOfColumnsIsShown(t *testing.T, s *Source) {
	t.Helper()
	half, _ := s.Schema().Table("half")
	if got := names(half.Columns); !slices.Equal(got, []string{"id", "shown", "closed"}) || len(half.ForeignKeys) > 0 {
		t.Errorf("%q %v", got, half.ForeignKeys)
	}
	page, err := s.List(t.Context(), Query{Table: "half", Search: "yes"})
	if err != nil || len(page.Rows) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

// filterResult is a query and the first column of the rows that it finds.
type filterResult struct{ query, want string }

func filtersFind(t *testing.T, s *Source, table string, results []filterResult) {
	t.Helper()
	for _, test := range results {
		if got := matched(t, s, table, strings.ReplaceAll(test.query, " ", "%20")); got != test.want {
			t.Errorf("%s?%s: %q, want %q", table, test.query, got, test.want)
		}
	}
}

// filtersAreRefused fails if one of the filters of the table x is neither refused nor an error
// of the list.
func filtersAreRefused(t *testing.T, s *Source, filters ...string) {
	t.Helper()
	for _, wrong := range filters {
		if q, err := parse(t, s, "x", wrong); err == nil {
			if _, err = s.List(t.Context(), q); err == nil {
				t.Errorf("%s is taken", wrong)
			}
		}
	}
}

// exportsAre fails if the rows of x are exported as other bytes.
func exportsAre(t *testing.T, s *Source, csv, lines string) {
	t.Helper()
	for _, one := range []struct {
		format func(io.Writer) RowWriter
		want   string
	}{{CSV, csv}, {JSONLines, lines}} {
		var out bytes.Buffer
		if err := s.Export(t.Context(), Query{Table: "x", Sort: []SortKey{{"id", false}}, Filters: []Filter{{"id", OpLt, []string{"9"}}}}, one.format(&out)); err != nil {
			t.Fatal(err)
		}
		if out.String() != one.want {
			t.Errorf("%s\nwant\n%s", out.String(), one.want)
		}
	}
}

// everyTableIsExported fails if an export has another number of rows than the table has, unless
// the table says its problem, or its export is expected to fail.
func everyTableIsExported(t *testing.T, s *Source, fails func(*Table, error) bool) {
	t.Helper()
	for _, table := range s.Schema().Tables {
		n, countErr := countMatching(t.Context(), s, Query{Table: table.Name})
		var out bytes.Buffer
		err := s.Export(t.Context(), Query{Table: table.Name}, JSONLines(&out))
		var broken *TableError
		if errors.As(err, &broken) || fails(table, err) {
			continue
		}
		if countErr != nil || err != nil || int64(strings.Count(out.String(), "\n")) != n {
			t.Errorf("%s: %d rows of %d, %v, %v", table.Name, strings.Count(out.String(), "\n"), n, err, countErr)
		}
	}
}

// longCell is a text and bytes, longer than what is read at once, as both are exported.
func longCell(id int) (text, encoded string) {
	j := &jsonWriter{}
	j.cell(Value{Kind: KindBlob, Storage: StoredBlob, raw: []byte(strings.Repeat("y", 3000000) + fmt.Sprint(id))})
	return strings.Repeat("ä☃", 500000) + fmt.Sprint(id), j.line.String()
}

// longCellsAreWhole fails if a table is exported as other lines, or a cell of its row 13 is
// downloaded as other bytes.
func longCellsAreWhole(t *testing.T, s *Source, name string, lines []string, cells map[string]string) {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(t.Context(), Query{Table: name, Sort: []SortKey{{"id", false}}}, JSONLines(&out)); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != strings.Join(lines, "\n")+"\n" {
		t.Errorf("%d bytes, want %d", len(got), len(strings.Join(lines, "\n"))+1)
	}
	table, _ := s.Schema().Table(name)
	for column, want := range cells {
		var to bytes.Buffer
		storage, err := s.Download(t.Context(), name, newKey(table, []any{int64(13)}), column, &to)
		if err != nil || to.String() != want {
			t.Errorf("%s (%s): %d bytes, want %d, %v", column, storage, to.Len(), len(want), err)
		}
	}
}

// anExportStreams fails if the export of the table big has not all its rows, or does not stop
// with its context and with its writer.
func anExportStreams(t *testing.T, s *Source, rows int) {
	t.Helper()
	counted := &stopWriter{RowWriter: CSV(io.Discard)}
	if err := s.Export(t.Context(), Query{Table: "big", Sort: []SortKey{{"id", true}}}, counted); err != nil || counted.rows != rows {
		t.Fatal(counted.rows, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := &stopWriter{RowWriter: CSV(io.Discard), stop: cancel}
	if err := s.Export(ctx, Query{Table: "big"}, stop); !errors.Is(err, context.Canceled) || stop.rows > rows/2 {
		t.Errorf("%v after %d rows, want context.Canceled", err, stop.rows)
	}
	full := errors.New("full")
	if err := s.Export(t.Context(), Query{Table: "big"}, &stopWriter{RowWriter: CSV(io.Discard), err: full}); !errors.Is(err, full) {
		t.Errorf("%v, want the writer's own error", err)
	}
	empty := &stopWriter{RowWriter: CSV(io.Discard)}
	if err := s.Export(t.Context(), Query{Table: "big", Filters: []Filter{{"id", OpLt, []string{"0"}}}}, empty); err != nil || empty.rows != 0 {
		t.Error(empty.rows, err)
	}
}

// waitFor asks until something holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(until) {
			t.Fatalf("%s: not within a minute", what)
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// anOutageIsTold fails if a server that is gone is not told as an outage, or is not read when it
// is there again.
func anOutageIsTold(t *testing.T, db *sql.DB, kill, restart func()) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE x (id integer PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), db, Config{})
	if err != nil {
		t.Fatal(err)
	}
	kill()
	if _, err := s.List(t.Context(), Query{Table: "x"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want an outage", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("ping: %v, want an outage", err)
	}
	restart()
	if _, err := s.List(t.Context(), Query{Table: "x"}); err != nil {
		t.Error(err)
	}
}

// aStatementEndsWithItsReader fails if the view slow is still read, by as many statements as
// running says, after its reader is gone.
func aStatementEndsWithItsReader(t *testing.T, s *Source, running func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := s.List(ctx, Query{Table: "slow"}); done <- err }()
	waitFor(t, "the statement runs", func() bool { return running() > 0 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was canceled", err)
	}
	waitFor(t, "nothing runs after the reader is gone", func() bool { return running() == 0 })
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// aGoneTableIsTold fails if the table gone, which it drops, is not told as broken in the server's
// words, without the code that it has for that.
func aGoneTableIsTold(t *testing.T, s *Source, words, code string) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), "DROP TABLE gone"); err != nil {
		t.Fatal(err)
	}
	var broken *TableError
	if _, err := s.List(t.Context(), Query{Table: "gone"}); !errors.As(err, &broken) || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), code) {
		t.Errorf("%v, want that the table is gone", err)
	}
}

// areNoKeys fails if the text is a key of its table.
func areNoKeys(t *testing.T, s *Source, keys map[string]string) {
	t.Helper()
	for table, key := range keys {
		shown, _ := s.Schema().Table(table)
		if _, err := ParseKey(shown, key); err == nil {
			t.Errorf("%q is a key of %s", key, table)
		}
	}
}

// pagedTable is a table to be walked: position is its own order.
type pagedTable struct{ name, ddl, position string }

// pagedQuery draws one of the tables, has it filled, and draws a query of it with an order of
// the columns. An order that says nothing of rows without a position has their id.
func pagedQuery(rt *rapid.T, tables []pagedTable, columns []string, positioned bool, fill func(table string)) (pagedTable, Query) {
	table := rapid.SampledFrom(tables).Draw(rt, "table")
	base := table.name
	if base == "unkeyed" {
		base = "hidden"
	}
	fill(base)
	q := Query{Table: table.name, Limit: rapid.IntRange(1, 9).Draw(rt, "limit")}
	for _, column := range rapid.SliceOfNDistinct(rapid.SampledFrom(columns), 0, 3, rapid.ID).Draw(rt, "sort") {
		q.Sort = append(q.Sort, SortKey{column, rapid.Bool().Draw(rt, "desc")})
	}
	if !positioned && table.name == "unkeyed" && (len(q.Sort) == 0 || q.Sort[len(q.Sort)-1].Column != "id") {
		q.Sort = []SortKey{{"id", false}} // the only order that the rows have
	}
	if rapid.Bool().Draw(rt, "filtered") {
		q.Filters = []Filter{{"id", OpGt, []string{"3"}}}
	}
	return table, q
}

// fillPaged gives a table up to 25 rows: row is the one of a number as a statement has it, and one
// in it draws a literal. NULL, X'…' and b'…' are literals, the other values are texts.
func fillPaged(ctx context.Context, t *rapid.T, db *sql.DB, table string, row func(i int, one func(label string, values ...string) string) string) {
	if _, err := db.ExecContext(ctx, "TRUNCATE "+table); err != nil {
		t.Fatal(err)
	}
	one := func(label string, values ...string) string {
		v := rapid.SampledFrom(values).Draw(t, label)
		if v == "NULL" || strings.HasPrefix(v, "X'") || strings.HasPrefix(v, "b'") {
			return v
		}
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	var rows []string
	for i := range rapid.IntRange(0, 25).Draw(t, "rows") {
		rows = append(rows, row(i, one))
	}
	if len(rows) == 0 {
		return
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO "+table+" VALUES "+strings.Join(rows, ", ")); err != nil {
		t.Fatal(err)
	}
}

// pagesAreFoundAlongIndexes fails if a page of the tables big and pairs, forwards or backwards,
// at a value or at NULL, is read by a query that is not found to be right, or counted says no to
// its count.
func pagesAreFoundAlongIndexes(t *testing.T, s *Source, counted func(table string, count Count) bool, right func(t *testing.T, query fragment, where []fragment)) {
	t.Helper()
	for _, test := range []struct {
		table string
		sort  []SortKey
	}{
		{"big", nil}, {"big", []SortKey{{"price", false}}}, {"big", []SortKey{{"price", true}}}, {"big", []SortKey{{"name", true}}},
		{"big", []SortKey{{"code", false}}}, {"big", []SortKey{{"id", true}}}, {"pairs", nil}, {"pairs", []SortKey{{"a", true}}},
	} {
		t.Run(fmt.Sprint(test.table, test.sort), func(t *testing.T) {
			for _, before := range []string{"", Last} {
				page, err := s.List(t.Context(), Query{Table: test.table, Sort: test.sort, Before: before})
				if err != nil || len(page.Rows) != DefaultLimit {
					t.Fatalf("%d rows, %v", len(page.Rows), err)
				}
				if page.Count.String() != "10000+" || !counted(test.table, page.Count) {
					t.Errorf("count %+v", page.Count)
				}
				for _, at := range []struct {
					cursor   string
					backward bool
				}{{"", false}, {"", true}, {page.Next, false}, {page.Prev, true}} {
					queriesOfPage(t, s, test.table, test.sort, at.cursor, at.backward, right)
				}
			}
		})
	}
}

// queriesOfPage asks about each query that the page at a cursor needs.
func queriesOfPage(t *testing.T, s *Source, name string, sort []SortKey, cursor string, backward bool, right func(t *testing.T, query fragment, where []fragment)) {
	t.Helper()
	table, _ := s.Schema().Table(name)
	r := &reader{s: s, db: s.reads, t: table, columns: table.listColumns(nil), terms: table.order(sort), maxRunes: ListRunes}
	var from []any
	if cursor != "" {
		c, problem := parseCursor(table, sort, cursor)
		if problem != nil {
			t.Fatal(problem)
		}
		from = c.values
	}
	for i := range r.terms {
		r.terms[i].desc = r.terms[i].desc != backward
	}
	for _, where := range r.segments(from) {
		right(t, r.query(where, 26, 0), where)
	}
}

// seeks fails if a query sorts all its rows, or looks for its place in them, without an index.
func seeks(s *Source) func(t *testing.T, query fragment, where []fragment) {
	return func(t *testing.T, query fragment, where []fragment) {
		t.Helper()
		p, err := s.dialect.plan(t.Context(), s.reads, query)
		if err != nil {
			t.Fatal(err)
		}
		if !p.seeks && (p.sorts || len(where) > 0) { // the few rows that an index leads to may be sorted
			t.Errorf("%+v\n%s", p, query.text)
		}
	}
}
