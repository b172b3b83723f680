// Constraints: whatever forbids a change is told beside the field, in words, at
// every way to make one.

package crudadmin

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

const constrained = `
CREATE TABLE shelves (id INTEGER PRIMARY KEY, x INT, y INT, UNIQUE (x, y));
INSERT INTO shelves VALUES (1, 1, 1), (2, 2, 2);
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, isbn TEXT UNIQUE, author TEXT, year INT CHECK (year > 1400), pages INT, price REAL, shelf INT REFERENCES shelves (id), x INT, y INT, slug TEXT, best INT, twice REAL AS (price * 2),
	CONSTRAINT cheap_is_short CHECK (price > 5 OR pages < 100), UNIQUE (author, pages), FOREIGN KEY (x, y) REFERENCES shelves (x, y));
CREATE UNIQUE INDEX books_slug ON books (lower(slug));
CREATE UNIQUE INDEX books_best ON books (best) WHERE best > 0;
CREATE TRIGGER books_banned BEFORE INSERT ON books WHEN NEW.title = 'banned' BEGIN SELECT RAISE(ABORT, 'this title is banned'); END;
CREATE TRIGGER books_banned_later BEFORE UPDATE ON books WHEN NEW.title = 'banned' BEGIN SELECT RAISE(ABORT, 'this title is banned'); END;
INSERT INTO books (id, title, isbn, author, year, pages, price, shelf, x, y, slug, best) VALUES (1, 'One', 'i1', 'Ann', 2000, 200, 10, 1, 1, 1, 'one', 1), (2, 'Two', 'i2', 'Bob', 2001, 200, 10, 1, 2, 2, 'two', 0), (3, 'Three', 'i3', 'Bob', 2002, 300, 10, NULL, NULL, NULL, 'three', 0);
CREATE TABLE seats (row TEXT, number INT, guest TEXT NOT NULL UNIQUE, PRIMARY KEY (row, number)) WITHOUT ROWID;
INSERT INTO seats VALUES ('a', 1, 'Ann'), ('a', 2, 'Bob');
CREATE TABLE exact (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, t TEXT CHECK (length(t) > 2), r REAL) STRICT;
INSERT INTO exact VALUES (1, 1, 'abc', 1.5);
CREATE TABLE loans (id INTEGER PRIMARY KEY, book INT NOT NULL REFERENCES books (id), kept INT REFERENCES shelves (id) ON DELETE SET NULL);
INSERT INTO loans VALUES (1, 1, 1);
`

func TestBrokenConstraintsAreToldInWords(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(context.Background(), constrained); err != nil {
			t.Fatal(err)
		}
	})
	page := b.browser(t).signIn(adminName)
	dump := func() string {
		var all []string
		for _, query := range []string{"SELECT group_concat(quote(id) || quote(title) || quote(isbn) || quote(author) || quote(year) || quote(pages) || quote(price) || quote(shelf) || quote(x) || quote(slug) || quote(best)) FROM books",
			"SELECT group_concat(quote(row) || quote(number) || quote(guest)) FROM seats", "SELECT group_concat(quote(n) || quote(t) || quote(r)) FROM exact", "SELECT group_concat(quote(id) || quote(x) || quote(y)) FROM shelves", "SELECT group_concat(quote(book)) FROM loans"} {
			all = append(all, b.scalar(t, query))
		}
		return strings.Join(all, "\n")
	}
	before := dump()
	const create, edit, bulk, remove = "create", "edit", "bulk edit", "delete"
	for i, c := range []struct {
		how, path string
		form      url.Values
		want      []string // on the page
	}{
		{create, "/m/books/", url.Values{"title": {"x"}, "isbn": {"i1"}}, []string{"isbn", "taken"}},
		{create, "/m/books/", url.Values{"author": {"x"}, "null.title": {"1"}}, []string{"title", "required"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "author": {"Ann"}, "pages": {"200"}}, []string{"author", "pages", "together"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "year": {"1300"}}, []string{"year", "at least 1401"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "price": {"1"}, "pages": {"500"}}, []string{"price", "pages", "cheap_is_short"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "shelf": {"9"}}, []string{"shelf", "does not exist"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "x": {"1"}, "y": {"2"}}, []string{"shelves", "does not exist"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "slug": {"ONE"}}, []string{"slug", "taken"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "best": {"1"}}, []string{"best", "taken"}},
		{create, "/m/books/", url.Values{"title": {"banned"}}, []string{"this title is banned"}},
		{create, "/m/books/", url.Values{"title": {"x"}, "twice": {"4"}}, []string{"twice", "computed"}},
		{create, "/m/seats/", url.Values{"row": {"a"}, "number": {"1"}, "guest": {"Cy"}}, []string{"number", "taken"}},
		{create, "/m/seats/", url.Values{"row": {"a"}, "null.number": {"1"}, "guest": {"Cy"}}, []string{"number", "required"}},
		{create, "/m/exact/", url.Values{"n": {"one"}}, []string{"whole number"}},
		{create, "/m/exact/", url.Values{"n": {"1"}, "t": {"ab"}}, []string{"not allowed"}},
		{edit, "/m/books/2/edit", url.Values{"isbn": {"i1"}}, []string{"isbn", "taken"}},
		{edit, "/m/books/2/edit", url.Values{"null.title": {"1"}}, []string{"title", "required"}},
		{edit, "/m/books/2/edit", url.Values{"author": {"Ann"}}, []string{"author", "together"}},
		{edit, "/m/books/2/edit", url.Values{"price": {"1"}}, []string{"cheap_is_short"}},
		{edit, "/m/books/2/edit", url.Values{"shelf": {"9"}}, []string{"shelf", "does not exist"}},
		{edit, "/m/books/2/edit", url.Values{"slug": {"One"}}, []string{"slug", "taken"}},
		{edit, "/m/books/2/edit", url.Values{"best": {"1"}}, []string{"best", "taken"}},
		{edit, "/m/books/2/edit", url.Values{"title": {"banned"}}, []string{"this title is banned"}},
		{edit, "/m/books/1/edit", url.Values{"id": {"8"}}, []string{"id", "other records refer to it"}},
		{edit, "/m/shelves/1/edit", url.Values{"x": {"7"}}, []string{"other records refer to it"}},
		{edit, "/m/seats/a,1/edit", url.Values{"number": {"2"}}, []string{"number", "taken"}},
		{edit, "/m/seats/a,1/edit", url.Values{"guest": {"Bob"}}, []string{"guest", "taken"}},
		{edit, "/m/exact/1/edit", url.Values{"null.n": {"1"}}, []string{"required"}},
		{bulk, "/m/books/actions/edit", url.Values{"key": {"2", "3"}, "set.to.author": {"1"}, "to.author": {"Ann"}, "set.to.pages": {"1"}, "to.pages": {"200"}}, []string{"author", "taken"}},
		{bulk, "/m/books/actions/edit", url.Values{"all": {"1"}, "set.to.title": {"1"}, "null.to.title": {"1"}}, []string{"title", "required"}},
		{bulk, "/m/books/actions/edit", url.Values{"all": {"1"}, "set.to.price": {"1"}, "to.price": {"1"}}, []string{"cheap_is_short"}},
		{bulk, "/m/books/actions/edit", url.Values{"key": {"2", "3"}, "set.to.shelf": {"1"}, "to.shelf": {"9"}}, []string{"shelf", "does not exist"}},
		{bulk, "/m/books/actions/edit", url.Values{"key": {"2", "3"}, "set.to.slug": {"1"}, "to.slug": {"same"}}, []string{"slug", "taken"}},
		{bulk, "/m/books/actions/edit", url.Values{"key": {"2", "3"}, "set.to.title": {"1"}, "to.title": {"banned"}}, []string{"this title is banned"}},
		{bulk, "/m/exact/actions/edit", url.Values{"all": {"1"}, "set.to.t": {"1"}, "to.t": {"ab"}}, []string{"not allowed"}},
		{remove, "/m/books/1/delete", url.Values{}, []string{"loans", "refer"}},
		{remove, "/m/shelves/2/delete", url.Values{}, []string{"books", "refer"}},
		{remove, "/m/books/actions/delete", url.Values{"key": {"1", "3"}}, []string{"refer"}},
		{remove, "/m/books/actions/delete", url.Values{"all": {"1"}}, []string{"refer"}},
	} {
		name := fmt.Sprintf("%d: %s %s %v", i, c.how, c.path, c.form)
		want := http.StatusUnprocessableEntity
		switch c.how {
		case remove:
			want = http.StatusConflict
			c.form.Set("confirm", "1")
			if c.form.Has("all") {
				c.form.Set("asked", "no page shows one: it is forbidden")
			} else if !c.form.Has("key") {
				c.form.Set("row.token", "no page shows one: it is forbidden")
			}
		case bulk:
			c.form.Set("confirm", "1")
			if c.form.Has("all") {
				c.form = page.asked(c.path, c.form)
			}
		case edit:
			c.form.Set("row.token", page.tokenOf(c.path))
		}
		w := page.post("/account", c.path, c.form)
		_, body, _ := strings.Cut(html.UnescapeString(w.Body.String()), "<main")
		if w.Code != want {
			t.Errorf("%s: %d, want %d", name, w.Code, want)
		}
		for _, text := range c.want {
			if !strings.Contains(body, text) {
				t.Errorf("%s: %q is not on the page:\n%s", name, text, body)
			}
		}
		for _, never := range leaks {
			if strings.Contains(body, never) {
				t.Errorf("%s: %q is on the page", name, never)
			}
		}
		if after := dump(); after != before {
			t.Fatalf("%s: it was written:\n%s\nwas\n%s", name, after, before)
		}
	}
}
