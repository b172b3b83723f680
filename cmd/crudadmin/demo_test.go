package main

// This file looks at the demo: its pages are crawled, weighed and fed with nonsense.

import (
	"compress/gzip"
	"database/sql"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// TestCrawlChangesNothing follows the demo's links, one of every kind: every list, and each kind of
// form, record and set of parameters on some table, in the long form on every table. It sends the
// GET forms too. Every one works, and not a value of the shop or of the administrators has changed.
func TestCrawlChangesNothing(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	crawlChangesNothing(t, false)
}

func TestCrawlChangesNothingLong(t *testing.T) {
	testserver.LongForm(t)
	crawlChangesNothing(t, true)
}

func crawlChangesNothing(t *testing.T, everywhere bool) {
	t.Helper()
	dir := programtest.DemoDir(t)
	s := programtest.Serve(t, "demo", "--data-dir", dir)
	r := s.SignIn(t)
	databases := []string{filepath.Join(dir, "shop.db"), filepath.Join(dir, "admin.db")}
	var before []uint64
	for _, path := range databases {
		before = append(before, contents(t, path))
	}
	w := &walk{Visitor: r, pages: map[string]bool{}}
	todo, kinds := []string{r.Base.Path}, map[string]int{}
	for len(todo) > 0 {
		href := todo[0]
		todo = todo[1:]
		kind := kindOf(href)
		if page, parameters, _ := strings.Cut(kind, "?"); !everywhere && (parameters != "" || !strings.HasSuffix(page, "/")) {
			kind = fmt.Sprint(strings.Count(page, "/"), strings.HasSuffix(page, "{key}"), "?", parameters)
		}
		if w.pages[href] || kinds[kind] >= 1 {
			continue
		}
		kinds[kind]++
		p := w.ask(href)
		if p.Status != http.StatusOK && !strings.Contains(href, "filter_column=") { // a form sent empty is refused
			t.Errorf("%s: status %d", href, p.Status)
		}
		for _, link := range append(p.Links(), getForms(p)...) {
			if strings.HasPrefix(link, r.Base.Path) {
				todo = append(todo, link)
			} else if strings.HasPrefix(link, "/") {
				t.Errorf("%s links outside the panel: %s", href, link)
			}
		}
	}
	t.Logf("%d pages of %d kinds", len(w.pages), len(kinds))
	if least := map[bool]int{false: 60, true: 500}[everywhere]; len(w.pages) < least {
		t.Errorf("%d pages are not the demo", len(w.pages))
	}
	for i, path := range databases {
		if contents(t, path) != before[i] {
			t.Errorf("%s has changed", filepath.Base(path))
		}
	}
}

// kindOf says which links are alike: of one table, list or record, with the same parameters.
func kindOf(href string) string {
	u, err := url.Parse(href)
	if err != nil {
		return href
	}
	path := u.EscapedPath()
	if at := strings.LastIndexByte(path, '/'); strings.Contains(path, "/m/") && !strings.HasSuffix(path, "/") {
		path = path[:at] + "/{key}"
	}
	var parameters []string
	for name := range u.Query() {
		parameters = append(parameters, name)
		if op := strings.LastIndexByte(name, '.'); strings.HasPrefix(name, "f.") {
			parameters[len(parameters)-1] = "f" + name[op:]
		}
	}
	slices.Sort(parameters)
	return path + "?" + strings.Join(parameters, "&")
}

// getForms are the addresses that the page's GET forms lead to, sent as they are.
func getForms(p programtest.Page) (addresses []string) {
	for _, form := range p.Tags("form") {
		if form.Attrs["method"] != "" {
			continue
		}
		inside, _, _ := strings.Cut(form.Rest, "</form>")
		values := url.Values{}
		for _, input := range (programtest.Page{Body: inside}).Tags("input") {
			_, checked := input.Attrs["checked"]
			if name := input.Attrs["name"]; name != "" && (checked || input.Attrs["type"] != "checkbox") {
				values.Add(name, input.Attrs["value"])
			}
		}
		for _, choice := range (programtest.Page{Body: inside}).Tags("select") {
			options, _, _ := strings.Cut(choice.Rest, "</select>")
			if first := (programtest.Page{Body: options}).Tags("option"); len(first) > 0 {
				values.Add(choice.Attrs["name"], first[0].Attrs["value"])
			}
		}
		addresses = append(addresses, form.Attrs["action"]+"?"+values.Encode())
	}
	return addresses
}

// contents is a hash of every value of a database, whatever its file looks like.
func contents(t *testing.T, path string) uint64 {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	hash := fnv.New64a()
	for _, table := range append([]string{"sqlite_master"}, tablesOf(t, db)...) {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+programtest.Quoted(table))
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		cells, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for _, cell := range cells {
				_, _ = fmt.Fprintf(hash, "%d:%s,", len(cell), cell)
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return hash.Sum64()
}

func tablesOf(t *testing.T, db *sql.DB) (tables []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestNonsenseParameters asks every address for parameters that nobody meant. The answer is never a
// failure, and never in the words of the driver.
func TestNonsenseParameters(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	nonsenseParameters(t, 150)
}

func TestNonsenseParametersLong(t *testing.T) {
	testserver.LongForm(t)
	nonsenseParameters(t, 2000)
}

func nonsenseParameters(t *testing.T, n int) {
	t.Helper()
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	r := s.SignIn(t)
	seed := rand.Uint64() // #nosec G404 -- for a test
	if text := os.Getenv("CRUDADMIN_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("CRUDADMIN_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1)) // #nosec G404
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	addresses := []string{"", "m/orders/", "m/orders/1", "m/products/", "m/order_lines/", "m/order_lines/1,1", "m/monthly_revenue/", "m/settings/", "m/events/", "sessions/", "users/", "account", "login", "healthz", "readyz", "m/nothing/", "m/orders/x", "nowhere", "m/employees/"}
	fields := []string{"q", "sort", "limit", "columns", "after", "before", "f.id.eq", "f.status.in", "f.total.gt", "f.placed_at.lt", "f.password_hash.eq", "f.id.isnull", "f..eq", "f.id.", "f.nothing.eq", "f.id.drop", "filter_column", "filter_op", "filter_value", "next", "csrf_token", "user", "ip", "status", "preview", "all"}
	texts := []string{"", "1", "-1", "id", "-id", "id,id", "password_hash", "id;DROP TABLE orders", "1 OR 1=1", "' OR '1'='1", `" --`, "\x00", "\xff\xfe", "%", "_", "1e999", "99999999999999999999", "NaN", "true", "2024-13-45", "../../etc", "//example.com", "<script>", "{{.}}", "日本", "eq", "contains", strings.Repeat("a", 3000), strings.Repeat("a,", 500), "AAAA", "eyJ9", "v1.AAAA"}
	noise := func() string {
		b := make([]byte, random.IntN(12))
		for i := range b {
			b[i] = byte(random.UintN(256))
		}
		return string(b)
	}
	any2 := func(from []string) string {
		if random.IntN(4) == 0 {
			return noise()
		}
		return pick(from)
	}
	for i := range n {
		address := addresses[i%len(addresses)]
		query := url.Values{}
		for range 1 + random.IntN(4) {
			query.Add(any2(fields), any2(texts))
		}
		text := query.Encode()
		if random.IntN(10) == 0 {
			text = strings.NewReplacer("%", pick([]string{"%", "%%", "%zz"}), "&", pick([]string{"&", ";"})).Replace(text)
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.RawQuery = text
		p := r.Do(request)
		if p.Status >= 500 {
			t.Errorf("%s?%s: status %d", address, programtest.Clip(text), p.Status)
		}
		if strings.HasPrefix(address, "m/") && p.URL.Path == r.Base.Path+"login" {
			t.Errorf("%s?%s led to the login", address, programtest.Clip(text))
		}
		for _, word := range []string{"SQL logic error", "no such column", "syntax error", "unrecognized token", "sqlite_", "goroutine ", "<script>alert", "<script></"} {
			if strings.Contains(p.Body, word) {
				t.Errorf("%s?%s: the answer says %q", address, programtest.Clip(text), word)
			}
		}
	}
}

// TestWeight holds what a page weighs on the line: 60 KB for the first one with all that it needs,
// in at most six requests, then 8 KB a list of 25 rows, and 15 KB an edit form before it is
// compressed, with 115 bytes more for each record linked many-to-many that it lists.
func TestWeight(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	s := programtest.Serve(t, "demo", "--data-dir", programtest.DemoDir(t))
	r := s.SignIn(t)
	weigh := func(href string) (int, programtest.Page) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.Resolve(href), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "gzip") // so the transport leaves it as it is
		p := r.Do(request)
		if p.Status != http.StatusOK || p.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(p.Header.Values("Vary"), ", "), "Accept-Encoding") {
			t.Errorf("%s: status %d, encoding %q, Vary %q", href, p.Status, p.Header.Get("Content-Encoding"), p.Header.Values("Vary"))
			return len(p.Body), p
		}
		weight := len(p.Body)
		unzip, err := gzip.NewReader(strings.NewReader(p.Body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(unzip)
		if err != nil {
			t.Fatal(err)
		}
		p.Body = string(body)
		return weight, p
	}
	total, home := weigh("./")
	requests := 2
	visitor := s.Stranger(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, visitor.Resolve("login"), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	total += len(visitor.Do(request).Body)
	assets := map[string]bool{}
	for _, one := range home.Tags("link", "script") {
		if href := one.Attrs["href"] + one.Attrs["src"]; !assets[href] {
			assets[href] = true
			weight, _ := weigh(href)
			total += weight
			requests++
		}
	}
	t.Logf("login and dashboard: %d bytes in %d requests", total, requests)
	if total > 60<<10 || requests > 6 {
		t.Errorf("login and dashboard: %d bytes in %d requests, want at most %d in 6", total, requests, 60<<10)
	}
	for name, href := range home.Navigation() {
		weight, list := weigh(href)
		t.Logf("%s: %d bytes", name, weight)
		if weight > 8<<10 {
			t.Errorf("%s: a page of 25 rows has %d bytes, want at most %d", name, weight, 8<<10)
		}
		if list.Link("New") == "" {
			continue // a view
		}
		weight, form := weigh(list.Rows()[0] + "/edit")
		linked := strings.Count(form.Body, "<li><label><input")
		t.Logf("%s: a form of %d bytes, %d before they are compressed, with %d linked records", name, weight, len(form.Body), linked)
		if limit := 15<<10 + linked*115; len(form.Body) > limit || weight > 15<<10 {
			t.Errorf("%s: an edit form has %d bytes, %d of them on the line; want at most %d before it is compressed", name, len(form.Body), weight, limit)
		}
	}
	request, err = http.NewRequestWithContext(t.Context(), http.MethodGet, r.Resolve("./"), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	if p := r.Do(request); p.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(p.Body, "<!doctype html>") {
		t.Errorf("who takes no gzip gets %q", p.Header.Get("Content-Encoding"))
	}
}
