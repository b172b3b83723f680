// Package sessionhttptest signs users in for the tests of other people's
// handlers.
//
//	req := httptest.NewRequest("GET", "/orders", nil)
//	sessionhttptest.SignIn(t, sessions, req, "42")
//	sessions.Middleware(handler).ServeHTTP(rec, req)
package sessionhttptest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// SignIn makes a session for the user, as a login would, puts its cookie on r
// and, where r changes something, a CSRF token in its header. It returns the
// session.
func SignIn(tb testing.TB, s *sessionhttp.Sessions, r *http.Request, userID string) session.Session {
	tb.Helper()
	rec := httptest.NewRecorder()
	login := httptest.NewRequest(http.MethodPost, "/", nil)
	login.RemoteAddr = r.RemoteAddr
	made, err := s.SignIn(rec, login, userID)
	if err != nil {
		tb.Fatalf("sign %q in: %v", userID, err)
	}
	for _, c := range rec.Result().Cookies() {
		r.AddCookie(c)
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		r.Header.Set(sessionhttp.CSRFHeader, s.Manager().CSRFToken(made.Lineage))
	}
	return made
}
