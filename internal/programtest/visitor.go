// This file holds a visitor: somebody with a browser that runs no scripts.

package programtest

import (
	"cmp"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Visitor is somebody with a browser that keeps cookies and follows links.
type Visitor struct {
	T    *testing.T
	Base *url.URL // the panel's address

	client *http.Client
}

// Page is one answer.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
}

// SignIn returns a visitor who has signed in through the form.
func (s *Program) SignIn(t *testing.T) *Visitor {
	t.Helper()
	r := s.Stranger(t)
	login := r.Get("login")
	in := r.Post("login", url.Values{"username": {s.Username}, "password": {s.Password}, "csrf_token": {login.Field("csrf_token")}})
	if in.Status != http.StatusOK || in.URL.Path != r.Base.Path {
		t.Fatalf("signing in led to %s, status %d", in.URL, in.Status)
	}
	return r
}

// Stranger returns a visitor who is not signed in.
func (s *Program) Stranger(t *testing.T) *Visitor {
	t.Helper()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Visitor{T: t, client: &http.Client{Jar: jar, Transport: transport}, Base: base}
}

// Get opens a link as it stands on a page below the mount path.
func (r *Visitor) Get(href string) Page {
	r.T.Helper()
	request, err := http.NewRequestWithContext(r.T.Context(), http.MethodGet, r.Resolve(href), nil)
	if err != nil {
		r.T.Fatalf("%q: %v", href, err)
	}
	return r.Do(request)
}

// Post sends a form to an address.
func (r *Visitor) Post(href string, form url.Values) Page {
	r.T.Helper()
	request, err := http.NewRequestWithContext(r.T.Context(), http.MethodPost, r.Resolve(href), strings.NewReader(form.Encode()))
	if err != nil {
		r.T.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.Do(request)
}

// Resolve is the whole address of a link below the mount path.
func (r *Visitor) Resolve(href string) string {
	r.T.Helper()
	to, err := r.Base.Parse(href)
	if err != nil {
		r.T.Fatalf("the link %q is not an address: %v", href, err)
	}
	return to.String()
}

// Do sends a request and follows where the answer leads.
func (r *Visitor) Do(request *http.Request) Page {
	r.T.Helper()
	response, err := r.client.Do(request) // #nosec G704 -- our own server
	if err != nil {
		r.T.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.T.Fatal(err)
	}
	return Page{URL: response.Request.URL, Status: response.StatusCode, Header: response.Header, Body: string(body)}
}

// Tag is one start tag of a page.
type Tag struct {
	Name  string
	Attrs map[string]string
	Rest  string // what follows it
}

var (
	startTag  = regexp.MustCompile(`^<([a-z][a-z0-9]*)((?:\s+[^\s"'<>/=]+(?:="[^"]*")?)*)\s*/?>`)
	attribute = regexp.MustCompile(`([^\s"'<>/=]+)(?:="([^"]*)")?`)

	// AnyTag is a tag of a page, to be cut out of its text.
	AnyTag = regexp.MustCompile(`<[^>]*>`)
)

// Tags returns the start tags of these names, in order. It reads what html/template writes, whose
// attributes are quoted and whose text has no bare "<".
func (p Page) Tags(names ...string) []Tag {
	var found []Tag
	for rest := p.Body; ; rest = rest[1:] {
		at := strings.IndexByte(rest, '<')
		if at < 0 {
			return found
		}
		rest = rest[at:]
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(rest[1:], name) }) {
			continue // most tags, for which the expression is slow
		}
		m := startTag.FindStringSubmatchIndex(rest)
		if m == nil || !slices.Contains(names, rest[m[2]:m[3]]) {
			continue
		}
		one := Tag{Name: rest[m[2]:m[3]], Attrs: map[string]string{}, Rest: rest[m[1]:]}
		for _, of := range attribute.FindAllStringSubmatch(rest[m[4]:m[5]], -1) {
			one.Attrs[of[1]] = html.UnescapeString(of[2])
		}
		found = append(found, one)
	}
}

// quoted is an attribute's value that can be a token: base64 of 15 bytes or more.
var quoted = regexp.MustCompile(`"[A-Za-z0-9_-]{20,}"`)

// WithoutTokens is a page without what chance has written into it: the tokens of its forms, which
// hold any short word now and then. A test that a word of few letters is not on a page looks there.
func WithoutTokens(page string) string {
	return quoted.ReplaceAllStringFunc(page, func(value string) string {
		for _, kind := range []string{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"} {
			if !strings.ContainsAny(value, kind) {
				return value // a name, or a word
			}
		}
		return `""`
	})
}

// Text is what the tag's element says, up to its end tag.
func (t Tag) Text() string {
	inside, _, _ := strings.Cut(t.Rest, "</"+t.Name+">")
	return strings.TrimSpace(html.UnescapeString(AnyTag.ReplaceAllString(inside, "")))
}

// Links returns the addresses of the page's links, each once.
func (p Page) Links() []string {
	var found []string
	seen := map[string]bool{}
	for _, a := range p.Tags("a") {
		href := a.Attrs["href"]
		if href == "" || strings.HasPrefix(href, "#") || seen[href] {
			continue
		}
		seen[href] = true
		found = append(found, href)
	}
	return found
}

// Link returns the address of the first link that says this, or is labelled so; empty if there is
// none.
func (p Page) Link(label string) string {
	for _, a := range p.Tags("a") {
		if cmp.Or(a.Attrs["aria-label"], a.Text()) == label {
			return a.Attrs["href"]
		}
	}
	return ""
}

// Navigation returns the tables and views of the sidebar: name to address.
func (p Page) Navigation() map[string]string {
	found := map[string]string{}
	for _, a := range p.Tags("a") {
		if a.Attrs["class"] == "nav-link" && strings.Contains(a.Attrs["href"], "/m/") {
			found[a.Text()] = a.Attrs["href"]
		}
	}
	return found
}

// Field returns the value of the first input of a name.
func (p Page) Field(name string) string {
	for _, input := range p.Tags("input") {
		if input.Attrs["name"] == name {
			return input.Attrs["value"]
		}
	}
	return ""
}

// Fields returns the inputs of these types, with their values.
func (p Page) Fields(types ...string) url.Values {
	fields := url.Values{}
	for _, input := range p.Tags("input") {
		if slices.Contains(types, input.Attrs["type"]) {
			fields.Set(input.Attrs["name"], input.Attrs["value"])
		}
	}
	return fields
}

// Rows returns the address of each row's record, empty where a row has none.
func (p Page) Rows() []string {
	_, body, found := strings.Cut(p.Body, "<tbody>")
	if !found {
		return nil
	}
	body, _, _ = strings.Cut(body, "</tbody>")
	var rows []string
	for row := range strings.SplitSeq(body, "<tr>") {
		if !strings.Contains(row, "</tr>") {
			continue
		}
		href := ""
		for _, a := range (Page{Body: row}).Tags("a") {
			if _, opens := a.Attrs["data-row"]; opens {
				href = a.Attrs["href"]
				break
			}
		}
		rows = append(rows, href)
	}
	return rows
}

// Headings returns the links of the columns' headings, which sort.
func (p Page) Headings() []string {
	_, head, _ := strings.Cut(p.Body, "<thead>")
	head, _, _ = strings.Cut(head, "</thead>")
	return Page{Body: head}.Links()
}
