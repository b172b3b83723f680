// Requests that nobody would send: parameter names, values, keys, methods and
// bodies at random, to every address, in every role.

package crudadmin

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// dice are bytes that decide, so that a fuzzer can. When they are used up they
// show zero.
type dice struct{ left []byte }

func (d *dice) roll(sides int) int {
	if len(d.left) == 0 {
		return 0
	}
	n := int(d.left[0])
	d.left = d.left[1:]
	if sides > 256 && len(d.left) > 0 {
		n = n<<8 | int(d.left[0])
		d.left = d.left[1:]
	}
	return n % sides
}

// one in n.
func (d *dice) rarely(n int) bool { return d.roll(n) == n-1 }

func (d *dice) pick(from []string) string { return from[d.roll(len(from))] }

// raw takes bytes as they are.
func (d *dice) raw() string {
	n := min(d.roll(24), len(d.left))
	text := string(d.left[:n])
	d.left = d.left[n:]
	return text
}

var (
	fuzzTables = []string{"items", "items", "items", "items", "makers", "tags", "item_tags", "pairs", "loose", "strict", `odd "t/%`, "unkeyed", "per_maker", "ruined", "failing",
		hiddenTable, sealedTable, "customers", "sqlite_master", "sqlite_sequence", "crudadmin_users", "nope", "", ".", "..", "~", "~items", "__proto__", "items; DROP TABLE items", `items" --`, "main.items", "ITEMS", "\x00", "\xff", "items\x00"}
	fuzzKeys = []string{"1", "2", "3", "36", "999", "-1", "0", "01", "+1", "1e0", "0x1", "1,1", "a,1", "a,2", "b%2Fc%2Cd,3", ",4", "~,5", "a", "new", "~new", "~b%2Fc%2Cd%25", "~", "%", "%zz", "%00", "%FF", ",", ",,,,", "..", "~..", "~rowid:1", "~rowid:-9223372036854775808", "~rowid:x",
		"~n:", "~n:x", "~i:1", "~i:9223372036854775808", "~r:1", "~r:NaN", "~r:1e999", "~r:-Inf", "~t:", "~t:x", "~t:%00", "~t:%FF", "~b:", "~b:AAAA", "~b:!!", "choices", "actions", "export.csv", "1'%20OR%20'1'='1", "1;--", "9223372036854775807", "9223372036854775808", "__proto__", "constructor"}
	fuzzColumns = []string{"id", "name", "n", "r", "price", "note", "kind", "ok", "day", "at", "u", "bytes", "doc", "anything", "maker", "booked", "stored_in", "secret_token", "twice", "label", "code", "item", "tag", "item_tags", "a", "b", "v", "x", "y", "t", "i", "a b", "<b>", "f.n.eq", "a,b%c", "-x", "since", "password_hash",
		"many", "missing", "boom", "rowid", "_rowid_", "oid", "__proto__", "constructor", "", "NAME", "name ", `name"`, "name' --", "*", "1", "items.name", "t.name", "hidden", "\x00", "\xff", "ä"}
	fuzzOps    = []string{"eq", "ne", "lt", "le", "gt", "ge", "contains", "startswith", "in", "isnull", "like", "", "EQ", "notnull", "eq.eq"}
	fuzzNames  = []string{"q", "sort", "limit", "after", "before", "columns", "lines", "next", "filter_column", "filter_op", "filter_value", "all", "key", "confirm", "row.token", "csrf_token", "f.", "f", "f.x", "f..", "f.__proto__.eq", "null.", "clear.", "set.", "username", "password", "new_password", "old_password", "role", "id", "user", "others", "preview", "__proto__", "constructor", "[]", "a[b]", "", "\x00", "\xff", "page", "offset", "order", "table", "_method", "X-HTTP-Method-Override", "filter_column", "format"}
	fuzzValues = []string{"", "1", "-1", "0", "42", "7", "row-1", "row", "maker-1", "tea", "true", "false", "yes", "null", "NULL", "2026-01-02", "2026-01-02T03:04:05Z", "2026-13-45", "0.5", "1e9", "1e999", "NaN", "Infinity", "0x10", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "123e4567-e89b-12d3-a456-426614174000", "00ff00", "{\"a\":1}", "[", "a,b", ",", "%", "_", "*", "?", "[", "[^a]", "\\", "'", "\"", "`", "' OR 1=1 --", "\" OR \"\"=\"", "1); DROP TABLE items; --", "1 UNION ALL VALUES (1)", "x' AND abs(-9223372036854775808)", "\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "é", "École", "İ", "ß", "💥", "\u202e", "\r\n", "a\r\nSet-Cookie: x=1", "<script>alert(1)</script>", "{{.}}", "${7*7}", "=1+1", "last", "first", "javascript:alert(1)", "//evil.example", "https://evil.example/", "/\\evil.example", "/admin/../evil", "/admin/m/items/", "superuser", "viewer", "666", "1000001", "-n", "-name,n", "name,name", "--n", "n;", "name,price,id,n,r,note,kind,ok,day"}
)

// proposal is a request to be made, and what it says.
type proposal struct {
	role    string
	method  string
	target  string
	form    url.Values
	rt      frame.Route
	table   string
	query   url.Values
	request *http.Request
}

func (p proposal) String() string {
	return fmt.Sprintf("%q: %s %.300s %.500q", p.role, p.method, p.target, p.form.Encode())
}

func (w *world) value(d *dice, name string) string {
	switch {
	case d.rarely(12):
		return d.raw()
	case d.rarely(80):
		return strings.Repeat(d.pick(fuzzValues), 1+d.roll(3000))
	case name == "after" || name == "before" || name == "row.token":
		if cursor := d.pick(w.cursors); d.rarely(3) {
			at := d.roll(len(cursor))
			return cursor[:at] + d.pick([]string{"", "A", "_", "=", "~"}) + cursor[min(at+1, len(cursor)):]
		} else if !d.rarely(4) {
			return cursor
		}
	case name == "sort" || name == "columns":
		var all []string
		for range 1 + d.roll(3) {
			all = append(all, d.pick([]string{"", "-", ""})+d.pick(fuzzColumns))
		}
		return strings.Join(all, ",")
	case name == "limit":
		return d.pick([]string{"1", "3", "25", "100", "101", "0", "-1", "1e2", "", "999999999999999999999", "3.5"})
	case name == "all" || name == "confirm" || name == "lines" || strings.HasPrefix(name, "null.") || strings.HasPrefix(name, "clear."):
		return d.pick([]string{"1", "1", "1", "", "0", "true"})
	case name == "key":
		return d.pick(fuzzKeys)
	case name == "id" || name == "user":
		return d.pick(w.ids)
	case name == "tag" || name == "item_tags":
		return d.pick([]string{"a", "~new", "b%2Fc%2Cd%25", "~", "nope", ""})
	}
	return d.pick(fuzzValues)
}

func (w *world) name(d *dice, form bool) string {
	switch n := d.roll(16); {
	case n == 0:
		return d.raw()
	case n < 5 && form:
		return d.pick([]string{"", "", "", "null.", "clear.", "set."}) + d.pick(fuzzColumns)
	case n < 10:
		return "f." + d.pick(fuzzColumns) + "." + d.pick(fuzzOps)
	}
	return d.pick(fuzzNames)
}

// sane are values that suit a column of items, so that a filter is valid.
var sane = map[string][]string{
	"id": {"1", "17", "36", "-5"}, "name": {"row-1", "row", "ROW-2", "7"}, "n": {"-1", "0", "1", "42", "7"}, "r": {"0.5", "-2.25", "1e9", "3"}, "price": {"9.5", "1", "12.34", "1.0"},
	"note": {"plain", "Plain", "100%", "a_b", "*", "?c", "école", "' OR 1=1 --", "<", "=1", "\n", ""}, "kind": {"tea", "oil", "salt"}, "ok": {"true", "0", "yes"}, "day": {"2026-01-01", "2026-01-03", "2025-12-31"},
	"at": {"2026-01-02", "2026-01-05T04:04:00Z", "2026-01-01T00:00", "2026-01-03 02:02:00"}, "u": {"123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174002"}, "bytes": {"00ff01", "", "00FF04"},
	"doc": {"[]", "tea", "{\"a\":1}", "A"}, "anything": {"x", "5", "5.0", "tea", "4"}, "maker": {"1", "2", "3"}, "stored_in": {"1", "2", "9"}, "booked": {"1", "2"}, "twice": {"1", "-4.5", "6"},
}

var saneColumns = slices.Sorted(maps.Keys(sane))

// saneQuery is a list of items that somebody would ask for.
func (w *world) saneQuery(d *dice) url.Values {
	t, _ := w.source.Schema().Table("items")
	all := url.Values{}
	for range d.roll(4) {
		name := d.pick(saneColumns)
		c, _ := t.Column(name)
		op := string(c.Ops()[d.roll(len(c.Ops()))])
		value := d.pick(sane[name])
		switch op {
		case "isnull":
			value = d.pick([]string{"true", "false", "1", "no"})
		case "in":
			value += "," + d.pick(sane[name])
		}
		all.Add("f."+name+"."+op, value)
	}
	if d.rarely(4) {
		all.Set("q", d.pick([]string{"row", "ROW-1", "a", "5", "tea", "é", "%", "_", "123e4567e89b12d3a456426614174004"}))
	}
	if d.rarely(3) {
		all.Set("sort", d.pick([]string{"", "-"})+d.pick(saneColumns))
	}
	if d.rarely(4) {
		all.Set("limit", strconv.Itoa(1+d.roll(100)))
	}
	if d.rarely(6) {
		all.Set("columns", "id,"+d.pick(saneColumns[1:]))
	}
	if d.rarely(8) {
		all.Set("before", "last")
	}
	return all
}

func (w *world) values(d *dice, most int, form bool) url.Values {
	all := url.Values{}
	for range d.roll(most + 1) {
		name := w.name(d, form)
		for range 1 + d.roll(8)/7 + d.roll(60)/59*150 {
			all.Add(name, w.value(d, name))
		}
	}
	return all
}

// propose makes a request of the dice; its request is nil where no server would
// be handed it.
func (w *world) propose(d *dice) proposal {
	p := proposal{role: d.pick([]string{"root", "ed", "vi", "", "root", "ed", "root", "ed"})}
	likely := []string{"/m/{table}/{$}", "/m/{table}/{$}", "/m/{table}/export.json", "/m/{table}/export.csv", "/m/{table}/{key}", "/m/{table}/choices/{column}", "/m/{table}/{key}/edit", "/m/{table}/actions/delete", "/m/{table}/actions/edit", "/m/{table}/{key}/delete", "/m/{table}/{key}/file/{column}", "/m/{table}/new"}
	if d.rarely(2) {
		path := d.pick(likely)
		var of []frame.Route
		for _, rt := range w.table() {
			if rt.Path == path {
				of = append(of, rt)
			}
		}
		p.rt = of[d.roll(len(of))]
	} else {
		p.rt = w.table()[d.roll(len(w.table()))]
	}
	p.table = d.pick(fuzzTables)
	isSane := d.rarely(2)
	if isSane {
		p.table = d.pick(append(fuzzTables[:12:12], "items", "items", "items", "items"))
	}
	segment := func(from []string) string {
		if d.rarely(8) {
			return url.PathEscape(d.raw())
		}
		return url.PathEscape(frame.TableSegment(d.pick(from)))
	}
	key := d.pick(fuzzKeys)
	if isSane {
		key = d.pick([]string{"1", "2", "3", "17", "36", "a,1", "a", "~rowid:1"})
	} else if d.rarely(8) {
		key = url.PathEscape(d.raw())
	}
	table := url.PathEscape(frame.TableSegment(p.table))
	if !isSane && d.rarely(16) {
		table = p.table // not escaped
	}
	path := strings.NewReplacer("{$}", "", "{table}", table, "{key}", key, "{column}", segment(fuzzColumns), "{id}", url.PathEscape(d.pick(append(w.ids, "x", "", "1", "..", "\x00"))), "{file}", segment([]string{"app.css", "../x", "x.js"})).Replace(p.rt.Path)
	if d.rarely(24) {
		path += "/" + segment(fuzzColumns)
	}
	p.query = w.values(d, 4, false)
	if isSane {
		p.query = w.saneQuery(d)
	}
	p.target = w.base + path
	if len(p.query) > 0 {
		p.target += "?" + p.query.Encode()
	}
	if d.rarely(24) {
		p.target += "&" + d.pick([]string{"%zz", ";a=b", "a;b", "%", "=", "&&", "?x", "q=%ff"})
		p.query = nil
	}
	p.method = p.rt.Method
	if d.rarely(16) {
		p.method = d.pick([]string{"HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "POST", "GET"})
	}
	address, err := url.ParseRequestURI(p.target)
	if err != nil {
		return p
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Method, r.URL, r.RequestURI = p.method, address, p.target
	if p.method != http.MethodGet && p.method != http.MethodHead {
		w.body(d, &p, r, isSane)
	}
	for _, one := range [][2]string{{"Accept", "application/json"}, {"HX-Request", "true"}, {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"X-Forwarded-Host", "evil.example"}, {"X-HTTP-Method-Override", "DELETE"}, {"Range", "bytes=0-1"}} {
		if d.rarely(20) {
			r.Header.Set(one[0], one[1])
		}
	}
	p.request = r
	w.resolve(&p)
	return p
}

// resolve finds the route and the table that the request is answered by, which
// may not be those it was made for.
func (w *world) resolve(p *proposal) {
	p.rt, p.table = frame.Route{}, ""
	p.rt, _ = w.frame.Route(p.request)
	if parts := strings.Split(p.request.URL.EscapedPath(), "/"); len(parts) > 3 {
		name, _ := url.PathUnescape(parts[3])
		p.table = strings.TrimPrefix(name, "~")
	}
}

// body gives the request a form, mostly one that would be let through.
func (w *world) body(d *dice, p *proposal, r *http.Request, isSane bool) {
	p.form = w.values(d, 8, true)
	if isSane {
		p.form = w.saneForm(d, p)
	}
	if strings.HasSuffix(p.rt.Path, "/actions/edit") {
		for range d.roll(3) {
			name := d.pick(saneColumns)
			p.form.Set("set.to."+name, "1")
			p.form.Set("to."+name, d.pick([]string{d.pick(sane[name]), w.value(d, name)}))
		}
	}
	if strings.Contains(p.rt.Path, "/actions/") && !d.rarely(3) {
		p.form.Set("confirm", "1")
		if d.rarely(2) {
			p.form.Set("all", "1")
		} else {
			p.form.Add("key", d.pick(fuzzKeys))
		}
	}
	if !d.rarely(6) {
		w.answer(p, r)
	}
	if strings.HasSuffix(p.rt.Path, "/edit") && !d.rarely(4) {
		page := httptest.NewRequest(http.MethodGet, "/", nil)
		page.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath}
		if found := rowToken.FindStringSubmatch(w.send(p.role, page).Body.String()); found != nil {
			p.form.Set("row.token", html.UnescapeString(found[1]))
		}
	}
	if strings.HasPrefix(p.rt.Path, "/account/password") {
		p.form.Del("old_password") // the right one would end the run's sessions
	}
	if d.rarely(10) {
		p.form.Set("csrf_token", d.pick(fuzzValues))
	} else {
		p.form.Set("csrf_token", w.tokens[p.role])
	}
	content := []byte(p.form.Encode())
	kind := "application/x-www-form-urlencoded"
	switch {
	case d.rarely(6):
		var b bytes.Buffer
		parts := multipart.NewWriter(&b)
		for _, name := range slices.Sorted(maps.Keys(p.form)) {
			for _, value := range p.form[name] {
				_ = parts.WriteField(name, value) // to a buffer
			}
		}
		for range d.roll(3) {
			part, err := parts.CreateFormFile(d.pick(fuzzColumns), d.pick([]string{"", "a.bin", "../../etc/passwd", "a\r\nb"}))
			if err == nil {
				_, _ = part.Write([]byte(strings.Repeat(d.raw(), 1+d.roll(3)*1000)))
			}
		}
		_ = parts.Close()
		content, kind = b.Bytes(), parts.FormDataContentType()
		if d.rarely(6) {
			content = content[:d.roll(len(content)+1)]
		}
		if d.rarely(12) {
			kind = "multipart/form-data; boundary="
		}
	case d.rarely(24):
		kind = d.pick([]string{"application/json", "text/plain", "", "application/x-www-form-urlencoded; charset=\xff", ";", "multipart/form-data"})
	case d.rarely(24):
		content = append(content, "&%zz=%&;a=b&=&"...)
	case d.rarely(100):
		content = append(content, "&x="+strings.Repeat("y", frame.MaxBody)...)
	}
	r.Header.Set("Content-Type", kind)
	r.Body, r.ContentLength = readCloser(content), int64(len(content))
}

// saneForm is what somebody would send.
func (w *world) saneForm(d *dice, p *proposal) url.Values {
	if strings.Contains(p.rt.Path, "/actions/") {
		return w.saneQuery(d)
	}
	form := url.Values{}
	for range d.roll(5) {
		name := d.pick(saneColumns)
		form.Set(name, d.pick(sane[name]))
		if d.rarely(6) {
			form.Set("null."+name, "1")
		}
	}
	for range d.roll(3) {
		form.Set(d.pick([]string{"name", "label", "code", "a", "b", "v", "t", "i", "x", "since"}), d.pick([]string{"1", "2", "maker-1", "new one", "", "2026-02-02"}))
	}
	if d.rarely(3) {
		form["item_tags"] = []string{"", d.pick([]string{"a", "~new", "b%2Fc%2Cd%25", "~", "nope"})}
	}
	return form
}

type buffered struct{ *bytes.Reader }

func (buffered) Close() error { return nil }

func readCloser(b []byte) buffered { return buffered{bytes.NewReader(b)} }

// leaks are words of the database, its driver and the program that no page says.
var leaks = []string{"constraint failed", "SQL logic error", "datatype mismatch", "typeof(", " t.\"", "(t.\"", "main.\"", "RETURNING", "SQLITE_", "sqlite:", "sql: ", "data: ", "unrecognized token", "syntax error",
	"goroutine ", "runtime error", "context deadline", "context canceled", "panic", ".go:", "%!", "<nil>", "cannot store", "malformed JSON"}

// check sends a proposal and says everything that is wrong with the answer and
// with what it left behind.
func (w *world) check(t testing.TB, p proposal) *httptest.ResponseRecorder {
	t.Helper()
	w.log.Reset()
	got := w.send(p.role, p.request)
	body := got.Body.String()
	said := strings.ToLower(p.target + " " + fmt.Sprint(p.form) + fmt.Sprint(p.query) + p.request.URL.Path)
	wrong := func(format string, args ...any) {
		t.Helper()
		_, shown, _ := strings.Cut(body, "<main")
		t.Errorf("%v\n%d: %s\n%s%.2000s", p, got.Code, fmt.Sprintf(format, args...), w.log.String(), cmp.Or(shown, body))
	}
	if got.Code >= 500 {
		wrong("a fault of ours")
	}
	if len(body) > 2<<20 {
		wrong("%d bytes", len(body))
	}
	plain := html.UnescapeString(body)
	for _, one := range leaks {
		if strings.Contains(plain, one) && !strings.Contains(said, strings.ToLower(one)) {
			wrong("%q is on the page", one)
		}
	}
	secrets := []string{hiddenTable, hiddenValue, maskedValue}
	if p.role != "root" && p.role != "ed" {
		secrets = append(secrets, sealedTable, sealedValue)
	}
	for _, never := range secrets {
		if strings.Contains(body+fmt.Sprint(got.Header()), never) && !strings.Contains(said, strings.ToLower(never)) {
			wrong("%q is seen", never)
		}
	}
	if to := got.Header().Get("Location"); to != "" && to != "/admin" && (!strings.HasPrefix(to, "/admin/") && !strings.HasPrefix(to, "/admin?") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n")) {
		wrong("leads to %q", to)
	}
	for name, values := range got.Header() {
		if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
			wrong("header %s: %q", name, values)
		}
	}
	if p.role == "" && p.rt.Access != frame.Open && p.rt.Access != frame.Anybody && got.Code < 300 {
		wrong("nobody gets an answer")
	}
	if strings.Contains(body, "<script>alert(1)") || strings.Contains(body, "<img src=x") {
		if strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") {
			wrong("markup of a value is on the page")
		}
	}
	w.checkWrites(t, p, got.Code, wrong)
	w.checkRows(p, got, wrong)
	w.stayIn(p, got)
	return got
}

// stayIn signs in every role that was signed out.
func (w *world) stayIn(p proposal, got *httptest.ResponseRecorder) {
	if p.method != http.MethodPost && got.Code != http.StatusUnauthorized && !strings.HasPrefix(got.Header().Get("Location"), "/admin/login") {
		return
	}
	for _, role := range worldRoles {
		page := w.browsers[role]
		if role != "" && (role == p.role || strings.HasPrefix(p.rt.Path, "/users/") || strings.HasPrefix(p.rt.Path, "/sessions/")) && page.get("/account").Code != http.StatusOK {
			w.signIn(role)
		}
	}
}

func (w *world) checkWrites(t testing.TB, p proposal, code int, wrong func(string, ...any)) {
	t.Helper()
	if w.app.written(t) {
		changed := w.app.changed(t)
		if !writes(p.rt) || p.method != http.MethodPost || p.role != "root" && p.role != "ed" {
			wrong("the application's database was written to: %q", changed)
		}
		allowed := map[string][]string{"items": {"items", "item_tags"}, "tags": {"tags", "item_tags"}, "": {}}[p.table]
		for _, name := range changed {
			if name != p.table && !slices.Contains(allowed, name) {
				wrong("%s changed", name)
			}
		}
		w.checkGone(p, code, wrong)
		w.app.undo(t, changed)
	}
	if w.accounts.written(t) {
		changed := w.accounts.changed(t)
		superuserPost := p.role == "root" && p.method == http.MethodPost && p.rt.Access == frame.Superuser
		if !superuserPost && p.rt.Path != "/login" && len(changed) > 0 {
			wrong("the administrators' database was written to: %q", changed)
		}
		w.accounts.undo(t, changed)
	}
}

// checkGone holds a deletion to what was asked.
func (w *world) checkGone(p proposal, code int, wrong func(string, ...any)) {
	left := w.names()
	var gone []string
	for _, one := range w.items {
		if mark := one["name"].(string); !slices.Contains(left, mark) {
			gone = append(gone, mark)
		}
	}
	key := p.request.URL.EscapedPath()
	key = strings.TrimSuffix(key, "/edit")
	key = strings.TrimSuffix(key, "/delete")
	key = key[strings.LastIndexByte(key, '/')+1:]
	switch {
	case len(gone) == 0:
	case strings.HasPrefix(p.rt.Path, "/m/{table}/actions/") && p.form.Get("all") == "1":
		state := url.Values{}
		for name, values := range p.form {
			if name == "q" || strings.HasPrefix(name, "f.") {
				state[name] = values
			}
		}
		want, known := w.expected(state)
		excluded := slices.ContainsFunc(gone, func(mark string) bool { return !slices.Contains(want, mark) })
		if known && (excluded || p.rt.Access == frame.Needs(RightView, RightBulk, RightDelete) && len(gone) != len(want)) {
			wrong("deleted or renamed %q, want %q", gone, want)
		}
	case strings.HasPrefix(p.rt.Path, "/m/{table}/actions/"):
		for _, mark := range gone {
			if !slices.ContainsFunc(p.form["key"], func(key string) bool { return markOf(key) == mark }) {
				wrong("deleted %q, keys were %q", mark, p.form["key"])
			}
		}
	case strings.HasPrefix(p.rt.Path, "/m/{table}/{key}/") && len(gone) == 1 && markOf(key) == gone[0]: // deleted, or renamed
	default:
		wrong("deleted or renamed %q", gone)
	}
	if code >= 400 {
		wrong("something was written all the same")
	}
}

// markOf is the mark of the item that an escaped key names.
func markOf(key string) string {
	text, err := url.PathUnescape(key)
	if err != nil {
		text = key
	}
	for _, prefix := range []string{"~rowid:", "~i:", "~r:", "~"} {
		text = strings.TrimPrefix(text, prefix)
	}
	n, err := strconv.ParseFloat(text, 64) // 1.0 is 1
	if err != nil {
		return "no row"
	}
	return fmt.Sprintf("row-%.0f", n)
}

var (
	tableBody = regexp.MustCompile(`(?s)<tbody>(.*?)</tbody>`)
	rowMark   = regexp.MustCompile(`\brow-\d+\b`)
)

// checkRows holds lists and exports of items to what Go says matches.
func (w *world) checkRows(p proposal, got *httptest.ResponseRecorder, wrong func(string, ...any)) {
	if got.Code != http.StatusOK || p.method != http.MethodGet || p.table != "items" || p.query == nil {
		return
	}
	state := url.Values{}
	for name, values := range p.query {
		if name == "q" || name == "columns" || strings.HasPrefix(name, "f.") {
			state[name] = values
		}
	}
	want, known := w.expected(state)
	if !known {
		return
	}
	body := got.Body.String()
	named := !state.Has("columns") || slices.Contains(strings.Split(state.Get("columns"), ","), "name")
	var marks []string
	switch p.rt.Path {
	case "/m/{table}/{$}":
		for _, found := range tableBody.FindAllString(body, -1) {
			marks = append(marks, rowMark.FindAllString(found, -1)...)
		}
		for _, mark := range marks {
			if !slices.Contains(want, mark) {
				wrong("the list shows %s, which the filter excludes", mark)
			}
		}
		return
	case "/m/{table}/export.csv":
		lines, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			wrong("no CSV: %v", err)
			return
		}
		if len(lines) != len(want)+1 {
			wrong("%d lines, want %d rows", len(lines), len(want))
		}
	case "/m/{table}/export.json":
		var rows []map[string]any
		text := body
		if p.query.Get("lines") == "1" {
			text = "[" + strings.ReplaceAll(strings.TrimSpace(body), "\n", ",") + "]"
		}
		if err := json.Unmarshal([]byte(text), &rows); err != nil {
			wrong("no JSON: %v", err)
			return
		}
		if len(rows) != len(want) {
			wrong("%d rows, want %d", len(rows), len(want))
		}
	default:
		return
	}
	if !named {
		return
	}
	marks = rowMark.FindAllString(body, -1)
	slices.Sort(marks)
	slices.Sort(want)
	if !slices.Equal(marks, want) {
		wrong("rows %q, want %q", marks, want)
	}
}

// seeds are scripts that lead to every route, in every role.
func (w *world) seeds() [][]byte {
	var all [][]byte
	random := rand.New(rand.NewPCG(3, 9))
	for role := range 4 {
		for at := range w.table() {
			script := []byte{byte(role), 0, byte(at)}
			for range 60 {
				script = append(script, byte(random.UintN(256)))
			}
			all = append(all, script)
		}
	}
	return all
}

func FuzzPanel(f *testing.F) {
	w := newWorld(f)
	for _, script := range w.seeds() {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		w.t = t
		for _, page := range w.browsers {
			page.t = t
		}
		if p := w.propose(&dice{left: script}); p.request != nil {
			w.check(t, p)
		}
	})
}

var (
	requests = flag.Int("requests", 600, "how many random requests TestRandomRequests sends")
	seed     = flag.Uint64("seed", 26, "what they are drawn from")
)

// No request, whatever its parameters are named and hold, is a fault, shows SQL,
// a hidden thing or a row that the filter excludes, or writes without a right.
func TestRandomRequests(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	w := newWorld(t)
	random := rand.New(rand.NewPCG(20, *seed))
	statuses, reached := map[int]int{}, map[string]map[int]int{}
	sent := 0
	for sent < *requests && !t.Failed() {
		script := make([]byte, 40+random.IntN(200))
		for i := range script {
			script[i] = byte(random.UintN(256))
		}
		p := w.propose(&dice{left: script})
		if p.request == nil {
			continue
		}
		sent++
		code := w.check(t, p).Code
		statuses[code]++
		name := p.rt.Method + " " + p.rt.Path
		if reached[name] == nil {
			reached[name] = map[int]int{}
		}
		reached[name][code]++
	}
	t.Logf("%d requests: %v", sent, statuses)
	for _, rt := range w.table() {
		name := rt.Method + " " + rt.Path
		t.Logf("%-40s %v", name, reached[name])
		if len(reached[name]) == 0 {
			t.Errorf("%s was never asked for", name)
		}
	}
}
