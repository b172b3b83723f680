// Hostile values in every member of every page: nothing runs, nothing breaks out.

package ui_test

import (
	"bytes"
	"fmt"
	"html"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/ui"
)

var hostileStrings = map[string]string{
	"script":     `<script>window.pwned=1</script>`,
	"attribute":  `" onmouseover="window.pwned=1" x="`,
	"image":      `'><img src=x onerror=window.pwned=1>`,
	"javascript": `javascript:window.pwned=1`,
	"template":   `{{.CSRFToken}} ${window.pwned=1} </title></textarea></style><svg onload=window.pwned=1>`,
	"rtl":        "שלום \u202eevil\u202c עולם العربية",
	"emoji":      "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0302\u0303",
	"control":    "a\x00b\x07c\x1b[31m \xff\xfe d",
	"long":       strings.Repeat("longword", 250),
	"spaces":     " \t\n ",
	"empty":      "",
}

// fillPage sets every member reachable from v: strings to s, slices to n
// elements, numbers to n.
func fillPage(v reflect.Value, s string, n int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.String:
		switch v.Type() {
		case reflect.TypeFor[ui.Icon]():
			v.SetString(string(ui.IconTable))
		case reflect.TypeFor[ui.Kind](), reflect.TypeFor[ui.Theme](), reflect.TypeFor[ui.Direction](),
			reflect.TypeFor[ui.NoticeKind](), reflect.TypeFor[ui.HealthState](), reflect.TypeFor[ui.Widget](), reflect.TypeFor[ui.EffectKind]():
		default:
			v.SetString(s)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillPage(v.Elem(), s, n)
	case reflect.Slice:
		size := n
		switch v.Type() {
		case reflect.TypeFor[[]ui.Row](), reflect.TypeFor[[]ui.NavGroup](), reflect.TypeFor[[]ui.ModelGroup](), reflect.TypeFor[[]ui.Related](), reflect.TypeFor[[]ui.LinkField]():
			size = min(n, 3)
		}
		v.Set(reflect.MakeSlice(v.Type(), size, size))
		if v.Type() == reflect.TypeFor[[]ui.FormField]() {
			v.Set(reflect.MakeSlice(v.Type(), 2*len(widgets), 2*len(widgets)))
		}
		for i := range v.Len() {
			fillPage(v.Index(i), s, n)
			if f, ok := v.Index(i).Addr().Interface().(*ui.FormField); ok {
				f.Widget, f.ReadOnly, f.Null = widgets[i%len(widgets)], i >= len(widgets), false
			}
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			fillPage(v.Field(i), s, n)
		}
	}
}

// The check itself finds what it is for.
func TestCheckFindsProblems(t *testing.T) {
	page := render(t, newRenderer(t), ui.Login{})
	if problems := pageProblems(page); problems != nil {
		t.Fatal(problems)
	}
	for _, bad := range []string{
		`<script>x</script>`, `<script src="/admin/static/app.js" nonce="1"></script>`, `<p style="color:red"></p>`, `<p onclick="x"></p>`, `<a href="javascript:x"></a>`,
		`<a href=" JavaScript:x"></a>`, `<p>`, `</p>`, `<p id="main"></p>`, `a < b`, `<p title='x'></p>`, `<form method="post"></form>`, `<form></p></form>`,
		`<form><form></form></form>`, `<form method="dialog"></form>`, `<iframe></iframe>`, `<img src="x"/>`, `<p title="a" title="b"></p>`,
	} {
		if pageProblems(strings.Replace(page, "</main>", bad+"</main>", 1)) == nil {
			t.Errorf("%s is let through", bad)
		}
	}
}

var kinds = []ui.Kind{ui.KindText, ui.KindNull, ui.KindNumber, ui.KindBool, ui.KindTime, ui.KindDate, ui.KindJSON, ui.KindBytes, ui.KindMasked}

var widgets = []ui.Widget{ui.WidgetText, ui.WidgetNumber, ui.WidgetCheckbox, ui.WidgetTriState, ui.WidgetDate, ui.WidgetTime, ui.WidgetDateTime,
	ui.WidgetSelect, ui.WidgetReference, ui.WidgetTextArea, ui.WidgetJSON, ui.WidgetUUID, ui.WidgetPassword, ui.WidgetFile}

func blankPages() []ui.Page {
	return []ui.Page{&ui.Login{}, &ui.Dashboard{}, &ui.List{}, &ui.Record{}, &ui.Form{}, &ui.Choices{}, &ui.Conflict{}, &ui.Delete{}, &ui.Bulk{},
		&ui.Sessions{}, &ui.Account{}, &ui.Users{}, &ui.UserNew{}, &ui.UserEdit{}, &ui.Health{}, &ui.Error{}}
}

// filledPages are all pages filled with s, and once more without the problem
// that would hide their content.
func filledPages(s string, n int) []ui.Page {
	pages := append(blankPages(), blankPages()...)
	for i, p := range pages {
		fillPage(reflect.ValueOf(p).Elem(), s, n)
		if i < len(pages)/2 {
			continue
		}
		switch p := p.(type) {
		case *ui.Dashboard:
			p.Problem = nil
		case *ui.List:
			p.Problem, p.Search.Error = nil, ""
			for i := range p.Filters {
				p.Filters[i].Error = ""
			}
			for _, row := range p.Rows {
				for i := range row.Cells {
					row.Cells[i].Kind = kinds[i%len(kinds)]
					if i%2 == 0 {
						row.Cells[i].Href = ""
					}
				}
			}
		case *ui.Record:
			p.Problem = nil
			for i := range p.Related {
				p.Related[i].Problem = nil
			}
			for i := range p.Fields {
				p.Fields[i].Value.Kind = kinds[i%len(kinds)]
				if i%2 == 0 {
					p.Fields[i].Value.Href = ""
				}
			}
		case *ui.Form:
			p.Problem = nil
			for i := range p.Links {
				p.Links[i].ReadOnly = i == 0
			}
		case *ui.Choices:
			p.Error = ""
		case *ui.Conflict:
			p.Deleted = false
			for i := range p.Fields {
				p.Fields[i].Changed = i > 0
				p.Fields[i].Theirs.Kind = kinds[i%len(kinds)]
			}
		case *ui.Delete:
			p.Problem = nil
			for i := range p.Effects {
				p.Effects[i].Kind = []ui.EffectKind{ui.EffectCascade, ui.EffectSetNull, ui.EffectSetDefault}[i%3]
			}
		case *ui.Bulk:
			p.Problem, p.Effects = nil, nil
		case *ui.Users:
			p.Problem = nil
		case *ui.UserEdit:
			p.Problem, p.Self, p.Disabled = nil, false, false
			for i := range p.Sessions {
				p.Sessions[i].Current = false
			}
		case *ui.Sessions:
			p.Problem = nil
			for i := range p.Rows {
				p.Rows[i].Current = false
			}
		case *ui.Account:
			p.Problem = nil
			for i := range p.Sessions {
				p.Sessions[i].Current = false
			}
		case *ui.Error:
			p.User = nil
		}
	}
	return pages
}

func render(t testing.TB, r *ui.Renderer, p ui.Page) string {
	t.Helper()
	var buf bytes.Buffer
	if err := r.Render(&buf, p); err != nil {
		t.Fatalf("%T: %v", p, err)
	}
	return buf.String()
}

// hostileStories are all pages with values that would show in a browser: what
// runs, what is wide, what turns or has no width.
func hostileStories() []story {
	all := []story{}
	for name, s := range map[string]string{
		"markup": hostileStrings["attribute"] + hostileStrings["image"] + hostileStrings["template"] + hostileStrings["script"],
		"long":   hostileStrings["long"],
		"signs":  hostileStrings["rtl"] + hostileStrings["emoji"] + hostileStrings["control"],
		"spaces": hostileStrings["spaces"],
	} {
		for _, p := range filledPages(s, 3)[len(blankPages()):] {
			all = append(all, story{"hostile-" + name + "-" + strings.ToLower(reflect.TypeOf(p).Elem().Name()), reflect.ValueOf(p).Elem().Interface().(ui.Page)})
		}
	}
	return all
}

func TestHostileValuesStayText(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for name, s := range hostileStrings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range filledPages(s, 3) {
				checkPage(t, render(t, r, p))
			}
		})
	}
}

func TestStoriesAreClean(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, s := range stories(r) {
		t.Run(s.name, func(t *testing.T) { checkPage(t, render(t, r, s.page)) })
	}
}

func TestHundredColumns(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, p := range filledPages("x", 100) {
		checkPage(t, render(t, r, p))
	}
}

func TestZeroValues(t *testing.T) {
	r := newRenderer(t)
	for _, p := range blankPages() {
		checkPage(t, render(t, r, p))
	}
}

var voidElements = []string{"meta", "link", "input"}

// tag is one tag of a page.
type tag struct {
	name         string
	closing, end bool // "</p>", "<path/>"
	attributes   [][2]string
}

// readTag reads the tag that s, after its "<", begins with. It knows no more
// than the templates may write: text and attribute values are escaped, so that
// anything else is a value that broke out.
func readTag(s string) (found tag, rest string, ok bool) {
	s, found.closing = strings.CutPrefix(s, "/")
	found.name, s = cutName(s)
	for ok = found.name != ""; ok; {
		trimmed := strings.TrimLeft(s, " \n")
		spaced := len(trimmed) < len(s)
		s, found.end = strings.CutPrefix(trimmed, "/")
		if after, closed := strings.CutPrefix(s, ">"); closed {
			return found, after, true
		}
		var name, value string
		name, s = cutName(s)
		if after, given := strings.CutPrefix(s, `="`); given {
			value, s, ok = strings.Cut(after, `"`)
		}
		ok = ok && spaced && !found.end && name != ""
		found.attributes = append(found.attributes, [2]string{name, html.UnescapeString(value)})
	}
	return tag{}, s, false
}

func cutName(s string) (name, rest string) {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || i > 0 && (s[i] == '-' || s[i] >= '0' && s[i] <= '9')) {
		i++
	}
	return s[:i], s[i:]
}

func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, problem := range pageProblems(page) {
		t.Error(problem)
	}
}

// pageProblems reads every tag of the page: nesting, the elements and
// attributes the policy allows, unique ids, and a csrf token in each form that
// posts.
func pageProblems(page string) (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	body, ok := strings.CutPrefix(page, "<!doctype html>\n")
	if !ok {
		problem("no doctype: %.60q", page)
		return problems
	}
	var open []string
	forms, tokens, ids := 0, 0, map[string]bool{}
	posting := false
	for {
		text, rest, more := strings.Cut(body, "<")
		if strings.Contains(text, ">") {
			problem("a value broke out: %.80q", text)
			return problems
		}
		if !more {
			break
		}
		var found tag
		if found, body, ok = readTag(rest); !ok {
			problem("a value broke out: %.80q", rest)
			return problems
		}
		name := found.name
		if found.closing {
			if len(open) == 0 || open[len(open)-1] != name {
				problem("</%s> closes %v", name, open)
				return problems
			}
			open = open[:len(open)-1]
			posting = posting && name != "form"
			continue
		}
		if name == "form" && slices.Contains(open, "form") {
			problem("a form inside a form")
		}
		if !found.end && !slices.Contains(voidElements, name) {
			open = append(open, name)
		}
		attributes := map[string]string{}
		for _, a := range found.attributes {
			if _, twice := attributes[a[0]]; twice {
				problem("<%s> has %s twice", name, a[0])
			}
			attributes[a[0]] = a[1]
		}
		checkElement(problem, name, attributes)
		if id, has := attributes["id"]; has {
			if ids[id] || id == "" {
				problem("id %q is empty or used twice", id)
			}
			ids[id] = true
		}
		if name == "form" && attributes["method"] == "post" {
			forms++
			posting = true
		}
		if posting && attributes["name"] == "csrf_token" {
			tokens++
		}
	}
	if len(open) > 0 {
		problem("left open: %v", open)
	}
	if forms != tokens {
		problem("%d POST forms carry %d csrf tokens", forms, tokens)
	}
	for _, need := range []string{`id="main"`, "<h1", `lang="en"`} {
		if !strings.Contains(page, need) {
			problem("page has no %s", need)
		}
	}
	return problems
}

func checkElement(problem func(string, ...any), name string, attr map[string]string) {
	switch name {
	case "script":
		if _, deferred := attr["defer"]; !deferred || len(attr) != 2 || !strings.HasPrefix(attr["src"], "/admin/static/app.") {
			problem("script %v", attr)
		}
	case "style", "iframe", "object", "embed", "base", "img":
		problem("<%s> in page", name)
	case "form":
		if attr["method"] != "post" && attr["method"] != "" {
			problem("form method %q", attr["method"])
		}
	}
	for key, value := range attr {
		if strings.HasPrefix(key, "on") || key == "style" {
			problem("<%s> has attribute %s=%q", name, key, value)
		}
		if (key == "href" || key == "action" || key == "src" || key == "formaction" || strings.HasPrefix(key, "data-") && strings.HasSuffix(key, "-url")) && strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "javascript:") {
			problem("<%s> has %s=%q", name, key, value)
		}
	}
}
