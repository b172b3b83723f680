// github.com/gorilla/sessions, as a library beside the others.

package bench

import (
	"net/http"

	"github.com/gorilla/sessions"
)

// gorilla is gorilla/sessions on one of its stores, with cookies signed.
type gorilla struct{ sessions.Store }

func (g gorilla) wrap(next http.Handler) http.Handler { return next }

// session ignores the error of a session that cannot be read, as gorilla's own
// documentation does: there is then a new one.
func (g gorilla) session(r *http.Request) *sessions.Session {
	s, _ := g.Get(r, "session")
	return s
}

// login makes a session with a new ID; what the request came with is dropped.
func (g gorilla) login(w http.ResponseWriter, r *http.Request, user string) error {
	s := g.session(r)
	s.ID = ""
	s.Values["user"] = user
	return s.Save(r, w)
}

func (g gorilla) logout(w http.ResponseWriter, r *http.Request) error {
	s := g.session(r)
	s.Options.MaxAge = -1
	return s.Save(r, w)
}

func (g gorilla) user(r *http.Request) (string, error) {
	user, _ := g.session(r).Values["user"].(string)
	return user, nil
}

// seen saves the session, which is how the store's expiry moves on.
func (g gorilla) seen(w http.ResponseWriter, r *http.Request) error { return g.session(r).Save(r, w) }

func (g gorilla) put(w http.ResponseWriter, r *http.Request, key, value string) error {
	s := g.session(r)
	s.Values[key] = value
	return s.Save(r, w)
}

func (g gorilla) keys(r *http.Request) (int, error) {
	return len(g.session(r).Values) - 1, nil // without the user
}

func (gorilla) list(*http.Request, string) ([]string, error) { return nil, errNotOffered }
func (gorilla) end(*http.Request, string) error              { return errNotOffered }
func (gorilla) page(*http.Request, int) ([]string, error)    { return nil, errNotOffered }
