// Cookies: reading, setting and expiring them.

package sessionhttp

import (
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// cookieState is what the request's session cookie turned out to be.
type cookieState int

const (
	cookieAbsent cookieState = iota
	cookieOdd                // malformed, or more than one of the name
	cookieGiven
)

// read returns the token in the request's cookie. Two cookies of the name mean
// that somebody has planted one: neither is believed. It makes no http.Cookie: that
// would be a quarter of what the middleware costs.
func (s *Sessions) read(r *http.Request) (session.Token, cookieState) {
	found, value := 0, ""
	for _, line := range r.Header["Cookie"] {
		for rest := line; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, ";")
			if name, text, _ := strings.Cut(textproto.TrimString(pair), "="); textproto.TrimString(name) == s.name {
				found, value = found+1, text
			}
		}
	}
	switch found {
	case 0:
		return session.Token{}, cookieAbsent
	case 1:
		token, err := session.ParseToken(value)
		if err != nil {
			return session.Token{}, cookieOdd
		}
		return token, cookieGiven
	default:
		return session.Token{}, cookieOdd
	}
}

// set sends the session's cookie, which ends with the session.
func (s *Sessions) set(w http.ResponseWriter, token session.Token, of session.Session) {
	s.send(w, s.cookie(token, of))
}

// cookie returns the cookie that carries token, the token of session of.
func (s *Sessions) cookie(token session.Token, of session.Session) *http.Cookie {
	return s.made(s.name, token.Reveal(), s.path, of.ExpiresAt.Sub(s.manager.Now()))
}

// made returns a cookie with the attributes that all of ours have.
func (s *Sessions) made(name, value, path string, lives time.Duration) *http.Cookie {
	sameSite := http.SameSiteLaxMode
	if s.cfg.Strict {
		sameSite = http.SameSiteStrictMode
	}
	seconds := int((lives + time.Second - 1) / time.Second)
	if seconds <= 0 {
		seconds = -1 // net/http writes Max-Age=0
	}
	return &http.Cookie{ //nolint:gosec // Secure is the site's to say
		Name: name, Value: value, Path: path, MaxAge: seconds,
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: sameSite,
	}
}

// send sets a cookie in place of one of the same name and path that the answer
// already sets.
func (s *Sessions) send(w http.ResponseWriter, c *http.Cookie) {
	h := w.Header()
	text := c.String()
	path := "; Path=" + c.Path + ";"
	kept := h["Set-Cookie"][:0:0]
	for _, line := range h["Set-Cookie"] {
		if !strings.HasPrefix(line, c.Name+"=") || !strings.Contains(line+";", path) {
			kept = append(kept, line)
		}
	}
	h["Set-Cookie"] = append(kept, text)
}

// Forget removes the session cookie and leaves the session as it is, for a
// caller who ends it by other means.
func (s *Sessions) Forget(w http.ResponseWriter) { s.expire(w) }

// expire removes the session cookie, also one that was planted at the root.
func (s *Sessions) expire(w http.ResponseWriter) {
	s.send(w, s.made(s.name, "", s.path, 0))
	if s.path != "/" {
		s.send(w, s.made(s.name, "", "/", 0))
	}
}

func cookieNameOK(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-' {
			return false
		}
	}
	return true
}

func cookiePathOK(path string) bool {
	return strings.HasPrefix(path, "/") && len(path) <= 1024 && !strings.ContainsFunc(path, func(r rune) bool {
		return r == ';' || r == ',' || r < ' ' || r >= 0x7f
	})
}
