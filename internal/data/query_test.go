// This file tests the Query's form in addresses.

package data

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func parse(tb testing.TB, s *Source, table, raw string) (Query, error) {
	tb.Helper()
	t, ok := s.Schema().Table(table)
	if !ok {
		tb.Fatalf("no table %q", table)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return ParseQuery(t, values)
}

func TestQueryRefusesWhatIsWrong(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	for _, test := range []struct{ table, query, field string }{
		{"mismatch", "f.n.eq=abc", "f.n.eq"},
		{"mismatch", "f.n.gt=1.5", "f.n.gt"},
		{"mismatch", "f.n.gt=99999999999999999999", "f.n.gt"},
		{"mismatch", "f.n.eq=", "f.n.eq"},
		{"mismatch", "f.r.eq=NaN", "f.r.eq"},
		{"mismatch", "f.r.eq=Inf", "f.r.eq"},
		{"mismatch", "f.r.eq=0x1p4", "f.r.eq"},
		{"mismatch", "f.b.eq=maybe", "f.b.eq"},
		{"mismatch", "f.d.gt=31.01.2024", "f.d.gt"},
		{"mismatch", "f.d.gt=2024-02-30", "f.d.gt"},
		{"mismatch", "f.n.contains=1", "f.n.contains"},
		{"mismatch", "f.n.like=1", "f.n.like"},
		{"mismatch", "f.n=1", "f.n"},
		{"mismatch", "f.nope.eq=1", "f.nope.eq"},
		{"mismatch", "f.n.isnull=perhaps", "f.n.isnull"},
		{"mismatch", "f.n.in=1,x", "f.n.in"},
		{"mismatch", "f.s.eq=%FF", "f.s.eq"},
		{"mismatch", "f.s.eq=a%00b", "f.s.eq"},
		{"mismatch", "f.s.contains=", "f.s.contains"},
		{"mismatch", "f.s.eq=" + strings.Repeat("x", MaxFilterValue+1), "f.s.eq"},
		{"mismatch", "f.n.in=" + strings.Repeat("1,", MaxFilterValues) + "1", "f.n.in"},
		{"mismatch", strings.Repeat("f.n.eq=1&", MaxFilters+1), "f.n.eq"},
		{"mismatch", "sort=nope", "sort"},
		{"mismatch", "sort=n,-n", "sort"},
		{"mismatch", "sort=N", "sort"},
		{"mismatch", "sort=n;drop", "sort"},
		{"mismatch", "columns=n,nope", "columns"},
		{"mismatch", "limit=0", "limit"}, {"mismatch", "limit=-1", "limit"}, {"mismatch", "limit=101", "limit"}, {"mismatch", "limit=x", "limit"},
		{"mismatch", "limit=25&limit=50", "limit"},
		{"mismatch", "after=x", "after"}, {"mismatch", "before=x", "before"},
		{"mismatch", "q=" + strings.Repeat("x", MaxSearch+1), "q"},
		{"mismatch", "q=%FF", "q"},
		{"users", "f.password_hash.eq=x", "f.password_hash.eq"},
		{"users", "f.password_hash.isnull=true", "f.password_hash.isnull"},
		{"users", "f.api_key.startswith=S", "f.api_key.startswith"},
		{"users", "sort=password_hash", "sort"},
		{"users", "f.status.eq=maybe", "f.status.eq"},
		{"uuids", "f.id.eq=123", "f.id.eq"},
		{"docs", "f.rank.eq=1", "f.rank.eq"},
	} {
		raw := strings.ReplaceAll(test.query, ";", "%3B")
		_, err := parse(t, s, test.table, raw)
		var errs FieldErrors
		if !errors.As(err, &errs) || errs[0].Field != test.field || errs[0].Message == nil {
			t.Errorf("%s?%.60s: %v, want a FieldError of %s", test.table, test.query, err, test.field)
		}
	}
	_, err := parse(t, s, "mismatch", "f.n.eq=a&f.r.eq=b&sort=c&limit=d&columns=e")
	var errs FieldErrors
	if !errors.As(err, &errs) || len(errs) != 5 {
		t.Errorf("%v, want five errors", err)
	}
	if _, err := s.List(t.Context(), Query{Table: "mismatch", Filters: []Filter{{"n", OpGt, []string{"x"}}}}); !errors.As(err, &errs) {
		t.Errorf("List: %v", err)
	}
	if _, err := s.List(t.Context(), Query{Table: "nope"}); !errors.Is(err, ErrNoTable) {
		t.Errorf("List: %v", err)
	}
}

func TestQueryNamesAreEscaped(t *testing.T) {
	s := openSource(t, Config{}, zoo()...)
	q := Query{Table: "select", Limit: 10, Columns: []string{"a,b%c", "-x", "a.b"}, Sort: []SortKey{{"-x", true}, {"a,b%c", false}},
		Filters: []Filter{{"a.b", OpEq, []string{"dotted"}}, {"a.b", OpIn, []string{"dotted", "x,y%", "-", ""}}}}
	page, err := s.List(t.Context(), q)
	if err != nil || len(page.Rows) != 1 {
		t.Fatalf("%v, %v", page, err)
	}
	got, err := parse(t, s, "select", q.Values().Encode())
	if err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("%v became %s became %v, %v", q, q.Values().Encode(), got, err)
	}
	empty := Query{Table: "", Limit: DefaultLimit, Columns: []string{""}, Sort: []SortKey{{"", true}}, Filters: []Filter{{"", OpEq, []string{"empty"}}}}
	if page, err := s.List(t.Context(), empty); err != nil || len(page.Rows) != 1 || page.Rows[0].Cells[0].Text != "empty" {
		t.Errorf("%v, %v", page, err)
	}
	if got, err := parse(t, s, "", empty.Values().Encode()); err != nil || !reflect.DeepEqual(got, empty) {
		t.Errorf("%v became %s became %v, %v", empty, empty.Values().Encode(), got, err)
	}
}

// FuzzParseQuery: no panic, and the canonical form means the same.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"q=a&sort=-n,s", "f.n.gt=1&f.s.in=a,b&f.s.in=%252C", "after=x&limit=7&columns=n,s", "f..eq=&f.=", "sort=%25&f.d.eq=2024-01-01",
		"f.dt.ge=2024-01-01T10:00%2B02:00", "f.b.eq=yes"} {
		f.Add(seed)
	}
	s := openSource(f, Config{}, zoo()...)
	tables := []string{"mismatch", "select", "", "users"}
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		for _, name := range tables {
			table, _ := s.Schema().Table(name)
			first, _ := ParseQuery(table, values)
			second, err := ParseQuery(table, first.Values())
			if err != nil || !reflect.DeepEqual(first, second) {
				t.Fatalf("%q: %+v became %q became %+v, %v", raw, first, first.Values().Encode(), second, err)
			}
		}
	})
}

// Random names and values are refused as FieldErrors, or answered; never an error of the database.
func TestRandomParameters(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	randomParameters(t, openSource(t, Config{}, zoo()...), 500)
}

// randomParameters asks for lists of all tables by random parameters.
func randomParameters(t *testing.T, s *Source, tries int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	value := func() string {
		return pick("", "1", "-1", "abc", "'", `"`, "' OR 1=1 --", "%", "_", "*", "[", "]", "[^a]", "\x00", "\xff", "1e999", "9223372036854775808", "NULL", "true",
			"2024-01-31", "2024-01-31T10:00:00Z", "a,b", ",", ";DROP TABLE users", "💥", "last", strings.Repeat("z", random.IntN(2000)), fmt.Sprint(random.Int64()), "0x10")
	}
	refused, answered := 0, 0
	for range tries {
		tables := s.Schema().Tables
		table := tables[random.IntN(len(tables))]
		if table.Problem != "" || table.Name == "failing_view" || len(table.Columns) == 0 {
			continue
		}
		values := url.Values{}
		for range 1 + random.IntN(3) {
			column := table.Columns[random.IntN(min(len(table.Columns), 200))].Name
			if random.IntN(10) == 0 {
				column = pick("nope", "rowid", `"`, "id; --", "", "a.b.c")
			}
			name := "f." + column + "." + pick("eq", "ne", "lt", "le", "gt", "ge", "contains", "startswith", "in", "isnull", "like", "")
			switch random.IntN(8) {
			case 0:
				values.Add(pick("q", "limit", "after", "before", "columns", "f.", "f", "F.x.eq", ""), value())
			case 1:
				values.Add("sort", pick("-", "", "--")+column)
			default:
				values.Add(name, value())
			}
		}
		q, err := ParseQuery(table, values)
		if err == nil {
			_, err = s.List(t.Context(), q)
		}
		var errs FieldErrors
		switch {
		case err == nil:
			answered++
		case errors.As(err, &errs):
			refused++
		default:
			t.Errorf("%q?%q: %v", table.Name, values.Encode(), err)
		}
	}
	if answered < 100 || refused < 100 {
		t.Errorf("%d answered and %d refused: the test tries too little", answered, refused)
	}
}
