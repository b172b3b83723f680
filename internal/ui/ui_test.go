// Tests of the renderer: addresses, whole pages or none, overrides, weight.

package ui_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

func TestURLEscapesSegments(t *testing.T) {
	for _, c := range []struct{ base, want string }{
		{"", "/m/a%2Fb%3F%23%25%22%3Cscript%3E%20c/"},
		{"/", "/m/a%2Fb%3F%23%25%22%3Cscript%3E%20c/"},
		{"admin", "/admin/m/a%2Fb%3F%23%25%22%3Cscript%3E%20c/"},
		{"/x/admin/", "/x/admin/m/a%2Fb%3F%23%25%22%3Cscript%3E%20c/"},
		{"/a b", "/a%20b/m/a%2Fb%3F%23%25%22%3Cscript%3E%20c/"},
	} {
		r, err := ui.New(ui.Options{Base: c.base})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.URL("m", `a/b?#%"<script> c`, ""); got != c.want {
			t.Errorf("base %q: %s, want %s", c.base, got, c.want)
		}
	}
}

func TestBaseIsChecked(t *testing.T) {
	for _, base := range []string{"/a?b", "/a#b", "https://example.com", "//example.com", `\admin`} {
		if _, err := ui.New(ui.Options{Base: base}); err == nil || !strings.Contains(err.Error(), "Options.Base") {
			t.Errorf("base %q: %v", base, err)
		}
	}
}

// refusing counts writes and refuses them.
type refusing struct{ writes int }

func (w *refusing) Write([]byte) (int, error) {
	w.writes++
	return 0, errors.New("refused")
}

func TestRenderWritesAllOrNothing(t *testing.T) {
	r := stories.Renderer(t)
	broken := stories.List(r)
	broken.Nav = append(broken.Nav, ui.NavItem{Label: text.Verbatim("last"), Icon: "no-such-icon"})
	var buf bytes.Buffer
	if err := r.Render(&buf, broken); err == nil || !strings.Contains(err.Error(), "no-such-icon") {
		t.Errorf("error is %v", err)
	}
	if buf.Len() > 0 {
		t.Errorf("%d bytes of a broken page were written", buf.Len())
	}
	var w refusing
	if err := r.Render(&w, stories.List(r)); err == nil || w.writes != 1 {
		t.Errorf("%d writes, error %v", w.writes, err)
	}
}

func TestOverrides(t *testing.T) {
	r, err := ui.New(ui.Options{Overrides: fstest.MapFS{
		"templates/login.html":  {Data: []byte(`{{define "main"}}<h1>House rules {{.Username}}</h1>{{end}}`)},
		"static/css/tokens.css": {Data: []byte(`:root { --accent: rebeccapurple }`)},
		"README":                {Data: []byte(`not ours`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if page := render(t, r, ui.Login{Username: "<b>"}); !strings.Contains(page, "House rules &lt;b&gt;") {
		t.Errorf("the override is not used:\n%s", page)
	}
	if page := render(t, r, stories.List(r)); !strings.Contains(page, "Products") {
		t.Error("the other pages are gone")
	}
	css := get(t, r, assetURL(t, render(t, r, ui.Login{}), "app", ".css"), "").Body.String()
	if !strings.Contains(css, "rebeccapurple") || !strings.Contains(css, "@layer base") {
		t.Error("the style sheet is not the overridden tokens and the rest")
	}
}

// A sentence without arguments is text of the template before a page is made, and is escaped as
// any text: between tags and in an attribute, in either kind of quotes or none. Words of an
// override need no code, and messages may be printed without say.
func TestOverridesSaySentences(t *testing.T) {
	r, err := ui.New(ui.Options{Overrides: fstest.MapFS{"templates/login.html": {Data: []byte(
		`{{define "main"}}<i title='{{text "users.change_role.hint"}}'></i><i title={{text "users.who"}}></i>` +
			`<i title="{{text "form.nothing_ticked"}}">{{text "form.nothing_ticked"}}</i>{{$said := text "page.save"}}<b>{{$said}}</b>` +
			`{{with parts "form.now" .Username}}{{.Before}}<u>{{.Part}}</u>{{.After}}{{end}}House rules: {{.Error}}{{end}}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	page := render(t, r, ui.Login{Username: "<[a]>", Error: text.RecordSaved})
	words := strings.ReplaceAll(text.NothingTicked.String(), `"`, "&#34;")
	for _, want := range []string{
		"<i title='A new role ends the user&#39;s sessions.'></i><i title=Who&#32;has&#32;access&#32;to&#32;this&#32;panel></i>",
		`<i title="` + words + `">` + words + `</i>`, "<b>Save</b>", "Now <u>&lt;[a]&gt;</u>.House rules: The record was saved.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
}

func TestBrokenOverrideNamesItsFile(t *testing.T) {
	for name, c := range map[string]struct{ file, content string }{
		"syntax":         {"templates/list.html", `{{define "main"}}{{if}}`},
		"unknown field":  {"templates/record.html", `{{define "main"}}{{.NoSuchField}}{{end}}`},
		"nested field":   {"templates/partials/table.html", `{{define "table"}}{{range .Rows}}{{.NoSuchField}}{{end}}{{end}}{{define "pager"}}{{end}}`},
		"unknown call":   {"templates/layout.html", `{{nosuch}}`},
		"unsafe context": {"templates/error.html", `{{define "main"}}<a href='{{.Detail}}{{end}}`},
		"no sentence":    {"templates/login.html", `{{define "main"}}{{text "no.such"}}{{end}}`},
		"argument less":  {"templates/error.html", `{{define "main"}}{{if .User}}{{with .Detail}}{{text "error.request"}}{{end}}{{end}}{{end}}`},
		"argument more":  {"templates/partials/shell.html", `{{define "badges"}}{{with (text "menu.open" 3)}}{{.}}{{end}}{{end}}`},
		"piped more":     {"templates/users.html", `{{define "main"}}{{range .Rows}}{{.Name | text "menu.open"}}{{end}}{{end}}`},
		"in an argument": {"templates/user_new.html", `{{define "main"}}{{template "crumb" link (text "no.such") "" ""}}{{end}}`},
		"code not there": {"templates/login.html", `{{define "main"}}{{text .Username}}{{end}}`},
		"no code":        {"templates/login.html", `{{define "main"}}{{text}}{{end}}`},
		"no part":        {"templates/login.html", `{{define "main"}}{{(parts "menu.open").Before}}{{end}}`},
		"wrong kind":     {"templates/users.html", `{{define "main"}}{{text "users.count" .Title}}{{end}}`},
		"not an icon":    {"static/icons/sun.svg", `sun`},
		"misspelt":       {"templates/lists.html", ``},
		"misspelt css":   {"static/app.css", ``},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ui.New(ui.Options{Overrides: fstest.MapFS{c.file: {Data: []byte(c.content)}}})
			file := c.file[strings.LastIndex(c.file, "/")+1:]
			if err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("error does not name %s: %v", file, err)
			}
		})
	}
}

func compressed(t testing.TB, s string) int {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Len()
}

// TestWeight holds the budget: 60 KB and 6 requests for the first page, 8 KB
// for each list of 25 rows after it, compressed.
func TestWeight(t *testing.T) {
	r := stories.Renderer(t)
	page := render(t, r, stories.List(r))
	list := compressed(t, page)
	first := list
	requests := 1
	for _, file := range [][2]string{{"app", ".css"}, {"app", ".js"}, {"favicon", ".svg"}} {
		first += get(t, r, assetURL(t, page, file[0], file[1]), "gzip").Body.Len()
		requests++
	}
	t.Logf("list of 25 rows: %d bytes (%d plain); first load: %d bytes in %d requests", list, len(page), first, requests)
	if list > 8<<10 || first > 60<<10 || requests > 6 {
		t.Error("over the budget")
	}
	if n := strings.Count(page, "/admin/static/"); n != requests-1 {
		t.Errorf("the page loads %d static files, counted %d", n, requests-1)
	}
}

func TestEveryFormHasTheToken(t *testing.T) {
	r := stories.Renderer(t)
	for _, s := range stories.All(r) {
		page := render(t, r, s.Page)
		forms := strings.Count(page, `method="post"`)
		if tokens := strings.Count(page, `name="csrf_token" value="`+stories.Token+`"`); forms != tokens {
			t.Errorf("%s: %d forms, %d tokens", s.Name, forms, tokens)
		}
		if !strings.Contains(page, `<meta name="csrf-token" content="`+stories.Token+`">`) && !strings.HasPrefix(s.Name, "error") {
			t.Errorf("%s has no csrf-token meta", s.Name)
		}
	}
}

func TestErrorPagesSayWhatToDo(t *testing.T) {
	r := stories.Renderer(t)
	for status, want := range map[int]string{
		404: "does not exist", 405: "does not accept", 409: "not saved", 418: "malformed", 500: "logged", 502: "logged",
		429: "Try again in 2 minutes.", 503: "if you were signed in, you still are. Try again in 2 minutes.",
	} {
		e := ui.Error{Status: status}
		if status == 429 || status == 503 {
			e.RetryAfter = 119500 * time.Millisecond
		}
		if page := render(t, r, e); !strings.Contains(page, want) {
			t.Errorf("%d does not say %q:\n%s", status, want, page)
		}
	}
	if page := render(t, r, ui.Error{Status: 503}); !strings.Contains(page, "Try again in a moment.") {
		t.Error("503 without a wait does not say to try again")
	}
}

func TestTheme(t *testing.T) {
	r := stories.Renderer(t)
	for cookie, want := range map[string]string{"dark": ` data-theme="dark"`, "light": ` data-theme="light"`, "": `<html lang="en" data-base`, `"><x`: `<html lang="en" data-base`} {
		page := render(t, r, ui.Login{Layout: ui.Layout{Theme: ui.ParseTheme(cookie)}})
		if !strings.Contains(page, want) {
			t.Errorf("cookie %q: no %s", cookie, want)
		}
	}
}
