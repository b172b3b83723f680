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
package sessionhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/go-crudadmin/crudadmin/session"
)

// Config says how sessions travel over HTTP. The zero value will do in
// development; in production set Secure.
type Config struct {
	// CookieName is the session cookie's name: "session" by default. With Secure
	// the prefix "__Host-" goes before it. Programs that share a host need
	// different names. Letters, digits, "_" and "-", at most 64.
	CookieName string

	// Secure is for sites served over HTTPS: the cookie gets the attribute
	// Secure, the path "/" and the prefix "__Host-", with which browsers refuse
	// one that a subdomain or plain HTTP has planted (RFC 6265bis, 4.1.3.2).
	Secure bool

	// Path is the cookie's path where Secure is off: "/" by default.
	Path string

	// Strict makes the cookie SameSite=Strict: it is then not sent along a link
	// from another site either. The default is Lax.
	Strict bool

	// TrustedProxies are the addresses whose forwarding headers are believed;
	// none by default.
	TrustedProxies []netip.Prefix

	// TrustUnix says that whatever connects over a Unix socket is a trusted proxy; such
	// a peer has no address.
	TrustUnix bool

	// ForwardedHeader is where trusted proxies write the client's address:
	// "X-Forwarded-For" by default, or "Forwarded" (RFC 7239). Only one is read,
	// because a proxy passes on unread what a client wrote into the other.
	ForwardedHeader string

	// Unavailable answers a request whose session nobody could look up. By
	// default 503 in plain text, with Retry-After.
	Unavailable func(http.ResponseWriter, *http.Request, error)
}

func (c Config) withDefaults() Config {
	if c.CookieName == "" {
		c.CookieName = "session"
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.ForwardedHeader == "" {
		c.ForwardedHeader = "X-Forwarded-For"
	}
	if c.Unavailable == nil {
		c.Unavailable = unavailable
	}
	return c
}

func (c Config) validate() error {
	var errs []error
	if !cookieNameOK(c.CookieName) {
		errs = append(errs, fmt.Errorf("CookieName: %q, want 1 to 64 letters, digits, _ or -", c.CookieName))
	}
	if !cookiePathOK(c.Path) {
		errs = append(errs, fmt.Errorf("Path: %q, want a path that begins with / and has no ;, comma or control character", c.Path))
	}
	if c.ForwardedHeader != "X-Forwarded-For" && c.ForwardedHeader != "Forwarded" {
		errs = append(errs, fmt.Errorf("ForwardedHeader: %q, want X-Forwarded-For or Forwarded", c.ForwardedHeader))
	}
	for i, p := range c.TrustedProxies {
		if !p.IsValid() {
			errs = append(errs, fmt.Errorf("TrustedProxies[%d]: not an address range", i))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("sessionhttp: configuration:\n%w", errors.Join(errs...))
}

// Sessions carries a manager's sessions over HTTP. It is safe for use by many
// goroutines.
type Sessions struct {
	manager *session.Manager
	cfg     Config
	name    string // of the session cookie, prefix included
	path    string // of all cookies
}

// New returns the sessions of a manager. Every field of cfg that is wrong is
// named in the error.
func New(m *session.Manager, cfg Config) (*Sessions, error) {
	if m == nil {
		return nil, errors.New("sessionhttp: New: manager is nil")
	}
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Sessions{manager: m, cfg: cfg, name: cfg.CookieName, path: cfg.Path}
	if cfg.Secure {
		s.name, s.path = "__Host-"+cfg.CookieName, "/"
	}
	return s, nil
}

// Manager returns the manager whose sessions these are.
func (s *Sessions) Manager() *session.Manager { return s.manager }

// visit is what the middleware found out about a request.
type visit struct {
	session session.Session
	token   session.Token
}

type visitKey struct{}

// FromContext returns the session of the request whose context ctx is, and
// whether there is one. It is as it was when the request came in.
func FromContext(ctx context.Context) (session.Session, bool) {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v.session, true
	}
	return session.Session{}, false
}

// UserID returns the user who is signed in, empty if nobody is.
func UserID(ctx context.Context) string {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v.session.UserID
	}
	return ""
}

// Shared values of headers; a handler that adds to one gets a copy.
var (
	noStore    = []string{"no-store"}
	varyCookie = []string{"Cookie"}
)

// Middleware looks up the session of each request and puts it into the
// request's context for next. Requests without a valid session pass with none.
// While the session moves on, so does the cookie's Max-Age. Answers to requests
// with a session are marked no-store; a handler may set Cache-Control anew.
func (s *Sessions) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if h["Vary"] == nil {
			h["Vary"] = varyCookie
		} else {
			h.Add("Vary", "Cookie")
		}
		token, state := s.read(r)
		if state == cookieAbsent {
			next.ServeHTTP(w, r)
			return
		}
		if state == cookieOdd {
			s.expire(w)
			next.ServeHTTP(w, r)
			return
		}
		before := s.manager.Now()
		v := &visit{token: token}
		var err error
		v.session, err = s.manager.Validate(r.Context(), token)
		switch {
		case errors.Is(err, session.ErrNotFound):
			s.expire(w)
			next.ServeHTTP(w, r)
			return
		case err != nil:
			s.cfg.Unavailable(w, r, err)
			return
		}
		if s.manager.RenewDue(v.session) {
			s.renew(w, r, v)
		} else if !v.session.LastActivity.Before(before) {
			s.set(w, token, v.session)
		}
		h["Cache-Control"] = noStore
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
	})
}

// renew replaces the token of a session that the rules call old. Where another
// request was faster, or the store cannot write now, the old one still serves.
func (s *Sessions) renew(w http.ResponseWriter, r *http.Request, v *visit) {
	token, renewed, err := s.manager.Renew(r.Context(), v.token)
	if err != nil {
		return
	}
	v.token, v.session = token, renewed
	s.set(w, token, renewed)
}

// Require passes requests of signed-in users on to next and answers others with
// 401. It stands behind Middleware.
func Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if UserID(r.Context()) == "" {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// SignIn makes a session for the user and sets its cookie. A session that the
// request already has ends first: no token outlives a login. If it was
// anonymous, its metadata goes over to the new one. An empty userID makes an
// anonymous session, for a visitor's cart. On an error no cookie is set.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, userID string) (session.Session, error) {
	token, made, err := s.signIn(r, userID)
	if err != nil {
		return session.Session{}, err
	}
	s.set(w, token, made)
	s.expireNonce(w, r)
	return made, nil
}

func (s *Sessions) signIn(r *http.Request, userID string) (session.Token, session.Session, error) {
	if old, state := s.read(r); state == cookieGiven {
		current, err := s.manager.Validate(r.Context(), old)
		switch {
		case errors.Is(err, session.ErrNotFound):
		case err != nil:
			return session.Token{}, session.Session{}, err
		case current.UserID == "" && userID != "":
			token, made, err := s.manager.Rotate(r.Context(), old, userID)
			if !errors.Is(err, session.ErrNotFound) {
				return token, made, err
			}
		default:
			err := s.manager.Revoke(r.Context(), current.ID, session.Ending{Reason: session.Rotated})
			if errors.Is(err, session.ErrPartial) { // the old token may still be taken somewhere
				err = fmt.Errorf("%w: %w", session.ErrUnavailable, err)
			}
			if err != nil {
				return session.Token{}, session.Session{}, err
			}
		}
	}
	agent := r.UserAgent()
	return s.manager.Create(r.Context(), session.NewSession{
		UserID:    userID,
		IP:        s.ClientIP(r),
		UserAgent: agent,
		Device:    ParseDevice(agent),
	})
}

// Elevate gives the request's session another token because what it may do
// changes, such as after a step-up or a change of role; see
// session.Manager.Rotate. ErrNotFound if the request has no session.
func (s *Sessions) Elevate(w http.ResponseWriter, r *http.Request) (session.Session, error) {
	v, ok := r.Context().Value(visitKey{}).(*visit)
	if !ok {
		return session.Session{}, session.ErrNotFound
	}
	token, made, err := s.manager.Rotate(r.Context(), v.token, v.session.UserID)
	if err != nil {
		return session.Session{}, err
	}
	s.set(w, token, made)
	return made, nil
}

// SignOut ends the request's session and removes the cookie. If the store is
// unavailable, the cookie stays and the error says so: the session lives on. With a
// *session.PartialError the session has ended for good and the cookie is removed;
// the error says until when other nodes may not know of it.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) error {
	var receipt error
	end := func(token session.Token) error {
		err := s.manager.Logout(r.Context(), token)
		if errors.Is(err, session.ErrPartial) {
			receipt, err = err, nil
		}
		return err
	}
	token, state := s.read(r)
	if state == cookieGiven {
		// The token a renewal in this request has replaced finds its successor.
		if err := end(token); err != nil {
			return err
		}
	}
	if v, ok := r.Context().Value(visitKey{}).(*visit); ok && v.token != token {
		if err := end(v.token); err != nil {
			return err
		}
	}
	s.expire(w)
	return receipt
}

func unavailable(w http.ResponseWriter, _ *http.Request, _ error) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "The session store is unavailable. You are still signed in; please try again.", http.StatusServiceUnavailable)
}
