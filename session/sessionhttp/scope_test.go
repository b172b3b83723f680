// Tests of whose session it is: one Sessions inside another, and what one request sees
// of what it did.

package sessionhttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp/sessionhttptest"
)

// TestASessionCountsForItsOwnSessions: customers and staff, one inside the other, each with or
// without a cookie, on one manager or two.
func TestASessionCountsForItsOwnSessions(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		for _, signedIn := range [][2]string{{"", ""}, {"1", ""}, {"", "2"}, {"1", "2"}} {
			shop := newSite(t, session.Config{}, sessionhttp.Config{CookieName: "shop"})
			staff := newSite(t, session.Config{}, sessionhttp.Config{CookieName: "staff"})
			if shared {
				var err error
				if staff.sessions, err = sessionhttp.New(shop.manager, sessionhttp.Config{CookieName: "staff"}); err != nil {
					t.Fatal(err)
				}
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for i, s := range []*sessionhttp.Sessions{shop.sessions, staff.sessions} {
				if signedIn[i] != "" {
					sessionhttptest.SignIn(t, s, r, signedIn[i])
				}
			}
			var got string
			handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				ctx := r.Context()
				_, found := sessionhttp.FromContext(ctx)
				_, shopFound := shop.sessions.FromContext(ctx)
				_, staffFound := staff.sessions.FromContext(ctx)
				got += fmt.Sprint(shop.sessions.UserID(ctx), "/", staff.sessions.UserID(ctx), "/", sessionhttp.UserID(ctx), found, shopFound, staffFound)
			})
			shop.sessions.Middleware(staff.sessions.Middleware(handler)).ServeHTTP(httptest.NewRecorder(), r)
			want := fmt.Sprint(signedIn[0], "/", signedIn[1], "/", signedIn[1], signedIn[1] != "", signedIn[0] != "", signedIn[1] != "")
			if got != want {
				t.Errorf("shared manager %t, %v: %s, want %s", shared, signedIn, got, want)
			}
			// The outer one once more inside is the innermost, and asks nobody again.
			got = ""
			before := shop.calls.Load()
			shop.sessions.Middleware(staff.sessions.Middleware(shop.sessions.Middleware(handler))).ServeHTTP(httptest.NewRecorder(), r)
			if !strings.Contains(got, "/"+signedIn[1]+"/"+signedIn[0]) {
				t.Errorf("shared manager %t, %v: innermost again: %s", shared, signedIn, got)
			}
			if asked := shop.calls.Load() - before; !shared && asked > 1 {
				t.Errorf("the same cookie was looked up %d times", asked)
			}
			// Require, of each and of the innermost.
			for name, c := range map[string]struct {
				require func(http.Handler) http.Handler
				user    string
			}{"shop": {shop.sessions.Require, signedIn[0]}, "staff": {staff.sessions.Require, signedIn[1]}, "innermost": {sessionhttp.Require, signedIn[1]}} {
				w := httptest.NewRecorder()
				shop.sessions.Middleware(staff.sessions.Middleware(c.require(handler))).ServeHTTP(w, r)
				if (w.Code == http.StatusOK) != (c.user != "") {
					t.Errorf("%v: Require of the %s: %d", signedIn, name, w.Code)
				}
			}
		}
	}
}

// inRequest runs do in a handler behind the site's middleware.
func (s *site) inRequest(b *browser, do func(w http.ResponseWriter, r *http.Request)) *httptest.ResponseRecorder {
	old := s.handler
	defer func() { s.handler = old }()
	s.handler = s.sessions.Middleware(http.HandlerFunc(do))
	return b.do(http.MethodPost, "/", nil)
}

func TestWhatWasDoneIsSeen(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	b := s.browser()
	visits := session.NewKey[int]("visits")
	csrf := ""
	post := func() int {
		return b.do(http.MethodPost, "/form", url.Values{sessionhttp.CSRFField: {csrf}}).Code
	}
	step := func(name, user string, do func(w http.ResponseWriter, r *http.Request)) {
		t.Helper()
		s.inRequest(b, func(w http.ResponseWriter, r *http.Request) {
			do(w, r)
			if got := s.sessions.UserID(r.Context()); got != user {
				t.Errorf("%s: the request sees %q, want %q", name, got, user)
			}
			if got := sessionhttp.UserID(r.Context()); got != user {
				t.Errorf("%s: the innermost is %q, want %q", name, got, user)
			}
			csrf = s.sessions.CSRFToken(w, r)
		})
		if got := post(); got != http.StatusOK {
			t.Errorf("%s: a token that was made after it is refused: %d", name, got)
		}
		if got := b.get("/who").Body.String(); got != fmt.Sprintf("%q", user) {
			t.Errorf("%s: the next request sees %s", name, got)
		}
	}
	must := func(_ session.Session, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	step("nothing", "", func(http.ResponseWriter, *http.Request) {})
	step("two starts", "", func(w http.ResponseWriter, r *http.Request) {
		first, err := s.sessions.Start(w, r)
		must(first, err)
		_, err = s.sessions.Update(r, func(m *session.Metadata) error { return visits.Set(m, 7) })
		must(first, err)
		second, err := s.sessions.Start(w, r)
		must(second, err)
		if n, _, _ := visits.Get(second.Metadata); first.ID != second.ID || n != 7 {
			t.Errorf("a second start makes another session, or does not see what was put into it: %d", n)
		}
	})
	step("sign-in", "ann", func(w http.ResponseWriter, r *http.Request) {
		extra := session.NewSession{UserID: "ann"}
		if err := session.NewKey[string]("tenant").Set(&extra.Metadata, "blue"); err != nil {
			t.Error(err)
		}
		made, err := s.sessions.SignInWith(w, r, extra)
		must(made, err)
		n, _, _ := visits.Get(made.Metadata)
		tenant, _, _ := session.NewKey[string]("tenant").Get(made.Metadata)
		if n != 7 || tenant != "blue" {
			t.Errorf("the metadata is %s", made.Metadata)
		}
	})
	step("step-up", "ann", func(w http.ResponseWriter, r *http.Request) {
		before, _ := s.sessions.FromContext(r.Context())
		made, err := s.sessions.Elevate(w, r)
		must(made, err)
		after, ok := s.sessions.FromContext(r.Context())
		if !ok || after.ID != made.ID || before.ID == made.ID {
			t.Error("the request still has the session from before")
		}
		must(s.sessions.Elevate(w, r)) // once more
	})
	step("sign-in of another", "bob", func(w http.ResponseWriter, r *http.Request) { must(s.sessions.SignIn(w, r, "bob")) })
	step("sign-in and sign-out", "", func(w http.ResponseWriter, r *http.Request) {
		must(s.sessions.SignIn(w, r, "cid"))
		if err := s.sessions.SignOut(w, r); err != nil {
			t.Error(err)
		}
		if _, err := s.sessions.Elevate(w, r); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("a step-up after the sign-out: %v", err)
		}
	})
	for _, user := range []string{"ann", "bob", "cid"} {
		if live, err := s.manager.UserSessions(t.Context(), user); err != nil || len(live) > 0 {
			t.Errorf("%s has %d sessions that nobody holds, %v", user, len(live), err)
		}
	}
}

func TestSignInNamesSomebody(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	w := httptest.NewRecorder()
	if _, err := s.sessions.SignIn(w, httptest.NewRequest(http.MethodPost, "/", nil), ""); !errors.Is(err, session.ErrMalformed) || len(w.Result().Cookies()) > 0 {
		t.Errorf("SignIn of nobody: %v, cookies %v", err, w.Result().Cookies())
	}
}

// Without Middleware, as in tests of single handlers, the calls know each other by the
// cookies that the answer sets.
func TestWithoutMiddleware(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)
	first, err := s.sessions.Start(w, r)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := s.sessions.Start(w, r); err != nil || second.ID != first.ID {
		t.Errorf("a second start: %v", err)
	}
	if _, err := s.sessions.SignIn(w, r, "ann"); err != nil {
		t.Error(err)
	}
	if _, err := s.sessions.Elevate(w, r); err != nil {
		t.Error(err)
	}
	if err := s.sessions.SignOut(w, r); err != nil {
		t.Error(err)
	}
	if live, err := s.manager.UserSessions(t.Context(), "ann"); err != nil || len(live) > 0 {
		t.Errorf("%d sessions live, %v", len(live), err)
	}
	for _, c := range w.Result().Cookies() {
		if c.Name == s.sessions.CookieName() && c.MaxAge >= 0 {
			t.Errorf("the cookie is set: %v", c)
		}
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	token, _, err := s.manager.Create(t.Context(), session.NewSession{UserID: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.sessions.Adopt(httptest.NewRequest(http.MethodGet, "/", nil), token)
	if err != nil || s.sessions.UserID(r.Context()) != "ann" {
		t.Fatalf("adopted: %v", err)
	}
	if err := s.sessions.SignOut(httptest.NewRecorder(), r); err != nil {
		t.Error(err)
	}
	if _, err := s.sessions.Adopt(httptest.NewRequest(http.MethodGet, "/", nil), token); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("a token that was signed out: %v", err)
	}
	if _, err := s.sessions.Adopt(httptest.NewRequest(http.MethodGet, "/", nil), session.Token{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("no token: %v", err)
	}
}

// A form that is open for long, or was made beside others, still posts.
func TestLoginFormsStayOpen(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	b := s.browser()
	w := b.get("/form")
	token := w.Body.String()
	if c := cookieOf(t, w, "session_login"); c == nil || c.MaxAge != 0 {
		t.Errorf("the cookie of the login form has a Max-Age: %v", c)
	}
	s.advance(72 * time.Hour)
	if got := b.do(http.MethodPost, "/form", url.Values{sessionhttp.CSRFField: {token}}).Code; got != http.StatusOK {
		t.Errorf("after three days: %d", got)
	}
	for name, line := range map[string]string{
		"copies":  "session_login=" + b.cookies["session_login"] + "; session_login=" + b.cookies["session_login"],
		"another": "session_login=" + strings.Repeat("A", 26) + "; session_login=" + b.cookies["session_login"] + "; session_login=x",
	} {
		r := httptest.NewRequest(http.MethodPost, "/form", nil)
		r.Header.Set("Cookie", line)
		r.Header.Set(sessionhttp.CSRFHeader, token)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	// Two forms of one page share a nonce.
	var one, two string
	w = s.inRequest(s.browser(), func(w http.ResponseWriter, r *http.Request) {
		one, two = s.sessions.CSRFToken(w, r), s.sessions.CSRFToken(w, r)
	})
	nonces := 0
	for _, c := range w.Result().Cookies() {
		nonces++
		for _, token := range []string{one, two} {
			if err := s.manager.CheckCSRF(s.manager.LoginLineage(c.Value), token); err != nil {
				t.Error(err)
			}
		}
	}
	if nonces != 1 {
		t.Errorf("%d cookies for two forms", nonces)
	}
}
