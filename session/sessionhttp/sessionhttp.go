// Package sessionhttp puts sessions behind net/http: the cookie, a middleware,
// the session in the request's context, CSRF tokens in forms, and the client's
// address and device.
//
//	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{SecretKey: key})
//	sessions, err := sessionhttp.New(manager, sessionhttp.Config{Secure: true})
//	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
//		// ... check the password, then:
//		_, err := sessions.SignIn(w, r, userID)
//	})
//	http.ListenAndServe(addr, sessions.Middleware(mux))
//
// A request without a cookie, or with one that is not genuine, never reaches the
// store. A store that is down is answered with 503 and the cookie kept.
//
// # Cookies
//
// The token of a user's session is in the session cookie ([Sessions.CookieName]). Where tokens are
// renewed (session.Config.RenewEvery), the token of the last sign-in or step-up is in a second
// cookie, "_anchor". The token of an anonymous session is in "_visitor", the nonce of a sign-in
// form in "_login", a known device in "_device". Each of these names begins with the session
// cookie's name.
//
// # Promises
//
// Browsers send requests at the same time, and networks lose, delay and reorder answers.
// Package browsertest is a model of both, and holds these rules on every store:
//
//   - A session counts only for the [Sessions] that found it. [Sessions.FromContext],
//     [Sessions.UserID] and [Sessions.Require] answer for their own; [FromContext],
//     [UserID] and [Require] for the innermost. An inner one hides the outer, also where
//     it found none.
//   - A cookie is removed by the sign-out that ended its session and by nothing else. Its
//     Max-Age is set once, to the session's deadline. A renewal (session.Config.RenewEvery)
//     whose answer is lost, late or repeated signs nobody out. docs/design.md lists the
//     orders that HTTP cannot settle.
//   - An ending goes on when the client has gone away.
//   - Within one request a change shows at once: after SignIn, Start, Elevate, SignOut, End and
//     Update, FromContext, UserID and CSRFToken answer accordingly. A change that is made with the
//     Manager directly shows at the next request.
//   - Once the header of an answer is on its way no cookie can be set: SignIn, Start, Elevate
//     and RememberDevice then return [ErrSent] and change nothing, and CSRFToken
//     returns no token. SignOut and End need no cookie, and work.
//   - An answer that sets a cookie is no-store. Of any other answer to a request with a session
//     Cache-Control is the handler's to set, and no-store where it does not.
//   - Of several cookies of the name, identical ones count as one, and those that are not genuine
//     are dropped. The one whose session is live counts; if two are live, none does. The log says
//     so once.
//   - The middleware wraps writer and request, and hides nothing of them: the writer flushes, is
//     hijacked, pushes, reads and unwraps where it did before, the request has its pattern, path
//     values and form afterwards, and files of a form are removed.
package sessionhttp

import (
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/go-crudadmin/crudadmin/session"
)

// ErrSent says that the header of the answer is already on its way, so that a cookie
// cannot be set any more. Nothing was changed.
var ErrSent = errors.New("sessionhttp: the answer has begun, its cookies cannot be set any more")

// Sessions carries a manager's sessions over HTTP. It is safe for use by many
// goroutines.
type Sessions struct {
	manager  *session.Manager
	cfg      Config
	log      *slog.Logger
	name     string // of the session cookie, prefix included
	path     string // of all cookies
	anchored bool   // the rules renew tokens

	told [tellings]atomic.Bool // the warnings that were logged
}

// New returns the sessions of a manager. Every field of cfg that is wrong is
// named in the error.
func New(m *session.Manager, cfg Config) (*Sessions, error) {
	if m == nil {
		return nil, errors.New("sessionhttp: New: manager is nil")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	rules := m.Rules()
	s := &Sessions{
		manager: m, cfg: cfg, log: rules.Logger.With("component", "session"),
		name: cfg.CookieName, path: cfg.Path,
		anchored: rules.RenewEvery > 0,
	}
	switch {
	case cfg.Secure && cfg.Domain == "":
		s.name, s.path = "__Host-"+cfg.CookieName, "/"
	case cfg.Secure:
		s.name = "__Secure-" + cfg.CookieName
	}
	return s, nil
}

// Manager returns the manager whose sessions these are.
func (s *Sessions) Manager() *session.Manager { return s.manager }

// CookieName returns the name of the session cookie as browsers see it, prefix
// included.
func (s *Sessions) CookieName() string { return s.name }

// telling is a warning that is logged once.
type telling int

const (
	tellRepeated telling = iota // identical cookies
	tellPlanted                 // several, one of them not ours
	tellSeveral                 // several of ours
	tellRivals                  // several live ones
	tellSent                    // a CSRF token asked for too late
	tellings
)

// tell logs a warning once: each kind comes with every request of a browser, or with none.
func (s *Sessions) tell(what telling, r *http.Request, text string) {
	if s.told[what].CompareAndSwap(false, true) {
		s.log.WarnContext(r.Context(), text+" This is logged once.", "cookie", s.name, "client", s.ClientIP(r), "path", r.URL.Path)
	}
}

func unavailable(w http.ResponseWriter, _ *http.Request, _ error) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "The session store is unavailable. You are still signed in; please try again.", http.StatusServiceUnavailable)
}
