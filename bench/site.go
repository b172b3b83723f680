// The site: the handler that all libraries serve.

package bench

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// gate holds requests in flight: each says that it has read its session, and
// waits to be let through.
type gate struct {
	arrived chan struct{}
	pass    chan struct{}
}

func newGate() *gate { return &gate{make(chan struct{}, 1024), make(chan struct{})} }

// site serves a library: the routes that a black-box test needs.
func site(l library, g *gate) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			switch err := f(w, r); {
			case err == nil:
			case errors.Is(err, errNobody):
				http.Error(w, err.Error(), http.StatusUnauthorized)
			case errors.Is(err, errNotOffered):
				http.Error(w, err.Error(), http.StatusNotImplemented)
			default:
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	signedIn := func(r *http.Request) error {
		user, err := l.user(r)
		if err == nil && user == "" {
			err = errNobody
		}
		return err
	}
	handle("POST /login", func(w http.ResponseWriter, r *http.Request) error {
		if err := l.login(w, r, r.FormValue("user")); err != nil {
			return err
		}
		_, _ = w.Write(ok)
		return nil
	})
	handle("POST /logout", func(w http.ResponseWriter, r *http.Request) error {
		if err := l.logout(w, r); err != nil {
			return err
		}
		_, _ = w.Write(ok)
		return nil
	})
	handle("GET /read", func(w http.ResponseWriter, r *http.Request) error {
		if err := signedIn(r); err != nil {
			return err
		}
		_, _ = w.Write(ok)
		return nil
	})
	handle("POST /put", func(w http.ResponseWriter, r *http.Request) error {
		if err := signedIn(r); err != nil {
			return err
		}
		if r.FormValue("wait") != "" {
			g.arrived <- struct{}{}
			<-g.pass
		}
		if err := l.put(w, r, r.FormValue("key"), "value"); err != nil {
			return err
		}
		_, _ = w.Write(ok)
		return nil
	})
	handle("GET /keys", func(w http.ResponseWriter, r *http.Request) error {
		n, err := l.keys(r)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprint(w, n)
		return nil
	})
	handle("GET /list", func(w http.ResponseWriter, r *http.Request) error {
		names, err := l.list(r, r.FormValue("user"))
		if err != nil {
			return err
		}
		_, _ = w.Write([]byte(strings.Join(names, "\n")))
		return nil
	})
	handle("POST /end", func(w http.ResponseWriter, r *http.Request) error {
		if err := l.end(r, r.FormValue("name")); err != nil {
			return err
		}
		_, _ = w.Write(ok)
		return nil
	})
	return l.wrap(mux)
}

var ok = []byte("ok\n")
