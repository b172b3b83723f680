// Cookies: which there are, reading, setting and expiring them.

package sessionhttp

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// The suffixes of the session cookie's name for the other cookies.
const (
	// anchorSuffix is for a second cookie with the token that the last sign-in or
	// step-up made, where the rules renew tokens. A renewal sets the session cookie
	// alone: where its answer arrives late, after that of a sign-in or step-up, it
	// overwrites the newer token with one that is dead, and the anchor still holds.
	anchorSuffix = "_anchor"

	// visitorSuffix is for anonymous sessions. They have a cookie of their own, so that the
	// late answer to a Start does not overwrite that of a sign-in: it counts where the
	// session cookie opens nothing.
	visitorSuffix = "_visitor"

	nonceSuffix  = "_login"
	deviceSuffix = "_device"
)

// maxCopies is how many different cookies of one name are looked at. The store is asked for no more
// of them in one request; with more the request has no session.
const maxCopies = 8

// cookieValues yields the values of all cookies of the name in lines, the request's Cookie
// headers. It makes no http.Cookie: that would be a quarter of what the middleware
// costs.
func cookieValues(lines []string, name string, yield func(value string)) {
	for _, line := range lines {
		for rest := line; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, ";")
			if key, text, _ := strings.Cut(textproto.TrimString(pair), "="); textproto.TrimString(key) == name {
				yield(text)
			}
		}
	}
}

// distinct returns the values of the name's cookies, each once, maxCopies at most.
func distinct(lines []string, name string) (texts []string) {
	cookieValues(lines, name, func(value string) {
		if len(texts) < maxCopies && !slices.Contains(texts, value) {
			texts = append(texts, value)
		}
	})
	return texts
}

// tokens are the tokens in the cookies of one name.
type tokens struct {
	first session.Token   // of those in all, so that one alone costs no slice
	more  []session.Token // the others, all genuine
	seen  int             // cookies of the name
	dull  bool            // one of several holds no token of ours
	many  bool            // there are more than maxCopies
}

// read reads the tokens in the cookies of the name. Identical ones count as one, and of several
// those that are not genuine are dropped. One alone may be anything.
func (s *Sessions) read(lines []string, name string) (t tokens) {
	cookieValues(lines, name, func(value string) {
		t.seen++
		token, err := session.ParseToken(value)
		switch {
		case err != nil:
			t.dull = true
		case t.first.IsZero():
			t.first = token
		case token == t.first || slices.Contains(t.more, token):
		case !s.manager.Genuine(token):
			t.dull = true
		case len(t.more) == maxCopies-1:
			t.many = true
		default:
			t.more = append(t.more, token)
		}
	})
	if len(t.more) > 0 && !s.manager.Genuine(t.first) {
		t.first, t.more, t.dull = t.more[0], t.more[1:], true
	}
	return t
}

// all returns the tokens.
func (t *tokens) all() []session.Token {
	if t.first.IsZero() {
		return nil
	}
	return append([]session.Token{t.first}, t.more...)
}

// set sends the session's cookie; users' and anonymous sessions have different ones. It lives until
// the session's deadline, so that it need not be sent again. A sign-in or step-up sets the anchor
// too.
func (s *Sessions) set(w http.ResponseWriter, h holding, anchored bool) {
	lives := h.session.Deadline.Sub(s.manager.Now())
	if s.cfg.BrowserSession {
		lives = untilClosed
	}
	name := s.name
	if h.session.UserID == "" {
		name, anchored = s.name+visitorSuffix, false
	}
	s.send(w, s.made(name, h.token.Reveal(), lives))
	if anchored && s.anchored {
		s.send(w, s.made(s.name+anchorSuffix, h.token.Reveal(), lives))
	}
}

// untilClosed is the life of a cookie that lasts until the browser is closed.
const untilClosed time.Duration = -1

// made returns a cookie with the attributes of all our cookies. A life of 0 removes it.
func (s *Sessions) made(name, value string, lives time.Duration) *http.Cookie {
	c := &http.Cookie{ //nolint:gosec // Secure is the site's to say
		Name: name, Value: value, Path: s.path, Domain: s.cfg.Domain,
		HttpOnly: true, Secure: s.cfg.Secure, SameSite: s.cfg.SameSite, Partitioned: s.cfg.Partitioned,
	}
	if lives != untilClosed {
		c.MaxAge = int((lives + time.Second - 1) / time.Second)
		if c.MaxAge <= 0 {
			c.MaxAge = -1 // net/http writes Max-Age=0
		}
	}
	return c
}

// send sets a cookie in place of the same one that the answer already sets, and lets no
// cache keep the answer. Behind Middleware that is said once more when the header
// leaves.
func (s *Sessions) send(w http.ResponseWriter, c *http.Cookie) {
	h := w.Header()
	kept := h["Set-Cookie"][:0:0]
	for _, line := range h["Set-Cookie"] {
		if !sameCookie(line, c) {
			kept = append(kept, line)
		}
	}
	h["Set-Cookie"] = append(kept, c.String())
	h["Cache-Control"] = noStore
}

// pending returns the value of a cookie that the answer already sets, empty where it
// removes it.
func pending(w http.ResponseWriter, name string) (value string, ok bool) {
	for _, line := range w.Header()["Set-Cookie"] {
		if text, found := strings.CutPrefix(line, name+"="); found {
			value, _, _ = strings.Cut(text, ";")
			return value, true
		}
	}
	return "", false
}

// pendingCookies returns the lines as they will be when the browser has taken the cookies
// that the answer sets so far.
func (s *Sessions) pendingCookies(w http.ResponseWriter, lines []string) []string {
	after := lines
	for _, name := range [...]string{s.name, s.name + visitorSuffix, s.name + anchorSuffix} {
		if value, ok := pending(w, name); ok {
			rest := slices.Clone(after)
			for i := range rest {
				rest[i] = without(rest[i], name)
			}
			after = append(rest, name+"="+value)
		}
	}
	return after
}

// without returns a Cookie header without the cookies of the name.
func without(line, name string) string {
	var kept []string
	for pair := range strings.SplitSeq(line, ";") {
		if key, _, _ := strings.Cut(pair, "="); textproto.TrimString(key) != name {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, ";")
}

// sameCookie reports whether line sets the cookie that c is, which is known by name,
// path and domain.
func sameCookie(line string, c *http.Cookie) bool {
	if !strings.HasPrefix(line, c.Name+"=") || !strings.Contains(line+";", "; Path="+c.Path+";") {
		return false
	}
	if c.Domain == "" {
		return !strings.Contains(line, "; Domain=")
	}
	return strings.Contains(line+";", "; Domain="+c.Domain+";")
}
