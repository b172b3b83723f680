// Hostile values in every member of every page: nothing runs, nothing breaks out.

package ui_test

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/internal/ui/stories"
)

// The check itself finds what it is for.
func TestCheckFindsProblems(t *testing.T) {
	page := render(t, stories.Renderer(t), ui.Login{})
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

func render(t testing.TB, r *ui.Renderer, p ui.Page) string {
	t.Helper()
	var buf bytes.Buffer
	if err := r.Render(&buf, p); err != nil {
		t.Fatalf("%T: %v", p, err)
	}
	return buf.String()
}

func TestHostileValuesStayText(t *testing.T) {
	t.Parallel()
	r := stories.Renderer(t)
	for name, s := range stories.HostileStrings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range stories.Filled(s, 3) {
				checkPage(t, render(t, r, p))
			}
		})
	}
}

func TestStoriesAreClean(t *testing.T) {
	t.Parallel()
	r := stories.Renderer(t)
	for _, s := range stories.All(r) {
		t.Run(s.Name, func(t *testing.T) { checkPage(t, render(t, r, s.Page)) })
	}
}

func TestHundredColumns(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	r := stories.Renderer(t)
	for _, p := range stories.Filled("x", 100) {
		checkPage(t, render(t, r, p))
	}
}

func TestZeroValues(t *testing.T) {
	r := stories.Renderer(t)
	for _, p := range stories.Blank() {
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
