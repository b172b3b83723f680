// CSRF: tokens in forms and headers, bound to the session or, before login, to
// a short-lived cookie.

package sessionhttp

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// The names under which a request carries its CSRF token.
const (
	CSRFField  = "csrf_token"
	CSRFHeader = "X-CSRF-Token"
)

const (
	nonceSuffix = "_login"
	nonceLength = 26 // of crypto/rand.Text: 130 bits
	nonceLives  = time.Hour
)

// CSRFToken returns a token for the forms of the page that answers r. Where the
// request has no session the token is bound to a random cookie, which is set if
// need be: call it before the body is written.
func (s *Sessions) CSRFToken(w http.ResponseWriter, r *http.Request) string {
	if current, ok := FromContext(r.Context()); ok {
		return s.manager.CSRFToken(current.Lineage)
	}
	nonce, ok := s.nonce(r)
	if !ok {
		nonce = rand.Text()
	}
	s.send(w, s.made(s.name+nonceSuffix, nonce, s.path, nonceLives))
	return s.manager.CSRFToken(s.manager.LoginLineage(nonce))
}

// CheckCSRF returns nil if the request carries a CSRF token for its session, or
// before login for its cookie, in the header or in the form; else
// session.ErrCSRF. It may parse the form: bound the body first
// (http.MaxBytesReader).
func (s *Sessions) CheckCSRF(r *http.Request) error {
	token := r.Header.Get(CSRFHeader)
	if token == "" {
		token = r.PostFormValue(CSRFField)
	}
	if current, ok := FromContext(r.Context()); ok {
		return s.manager.CheckCSRF(current.Lineage, token)
	}
	nonce, ok := s.nonce(r)
	if !ok {
		return session.ErrCSRF
	}
	return s.manager.CheckCSRF(s.manager.LoginLineage(nonce), token)
}

func (s *Sessions) nonce(r *http.Request) (string, bool) {
	found := r.CookiesNamed(s.name + nonceSuffix)
	if len(found) != 1 || len(found[0].Value) != nonceLength {
		return "", false
	}
	return found[0].Value, true
}

// expireNonce removes the login form's cookie once somebody has signed in.
func (s *Sessions) expireNonce(w http.ResponseWriter, r *http.Request) {
	if len(r.CookiesNamed(s.name+nonceSuffix)) > 0 {
		s.send(w, s.made(s.name+nonceSuffix, "", s.path, 0))
	}
}
