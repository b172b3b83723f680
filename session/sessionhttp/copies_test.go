// Tests of several cookies of the session cookie's name.

package sessionhttp_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

func TestSeveralCookiesOfTheName(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newSite(t, session.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, sessionhttp.Config{Path: "/app"})
	signIn := func(user string) string {
		b := s.browser()
		b.login(user)
		return b.cookies["session"]
	}
	ann, bea := signIn("ann"), signIn("bea")
	ended := signIn("cid")
	b := s.browser()
	b.cookies["session"] = ended
	b.do(http.MethodPost, "/logout", nil)
	const made = "AAAA" // below: a token of the right form that is not ours
	forged := made + ann[4:]
	for _, c := range []struct {
		name  string
		given []string
		want  string
		asked int64 // of the store
	}{
		{"copies", []string{ann, ann, ann}, "ann", 1},
		{"a planted text", []string{"planted", ann}, "ann", 1},
		{"a planted text after it", []string{ann, "planted"}, "ann", 1},
		{"a forged token", []string{forged, ann}, "ann", 1},
		{"many forged tokens", append(forgedOnes(ann, 500), ann), "ann", 1},
		{"one that ended", []string{ended, ann}, "ann", 2},
		{"one that ended, after it", []string{ann, ended, ended}, "ann", 2},
		{"two live ones", []string{ann, bea}, "", 2},
		{"nothing of ours", []string{"a", "b", forged}, "", 0},
		{"one that ended, twice", []string{ended, ended}, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/who", nil)
			r.Header.Set("Cookie", "session="+strings.Join(c.given, "; session="))
			w := httptest.NewRecorder()
			before := s.calls.Load()
			s.handler.ServeHTTP(w, r)
			if got := w.Body.String(); got != `"`+c.want+`"` {
				t.Errorf("the user is %s, want %q", got, c.want)
			}
			if set := w.Result().Cookies(); len(set) > 0 {
				t.Errorf("the answer sets %v", set)
			}
			if asked := s.calls.Load() - before; asked != c.asked {
				t.Errorf("the store was asked %d times, want %d", asked, c.asked)
			}
		})
	}
	for _, line := range []string{"repeats its session cookie", "some of them not ours", "several genuine session cookies", "it is nobody's"} {
		if n := strings.Count(log.String(), line); n != 1 {
			t.Errorf("the log says %q %d times, want once", line, n)
		}
	}

	// A sign-in ends the rivals: it is not a loop.
	r := httptest.NewRequest(http.MethodPost, "/login?user=dan", nil)
	r.Header.Set("Cookie", "session="+ann+"; session="+bea)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	r = httptest.NewRequest(http.MethodGet, "/who", nil)
	r.Header.Set("Cookie", "session="+ann+"; session="+bea+"; session="+w.Result().Cookies()[0].Value)
	w = httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if got := w.Body.String(); got != `"dan"` {
		t.Errorf("after a sign-in over two live ones the user is %s", got)
	}
}

// forgedOnes are tokens of the right form that nobody made.
func forgedOnes(like string, n int) []string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var all []string
	for i := range n {
		all = append(all, "A"+string(digits[i%62])+string(digits[i/62])+like[3:])
	}
	return all
}

// Only the path of our own cookie is ever expired, and by a sign-out that ended something.
func TestOnlyOurOwnCookieIsRemoved(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{Path: "/admin"})
	b := s.browser()
	b.login("ann")
	first := b.cookies["session"]
	w := b.do(http.MethodPost, "/logout", nil)
	if set := w.Result().Cookies(); len(set) != 1 || set[0].Path != "/admin" || set[0].MaxAge >= 0 {
		t.Errorf("the sign-out sets %v", set)
	}
	for name, value := range map[string]string{"again": first, "odd": "planted", "none": ""} {
		b := s.browser()
		if value != "" {
			b.cookies["session"] = value
		}
		for _, w := range []*httptest.ResponseRecorder{b.get("/who"), b.do(http.MethodPost, "/logout", nil)} {
			if set := w.Result().Cookies(); w.Code != http.StatusOK || len(set) != 0 {
				t.Errorf("%s: %d, %v", name, w.Code, set)
			}
		}
	}
}
