// Users who are removed while a request of theirs is under way: what was true when it began is
// asked again after its body, and before its commit.

package crudadmin

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// askedStore calls after when it has answered whose a session is.
type askedStore struct {
	session.Store
	after func()
}

func (s *askedStore) Get(ctx context.Context, id session.ID) (session.Session, error) {
	found, err := s.Store.Get(ctx, id)
	if s.after != nil {
		s.after()
	}
	return found, err
}

// removal is a way in which somebody loses their rights.
type removal struct {
	name string
	do   func(ctx context.Context, b *bench, u account.User, mine session.ID) error
	// stays says that the session lives on, so that a request that needs no right may go on.
	stays bool
}

var removals = []removal{
	{name: "disabled", do: func(ctx context.Context, b *bench, u account.User, _ session.ID) error {
		return b.accounts.SetDisabled(ctx, u.ID, true)
	}},
	{name: "disabled, sessions ended", do: func(ctx context.Context, b *bench, u account.User, _ session.ID) error {
		if err := b.accounts.SetDisabled(ctx, u.ID, true); err != nil {
			return err
		}
		_, err := b.manager.RevokeUser(ctx, u.ID, session.Ending{Reason: session.ReasonUserDisabled})
		return err
	}},
	{name: "another role", stays: true, do: func(ctx context.Context, b *bench, u account.User, _ session.ID) error {
		return b.accounts.SetRole(ctx, u.ID, account.Viewer)
	}},
	{name: "another role, sessions ended", do: func(ctx context.Context, b *bench, u account.User, _ session.ID) error {
		if err := b.accounts.SetRole(ctx, u.ID, account.Viewer); err != nil {
			return err
		}
		_, err := b.manager.RevokeUser(ctx, u.ID, session.Ending{Reason: session.ReasonRoleChanged})
		return err
	}},
	{name: "password reset", do: func(ctx context.Context, b *bench, u account.User, _ session.ID) error {
		if err := b.accounts.ResetPassword(ctx, u.ID, "a password of somebody else's"); err != nil {
			return err
		}
		_, err := b.manager.RevokeUser(ctx, u.ID, session.Ending{Reason: session.ReasonPasswordChanged})
		return err
	}},
	{name: "session ended", do: func(ctx context.Context, b *bench, _ account.User, mine session.ID) error {
		return b.manager.Revoke(ctx, mine, session.Ending{Reason: session.ReasonRevoked})
	}},
}

// removed is a panel in which somebody is removed while they write.
type removed struct {
	*bench
	store  *askedStore
	inside func() // runs inside the transaction of each write to customers
	target account.User
	guest  account.User
}

func newRemoved(t *testing.T) *removed {
	t.Helper()
	w := &removed{}
	w.bench = newBench(t, func(c *Config) {
		w.store = &askedStore{Store: c.Sessions}
		c.Sessions = w.store
	})
	barrier := func() {
		if w.inside != nil {
			w.inside()
		}
	}
	err := Register(w.Panel, View[Customer]{
		BeforeCreate: func(context.Context, Tx, *Customer) error { barrier(); return nil },
		BeforeUpdate: func(context.Context, Tx, *Customer, *Customer) error { barrier(); return nil },
		BeforeDelete: func(context.Context, Tx, *Customer) error { barrier(); return nil },
		Actions: []Action[Customer]{{Name: "mark", Label: "Mark", Run: func(ctx context.Context, tx Tx, _ iter.Seq2[*Customer, error]) error {
			barrier()
			_, err := tx.ExecContext(ctx, "UPDATE customers SET vip = 7")
			return err
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.guest = w.user(t, "guest", account.Viewer)
	w.browser(t).signIn("guest")
	return w
}

// reset puts everything back that a request may have written.
func (w *removed) reset(t *testing.T, disabled bool) {
	t.Helper()
	w.inside, w.store.after = nil, nil
	if _, err := w.db.ExecContext(t.Context(), `DELETE FROM orders; DELETE FROM customers;
		INSERT INTO customers VALUES (1, 'Ann', 'ann@example.com', 'topsecrethash', '1990-01-02', 1), (2, 'Bob', NULL, 'x', NULL, 0)`); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.ExecContext(t.Context(), "DELETE FROM crudadmin_users WHERE username IN ('target', 'backdoor')"); err != nil {
		t.Fatal(err)
	}
	w.target = w.user(t, "target", account.Viewer)
	if disabled {
		if err := w.accounts.SetDisabled(t.Context(), w.target.ID, true); err != nil {
			t.Fatal(err)
		}
	}
}

// state is everything that is written anywhere.
func (w *removed) state(t *testing.T) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	var all strings.Builder
	fmt.Fprintln(&all, w.scalar(t, "SELECT coalesce(group_concat(id || name || coalesce(email, 'NULL') || coalesce(vip, 'NULL'), '; '), '') FROM (SELECT * FROM customers ORDER BY id)"))
	var text string
	if err := w.admin.QueryRowContext(ctx, "SELECT group_concat(id || username || role || disabled || password_hash, '; ') FROM (SELECT * FROM crudadmin_users ORDER BY id)").Scan(&text); err != nil {
		t.Fatal(err)
	}
	all.WriteString(text + "\n")
	page, err := w.manager.List(ctx, session.Query{Limit: session.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range page.Sessions {
		fmt.Fprintln(&all, s.ID)
	}
	return all.String()
}

// formOf is a form that the route takes, and writes by.
func (w *removed) formOf(page *browser, rt frame.Route, path string) url.Values {
	switch rt.Path {
	case "/m/{table}/{$}":
		return url.Values{"name": {"Cleo"}}
	case "/m/{table}/{key}/edit":
		return url.Values{"name": {"Anna"}, "row.token": {page.tokenOf(path)}}
	case "/m/{table}/{key}/delete":
		return url.Values{"confirm": {"1"}, "row.token": {page.tokenOf(path)}}
	case "/m/{table}/actions/delete", "/m/{table}/actions/{name}":
		return url.Values{"confirm": {"1"}, "key": {"2"}}
	case "/m/{table}/actions/edit":
		return url.Values{"confirm": {"1"}, "key": {"2"}, "set.to.name": {"1"}, "to.name": {"Robert"}}
	case "/account/password":
		return url.Values{"current_password": {adminPassword}, "new_password": {"quite another password"}, "confirm_password": {"quite another password"}}
	case "/account/revoke":
		return url.Values{"others": {"1"}}
	case "/sessions/revoke":
		return url.Values{"user": {w.guest.ID}}
	case "/users/{$}":
		return url.Values{"username": {"backdoor"}, "role": {"superuser"}, "new_password": {"open sesame open sesame"}}
	case "/users/{id}":
		return url.Values{"role": {"superuser"}}
	case "/users/{id}/password":
		return url.Values{"new_password": {"open sesame open sesame"}}
	}
	return url.Values{}
}

// halting is a body whose last bytes come after between.
type halting struct {
	text    *strings.Reader
	between func()
}

func (h *halting) Read(b []byte) (int, error) {
	left := h.text.Len()
	if left > 3 {
		return h.text.Read(b[:min(len(b), left-3)])
	}
	if left == 3 && h.between != nil {
		h.between()
		h.between = nil
	}
	return h.text.Read(b)
}

// sendHalting sends a form whose last bytes come after between.
func (b *browser) sendHalting(path string, form url.Values, between func()) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, b.base+path, io.NopCloser(&halting{strings.NewReader(form.Encode()), between}))
	r.RemoteAddr = b.ip + ":4711"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func idOf(t *testing.T, page *browser) session.ID {
	t.Helper()
	token, err := session.ParseToken(page.cookies[cookieName])
	if err != nil {
		t.Fatal(err)
	}
	return token.ID()
}

// At every address that changes something: if somebody is removed while the body of their request,
// or its transaction, is under way, the request is refused and nothing of it is written. The
// addresses are the router's own. The short form tries one of three ways to be removed at each.
func TestWhoIsRemovedWritesNothing(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	whoIsRemovedWritesNothing(t, 3)
}

func TestWhoIsRemovedWritesNothingLong(t *testing.T) {
	testserver.LongForm(t)
	whoIsRemovedWritesNothing(t, 1)
}

func whoIsRemovedWritesNothing(t *testing.T, oneOf int) {
	t.Helper()
	tried, turn := 0, 0
	for _, rt := range newBench(t, nil).table() {
		if !unsafe(rt) || rt.Access == frame.Open || rt.Access == frame.Anybody {
			continue
		}
		t.Run(rt.Path, func(t *testing.T) {
			w := newRemoved(t)
			for _, moment := range []string{"body", "transaction"} {
				inTable := len(rt.Access.Rights()) > 0
				if moment == "transaction" && !inTable && !strings.HasPrefix(rt.Path, "/users/") && rt.Path != "/account/password" {
					continue // sessions end in a store, without a transaction
				}
				for i, how := range append([]removal{{name: "nobody removes them"}}, removals...) {
					if turn++; how.do != nil && turn%oneOf != 0 {
						continue
					}
					name := fmt.Sprintf("%s, in the %s, %d", rt.Path, moment, i)
					w.reset(t, strings.HasSuffix(rt.Path, "/enable"))
					rogue := w.user(t, name, account.Superuser)
					page := w.browser(t).signIn(name)
					w.browser(t).signIn(name) // a second session, to be ended
					path := strings.Replace(addressOf(rt), "/users/1", "/users/"+w.target.ID, 1)
					form := w.formOf(page, rt, path)
					form.Set("csrf_token", page.token("/account"))
					after := w.state(t)
					remove := func() {
						if how.do == nil {
							return
						}
						if err := how.do(context.WithoutCancel(t.Context()), w.bench, rogue, idOf(t, page)); err != nil {
							t.Fatal(err)
						}
						if moment == "body" || !inTable {
							after = w.state(t)
						}
						how.do = nil
					}
					var got *httptest.ResponseRecorder
					removes := how.do != nil
					switch {
					case moment == "body":
						got = page.sendHalting(path, form, remove)
					case inTable:
						w.inside = remove
						got = page.sendHalting(path, form, nil)
						w.inside = nil
						if removes && how.do != nil {
							t.Fatalf("%s: the transaction was not reached: %d %s", name, got.Code, got.Body)
						}
						if removes { // of the accounts and sessions the removal is a part
							after = customersOf(after) + rest(w.state(t))
						}
					default: // after the last question before the transaction
						asked := 0
						w.store.after = func() {
							if asked++; asked == 3 {
								remove()
							}
						}
						got = page.sendHalting(path, form, nil)
						w.store.after = nil
						if removes && how.do != nil {
							t.Fatalf("%s: %d questions only", name, asked)
						}
					}
					tried++
					written := w.state(t) != after
					location := got.Header().Get("Location")
					switch {
					case !removes:
						if !written && len(form) > 1 || got.Code != http.StatusSeeOther || strings.Contains(location, "login") {
							t.Fatalf("%s: %d to %q and written is %t: the form is not one that writes\n%s", name, got.Code, location, written, got.Body)
						}
					case how.stays && rt.Access == frame.SignedIn && moment == "body": // needs no right
					case written:
						t.Errorf("%s, %s: it was written all the same, %d", name, how.name, got.Code)
					case how.stays && got.Code != http.StatusForbidden && got.Code != http.StatusConflict,
						!how.stays && (got.Code != http.StatusSeeOther || location != "/admin/login"):
						t.Errorf("%s, %s: %d to %q", name, how.name, got.Code, location)
					}
				}
			}
		})
	}
	t.Logf("%d requests of people who were removed, or not", tried)
}

func customersOf(state string) string { return state[:strings.IndexByte(state, '\n')] }
func rest(state string) string        { return state[strings.IndexByte(state, '\n'):] }

// A store that goes away while a body comes is an outage, not an ending: 503, the
// cookie kept, and what was entered on the page, to be sent again.
func TestAStoreThatGoesAwayMeanwhileIsAnOutage(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	form := url.Values{"name": {"Typed with care"}, "csrf_token": {page.token("/account")}}
	cookie := page.cookies[cookieName]
	got := page.sendHalting("/m/customers/", form, func() { b.store.down.Store(true) })
	if body := got.Body.String(); got.Code != http.StatusServiceUnavailable || !strings.Contains(body, "Typed with care") || got.Header().Get("Retry-After") == "" {
		t.Errorf("%d: %s", got.Code, got.Body)
	}
	for _, c := range got.Result().Cookies() {
		if c.Name == cookieName && c.Value != cookie {
			t.Error("the cookie was taken away")
		}
	}
	b.store.down.Store(false)
	if n := b.scalar(t, "SELECT count(*) FROM customers"); n != "2" {
		t.Errorf("%s customers, want 2", n)
	}
	if got := page.do(http.MethodPost, "/m/customers/", form); got.Code != http.StatusSeeOther || strings.Contains(got.Header().Get("Location"), "login") {
		t.Errorf("sent again: %d to %q", got.Code, got.Header().Get("Location"))
	}
}

// One database for everything, and one connection to it: no write waits for a
// connection that it holds itself, and users who are removed are refused all the same.
func TestOneConnectionForEverything(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.DB.SetMaxOpenConns(1)
		c.AdminDB = c.DB
		store, err := sqlstore.Open(t.Context(), c.DB, sqlstore.Config{Now: c.Now, Logger: c.Logger})
		if err != nil {
			t.Fatal(err)
		}
		c.Sessions = store
	})
	ed := b.user(t, "ed", account.Editor)
	var inside func(Tx) error
	if err := Register(b.Panel, View[Customer]{BeforeUpdate: func(_ context.Context, tx Tx, _, _ *Customer) error {
		if inside != nil {
			return inside(tx)
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	root, page := b.browser(t).signIn(adminName), b.browser(t).signIn("ed")
	edit := func(name string) *httptest.ResponseRecorder {
		return page.post("/account", "/m/customers/1/edit", url.Values{"name": {name}, "row.token": {page.tokenOf("/m/customers/1/edit")}})
	}
	if got := edit("Anna"); got.Code != http.StatusSeeOther || b.scalar(t, "SELECT name FROM customers WHERE id = 1") != "Anna" {
		t.Fatalf("an edit: %d %s", got.Code, got.Body)
	}
	for path, form := range map[string]url.Values{
		"/users/":         {"username": {"new"}, "role": {"viewer"}, "new_password": {"open sesame open sesame"}},
		"/users/" + ed.ID: {"role": {"editor"}},
		"/m/customers/":   {"name": {"Cleo"}},
		"/account/revoke": {"others": {"1"}},
	} {
		if got := root.post("/account", path, form); got.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	page.signIn("ed")
	inside = func(tx Tx) error {
		_, err := tx.ExecContext(t.Context(), "UPDATE crudadmin_users SET disabled = 1 WHERE username = 'ed'")
		return err
	}
	if got := edit("HACKED"); got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/admin/login" || b.scalar(t, "SELECT name FROM customers WHERE id = 1") != "Anna" {
		t.Errorf("disabled inside the transaction: %d to %q", got.Code, got.Header().Get("Location"))
	}
}
