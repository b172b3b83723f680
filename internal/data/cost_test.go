// This file tests what is said of a query before it is asked, against what the engine says it does.

package data

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// priced is a table with a column of each type, once with an index and once without.
func priced() []string {
	types := []string{
		"INTEGER", "REAL", "DECIMAL(10,2)", "TEXT", "VARCHAR(20)", "BOOLEAN", "DATE", "TIME", "DATETIME", "BLOB", "UUID", "JSON", "", "NUMERIC",
		"TEXT COLLATE NOCASE", "TEXT CHECK (%s IN ('a', 'b'))",
	}
	columns, indexes := []string{"id INTEGER PRIMARY KEY"}, []string{}
	for i, name := range types {
		for _, kind := range []string{"w", "x"} { // x has an index
			column := fmt.Sprint(kind, i)
			if strings.Contains(name, "%s") {
				columns = append(columns, column+" "+fmt.Sprintf(name, column))
			} else {
				columns = append(columns, column+" "+name)
			}
		}
		indexes = append(indexes, fmt.Sprintf("CREATE INDEX by_x%d ON priced (x%d)", i, i))
	}
	table := strings.Join(columns, ", ")
	return append([]string{"CREATE TABLE priced (" + table + ")", "CREATE TABLE child (id INTEGER PRIMARY KEY, a INTEGER REFERENCES priced(id), b INTEGER REFERENCES priced(id))",
		"CREATE TABLE quick (id INTEGER PRIMARY KEY, only INTEGER)", "CREATE TABLE line (id INTEGER PRIMARY KEY, a INTEGER REFERENCES quick(id))", "CREATE INDEX by_a ON line (a)",
		"CREATE VIEW shown AS SELECT * FROM priced", "INSERT INTO priced (id) VALUES (1)"}, indexes...)
}

// What is said to be led to by an index is, as the engine plans it: whatever the column, the
// operator and the order.
func TestWhatNoIndexLeadsToIsSearching(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	whatNoIndexLeadsToIsSearching(t, 5)
}

func TestWhatNoIndexLeadsToIsSearchingLong(t *testing.T) {
	testserver.LongForm(t)
	whatNoIndexLeadsToIsSearching(t, 1)
}

// whatNoIndexLeadsToIsSearching makes one of every so many trials.
func whatNoIndexLeadsToIsSearching(t *testing.T, every int) {
	t.Helper()
	s := openSource(t, Config{}, priced()...)
	table, _ := s.Schema().Table("priced")
	values := []string{"1", "a", "true", "false", "2026-01-02", "03:04", "2026-01-02T03:04:05Z", "00112233-4455-6677-8899-aabbccddeeff", "1,2", "a,b", "00ff"}
	var tried, led, searching int
	for _, c := range table.Columns {
		for _, op := range append(c.Ops(), "") {
			for _, value := range values {
				for _, sort := range []string{"", c.Name, "-" + c.Name, "id", "x0", "-x3", "w0"} {
					form := url.Values{"sort": {sort}}
					if op != "" {
						form["f."+c.Name+"."+string(op)] = []string{value}
					}
					tried++
					q, err := ParseQuery(table, form)
					if err != nil || tried%every != 0 {
						continue
					}
					if table.Searches(q) {
						searching++
						continue
					}
					led++
					conditions, err := s.conditions(table, q)
					if err != nil {
						t.Fatal(err)
					}
					r := &reader{s: s, db: s.db, t: table, columns: table.Columns, terms: table.order(q.Sort), maxRunes: ListRunes, maxBytes: listBytes}
					listing := r.query(conditions, MaxLimit, 0)
					for what, query := range map[string]fragment{"list": listing, "count": s.counting(table, conditions, CountLimit)} {
						p, err := s.dialect.plan(t.Context(), s.db, query)
						if err != nil {
							t.Fatal(err)
						}
						if p.sorts || len(conditions) > 0 && !p.seeks {
							t.Errorf("%s: the %s sorts: %v, seeks: %v, and is not said to search", form.Encode(), what, p.sorts, p.seeks)
						}
					}
				}
			}
		}
	}
	t.Logf("%d queries that an index leads to, %d that search", led, searching)
	if led == 0 || searching == 0 {
		t.Error("one of them was never met")
	}
}

func TestSearchesByExample(t *testing.T) {
	s := openSource(t, Config{}, priced()...)
	for address, want := range map[string]bool{
		"priced?":                         false,
		"priced?sort=-id":                 false,
		"priced?sort=x1":                  false,
		"priced?f.x0.eq=1":                false,
		"priced?f.x3.eq=abc&sort=x3":      false,
		"priced?f.x0.gt=1&sort=-x0":       false,
		"priced?limit=100&columns=id":     false,
		"priced?q=a":                      true,
		"priced?sort=w1":                  true,
		"priced?sort=x0,x1":               true,
		"priced?f.w0.eq=1":                true,
		"priced?f.x0.ne=1":                true,
		"priced?f.x0.gt=1":                true,
		"priced?f.x3.contains=a":          true,
		"priced?f.x3.startswith=a":        true,
		"priced?f.x0.eq=1&f.w0.eq=1":      true,
		"priced?f.x0.eq=1&sort=x1":        true,
		"priced?f.x0.isnull=false":        true,
		"shown?":                          true,
		"quick?f.id.eq=1":                 false,
		"quick?f.id.in=1,2&sort=id":       false,
		"quick?f.only.eq=1":               true,
		"priced?before=last":              false,
		"priced?f.x7.gt=03:04&sort=x7":    true,
		"priced?f.x11.eq={}&columns=id":   true,
		"priced?f.x3.eq=a&f.x3.eq=b":      true,
		"priced?f.x0.eq=1&q=a&limit=25":   true,
		"priced?f.x1.le=1.5&sort=x1":      false,
		"priced?f.x8.ge=2026-01-01":       true,
		"priced?f.x8.ge=2026-01-01&q=&a=": true,
	} {
		name, raw, _ := strings.Cut(address, "?")
		table, _ := s.Schema().Table(name)
		q, err := parse(t, s, name, raw)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if got := table.Searches(q); got != want {
			t.Errorf("%s searches: %v, want %v", address, got, want)
		}
	}
	var slow []string
	for _, table := range s.Schema().Tables {
		if s.Schema().RelatedSearches(table) {
			slow = append(slow, table.Name)
		}
	}
	if want := []string{"priced"}; !slices.Equal(slow, want) {
		t.Errorf("what refers to records is searched for in %q, want %q", slow, want)
	}
}
