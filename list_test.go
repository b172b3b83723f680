// Lists and records: what is on them, and the answers to wrong addresses.

package crudadmin

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
)

var rowLink = regexp.MustCompile(`href="(/admin/m/[^"?]+/[^"?/]+)"`)

func TestLists(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	for _, c := range []struct {
		name, path string
		want       []string
		never      []string
	}{
		{"a table", "/m/customers/", []string{"2 rows", "ann@example.com", "&lt;script&gt;"}, []string{"topsecrethash", "<script>alert"}},
		{"sorted", "/m/customers/?sort=-name", []string{`aria-sort="descending"`}, nil},
		{"filtered", "/m/customers/?f.name.contains=ANN", []string{"1 row", "contains"}, []string{"alert(1)"}},
		{"nothing matches", "/m/customers/?q=nobody", []string{"No rows match"}, []string{"ann@example.com"}},
		{"a foreign key shows its record", "/m/orders/", []string{`href="/admin/m/customers/1"`, ">Ann<"}, nil},
		{"a view", "/m/totals/", []string{"view", "10.5"}, nil},
		{"a broken view", "/m/broken/", []string{"cannot be read", "missing"}, nil},
		{"odd names", "/m/odd%20%22table%2F%25/", []string{"&lt;b&gt;", "x/y,z"}, []string{"<b>x"}},
		{"few columns", "/m/customers/?columns=name", []string{"Ann"}, []string{"ann@example.com"}},
	} {
		w := page.get(c.path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", c.name, w.Code)
		}
		body := programtest.WithoutTokens(w.Body.String())
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is not on the page", c.name, want)
			}
		}
		for _, never := range c.never {
			if strings.Contains(body, never) {
				t.Errorf("%s: %q is on the page", c.name, never)
			}
		}
	}
}

// Flaw: unknown sort columns emptied the list, and a value that did not fit
// returned every row.
func TestWrongQueriesAreToldSo(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	for name, path := range map[string]string{
		"an unknown column":         "/m/customers/?f.nope.eq=1",
		"an unknown operator":       "/m/customers/?f.name.like=1",
		"a value that does not fit": "/m/customers/?f.id.eq=one",
		"an unknown sort":           "/m/customers/?sort=nope",
		"a masked column":           "/m/customers/?f.password_hash.startswith=t",
		"a masked sort":             "/m/customers/?sort=password_hash",
		"a cursor of another list":  "/m/customers/?after=bm9uc2Vuc2U",
		"a limit":                   "/m/customers/?limit=1000000",
		"a parameter twice":         "/m/customers/?sort=name&sort=id&q=a&q=b",
	} {
		w := page.get(path)
		for w.Code == http.StatusSeeOther { // made canonical first
			w = page.get(strings.TrimPrefix(w.Header().Get("Location"), "/admin"))
		}
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "</html>") {
			t.Errorf("%s: %d, want 422 and the list's page", name, w.Code)
		}
		if strings.Contains(body, "ann@example.com") || strings.Contains(body, "topsecrethash") {
			t.Errorf("%s: rows are shown", name)
		}
	}
	for name, c := range map[string]struct {
		path string
		want int
	}{
		"an unknown table":  {"/m/nope/", 404},
		"an unknown record": {"/m/customers/99", 404},
		"a malformed key":   {"/m/customers/one", 400},
		"a masked table":    {"/m/sqlite_master/", 404},
		"a wrong escape":    {"/m/customers/?q=%zz", 400},
	} {
		if w := page.get(c.path); w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func TestFormsWithoutJavaScriptLeadToTheAddress(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	for path, want := range map[string]string{
		"/m/customers/?filter_column=name&filter_op=contains&filter_value=a%26b&sort=id": "/admin/m/customers/?f.name.contains=a%26b&sort=id",
		"/m/customers/?filter_column=born&filter_op=isnull&filter_value=":                "/admin/m/customers/?f.born.isnull=true",
		"/m/customers/?filter_column=born&filter_op=notnull&filter_value=x":              "/admin/m/customers/?f.born.isnull=false",
		"/m/customers/?sort=name&sort=-id&after=x":                                       "/admin/m/customers/?sort=name%2C-id",
		"/m/customers/?columns=id&columns=name":                                          "/admin/m/customers/?columns=id%2Cname",
	} {
		if w := page.get(path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q", path, w.Code, w.Header().Get("Location"), want)
		}
	}
}

func TestEveryRowOpens(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	for _, table := range []string{"/m/customers/", "/m/orders/", "/m/odd%20%22table%2F%25/"} {
		body := page.get(table).Body.String()
		links := 0
		for _, found := range rowLink.FindAllStringSubmatch(body, -1) {
			path := html.UnescapeString(strings.TrimPrefix(found[1], "/admin"))
			if !strings.HasPrefix(path, table) || strings.Contains(path, "/export.") || strings.HasSuffix(path, "/new") {
				continue
			}
			links++
			if w := page.get(path); w.Code != http.StatusOK {
				t.Errorf("%s, linked from its list: %d", path, w.Code)
			}
		}
		if links < 2 {
			t.Errorf("%s links %d records", table, links)
		}
	}
}

func TestRecord(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	body := page.get("/m/customers/1").Body.String()
	for _, want := range []string{"ann@example.com", "orders", "/admin/m/orders/?f.customer_id.eq=1", "1990-01-02"} {
		if !strings.Contains(html.UnescapeString(body), want) {
			t.Errorf("%q is not on the record's page", want)
		}
	}
	if strings.Contains(body, "topsecrethash") {
		t.Error("a hash is on the record's page")
	}
	if body := page.get("/m/customers/2").Body.String(); strings.Contains(body, "<script>alert") {
		t.Error("a cell is on the page as markup")
	}
}

func TestTheWholeStateIsInTheAddress(t *testing.T) {
	page := newBench(t, nil).browser(t).signIn(adminName)
	body := html.UnescapeString(page.get("/m/orders/?f.total.ge=1&q=f&sort=-total&limit=50&columns=id,total").Body.String())
	for _, link := range regexp.MustCompile(`href="(/admin/m/orders/\?[^"]*)"`).FindAllStringSubmatch(body, -1) {
		u, err := url.Parse(link[1])
		if err != nil {
			t.Fatal(err)
		}
		missing := 0
		for _, name := range []string{"f.total.ge", "q", "sort", "limit", "columns"} {
			if !u.Query().Has(name) {
				missing++
			}
		}
		// A link changes one part: it removes a filter, or both search and filters.
		if missing > 2 {
			t.Errorf("a link loses the state: %s", link[1])
		}
	}
}
