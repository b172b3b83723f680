// What one person may have under way at once: a walk over the router's own table.

package crudadmin

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// refusedAsTooMany reports whether an answer says that somebody has too much under way, and fails
// the test if it says it badly.
func refusedAsTooMany(t *testing.T, what string, w *httptest.ResponseRecorder) bool {
	t.Helper()
	if w.Code != http.StatusTooManyRequests {
		return false
	}
	if got := w.Header().Get("Retry-After"); got != "1" {
		t.Errorf("%s: Retry-After is %q, want 1", what, got)
	}
	if !strings.Contains(w.Body.String(), "Wait until ") {
		t.Errorf("%s: the answer does not say why", what)
	}
	return true
}

// held is a request whose body stops half-way.
type held struct {
	body   *io.PipeWriter
	cancel context.CancelFunc
	done   chan *httptest.ResponseRecorder
}

// hold sends a form that stops half-way, and returns when it is being read.
func (b *browser) hold(path string) *held {
	b.t.Helper()
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(b.t.Context())
	r := httptest.NewRequest(http.MethodPost, b.base+path, reader).WithContext(ctx)
	r.RemoteAddr = b.ip + ":4711"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	h := &held{body: writer, cancel: cancel, done: make(chan *httptest.ResponseRecorder, 1)}
	go func() {
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		h.done <- w
	}()
	if _, err := io.WriteString(writer, "name=A"); err != nil { // which returns when it was read
		b.t.Fatal(err)
	}
	return h
}

// abort goes away, as a browser does.
func (h *held) abort() *httptest.ResponseRecorder {
	h.cancel()
	_ = h.body.CloseWithError(io.ErrUnexpectedEOF)
	return <-h.done
}

// One person has eight requests at once, all sessions together, at every address that asks who they
// are; others, and the addresses for everybody, do not notice.
func TestOnePersonHasEightRequestsAtOnce(t *testing.T) {
	b := newBench(t, nil)
	b.user(t, "ben", account.Superuser)
	first, second := b.browser(t).signIn(adminName), b.browser(t).signIn(adminName)
	second.ip = "192.0.2.2"
	other := b.browser(t).signIn("ben")
	var under []*held
	for i := range frame.MaxRequests {
		under = append(under, []*browser{first, second}[i%2].hold("/m/customers/"))
	}
	for _, rt := range b.table() {
		what := rt.Method + " " + rt.Path
		counted := rt.Access != frame.Open && rt.Access != frame.Anybody
		for _, page := range []*browser{first, second} {
			if got := refusedAsTooMany(t, what, page.do(rt.Method, addressOf(rt), nil)); got != counted && rt.Path != "/logout" {
				t.Errorf("%s, the ninth: refused %v, want %v", what, got, counted)
			}
			page.headers["Accept"] = "application/json"
			if w := page.do(rt.Method, addressOf(rt), nil); counted && (!refusedAsTooMany(t, what, w) || w.Header().Get("Content-Type") != "application/json") {
				t.Errorf("%s, the ninth, as JSON: %d, %s", what, w.Code, w.Header().Get("Content-Type"))
			}
			delete(page.headers, "Accept")
		}
		if w := other.do(rt.Method, addressOf(rt), nil); w.Code == http.StatusTooManyRequests {
			t.Errorf("%s: another person is refused", what)
		}
	}
	if w := under[0].abort(); w.Code == http.StatusTooManyRequests {
		t.Errorf("what was let in is refused: %d", w.Code)
	}
	if w := first.get("/"); w.Code != http.StatusOK {
		t.Errorf("after one has ended: %d", w.Code)
	}
	for _, h := range under[1:] {
		h.abort()
	}
	if n := b.frame.Shares.People(); n != 0 {
		t.Errorf("%d people are counted after all has ended", n)
	}
}

// What each address takes of its person's share, found out by taking all of it first.
func TestWhatTakesAShare(t *testing.T) {
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE alone (id INTEGER PRIMARY KEY, name TEXT, at INTEGER); CREATE INDEX by_at ON alone (at); INSERT INTO alone VALUES (1, 'x', 1)`); err != nil {
			t.Fatal(err)
		}
	})
	b.frame.Shares.Wait = time.Nanosecond
	b.user(t, "ben", account.Superuser)
	page, other := b.browser(t).signIn(adminName), b.browser(t).signIn("ben")
	me, err := b.accounts.ByUsername(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	token, others := page.token("/account"), other.token("/account")
	const none = frame.Work(-1)
	type asked struct {
		method, path string
		form         url.Values
	}
	get := func(path string) asked { return asked{http.MethodGet, path, nil} }
	head := func(path string) asked { return asked{http.MethodHead, path, nil} }
	post := func(path string, form url.Values) asked { return asked{http.MethodPost, path, form} }
	cases := map[frame.Work][]asked{
		frame.Searching: {
			get("/m/alone/?q=x"), get("/m/alone/?sort=name"), get("/m/alone/?f.name.eq=x"), get("/m/alone/?f.name.contains=x"), get("/m/alone/?f.at.gt=0"), get("/m/alone/?f.at.eq=1&f.name.eq=x"),
			head("/m/alone/?q=x"), get("/m/totals/"), get("/m/alone/?q=x&limit=100&columns=id"), get("/m/orders/choices/customer_id?q=A"), get("/m/customers/1"), get("/m/alone/1/delete"),
			post("/m/alone/actions/delete", url.Values{"all": {"1"}}), post("/m/alone/actions/edit", url.Values{"all": {"1"}}), post("/m/alone/actions/delete", url.Values{"key": {"1"}}),
			post("/m/alone/9/delete", url.Values{"row.token": {"x"}}),
			get("/sessions/?device=nosuch"), get("/sessions/?ip=192.0.2.0/24"), get("/sessions/?user=ben&device=nosuch"), get("/sessions/?ip=192.0.2.9&ended=1"),
			post("/sessions/revoke", url.Values{"all": {"1"}, "preview": {"1"}}), post("/sessions/revoke", url.Values{"all": {"1"}, "preview": {"1"}, "device": {"nosuch"}}),
			post("/sessions/revoke", url.Values{"all": {"1"}, "device": {"nosuch"}}),
		},
		frame.Exporting: {get("/m/alone/export.csv"), get("/m/alone/export.json"), get("/m/alone/export.json?lines=1"), get("/m/alone/export.csv?q=x")},
		frame.Changing: {
			post("/m/alone/actions/edit", url.Values{"key": {"9"}, "confirm": {"1"}, "set.to.name": {"1"}, "to.name": {"y"}}), post("/m/alone/actions/delete", url.Values{"key": {"9"}, "confirm": {"1"}}),
			post("/m/alone/actions/delete", url.Values{"all": {"1"}, "f.id.eq": {"9"}, "confirm": {"1"}, "asked": {"0"}}),
			post("/sessions/revoke", url.Values{"all": {"1"}, "ip": {"192.0.2.9"}}),
		},
		none: {
			get("/"), get("/m/alone/"), get("/m/alone/?f.at.eq=1"), get("/m/alone/?sort=-at"), get("/m/alone/1"), get("/m/alone/1/edit"), get("/m/alone/new"), get("/m/orders/choices/customer_id"), get("/account"),
			get("/users/"), get("/sessions/"), get("/sessions/?user=ben"), get("/sessions/?ip=nonsense"), post("/sessions/revoke", url.Values{"user": {"nosuch"}}),
			post("/sessions/revoke", url.Values{"all": {"1"}, "user": {"nosuch"}}), post("/sessions/revoke", url.Values{"all": {"1"}, "user": {"nosuch"}, "preview": {"1"}}), get("/health"), head("/m/alone/export.csv"), head("/m/alone/export.json"), post("/m/alone/", url.Values{"name": {"z"}}), get("/readyz"),
			get("/m/alone/?sort=nosuch"), get("/m/alone/?f.name.nosuch=x"), // what is wrong is told, and nothing asked
		},
	}
	for full, n := range map[frame.Work]int{frame.Searching: frame.MaxSearches, frame.Exporting: frame.MaxExports, frame.Changing: frame.MaxChanges} {
		for range n {
			share, ok := b.frame.Shares.Begin(me.ID)
			if !ok || !share.Take(t.Context(), full) {
				t.Fatal("the share cannot be filled")
			}
			defer share.End()
		}
		for work, all := range cases {
			for _, a := range all {
				what := a.method + " " + a.path + " " + a.form.Encode() + ", where " + full.Busy().String()
				send := func(page *browser, token string) *httptest.ResponseRecorder {
					form := a.form
					if form != nil {
						form = url.Values{"csrf_token": {token}}
						for name, values := range a.form {
							form[name] = values
						}
					}
					return page.do(a.method, a.path, form)
				}
				// A share that was filled in an earlier turn is still full.
				w := send(page, token)
				got := refusedAsTooMany(t, what, w)
				if work == full && !got {
					t.Errorf("%s: %d, want 429", what, w.Code)
				}
				if work == none && got {
					t.Errorf("%s: refused", what)
				}
				if w := send(other, others); w.Code == http.StatusTooManyRequests {
					t.Errorf("%s: another person is refused", what)
				}
			}
		}
	}
}

// Everybody's sessions are ended without being found first: whoever has searches running is not
// kept from that.
func TestEverybodysSessionsEndBesideSearches(t *testing.T) {
	b := newBench(t, nil)
	b.frame.Shares.Wait = time.Nanosecond
	page := b.browser(t).signIn(adminName)
	me, err := b.accounts.ByUsername(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	token := page.token("/account")
	for range frame.MaxSearches {
		share, ok := b.frame.Shares.Begin(me.ID)
		if !ok || !share.Take(t.Context(), frame.Searching) {
			t.Fatal("the share cannot be filled")
		}
		defer share.End()
	}
	ask := func(more url.Values) int {
		more.Set("csrf_token", token)
		more.Set("all", "1")
		return page.do(http.MethodPost, "/sessions/revoke", more).Code
	}
	if got := ask(url.Values{"device": {"nosuch"}}); got != http.StatusTooManyRequests {
		t.Errorf("to look for some beside two searches: %d, want 429", got)
	}
	if got := ask(url.Values{}); got != http.StatusSeeOther {
		t.Errorf("to end everybody's beside two searches: %d, want 303", got)
	}
}

// Requests of several people at every address, many at once, some aborted and some in panic: none
// is counted when all have ended.
func TestSharesAreGivenBack(t *testing.T) {
	b := newBench(t, nil)
	b.frame.Shares.Wait = time.Nanosecond
	var pages []*browser
	for _, name := range []string{"ann", "ben", "eve"} {
		b.user(t, name, account.Superuser)
		pages = append(pages, b.browser(t).signIn(name))
	}
	b.frame.Add(frame.Route{Method: http.MethodGet, Path: "/panics", Access: frame.SignedIn, Handler: func(*frame.Visit) error { panic("in the middle") }})
	b.frame.Add(frame.Route{Method: http.MethodGet, Path: "/aborts", Access: frame.SignedIn, Handler: func(*frame.Visit) error { panic(http.ErrAbortHandler) }})
	addresses := []string{"/panics", "/aborts", "/m/customers/?q=a", "/m/customers/1", "/m/customers/export.csv", "/m/totals/", "/nowhere"}
	var all sync.WaitGroup
	for i := range 60 {
		page := pages[i%len(pages)]
		request := httptest.NewRequest(http.MethodGet, "/admin"+addresses[i%len(addresses)], nil)
		for name, value := range page.cookies {
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			defer func() { _ = recover() }()
			if i%4 == 0 {
				cancel()
			}
			defer cancel()
			b.ServeHTTP(httptest.NewRecorder(), request.WithContext(ctx))
		})
	}
	all.Wait()
	if n := b.frame.Shares.People(); n != 0 {
		t.Errorf("%d people are counted after all has ended", n)
	}
	for _, page := range pages {
		if w := page.get("/m/customers/?q=a"); w.Code != http.StatusOK {
			t.Errorf("afterwards: %d", w.Code)
		}
	}
}

// A visitor who meets a full queue for password hashing is told to come again, and not that
// something is down.
func TestAFullQueueForHashingIsToldSo(t *testing.T) {
	b := newBench(t, nil)
	for _, accept := range []string{"text/html", "application/json"} {
		r, w := httptest.NewRequest(http.MethodPost, "/admin/login", nil), httptest.NewRecorder()
		r.Header.Set("Accept", accept)
		b.frame.Unavailable(w, r, account.ErrBusy)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "signing in") {
			t.Errorf("%d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}
