// Tests of the security log's outcomes: every way to fail, on every route that has a line, leaves a
// line that says why.

package crudadmin

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/spool"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// failing is a way in which a request to any logged route can fail.
type failing struct {
	name    string
	person  string // who asks, nobody if empty; root (a superuser) and vera, who may only look, are there
	change  func(b *bench, r *http.Request) *http.Request
	writer  func(http.ResponseWriter) http.ResponseWriter
	full    bool                   // the person has as much under way as they may
	applies func(frame.Route) bool // nil for all routes
	event   string                 // the route's if empty
	outcome string                 // empty where it depends on the route
	reason  string
}

// deaf is a browser that takes no byte of an answer's body.
type deaf struct{ http.ResponseWriter }

func (deaf) Write([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// waysToFail are tried on every logged route in their order: the last ones break what they need for
// good.
func waysToFail() []failing {
	signedIn := func(rt frame.Route) bool { return rt.Access != frame.Anybody }
	posts := func(rt frame.Route) bool { return rt.Method == http.MethodPost }
	sends := func(rt frame.Route) bool { return rt.Method == http.MethodGet }
	return []failing{
		{name: "nobody is signed in", applies: signedIn, outcome: "denied", reason: "session"},
		{name: "another site", person: adminName, applies: posts, change: func(_ *bench, r *http.Request) *http.Request {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return r
		}, event: "request", outcome: "denied", reason: "origin"}, // which is asked before the route
		{name: "a wrong token", person: adminName, applies: posts, change: func(_ *bench, r *http.Request) *http.Request {
			r.Header.Set("X-Csrf-Token", "wrong")
			return r
		}, outcome: "denied", reason: "csrf"},
		{name: "no right", person: "vera", applies: func(rt frame.Route) bool {
			return rt.Access == frame.Superuser || slices.Contains(rt.Access.Rights(), RightExport) || slices.Contains(rt.Access.Rights(), RightBulk) || slices.Contains(rt.Access.Rights(), RightDelete)
		}, outcome: "denied", reason: "rights"},
		{name: "too large", person: adminName, applies: posts, change: func(_ *bench, r *http.Request) *http.Request {
			form := "csrf_token=x&a=" + strings.Repeat("a", frame.MaxBody+1)
			n := httptest.NewRequest(r.Method, r.URL.String(), strings.NewReader(form))
			n.Header, n.RemoteAddr = r.Header, r.RemoteAddr
			return n
		}, outcome: "refused", reason: "size"},
		{name: "an empty form", person: adminName, applies: posts},
		{name: "a wrong password", applies: func(rt frame.Route) bool { return rt.Event == "sign-in" }, outcome: "failed", reason: "credentials"},
		{name: "a full share", person: adminName, applies: signedIn, full: true, outcome: "throttled", reason: "share"},
		{name: "the browser has gone", person: adminName, applies: signedIn, change: func(_ *bench, r *http.Request) *http.Request {
			ctx, cancel := context.WithCancel(r.Context())
			cancel()
			return r.WithContext(ctx)
		}},
		{name: "the browser takes nothing", person: adminName, applies: sends, writer: func(w http.ResponseWriter) http.ResponseWriter { return deaf{w} }, outcome: "cut", reason: "browser"},
		{name: "the application's database is down", person: adminName, applies: sends, change: func(b *bench, r *http.Request) *http.Request {
			_ = b.db.Close()
			return r
		}, outcome: "error"},
		{name: "the store panics", person: adminName, change: func(b *bench, r *http.Request) *http.Request {
			b.store.panics.Store(true)
			return r
		}, outcome: "error", reason: "fault"},
		{name: "the store is down", person: adminName, change: func(b *bench, r *http.Request) *http.Request {
			b.store.down.Store(true)
			return r
		}, outcome: "error", reason: "store"},
	}
}

// fill takes all places of root's share, until free.
func (b *bench) fill(t *testing.T) (free func()) {
	t.Helper()
	root, err := b.accounts.ByUsername(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	var places []*frame.Share
	for range frame.MaxRequests {
		place, _ := b.frame.Shares.Begin(root.ID)
		places = append(places, place)
	}
	return func() {
		for _, place := range places {
			place.End()
		}
	}
}

// Every outcome but done has a reason: on each route, for each way to fail. The outcomes and
// reasons in docs/operations.md are those that exist.
func TestEveryOutcomeHasItsReason(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := func(attribute string) []string {
		row := regexp.MustCompile("(?m)^\\| `" + attribute + "` \\| (.*) \\|$").FindSubmatch(text)
		if row == nil {
			t.Fatalf("docs/operations.md has no row for %s", attribute)
		}
		var names []string
		for _, name := range regexp.MustCompile("`([a-z.-]+)`").FindAllStringSubmatch(string(row[1]), -1) {
			names = append(names, name[1])
		}
		return names
	}
	events, outcomes, reasons := documented("event"), documented("outcome"), documented("reason")
	seen := map[string]map[string]bool{"event": {}, "outcome": {}, "reason": {}}
	for _, rt := range newBench(t, nil).table() {
		if rt.Event == frame.Unlogged {
			continue
		}
		seen["event"][rt.Event] = true
		if !slices.Contains(events, rt.Event) {
			t.Errorf("docs/operations.md does not name the event %q of %s %s", rt.Event, rt.Method, rt.Path)
		}
		for _, line := range failAll(t, rt) {
			outcome, _ := line["outcome"].(string)
			reason, _ := line["reason"].(string)
			seen["outcome"][outcome], seen["reason"][reason] = true, true
			if !slices.Contains(outcomes, outcome) || (outcome == "done") != (reason == "") || reason != "" && !slices.Contains(reasons, reason) {
				t.Errorf("%s %s: outcome %q has the reason %q, in %v", rt.Method, rt.Path, outcome, reason, line)
			}
		}
	}
	for _, line := range failOnce(t) {
		reason, _ := line["reason"].(string)
		seen["reason"][reason] = true
	}
	seen["reason"]["account"] = true                                      // TestExportsEndWithTheRightToThem
	seen["reason"]["done"] = true                                         // which the row names as the outcome without a reason
	seen["event"]["request"], seen["event"]["sign-in.alert"] = true, true // of no route
	for _, event := range events {
		if !seen["event"][event] {
			t.Errorf("docs/operations.md names the event %q, which no route has", event)
		}
	}
	for _, outcome := range outcomes {
		if !seen["outcome"][outcome] {
			t.Errorf("no way to fail ends as %q", outcome)
		}
	}
	for _, reason := range reasons {
		if !seen["reason"][reason] {
			t.Errorf("no way to fail has the reason %q", reason)
		}
	}
}

// failOnce fails in the ways that need something of one route, and returns the lines.
func failOnce(t *testing.T) (all []map[string]any) {
	t.Helper()
	b, log := loggedBench(t, func(c *Config) {
		c.SessionRules = session.Config{MaxPerUser: 2, RefuseOverLimit: true}
		c.ExportDir, c.ExportSpoolMB = t.TempDir(), 1
	})
	page := b.browser(t).signIn(adminName)
	const deletion = "/m/customers/1/delete"
	for _, way := range []struct {
		reason string
		before func()
		do     func() *httptest.ResponseRecorder
	}{
		{"limit", func() { b.browser(t).signIn(adminName) }, func() *httptest.ResponseRecorder { return b.browser(t).login(adminName, adminPassword) }},
		{"attempts", func() {
			for range 5 {
				b.browser(t).login("nobody", wrongPassword)
			}
		}, func() *httptest.ResponseRecorder { return b.browser(t).login("nobody", wrongPassword) }},
		{"conflict", nil, func() *httptest.ResponseRecorder {
			return page.post("/account", deletion, url.Values{"row.token": {"of another version"}})
		}},
		{"timeout", nil, func() *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), page.request(http.MethodPost, deletion, url.Values{})
			r.Body = io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded))
			b.ServeHTTP(w, r)
			return w
		}},
		{"busy", func() {
			full, err := b.records.Spools.Open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = full.Close() })
			if _, err := full.Write(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
		}, func() *httptest.ResponseRecorder { return page.get("/m/customers/export.csv") }},
		{"space", func() { b.records.Spools = spool.NewRoom(filepath.Join(t.TempDir(), "a\x00b"), 1<<20) },
			func() *httptest.ResponseRecorder { return page.get("/m/customers/export.csv") }},
	} {
		if way.before != nil {
			way.before()
		}
		log.take(t)
		w := way.do()
		lines, text := log.take(t)
		if len(lines) != 1 || lines[0]["reason"] != way.reason {
			t.Errorf("want the reason %q of the answer %d:\n%s", way.reason, w.Code, text)
		}
		all = append(all, lines...)
	}
	return all
}

// failAll fails on a route in every way that applies to it, and returns the lines.
func failAll(t *testing.T, rt frame.Route) (all []map[string]any) {
	t.Helper()
	b, log := loggedBench(t, func(c *Config) {
		c.Rights = map[string]Rights{frame.EveryTable: {account.Viewer: {RightView}, account.Superuser: AllRights()}}
	})
	b.user(t, "vera", account.Viewer)
	path := strings.NewReplacer("{table}", "customers", "{key}", "1", "{column}", "name", "{name}", "none", "{id}", "none", "{$}", "").Replace(rt.Path)
	for _, way := range waysToFail() {
		if way.applies != nil && !way.applies(rt) {
			continue
		}
		b.store.panics.Store(false)
		who, from := b.browser(t), "/login"
		if way.person != "" {
			who.signIn(way.person)
			from = "/account"
		}
		var form url.Values
		if rt.Method == http.MethodPost {
			form = url.Values{"csrf_token": {who.token(from)}}
		}
		log.take(t)
		r := who.request(rt.Method, path, form)
		if way.change != nil {
			r = way.change(b, r)
		}
		free := func() {}
		if way.full {
			free = b.fill(t)
		}
		var w http.ResponseWriter = httptest.NewRecorder()
		if way.writer != nil {
			w = way.writer(w)
		}
		func() {
			defer func() {
				if wrong := recover(); wrong != nil && wrong != http.ErrAbortHandler { //nolint:errorlint // the very one
					panic(wrong)
				}
			}()
			b.ServeHTTP(w, r)
		}()
		free()
		lines, text := log.take(t)
		if len(lines) != 1 {
			t.Errorf("%s %s, %s: %d lines:\n%s", rt.Method, rt.Path, way.name, len(lines), text)
			continue
		}
		for name, want := range map[string]string{"event": cmp.Or(way.event, rt.Event), "outcome": way.outcome, "reason": way.reason} {
			if got, _ := lines[0][name].(string); want != "" && got != want {
				t.Errorf("%s %s, %s: %s is %q, want %q", rt.Method, rt.Path, way.name, name, got, want)
			}
		}
		all = append(all, lines[0])
	}
	return all
}
