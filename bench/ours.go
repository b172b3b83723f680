// crudadmin's own sessions, as a library beside the others.

package bench

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

const secretKey = "a key for benchmarks only, 32 bytes and more"

// ours is crudadmin with its defaults: an idle timeout of 30 minutes, a lifetime
// of 12 hours, 5 sessions a user.
type ours struct{ *sessionhttp.Sessions }

func newOurs(store session.Store) (ours, error) {
	m, err := session.New(store, session.Config{
		SecretKey: secretKey, MaxPerUser: userLimit, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return ours{}, err
	}
	s, err := sessionhttp.New(m, sessionhttp.Config{})
	return ours{s}, err
}

func (o ours) wrap(next http.Handler) http.Handler { return o.Middleware(next) }

func (o ours) login(w http.ResponseWriter, r *http.Request, user string) error {
	_, err := o.SignIn(w, r, user)
	return err
}

func (o ours) logout(w http.ResponseWriter, r *http.Request) error { return o.SignOut(w, r) }

func (o ours) user(r *http.Request) (string, error) { return sessionhttp.UserID(r.Context()), nil }

// seen has nothing to do: the middleware touches, as often as TouchInterval says.
func (o ours) seen(http.ResponseWriter, *http.Request) error { return nil }

func (o ours) put(_ http.ResponseWriter, r *http.Request, key, value string) error {
	current, found := sessionhttp.FromContext(r.Context())
	if !found {
		return errNobody
	}
	_, err := o.Manager().Update(r.Context(), current.ID, func(m *session.Metadata) error {
		return session.NewKey[string](key).Set(m, value)
	})
	if errors.Is(err, session.ErrNotFound) {
		return errNobody
	}
	return err
}

func (o ours) keys(r *http.Request) (int, error) {
	current, found := sessionhttp.FromContext(r.Context())
	if !found {
		return 0, errNobody
	}
	return len(current.Metadata.Keys()), nil
}

func (o ours) list(r *http.Request, user string) ([]string, error) {
	sessions, err := o.Manager().UserSessions(r.Context(), user)
	return names(sessions), err
}

func (o ours) page(r *http.Request, n int) ([]string, error) {
	page, err := o.Manager().List(r.Context(), session.Query{Limit: n})
	if errors.Is(err, session.ErrUnsupported) {
		err = errNotOffered
	}
	return names(page.Sessions), err
}

func names(sessions []session.Session) []string {
	var all []string
	for i := range sessions {
		all = append(all, sessions[i].ID.String())
	}
	return all
}

func (o ours) end(r *http.Request, name string) error {
	id, err := session.ParseID(name)
	if err != nil {
		return err
	}
	return o.Manager().Revoke(r.Context(), id, session.Ending{Reason: session.ReasonRevoked})
}
