// This file tests join tables, and the choices of references.

package data

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func shopOfTags() []string {
	return []string{
		`CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT)`, `INSERT INTO products VALUES (1, 'Chair'), (2, 'Table')`,
		`CREATE TABLE tags (code TEXT PRIMARY KEY, label TEXT)`, `INSERT INTO tags VALUES ('w', 'Wood'), ('m', 'Metal'), ('a/b', 'Odd')`,
		`CREATE TABLE product_tags (product_id INT NOT NULL REFERENCES products ON DELETE CASCADE, tag TEXT NOT NULL REFERENCES tags, added TEXT DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (product_id, tag))`,
		`INSERT INTO product_tags (product_id, tag) VALUES (1, 'w'), (1, 'a/b')`,
		`CREATE TABLE related (id INTEGER PRIMARY KEY, a INT REFERENCES products, b INT REFERENCES products, UNIQUE (a, b))`, `INSERT INTO related (a, b) VALUES (1, 2)`,
		`CREATE TABLE rated (product_id INT REFERENCES products, tag TEXT REFERENCES tags, stars INT NOT NULL, PRIMARY KEY (product_id, tag))`,
		`CREATE TABLE unkeyed (product_id INT REFERENCES products, tag TEXT REFERENCES tags)`,
	}
}

func TestManyToMany(t *testing.T) {
	s := openWritable(t, Config{}, shopOfTags()...)
	table, _ := s.Schema().Table("products")
	var names []string
	for _, m := range table.ManyToMany {
		names = append(names, m.Name+"→"+m.Target())
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "product_tags→tags related.a→products related.b→products" {
		t.Fatalf("relations %s", got)
	}
	linked := func(record *Record, name string) string {
		for _, l := range record.Links {
			if l.Relation.Name == name {
				var labels []string
				for _, c := range l.Choices {
					labels = append(labels, c.Value+"="+c.Label)
				}
				return strings.Join(labels, " ")
			}
		}
		return "none"
	}
	chair := editOf(t, s, "products", keyOf(t, s, "products", "1"))
	if got := linked(chair, "product_tags"); got != "a%2Fb=Odd w=Wood" {
		t.Errorf("linked %s", got)
	}
	if got := linked(chair, "related.b"); got != "2=Table" {
		t.Errorf("related %s", got)
	}
	if _, err := s.db.Exec(`UPDATE product_tags SET added = 'long ago'`); err != nil {
		t.Fatal(err)
	}
	wood, metal := keyOf(t, s, "tags", "w"), keyOf(t, s, "tags", "m")
	after := update(t, s, chair, Input{Fields: map[string]Field{"name": {Text: "Stool"}}, Links: map[string][]Key{"product_tags": {metal, wood, metal}, "related.b": nil}})
	if got := linked(after, "product_tags") + ", " + linked(after, "related.b"); got != "m=Metal w=Wood, " || after.Cells[1].Text != "Stool" {
		t.Errorf("linked %s", got)
	}
	if got := storedAs(t, s, "added", "product_tags WHERE tag = 'w'"); got != "text long ago" {
		t.Errorf("a link that stays was written anew: %s", got)
	}
	// The links are part of what a token stands for.
	var stale *StaleError
	if _, err := s.Update(t.Context(), "products", chair.Key, chair.Token, Input{}); !errors.As(err, &stale) {
		t.Error(err)
	}
	beforeLink := editOf(t, s, "products", chair.Key)
	if _, err := s.db.Exec(`DELETE FROM product_tags WHERE tag = 'm'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), "products", chair.Key, beforeLink.Token, Input{Links: map[string][]Key{"product_tags": {metal}}}); !errors.As(err, &stale) {
		t.Error(err)
	}
	key, err := s.Insert(t.Context(), "products", Input{Fields: map[string]Field{"name": {Text: "Desk"}}, Links: map[string][]Key{"product_tags": {wood}}})
	if err != nil || linked(editOf(t, s, "products", key), "product_tags") != "w=Wood" {
		t.Error(key, err)
	}
	gone := newKey(mustTable(t, s, "tags"), []any{"gone"})
	if _, err := s.Insert(t.Context(), "products", Input{Fields: map[string]Field{"name": {Text: "Lamp"}}, Links: map[string][]Key{"product_tags": {wood, gone}}}); wrongFields(t, err) != "product_tags" {
		t.Error(err)
	}
	if n, err := countMatching(t.Context(), s, Query{Table: "products"}); n != 3 || err != nil {
		t.Errorf("%d products, %v: a refused link leaves no record", n, err)
	}
	// From the other side, and too many.
	w := editOf(t, s, "tags", wood)
	if got := linked(w, "product_tags"); got != "1=Stool 3=Desk" {
		t.Errorf("the tag's products: %s", got)
	}
	if _, err := s.db.Exec(`WITH RECURSIVE g(v) AS (VALUES (10) UNION ALL SELECT v + 1 FROM g LIMIT 1500) INSERT INTO products SELECT v, 'p' || v FROM g`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(`INSERT INTO product_tags (product_id, tag) SELECT id, 'm' FROM products`); err != nil {
		t.Fatal(err)
	}
	m := editOf(t, s, "tags", metal)
	if len(m.Links[0].Choices) != MaxLinks || !m.Links[0].More {
		t.Errorf("%d links, more %v", len(m.Links[0].Choices), m.Links[0].More)
	}
	if _, err := s.Update(t.Context(), "tags", metal, m.Token, Input{Links: map[string][]Key{"product_tags": nil}}); wrongFields(t, err) != "product_tags" {
		t.Error(err)
	}
}

func mustTable(t *testing.T, s *Source, name string) *Table {
	t.Helper()
	table, ok := s.Schema().Table(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

func TestChoicesPageThroughEveryRecord(t *testing.T) {
	s := openWritable(t, Config{}, append(shopOfTags(), `CREATE TABLE sales (id INTEGER PRIMARY KEY, product INT REFERENCES products, uid BLOB REFERENCES units, tag TEXT REFERENCES tags)`,
		`CREATE TABLE units (uid BLOB PRIMARY KEY, name TEXT)`, `INSERT INTO units VALUES (x'00ff', 'kilo'), (x'', 'none')`,
		`WITH RECURSIVE g(v) AS (VALUES (10) UNION ALL SELECT v + 1 FROM g LIMIT 250) INSERT INTO products SELECT v, 'p' || (v % 7) FROM g`, `INSERT INTO products VALUES (5, NULL), (6, '  ')`)...)
	walk := func(table, field, search string) (values []string, pages int) {
		after := ""
		for {
			page, err := s.Choices(t.Context(), table, field, search, after, 100)
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, c := range page.Choices {
				if c.Label == "" && c.Value != "" {
					t.Errorf("%+v has no label", c)
				}
				values = append(values, c.Value)
			}
			if after = page.Next; after == "" {
				return values, pages
			}
		}
	}
	values, pages := walk("sales", "product", "")
	slices.Sort(values)
	if len(slices.Compact(values)) != 254 || pages != 3 {
		t.Errorf("%d choices on %d pages", len(values), pages)
	}
	for _, test := range []struct{ table, field, search, want string }{
		{"sales", "product", "STOO", ""}, {"sales", "product", "chai", "1"}, {"sales", "product", "12", "12"}, {"sales", "product", "'; --", ""}, {"sales", "tag", "wood", "w"},
		{"sales", "uid", "kil", "00ff"}, {"products", "product_tags", "odd", "a%2Fb"}, {"products", "product_tags", "m", "m"},
	} {
		if got, _ := walk(test.table, test.field, test.search); strings.Join(got, " ") != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
	for i := range 3 { // whose names hold the key of another
		if _, err := s.db.ExecContext(t.Context(), "INSERT INTO products VALUES (?, ?)", 900+i, fmt.Sprintf("%d: number 259", i)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := walk("sales", "product", "259"); strings.Join(got, " ") != "259 900 901 902" {
		t.Errorf("a key in names: %q, want its own record first, and once", got)
	}
	if page, err := s.Choices(t.Context(), "sales", "product", "259", "", 2); err != nil || page.Choices[0].Value != "259" {
		t.Errorf("%+v, %v: the record of the key is not on the first page", page, err)
	}
	if page, err := s.Choices(t.Context(), "sales", "product", "", "", 1); err != nil || page.Choices[0].Value != "5" || page.Choices[0].Label != "5" {
		t.Errorf("%+v, %v: a record without a name is labelled by its key", page, err)
	}
	for _, err := range []error{
		second(s.Choices(t.Context(), "sales", "id", "", "", 0)), second(s.Choices(t.Context(), "sales", "nonsense", "", "", 0)), second(s.Choices(t.Context(), "sales", "product", "\xff", "", 0)),
		second(s.Choices(t.Context(), "sales", "product", "", "zzz", 0)), second(s.Choices(t.Context(), "sales", "product", "", "", 1000)), second(s.Chosen(t.Context(), "sales", "id", []string{"1"})),
	} {
		wrongFields(t, err)
	}
	chosen, err := s.Chosen(t.Context(), "sales", "product", []string{"2", "nonsense", "404", "1"})
	if err != nil || len(chosen) != 2 || chosen[0].Label+chosen[1].Label != "TableChair" {
		t.Error(chosen, err)
	}
	if chosen, err = s.Chosen(t.Context(), "sales", "uid", []string{"00ff"}); err != nil || len(chosen) != 1 || chosen[0].Label != "kilo" {
		t.Error(chosen, err)
	}
	if chosen, err = s.Chosen(t.Context(), "products", "product_tags", []string{"a%2Fb"}); err != nil || len(chosen) != 1 || chosen[0].Label != "Odd" {
		t.Error(chosen, err)
	}
	// What is chosen can be written.
	if _, err := s.Insert(t.Context(), "sales", Input{Fields: map[string]Field{"product": {Text: "2"}, "uid": {Text: "00ff"}, "tag": {Text: "a/b"}}}); err != nil {
		t.Error(err)
	}
}

func second[V any](_ V, err error) error { return err }
