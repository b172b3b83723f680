// github.com/alexedwards/scs/v2, as a library beside the others.

package bench

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// scsLibrary is scs with its defaults, and what the test asks for: tokens hashed,
// and an idle timeout where there is one.
type scsLibrary struct{ *scs.SessionManager }

func newSCS(store scs.Store, idle time.Duration) scsLibrary {
	m := scs.New()
	if store != nil {
		m.Store = store
	}
	m.IdleTimeout = idle
	m.HashTokenInStore = true
	m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		quiet.Print(err) // the default logs too
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
	return scsLibrary{m}
}

var quiet = log.New(io.Discard, "", 0)

func (s scsLibrary) wrap(next http.Handler) http.Handler { return s.LoadAndSave(next) }

// login keeps the limit with what scs offers: it walks through all sessions. It
// does so in the test of the limit only, so that it costs the tables nothing.
func (s scsLibrary) login(_ http.ResponseWriter, r *http.Request, user string) error {
	if r.FormValue("limit") != "" {
		mine := 0
		err := s.Iterate(r.Context(), func(ctx context.Context) error {
			if s.GetString(ctx, "user") == user {
				if mine++; mine >= userLimit {
					return s.Destroy(ctx)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := s.RenewToken(r.Context()); err != nil {
		return err
	}
	s.Put(r.Context(), "user", user)
	return nil
}

func (s scsLibrary) logout(_ http.ResponseWriter, r *http.Request) error {
	return s.Destroy(r.Context())
}

func (s scsLibrary) user(r *http.Request) (string, error) {
	return s.GetString(r.Context(), "user"), nil
}

// seen has nothing to do: with an idle timeout every request is written back.
func (s scsLibrary) seen(http.ResponseWriter, *http.Request) error { return nil }

func (s scsLibrary) put(_ http.ResponseWriter, r *http.Request, key, value string) error {
	s.Put(r.Context(), key, value)
	return nil
}

func (s scsLibrary) keys(r *http.Request) (int, error) {
	return len(s.Keys(r.Context())) - 1, nil // without the user
}

func (s scsLibrary) list(r *http.Request, user string) ([]string, error) {
	var names []string
	err := s.Iterate(r.Context(), func(ctx context.Context) error {
		if s.GetString(ctx, "user") == user {
			names = append(names, s.Token(ctx))
		}
		return nil
	})
	return names, err
}

func (s scsLibrary) end(r *http.Request, name string) error {
	return s.Iterate(r.Context(), func(ctx context.Context) error {
		if s.Token(ctx) == name {
			return s.Destroy(ctx)
		}
		return nil
	})
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// page walks through all sessions, which is what scs offers, and stops at n.
func (s scsLibrary) page(r *http.Request, n int) ([]string, error) {
	var names []string
	err := s.Iterate(r.Context(), func(ctx context.Context) error {
		if names = append(names, s.Token(ctx)); len(names) == n {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return names, err
}
