// Login: what it tells, what it does, and what it never does.

package crudadmin

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/programtest"
	"github.com/go-crudadmin/crudadmin/session"
)

// told is an answer without its random parts.
func told(b *browser, username, password string) (int, string) {
	w := b.login(username, password)
	return w.Code, strings.ReplaceAll(programtest.WithoutTokens(w.Body.String()), username, "NAME")
}

// Flaw: unknown users answered ten times faster than known ones.
func TestLoginTellsNothing(t *testing.T) {
	b := newBench(t, nil)
	disabled := b.user(t, "gone", account.Viewer)
	if err := b.accounts.SetDisabled(t.Context(), disabled.ID, true); err != nil {
		t.Fatal(err)
	}
	var wantBody string
	for i, c := range []struct{ name, username, password string }{
		{"wrong password", adminName, "wrong password here"},
		{"unknown", "nobody", adminPassword},
		{"disabled", "gone", adminPassword},
		{"empty", "", ""},
	} {
		before := b.accounts.HashStats().Argon2
		code, body := told(b.browser(t), c.username, c.password)
		if c.username == "" {
			body = wantBody // the name is not echoed, nothing to compare
		}
		if code != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401", c.name, code)
		}
		if hashes := b.accounts.HashStats().Argon2 - before; hashes != 1 {
			t.Errorf("%s: %d hashes, want 1", c.name, hashes)
		}
		if i == 0 {
			wantBody = body
		}
		if body != wantBody {
			t.Errorf("%s: the page differs from that of a wrong password", c.name)
		}
	}
}

// Flaw: X-Forwarded-For was believed from anyone.
func TestForwardedAddressesAreBelievedFromTrustedProxiesOnly(t *testing.T) {
	seen := func(proxies ...netip.Prefix) string {
		b := newBench(t, func(c *Config) { c.TrustedProxies = proxies })
		page := b.browser(t)
		page.headers["X-Forwarded-For"] = "203.0.113.7"
		page.signIn(adminName)
		found, err := b.manager.List(t.Context(), session.Query{})
		if err != nil || len(found.Sessions) != 1 {
			t.Fatal(found, err)
		}
		return found.Sessions[0].IP.String()
	}
	if ip := seen(); ip != "192.0.2.1" {
		t.Errorf("without trusted proxies the address is %s, want the peer's", ip)
	}
	if ip := seen(netip.MustParsePrefix("192.0.2.0/24")); ip != "203.0.113.7" {
		t.Errorf("behind a trusted proxy the address is %s, want the client's", ip)
	}
}

func TestNextLeadsOnlyIntoThePanel(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t)
	if w := page.get("/m/customers/?sort=name"); w.Header().Get("Location") != "/admin/login?next=%2Fadmin%2Fm%2Fcustomers%2F%3Fsort%3Dname" {
		t.Errorf("a page without a session leads to %q", w.Header().Get("Location"))
	}
	w := page.post("/login", "/login", map[string][]string{"username": {adminName}, "password": {adminPassword}, "next": {"/admin/m/customers/?sort=name"}})
	if w.Header().Get("Location") != "/admin/m/customers/?sort=name" {
		t.Errorf("the login leads to %q", w.Header().Get("Location"))
	}
}

func TestALoginChangesTheTokenAndALogoutKillsIt(t *testing.T) {
	b := newBench(t, nil)
	page, thief := b.browser(t), b.browser(t)
	page.cookies[cookieName] = strings.Repeat("A", session.TokenLength) // chosen by somebody else
	page.signIn(adminName)
	if page.cookies[cookieName] == strings.Repeat("A", session.TokenLength) {
		t.Fatal("a token chosen by the client was adopted")
	}
	thief.cookies[cookieName] = page.cookies[cookieName]
	if w := thief.get("/"); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	// Flaw: logout was a GET.
	if w := page.get("/logout"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET logout: %d, want 405", w.Code)
	}
	if w := page.post("/account", "/logout", nil); w.Code != http.StatusSeeOther || w.Header().Get("Clear-Site-Data") != "" {
		t.Errorf("logout: %d", w.Code)
	}
	if w := thief.get("/"); w.Code != http.StatusSeeOther {
		t.Errorf("a cookie copied before logout: %d, want 303 to the login", w.Code)
	}
}

func TestRefusedOverTheLimit(t *testing.T) {
	b := newBench(t, func(c *Config) { c.SessionRules = session.Config{MaxPerUser: 2, RefuseOverLimit: true} })
	b.browser(t).signIn(adminName)
	b.browser(t).signIn(adminName)
	for range 7 { // more often than the throttle allows failures: this is not one
		if w := b.browser(t).login(adminName, adminPassword); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "as many devices") {
			t.Fatalf("the third login: %d", w.Code)
		}
	}
	found, _ := b.manager.List(t.Context(), session.Query{})
	if len(found.Sessions) != 2 {
		t.Errorf("%d sessions are live, want 2", len(found.Sessions))
	}
}

// Flaw: a broken store read as "Session expired".
func TestAStoreThatIsDownKeepsTheCookie(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	cookie := page.cookies[cookieName]
	b.store.down.Store(true)
	w := page.get("/m/customers/")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "you still are") {
		t.Errorf("a page while the store is down: %d", w.Code)
	}
	if page.cookies[cookieName] != cookie || len(w.Result().Cookies()) != 0 {
		t.Error("the cookie was touched")
	}
	if w := page.get("/readyz"); w.Code != http.StatusServiceUnavailable || w.Body.String() != "unavailable: sessions\n" {
		t.Errorf("readyz: %d %q", w.Code, w.Body)
	}
	if w := page.get("/healthz"); w.Code != http.StatusOK {
		t.Errorf("healthz: %d", w.Code)
	}
	b.store.down.Store(false)
	if w := page.get("/m/customers/"); w.Code != http.StatusOK {
		t.Errorf("after the store came back: %d", w.Code)
	}
}

func TestDatabasesThatAreDown(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	if w := page.get("/readyz"); w.Code != http.StatusServiceUnavailable || w.Body.String() != "unavailable: database\n" {
		t.Errorf("readyz without the application's database: %d %q", w.Code, w.Body)
	}
	if w := page.get("/m/customers/"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a list without the application's database: %d, want 503", w.Code)
	}
	if w := page.get("/"); w.Code != http.StatusOK {
		t.Errorf("the dashboard without the application's database: %d, want 200 and the trouble on it", w.Code)
	}
	if err := b.admin.Close(); err != nil {
		t.Fatal(err)
	}
	if w := page.get("/"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a page without the administrators' database: %d, want 503", w.Code)
	}
	page.headers["Accept"] = "application/json"
	if w := page.get("/readyz"); w.Body.String() != `{"down":["database","admin_database"],"status":"unavailable"}`+"\n" {
		t.Errorf("readyz as JSON: %q", w.Body)
	}
	fresh := b.browser(t)
	for range 8 {
		if w := fresh.login(adminName, adminPassword); w.Code != http.StatusServiceUnavailable {
			t.Fatalf("login without the administrators' database: %d, want 503 (and no throttling)", w.Code)
		}
	}
}
