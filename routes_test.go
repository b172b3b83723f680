// Who may ask for what: a walk over the router's own table.

package crudadmin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// address makes an address of a route's pattern.
func addressOf(rt frame.Route) string {
	return strings.NewReplacer("{$}", "", "{table}", "customers", "{key}", "1", "{file}", "x.css", "{id}", "1", "{column}", "name", "{name}", "mark").Replace(rt.Path)
}

// writes reports whether an address is for people who may change records.
func writes(rt frame.Route) bool {
	return slices.ContainsFunc(rt.Access.Rights(), func(right Right) bool { return right != RightView && right != RightExport })
}

func unsafe(rt frame.Route) bool { return rt.Method != http.MethodGet }

func TestEveryRouteIsClassified(t *testing.T) {
	b := newBench(t, nil)
	var public []string
	for _, rt := range b.table() {
		switch rt.Access {
		case frame.Access{}:
			t.Errorf("%s %s is not classified: say who may ask for it", rt.Method, rt.Path)
		case frame.Open, frame.Anybody:
			public = append(public, rt.Method+" "+rt.Path)
		}
	}
	// A new public address must be added here, knowingly.
	want := []string{"GET /healthz", "GET /readyz", "GET /static/{file}", "GET /login", "POST /login", "POST /logout"}
	if !slices.Equal(public, want) {
		t.Errorf("public addresses are\n%q, want\n%q", public, want)
	}
}

func TestAnUnclassifiedRouteIsRefused(t *testing.T) {
	b := newBench(t, nil)
	w := httptest.NewRecorder()
	leaked := func(*frame.Visit) error { t.Error("an unclassified route was served"); return nil }
	b.frame.Add(frame.Route{Method: http.MethodGet, Path: "/unclassified", Handler: leaked})
	b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/admin/unclassified", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("an unclassified route answers %d, want 404", w.Code)
	}
}

func TestWithoutSessionEveryRouteLeadsToTheLogin(t *testing.T) {
	b := newBench(t, nil)
	others := []frame.Route{
		{Method: http.MethodGet, Path: "/nowhere", Access: frame.SignedIn},
		{Method: http.MethodGet, Path: "/events/", Access: frame.SignedIn},
		{Method: http.MethodGet, Path: "/m/customers/x/login", Access: frame.SignedIn},
		{Method: http.MethodGet, Path: "/m/static/", Access: frame.SignedIn},
		{Method: http.MethodPut, Path: "/", Access: frame.SignedIn},
		{Method: http.MethodDelete, Path: "/m/customers/1", Access: frame.SignedIn},
		{Method: http.MethodOptions, Path: "/", Access: frame.SignedIn},
	}
	for _, rt := range append(others, b.table()...) {
		if rt.Access == frame.Open || rt.Access == frame.Anybody {
			continue
		}
		name := rt.Method + " " + rt.Path
		page := b.browser(t)
		w := page.do(rt.Method, addressOf(rt), nil)
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/admin/login") {
			t.Errorf("%s without a session: %d to %q, want 303 to the login", name, w.Code, w.Header().Get("Location"))
		}
		if to, err := url.Parse(w.Header().Get("Location")); err != nil || rt.Method == http.MethodGet && to.Query().Get("next") != "/admin"+addressOf(rt) {
			t.Errorf("%s: the login does not lead back: %q", name, w.Header().Get("Location"))
		}
		page.headers["Accept"] = "application/json"
		if w := page.do(rt.Method, addressOf(rt), nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%s as JSON without a session: %d, want 401", name, w.Code)
		}
		page.headers = map[string]string{"HX-Request": "true"}
		if w := page.do(rt.Method, addressOf(rt), nil); w.Code != http.StatusUnauthorized || w.Header().Get("HX-Redirect") != "/admin/login" {
			t.Errorf("%s as htmx without a session: %d, HX-Redirect %q", name, w.Code, w.Header().Get("HX-Redirect"))
		}
	}
	if n := b.store.calls.Load(); n != 0 {
		t.Errorf("requests without a cookie asked the store %d times", n)
	}
}

func TestUnsafeRoutesRefuseWhatIsNotTheirToken(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	b.user(t, "eve", account.Superuser)
	page := b.browser(t).signIn(adminName)
	stale := page.token("/account")
	page.post("/account", "/logout", nil)
	page.signIn(adminName)
	foreign := b.browser(t).signIn("eve").token("/account")
	beforeLogin := b.browser(t).token("/login")
	own := page.token("/account")
	for _, rt := range b.table() {
		if !unsafe(rt) {
			continue
		}
		for _, c := range []struct {
			name, token, site, origin string
		}{
			{name: "missing token"},
			{name: "garbage", token: "garbage"},
			{name: "stale token", token: stale},
			{name: "another user's token", token: foreign},
			{name: "a login form's token", token: beforeLogin},
			{name: "cross-site", token: own, site: "cross-site"},
			{name: "same-site, another origin", token: own, site: "same-site"},
			{name: "bad Origin", token: own, origin: "https://evil.example"},
		} {
			page.headers = map[string]string{}
			if c.site != "" {
				page.headers["Sec-Fetch-Site"] = c.site
			}
			if c.origin != "" {
				page.headers["Origin"] = c.origin
			}
			form := url.Values{"csrf_token": {c.token}, "others": {"1"}, "username": {adminName}, "password": {adminPassword}}
			if w := page.do(rt.Method, addressOf(rt), form); w.Code != http.StatusForbidden {
				t.Errorf("%s %s with %s: %d, want 403", rt.Method, rt.Path, c.name, w.Code)
			}
		}
	}
	page.headers = map[string]string{"Sec-Fetch-Site": "same-origin"}
	if w := page.get("/account"); w.Code != http.StatusOK {
		t.Errorf("after all refusals the session is gone: %d", w.Code)
	}
	if w := page.do(http.MethodPost, "/account/revoke", url.Values{"csrf_token": {own}, "others": {"1"}}); w.Code != http.StatusSeeOther {
		t.Errorf("with its own token: %d, want 303", w.Code)
	}
}

func TestSuperuserPagesRefuseOthers(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	b.user(t, "vi", account.Viewer)
	b.user(t, "ed", account.Editor)
	for _, name := range []string{"vi", "ed"} {
		page := b.browser(t).signIn(name)
		for _, rt := range b.table() {
			if rt.Access != frame.Superuser {
				continue
			}
			form := url.Values{"csrf_token": {page.token("/account")}, "user": {"x"}}
			if w := page.do(rt.Method, addressOf(rt), form); w.Code != http.StatusForbidden {
				t.Errorf("%s asks for %s %s: %d, want 403", name, rt.Method, rt.Path, w.Code)
			}
		}
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Secure = true })
	page := b.browser(t)
	for _, path := range []string{"/login", "/", "/healthz", "/readyz", "/nowhere", "/static/none.css", "/m/customers/", "/%zz"[:1]} {
		h := page.get(path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy":      frame.ContentSecurityPolicy,
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security":    "max-age=31536000",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), want)
			}
		}
	}
	if strings.Contains(frame.ContentSecurityPolicy, "unsafe") {
		t.Error("the content security policy allows something unsafe")
	}
}

func TestOutsideTheMountPathIsNotFound(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MountPath = "/ops/admin/" })
	for _, path := range []string{"/", "/ops", "/ops/", "/ops/adminx", "/ops/adminx/login", "/admin/login", "/login"} {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
	page := b.browser(t).signIn(adminName)
	if w := page.get("/"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `href="/ops/admin/m/customers/"`) {
		t.Errorf("the dashboard under /ops/admin: %d", w.Code)
	}
	if w := page.get(""); w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "/ops/admin/" {
		t.Errorf("the mount path without its slash: %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestMountedAtTheRoot(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MountPath = "/" })
	page := b.browser(t).signIn(adminName)
	for _, path := range []string{"/", "/m/customers/", "/m/customers/1", "/account", "/sessions/"} {
		if w := page.get(path); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Flaw: two panels in one process crashed.
func TestTwoPanelsInOneProcess(t *testing.T) {
	one := newBench(t, func(c *Config) { c.MountPath = "/one" })
	two := newBench(t, func(c *Config) { c.MountPath = "/two"; c.SecretKey = config.Secret(strings.Repeat("z", 32)) })
	mux := http.NewServeMux()
	mux.Handle("/one/", one)
	mux.Handle("/two/", two)
	first := one.browser(t)
	first.handler = mux
	first.signIn(adminName)
	if w := first.get("/"); w.Code != http.StatusOK {
		t.Fatalf("the first panel: %d", w.Code)
	}
	first.base = "/two"
	if w := first.get("/"); w.Code != http.StatusSeeOther {
		t.Errorf("the second panel accepts the first one's session: %d", w.Code)
	}
}

func TestWrongMethodAndUnknownAddress(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	if w := page.get("/nowhere"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "</html>") {
		t.Errorf("an unknown address: %d", w.Code)
	}
	if w := page.get("/sessions/revoke"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET of a POST address: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
	if w := page.get("/m/customers"); w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "/admin/m/customers/" {
		t.Errorf("a list without its slash: %d to %q", w.Code, w.Header().Get("Location"))
	}
	if w := page.get("/m/customers/?q=" + strings.Repeat("x", frame.MaxURL)); w.Code != http.StatusRequestURITooLong {
		t.Errorf("a long address: %d, want 414", w.Code)
	}
	huge := url.Values{"current_password": {strings.Repeat("x", frame.MaxBody)}}
	if w := page.do(http.MethodPost, "/account/password", huge); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large form: %d, want 413", w.Code)
	}
}

// Addresses as people mistype them: what leads to the address as it is written, what is a word and
// not a key, and which methods an address has.
func TestAddressesAreFoundAsTheyAreWritten(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	const to307 = http.StatusTemporaryRedirect
	for _, c := range []struct {
		method, path string
		code         int
		header, want string
	}{
		{"GET", "/users", http.StatusPermanentRedirect, "Location", "/admin/users/"},
		{"POST", "/users", to307, "Location", "/admin/users/"},
		{"POST", "/m/customers", to307, "Location", "/admin/m/customers/"},
		{"OPTIONS", "/users", http.StatusMethodNotAllowed, "Allow", "GET, POST"},
		{"OPTIONS", "/account", http.StatusMethodNotAllowed, "Allow", "GET"},
		{"GET", "/account/password", http.StatusMethodNotAllowed, "Allow", "POST"},
		{"GET", "//account", to307, "Location", "/admin/account"},
		{"GET", "/m//customers/", to307, "Location", "/admin/m/customers/"},
		{"GET", "/m/customers/./1/edit", to307, "Location", "/admin/m/customers/1/edit"},
		{"GET", "/m/customers/1/../2/delete", to307, "Location", "/admin/m/customers/2/delete"},
		{"GET", "/m/orders/choices/customer_id", http.StatusOK, "", ""},
		{"GET", "/m/orders/%63hoices/customer_id", http.StatusOK, "", ""},
		{"GET", "/m/orders/choices/edit", http.StatusBadRequest, "", ""}, // a column, not the record "choices"
		{"GET", "/m/orders/actions/edit", http.StatusBadRequest, "", ""}, // "actions" is not a key
		{"GET", "/m/orders/1/nothing", http.StatusNotFound, "", ""},
		{"GET", "/m/orders/1/edit/", http.StatusNotFound, "", ""},
		{"POST", "/m/orders/choices/customer_id", http.StatusMethodNotAllowed, "Allow", "GET"},
		{"GET", "/m/orders/actions/mark", http.StatusMethodNotAllowed, "Allow", "POST"},
		{"OPTIONS", "/m/customers/%2F", http.StatusMethodNotAllowed, "Allow", "GET"}, // a record, not the list
		{"OPTIONS", "/m/customers/%2f/edit", http.StatusMethodNotAllowed, "Allow", "GET, POST"},
		{"OPTIONS", "/m/orders/choices/%2F", http.StatusMethodNotAllowed, "Allow", "GET"},
		{"GET", "/nowhere//", http.StatusNotFound, "", ""},
	} {
		var form url.Values
		if c.method == "POST" {
			form = url.Values{"csrf_token": {page.token("/account")}}
		}
		w := page.do(c.method, c.path, form)
		if w.Code != c.code || c.header != "" && w.Header().Get(c.header) != c.want {
			t.Errorf("%s %s: %d, %s %q, want %d, %q", c.method, c.path, w.Code, c.header, w.Header().Get(c.header), c.code, c.want)
		}
	}
}

// An address in which a segment is an escaped slash leads to one route, the one with a word before
// the one with a wildcard, every time.
func TestEscapedSlashesLeadToOneRoute(t *testing.T) {
	b := newBench(t, nil)
	for path, want := range map[string]string{
		"/m/%2F/new": "/m/{table}/new", "/m/%2F/x": "/m/{table}/{key}", "/m/orders/%2F": "/m/{table}/{key}", "/m/%2F/export.csv": "/m/{table}/export.csv",
		"/m/%2F/choices/x": "/m/{table}/choices/{column}", "/m/%2F/x/edit": "/m/{table}/{key}/edit", "/users/%2F": "/users/{id}",
	} {
		for range 50 {
			got, _ := b.frame.Route(httptest.NewRequest(http.MethodGet, b.base+path, nil))
			if got.Path != want {
				t.Errorf("%s leads to %q, want %q", path, got.Path, want)
				break
			}
		}
	}
}
