// CSRF: tokens in forms and headers, bound to the session or, before login, to
// a random cookie.

package sessionhttp

import (
	"crypto/rand"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

// The names under which a request carries its CSRF token.
const (
	CSRFField  = "csrf_token"
	CSRFHeader = "X-CSRF-Token"
)

// nonceLength is the length of crypto/rand.Text: 130 bits.
const nonceLength = 26

// CSRFToken returns a token for the forms of the page that answers r. Where the
// request has no session the token is bound to a random cookie, which is set until the
// browser is closed, so that a form may stay open: call it before the body is
// written. Where the answer has begun and the cookie cannot be set any more it returns no
// token, and the log says so once.
func (s *Sessions) CSRFToken(w http.ResponseWriter, r *http.Request) string {
	v := visitOf(r.Context(), s)
	if current, ok := v.session(); ok {
		return s.manager.CSRFToken(current.Lineage)
	}
	nonce, held := s.nonce(w, r)
	if v != nil && v.answer.sent.Load() {
		if !held {
			s.tell(tellSent, r, "CSRFToken was called after the answer had begun: the form has no token.")
			return ""
		}
		return s.manager.CSRFToken(s.manager.LoginLineage(nonce))
	}
	s.send(w, s.made(s.name+nonceSuffix, nonce, untilClosed))
	return s.manager.CSRFToken(s.manager.LoginLineage(nonce))
}

// nonce returns the nonce that the answer already sets or the request has, else a new
// one, which the browser does not hold.
func (s *Sessions) nonce(w http.ResponseWriter, r *http.Request) (nonce string, held bool) {
	if nonce, ok := pending(w, s.name+nonceSuffix); ok && len(nonce) == nonceLength {
		return nonce, true
	}
	if given := s.nonces(r); len(given) > 0 {
		return given[0], true
	}
	return rand.Text(), false
}

// nonces returns the nonces of the request. There are several if another site of the domain, or an
// older release, has set one. The token of a form may be bound to any of them.
func (s *Sessions) nonces(r *http.Request) []string {
	return slices.DeleteFunc(distinct(r.Header["Cookie"], s.name+nonceSuffix), func(nonce string) bool {
		return len(nonce) != nonceLength
	})
}

// CheckCSRF returns nil if the request carries a CSRF token for its session, or
// before login for its cookie, in the header or in the form; else
// session.ErrCSRF. It may parse the form: bound the body first
// (http.MaxBytesReader). Files of the form are removed when Middleware returns.
func (s *Sessions) CheckCSRF(r *http.Request) error {
	v := visitOf(r.Context(), s)
	token := r.Header.Get(CSRFHeader)
	if token == "" {
		token = r.PostFormValue(CSRFField)
		if v != nil && r.MultipartForm != nil {
			v.form.Store(r.MultipartForm) // r may be a copy that Middleware does not know
		}
	}
	if current, ok := v.session(); ok {
		return s.manager.CheckCSRF(current.Lineage, token)
	}
	for _, nonce := range s.nonces(r) {
		if s.manager.CheckCSRF(s.manager.LoginLineage(nonce), token) == nil {
			return nil
		}
	}
	return session.ErrCSRF
}

// expireNonce removes the cookie of the sign-in form after a sign-in.
func (s *Sessions) expireNonce(w http.ResponseWriter, r *http.Request) {
	if len(distinct(r.Header["Cookie"], s.name+nonceSuffix)) > 0 {
		s.send(w, s.made(s.name+nonceSuffix, "", 0))
	}
}
