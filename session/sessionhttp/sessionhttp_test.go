// Tests of the middleware: what a browser, a thief and a broken store see.

package sessionhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp/sessionhttptest"
)

// site is a small application with a session store whose calls are counted and
// can be made to fail.
type site struct {
	session.Store
	calls    atomic.Int64
	down     atomic.Bool
	now      atomic.Pointer[time.Time]
	manager  *session.Manager
	sessions *sessionhttp.Sessions
	handler  http.Handler
}

func (s *site) call() error {
	s.calls.Add(1)
	if s.down.Load() {
		return session.ErrUnavailable
	}
	return nil
}

func (s *site) Get(ctx context.Context, id session.ID) (session.Session, error) {
	if err := s.call(); err != nil {
		return session.Session{}, err
	}
	return s.Store.Get(ctx, id)
}

func (s *site) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	if err := s.call(); err != nil {
		return session.Session{}, err
	}
	return s.Store.Delete(ctx, id, why)
}

func (s *site) advance(d time.Duration) {
	next := s.now.Load().Add(d)
	s.now.Store(&next)
}

func newSite(t testing.TB, rules session.Config, cfg sessionhttp.Config) *site {
	t.Helper()
	s := &site{}
	start := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	s.now.Store(&start)
	clock := func() time.Time { return *s.now.Load() }
	s.Store = memstore.New(memstore.Config{Now: clock})
	rules.SecretKey = config.Secret(strings.Repeat("k", session.MinSecretKey))
	rules.Now = clock
	var err error
	if s.manager, err = session.New(s, rules); err != nil {
		t.Fatal(err)
	}
	if s.sessions, err = sessionhttp.New(s.manager, cfg); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.sessions.SignIn(w, r, r.FormValue("user")); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.sessions.Start(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := s.sessions.SignOut(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%q", sessionhttp.UserID(r.Context()))
	})
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, s.sessions.CSRFToken(w, r))
	})
	mux.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) {
		if err := s.sessions.CheckCSRF(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	s.handler = s.sessions.Middleware(mux)
	return s
}

// browser keeps cookies by name, as one tab would.
type browser struct {
	site    *site
	cookies map[string]string
}

func (s *site) browser() *browser { return &browser{site: s, cookies: map[string]string{}} }

func (b *browser) do(method, target string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return w
}

func (b *browser) get(target string) *httptest.ResponseRecorder {
	return b.do(http.MethodGet, target, nil)
}

func (b *browser) login(user string) *httptest.ResponseRecorder {
	return b.do(http.MethodPost, "/login", url.Values{"user": {user}})
}

func cookieOf(t *testing.T, w *httptest.ResponseRecorder, name string) *http.Cookie {
	t.Helper()
	for _, c := range w.Result().Cookies() {
		if c.Name == name && c.MaxAge >= 0 {
			return c
		}
	}
	return nil
}

func TestSignInSeesAndSignsOut(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	b := s.browser()
	if got := b.get("/who").Body.String(); got != `""` {
		t.Fatalf("before login the user is %s", got)
	}
	b.login("ann")
	w := b.get("/who")
	if w.Body.String() != `"ann"` {
		t.Fatalf("after login the user is %s", w.Body)
	}
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("an authenticated answer has Cache-Control %q, want no-store", got)
	}
	stolen := s.browser()
	stolen.cookies["session"] = b.cookies["session"]
	b.do(http.MethodPost, "/logout", nil)
	if _, left := b.cookies["session"]; left {
		t.Error("logout left the cookie")
	}
	if got := stolen.get("/who").Body.String(); got != `""` {
		t.Errorf("a cookie copied before logout is still %s", got)
	}
}

func TestCookieAttributes(t *testing.T) {
	s := newSite(t, session.Config{IdleTimeout: 10 * time.Minute}, sessionhttp.Config{Path: "/admin", CookieName: "crudadmin_session"})
	c := cookieOf(t, s.browser().login("ann"), "crudadmin_session")
	if c == nil || !c.HttpOnly || c.Secure || c.Path != "/admin" || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 12*3600 {
		t.Errorf("plain cookie: %+v", c)
	}
	s = newSite(t, session.Config{}, sessionhttp.Config{Path: "/admin", Secure: true, Strict: true})
	c = cookieOf(t, s.browser().login("ann"), "__Host-session")
	if c == nil || !c.HttpOnly || !c.Secure || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("secure cookie: %+v", c)
	}
}

// Flaw: a Max-Age fixed at the idle timeout throws active users out. It is the session's
// deadline, so that no later answer has to move it.
func TestMaxAgeIsTheDeadlineAndSetOnce(t *testing.T) {
	s := newSite(t, session.Config{IdleTimeout: 30 * time.Minute, Lifetime: 2 * time.Hour}, sessionhttp.Config{})
	b := s.browser()
	if c := cookieOf(t, b.login("ann"), "session"); c == nil || c.MaxAge != 2*3600 {
		t.Errorf("the cookie of a sign-in is %+v, want Max-Age=7200", c)
	}
	for range 4 {
		s.advance(29 * time.Minute)
		w := b.get("/who")
		if got := w.Body.String(); got != `"ann"` {
			t.Errorf("an active user was thrown out: %s", got)
		}
		if set := w.Result().Cookies(); len(set) != 0 {
			t.Errorf("a request that was touched sends %v", set)
		}
	}
}

func TestForgedAndAbsentCookiesTouchNoStore(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	b := s.browser()
	b.login("ann")
	genuine := b.cookies["session"]
	flipped := []byte(genuine)
	flipped[20] ^= 1
	s.calls.Store(0)
	for n := range 10_000 {
		b := s.browser()
		switch n % 6 {
		case 1:
			b.cookies["session"] = "x"
		case 2:
			b.cookies["session"] = strings.Repeat("A", session.TokenLength)
		case 3:
			b.cookies["session"] = string(flipped)
		case 4:
			b.cookies["session"] = fmt.Sprintf("%0*d", session.TokenLength, n)
		case 5:
			b.cookies["session"] = genuine + "A"
		}
		if w := b.get("/who"); w.Code != http.StatusOK || w.Body.String() != `""` {
			t.Fatalf("case %d: %d %s", n%6, w.Code, w.Body)
		}
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("10,000 requests without a genuine cookie made %d store calls, want 0", n)
	}
}

// TestCookieHeaders: the cookie is found among others however they are written, and
// nothing that only looks like it is taken for it.
func TestCookieHeaders(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	b := s.browser()
	b.login("ann")
	token := b.cookies["session"]
	const ann, nobody = `"ann"`, `""`
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"session=" + token}, ann},
		{[]string{"theme=dark; session=" + token + "; other=1"}, ann},
		{[]string{"theme=dark", "session=" + token}, ann},
		{[]string{";; a;=;b=c=d;session=" + token + ";"}, ann},
		{[]string{" \t session=" + token + " \t "}, ann},
		{[]string{"Session=" + token}, nobody},
		{[]string{"xsession=" + token + "; session2=" + token + "; session"}, nobody},
		{[]string{"a=session=" + token}, nobody},
		{[]string{"session=" + token, "session=" + token}, ann},
		{[]string{"session=" + token + "; session="}, ann},
		{[]string{"session=" + token + "\x00"}, nobody},
		{[]string{"session=" + token + ",session=" + token}, nobody},
		{[]string{strings.Repeat("; ", 1<<16) + strings.Repeat("=", 1<<16)}, nobody},
		{nil, nobody},
	} {
		r := httptest.NewRequest(http.MethodGet, "/who", nil)
		r.Header["Cookie"] = c.lines
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if got := w.Body.String(); got != c.want {
			t.Errorf("%.120q: user %s, want %s", c.lines, got, c.want)
		}
	}
}

func TestStoreDownIs503AndKeepsTheCookie(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	b := s.browser()
	b.login("ann")
	s.down.Store(true)
	for _, w := range []*httptest.ResponseRecorder{b.get("/who"), b.do(http.MethodPost, "/logout", nil), b.login("ann")} {
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("status %d, want 503", w.Code)
		}
		if len(w.Result().Cookies()) != 0 {
			t.Errorf("the cookie was touched: %v", w.Result().Cookies())
		}
	}
	s.down.Store(false)
	if got := b.get("/who").Body.String(); got != `"ann"` {
		t.Errorf("after the store came back the user is %s", got)
	}
}

func TestLoginReplacesAnySession(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	cart := session.NewKey[int]("cart")
	b := s.browser()
	b.do(http.MethodPost, "/start", nil)
	anonymous := b.cookies["session_visitor"]
	token, _ := session.ParseToken(anonymous)
	if _, err := s.manager.Update(t.Context(), token.ID(), func(m *session.Metadata) error { return cart.Set(m, 7) }); err != nil {
		t.Fatal(err)
	}
	b.login("ann")
	first := b.cookies["session"]
	token, _ = session.ParseToken(first)
	got, err := s.manager.Validate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if n, ok, err := cart.Get(got.Metadata); n != 7 || !ok || err != nil {
		t.Errorf("the anonymous cart is %d, %v, %v after login", n, ok, err)
	}
	b.login("bob")
	for name, text := range map[string]string{"anonymous": anonymous, "first": first} {
		token, _ := session.ParseToken(text)
		if _, err := s.manager.Validate(t.Context(), token); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("the %s token outlived a login: %v", name, err)
		}
	}
	if got := b.get("/who").Body.String(); got != `"bob"` {
		t.Errorf("the user is %s", got)
	}
}

func TestRenewSendsTheNewCookieOnce(t *testing.T) {
	s := newSite(t, session.Config{RenewEvery: 5 * time.Minute}, sessionhttp.Config{})
	b, late := s.browser(), s.browser()
	b.login("ann")
	csrf := b.get("/form").Body.String()
	old := b.cookies["session"]
	s.advance(6 * time.Minute)
	b.get("/who")
	if b.cookies["session"] == old {
		t.Fatal("the token was not renewed")
	}
	late.cookies["session"] = old
	if w := late.get("/who"); w.Body.String() != `"ann"` || late.cookies["session"] != old {
		t.Errorf("a request on its way with the old token: %s, new cookie %v", w.Body, late.cookies["session"] != old)
	}
	if w := b.do(http.MethodPost, "/form", url.Values{"csrf_token": {csrf}}); w.Code != http.StatusOK {
		t.Errorf("an open form does not post after a renewal: %d", w.Code)
	}
	s.advance(time.Minute)
	late.cookies["session"] = old
	if got := late.get("/who").Body.String(); got != `""` {
		t.Errorf("after the grace the old token is %s", got)
	}
}

func TestCSRF(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	post := func(b *browser, token string) int {
		return b.do(http.MethodPost, "/form", url.Values{"csrf_token": {token}}).Code
	}
	ann, bob, nobody := s.browser(), s.browser(), s.browser()
	ann.login("ann")
	bob.login("bob")
	mine := ann.get("/form").Body.String()
	login := nobody.get("/form").Body.String()
	if again := ann.get("/form").Body.String(); again == mine {
		t.Error("two pages carry the same text of a token")
	}
	for _, c := range []struct {
		name  string
		who   *browser
		token string
		want  int
	}{
		{"own", ann, mine, 200},
		{"missing", ann, "", 403},
		{"garbage", ann, "garbage", 403},
		{"another's", ann, bob.get("/form").Body.String(), 403},
		{"from before login", ann, login, 403},
		{"login form", nobody, login, 200},
		{"login form, another browser", s.browser(), login, 403},
		{"a session's in the login form", nobody, mine, 403},
	} {
		if got := post(c.who, c.token); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	ann.login("ann")
	if got := post(ann, mine); got != 403 {
		t.Errorf("a token from before the last login: %d, want 403", got)
	}
}

func TestClientIP(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, header, peer, value, want string
	}{
		{"no proxy", "X-Forwarded-For", "203.0.113.9:1", "1.2.3.4", "203.0.113.9"},
		{"one proxy", "X-Forwarded-For", "10.0.0.1:1", "1.2.3.4", "1.2.3.4"},
		{"a lie on the left", "X-Forwarded-For", "10.0.0.1:1", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
		{"two proxies", "X-Forwarded-For", "10.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"},
		{"garbage ends the walk", "X-Forwarded-For", "10.0.0.1:1", "1.2.3.4, unknown, 10.9.9.9", "10.9.9.9"},
		{"empty", "X-Forwarded-For", "10.0.0.1:1", "", "10.0.0.1"},
		{"IPv6 and port", "X-Forwarded-For", "[fd00::1]:1", "[2001:db8::5]:443", "2001:db8::5"},
		{"mapped IPv4", "X-Forwarded-For", "[::ffff:10.0.0.1]:1", "::ffff:1.2.3.4", "1.2.3.4"},
		{"Forwarded", "Forwarded", "10.0.0.1:1", `for=6.6.6.6, for="[2001:db8::5]:443";proto=https;by=10.0.0.2`, "2001:db8::5"},
		{"Forwarded, hidden client", "Forwarded", "10.0.0.1:1", `for=_secret`, "10.0.0.1"},
	} {
		s := newSite(t, session.Config{}, sessionhttp.Config{TrustedProxies: proxies, ForwardedHeader: c.header})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		if c.value != "" {
			r.Header.Set(c.header, c.value)
		}
		if got := s.sessions.ClientIP(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		r.Header.Set("X-Forwarded-Proto", "https")
		if want := c.header == "X-Forwarded-For" && c.name != "no proxy" || c.name == "Forwarded"; s.sessions.IsHTTPS(r) != want {
			t.Errorf("%s: IsHTTPS is %v", c.name, !want)
		}
	}
}

// HTTPS is what the outermost trusted proxy says, over every form in which proxies write it.
func TestIsHTTPS(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		peer   string
		lines  []string // of headers: name, value, …
		unix   bool
		header string
		want   bool
	}{
		"nothing said":                      {peer: "10.0.0.1:1"},
		"said":                              {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-Proto", "https"}, want: true},
		"in capitals":                       {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-Proto", " HTTPS "}, want: true},
		"plain HTTP said":                   {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-Proto", "http"}},
		"a word that begins so":             {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-Proto", "httpsx"}},
		"by somebody else":                  {peer: "203.0.113.1:1", lines: []string{"X-Forwarded-Proto", "https"}},
		"appended to a lie":                 {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https, http"}},
		"appended to a lie, on two lines":   {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-Proto", "https", "X-Forwarded-Proto", "http"}},
		"two proxies, plain between them":   {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "10.0.0.2", "X-Forwarded-Proto", "https,http"}, want: true},
		"two proxies and a lie":             {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-For", "1.1.1.1, 6.6.6.6, 10.0.0.2", "X-Forwarded-Proto", "https, http, http"}},
		"two proxies, the outer one's word": {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-For", "6.6.6.6, 10.0.0.2", "X-Forwarded-Proto", "https"}, want: true},
		"Forwarded":                         {peer: "10.0.0.1:1", lines: []string{"Forwarded", `for=6.6.6.6;Proto="https"`}, want: true},
		"Forwarded, two lines":              {peer: "10.0.0.1:1", lines: []string{"Forwarded", "proto=https", "Forwarded", "for=6.6.6.6;proto=http"}},
		"Forwarded beside the proxy's word": {peer: "10.0.0.1:1", lines: []string{"Forwarded", "proto=https", "X-Forwarded-Proto", "http"}},
		"Forwarded contradicts":             {peer: "10.0.0.1:1", lines: []string{"Forwarded", "proto=http", "X-Forwarded-Proto", "https"}},
		"both say so":                       {peer: "10.0.0.1:1", lines: []string{"Forwarded", "proto=https", "X-Forwarded-Proto", "https"}, want: true},
		"Forwarded says nothing of it":      {peer: "10.0.0.1:1", lines: []string{"Forwarded", "for=6.6.6.6", "X-Forwarded-Proto", "https"}, want: true},
		"an empty word beside Forwarded":    {peer: "10.0.0.1:1", lines: []string{"Forwarded", "proto=https", "X-Forwarded-Proto", ""}},
		"the other header is not asked":     {peer: "10.0.0.1:1", header: "Forwarded", lines: []string{"X-Forwarded-Proto", "https"}},
		"over a Unix socket":                {peer: "@", unix: true, lines: []string{"X-Forwarded-Proto", "https"}, want: true},
		"over a named socket":               {peer: "/run/proxy", unix: true, lines: []string{"X-Forwarded-Proto", "https"}, want: true},
		"a socket that nobody trusts":       {peer: "@", lines: []string{"X-Forwarded-Proto", "https"}},
		"trusted sockets only":              {peer: "203.0.113.1:1", unix: true, lines: []string{"X-Forwarded-Proto", "https"}},
		"a thousand values":                 {peer: "10.0.0.1:1", lines: []string{"X-Forwarded-Proto", strings.Repeat("https,", 1000) + "http"}},
	} {
		s := newSite(t, session.Config{}, sessionhttp.Config{TrustedProxies: proxies, TrustUnix: c.unix, ForwardedHeader: c.header})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for i := 0; i < len(c.lines); i += 2 {
			r.Header.Add(c.lines[i], c.lines[i+1])
		}
		if got := s.sessions.IsHTTPS(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestClientBehindAUnixSocket(t *testing.T) {
	for _, trust := range []bool{true, false} {
		s := newSite(t, session.Config{}, sessionhttp.Config{TrustUnix: trust})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "@"
		r.Header.Add("X-Forwarded-For", "6.6.6.6")
		r.Header.Add("X-Forwarded-For", "1.2.3.4") // HAProxy adds a line of its own
		address, from := s.sessions.Client(r)
		if want := map[bool]string{true: "1.2.3.4 1", false: "invalid IP 0"}[trust]; fmt.Sprint(address, " ", from) != want {
			t.Errorf("trusted %v: %s %d, want %s", trust, address, from, want)
		}
	}
}

func TestParseDevice(t *testing.T) {
	got := sessionhttp.ParseDevice("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0")
	if got.Browser != "Firefox" || got.Version != "128.0" || got.Kind != "desktop" || !strings.HasPrefix(got.OS, "Windows") {
		t.Errorf("Firefox on Windows is %+v", got)
	}
	if got := sessionhttp.ParseDevice(strings.Repeat("Mozilla/5.0 ((((", 100_000)); got.Kind == "desktop" {
		t.Errorf("nonsense is %+v", got)
	}
}

func TestEveryWrongFieldIsNamed(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	_, err := sessionhttp.New(s.manager, sessionhttp.Config{
		CookieName: "a b", Path: "admin", ForwardedHeader: "X-Real-IP", TrustedProxies: []netip.Prefix{{}},
	})
	for _, field := range []string{"CookieName", "Path", "ForwardedHeader", "TrustedProxies[0]"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
}

func TestKnownDeviceSignsInDuringAFlood(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	attempt := func(cookies []*http.Cookie, from string) (*session.Attempt, *http.Request, error) {
		r := httptest.NewRequest(http.MethodPost, "/login", nil)
		r.RemoteAddr = from + ":1"
		for _, c := range cookies {
			r.AddCookie(c)
		}
		a, err := s.sessions.Attempt(r, "ann")
		return a, r, err
	}
	a, r, err := attempt(nil, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := s.sessions.RememberDevice(w, r, a); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		_, _, err = attempt(nil, "192.0.2.1")
	}
	var throttled *session.ThrottledError
	if !errors.As(err, &throttled) || throttled.RetryAfter <= 0 || throttled.RetryAfter > 15*time.Minute {
		t.Fatalf("a flood from the owner's own address is let through: %v", err)
	}
	if _, _, err := attempt(w.Result().Cookies(), "192.0.2.1"); err != nil {
		t.Errorf("the owner's known device is locked out: %v", err)
	}
}

func TestAllocations(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	made := sessionhttptest.SignIn(t, s.sessions, r, "ann")
	bare := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	token, err := session.ParseToken(r.CookiesNamed("session")[0].Value)
	if err != nil || token.ID() != made.ID {
		t.Fatal(err)
	}
	s.advance(time.Millisecond) // between touches
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := s.manager.Validate(ctx, token); err != nil {
			t.Error(err)
		}
	}); n > 2 {
		t.Errorf("Manager.Validate allocates %v times, at most 2", n)
	} else {
		t.Logf("Manager.Validate: %v allocations", n)
	}
	count := func(h http.Handler) float64 {
		w := answer{http.Header{"Date": nil, "Vary": nil, "Cache-Control": nil}}
		return testing.AllocsPerRun(1000, func() {
			w.header["Vary"] = nil
			h.ServeHTTP(w, r)
		})
	}
	added := count(s.sessions.Middleware(bare)) - count(bare)
	if added > 5 {
		t.Errorf("the middleware adds %v allocations, at most 5", added)
	}
	t.Logf("the middleware adds %v allocations", added)
}

// answer is a ResponseWriter that, as net/http's, has its header map before the
// handler is called.
type answer struct{ header http.Header }

func (a answer) Header() http.Header         { return a.header }
func (a answer) Write(b []byte) (int, error) { return len(b), nil }
func (a answer) WriteHeader(int)             {}
