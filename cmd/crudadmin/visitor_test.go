package main

// This file holds what the tests of the whole program share: the program serving real files, and a visitor who
// reads its pages over HTTP as a browser without JavaScript does.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// served is the program, listening.
type served struct {
	URL, Username, Password string

	log *logBuffer
}

// logBuffer is the program's log, to be read while it writes.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// errors returns the log's lines of level ERROR.
func (b *logBuffer) errors() (lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return lines
}

// buildDir is where build has put the program, for tidy.
var buildDir atomic.Pointer[string]

// build builds the program as users run it, once, and returns its path.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "crudadmin-test-")
	if err != nil {
		return "", err
	}
	buildDir.Store(&dir)
	path := filepath.Join(dir, "crudadmin")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// walks skips a test of the whole program in a run with the race detector.
func walks(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the whole program is walked without the race detector, under which its thousands of pages take minutes: go test ./cmd/crudadmin")
	}
}

// serve runs the program on a free port until the test ends, then stops it as an
// operator would. A test whose program logged an error fails.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	walks(t)
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{log: &logBuffer{}}
	program := exec.CommandContext(context.WithoutCancel(t.Context()), path, append(args, "--json", "--addr", "127.0.0.1:0")...)
	program.Env = append(os.Environ(), "LOG_LEVEL=warn")
	program.Stderr = s.log
	reader, err := program.StdoutPipe()
	if err == nil {
		err = program.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(reader).Decode(s); err != nil {
		_ = program.Process.Kill()
		t.Fatalf("%v: %s", program.Wait(), &s.log.text)
	}
	t.Cleanup(func() {
		if err := errors.Join(program.Process.Signal(syscall.SIGTERM), program.Wait()); err != nil {
			t.Errorf("%v: %s", err, &s.log.text)
		}
		for i, line := range s.log.errors() {
			if i < 10 {
				t.Error(clip500(line))
			}
		}
	})
	return s
}

// serveFile serves a SQLite file with --read-only.
func serveFile(t *testing.T, path string) *served {
	t.Helper()
	return serve(t, "serve", "--database", "sqlite:"+path, "--read-only", "--data-dir", dataDir(t))
}

// reader is somebody with a browser that keeps cookies and follows links.
type reader struct {
	t      *testing.T
	client *http.Client
	base   *url.URL
}

// page is one answer.
type page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
}

// signIn returns a reader who has signed in through the form.
func (s *served) signIn(t *testing.T) *reader {
	t.Helper()
	r := s.stranger(t)
	login := r.get("login")
	in := r.post("login", url.Values{"username": {s.Username}, "password": {s.Password}, "csrf_token": {login.field("csrf_token")}})
	if in.Status != http.StatusOK || in.URL.Path != r.base.Path {
		t.Fatalf("signing in led to %s, status %d", in.URL, in.Status)
	}
	return r
}

// stranger returns a reader who is not signed in.
func (s *served) stranger(t *testing.T) *reader {
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
	return &reader{t: t, client: &http.Client{Jar: jar, Transport: transport}, base: base}
}

// get opens a link as it stands on a page below the mount path.
func (r *reader) get(href string) page {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.resolve(href), nil)
	if err != nil {
		r.t.Fatalf("%q: %v", href, err)
	}
	return r.do(request)
}

func (r *reader) post(href string, form url.Values) page {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.resolve(href), strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.do(request)
}

func (r *reader) resolve(href string) string {
	r.t.Helper()
	to, err := r.base.Parse(href)
	if err != nil {
		r.t.Fatalf("the link %q is no address: %v", href, err)
	}
	return to.String()
}

func (r *reader) do(request *http.Request) page {
	r.t.Helper()
	response, err := r.client.Do(request) // #nosec G704 -- our own server
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return page{URL: response.Request.URL, Status: response.StatusCode, Header: response.Header, Body: string(body)}
}

// tag is one start tag of a page.
type tag struct {
	name  string
	attrs map[string]string
	rest  string // what follows it
}

var (
	startTag  = regexp.MustCompile(`<([a-z][a-z0-9]*)((?:\s+[^\s"'<>/=]+(?:="[^"]*")?)*)\s*/?>`)
	attribute = regexp.MustCompile(`([^\s"'<>/=]+)(?:="([^"]*)")?`)
	anyTag    = regexp.MustCompile(`<[^>]*>`)
)

// tags returns the start tags of these names, in order. It reads what html/template writes, whose attributes
// are quoted and whose text has no bare "<".
func (p page) tags(names ...string) []tag {
	var found []tag
	for _, at := range startTag.FindAllStringSubmatchIndex(p.Body, -1) {
		name := p.Body[at[2]:at[3]]
		for _, want := range names {
			if name != want {
				continue
			}
			one := tag{name: name, attrs: map[string]string{}, rest: p.Body[at[1]:]}
			for _, m := range attribute.FindAllStringSubmatch(p.Body[at[4]:at[5]], -1) {
				one.attrs[m[1]] = html.UnescapeString(m[2])
			}
			found = append(found, one)
		}
	}
	return found
}

// text is what the tag's element says, up to its end tag.
func (t tag) text() string {
	inside, _, _ := strings.Cut(t.rest, "</"+t.name+">")
	return strings.TrimSpace(html.UnescapeString(anyTag.ReplaceAllString(inside, "")))
}

// links returns the addresses of the page's links, each once.
func (p page) links() []string {
	var found []string
	seen := map[string]bool{}
	for _, a := range p.tags("a") {
		href := a.attrs["href"]
		if href == "" || strings.HasPrefix(href, "#") || seen[href] {
			continue
		}
		seen[href] = true
		found = append(found, href)
	}
	return found
}

// link returns the address of the first link that says this, or is labelled so; empty if there is none.
func (p page) link(label string) string {
	for _, a := range p.tags("a") {
		if cmp.Or(a.attrs["aria-label"], a.text()) == label {
			return a.attrs["href"]
		}
	}
	return ""
}

// navigation returns the tables and views of the sidebar: name to address.
func (p page) navigation() map[string]string {
	found := map[string]string{}
	for _, a := range p.tags("a") {
		if a.attrs["class"] == "nav-link" && strings.Contains(a.attrs["href"], "/m/") {
			found[a.text()] = a.attrs["href"]
		}
	}
	return found
}

// field returns the value of the first input of a name.
func (p page) field(name string) string {
	for _, input := range p.tags("input") {
		if input.attrs["name"] == name {
			return input.attrs["value"]
		}
	}
	return ""
}

// rows returns the address of each row's record, empty where a row has none.
func (p page) rows() []string {
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
		for _, a := range (page{Body: row}).tags("a") {
			if _, opens := a.attrs["data-row"]; opens {
				href = a.attrs["href"]
				break
			}
		}
		rows = append(rows, href)
	}
	return rows
}

// headings returns the links of the columns' headings, which sort.
func (p page) headings() []string {
	_, head, _ := strings.Cut(p.Body, "<thead>")
	head, _, _ = strings.Cut(head, "</thead>")
	return page{Body: head}.links()
}

// clip500 shortens a text for a message.
func clip500(s string) string {
	if len(s) > 500 {
		return s[:500] + " …"
	}
	return s
}
