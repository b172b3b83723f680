// Visit: one request as the sessions see it, in the request's context.

package sessionhttp

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// visit is one request below one Sessions. It is the request's context, and holds the request's
// session. Changes by SignIn and other methods show in it at once.
type visit struct {
	context.Context // of the request
	sessions        *Sessions
	answer          answer
	cookies         []string  // the request's Cookie headers
	arrived         time.Time // where the rules renew tokens

	given   tokens          // in the session cookies
	rivals  []session.Token // of several live sessions, none of which counts
	unknown bool            // the store has not been asked, or could not say, what the tokens open
	changed bool            // the request's session is another than it came with
	adopted bool            // its token did not come in a cookie

	current atomic.Pointer[holding] // nil if nobody is known
	found   holding                 // the session that the request came with
	form    atomic.Pointer[multipart.Form]

	attempts []*session.Attempt // to sign in, which SignIn counts as successes

	changing sync.Mutex // one change of the session at a time
}

// holding is a session and the token that opens it.
type holding struct {
	session session.Session
	token   session.Token
}

// visitKey finds the visit of a Sessions, and with none named the innermost.
type visitKey struct{ of *Sessions }

// Value implements context.Context.
func (v *visit) Value(key any) any {
	if k, ok := key.(visitKey); ok && (k.of == nil || k.of == v.sessions) {
		return v
	}
	return v.Context.Value(key)
}

// String keeps what is printed of a context short.
func (v *visit) String() string { return "sessionhttp.visit" }

// innermost is a context in which a visit that began further out is the innermost once
// more.
type innermost struct {
	context.Context
	visit *visit
}

// Value implements context.Context.
func (i innermost) Value(key any) any {
	if k, ok := key.(visitKey); ok && (k.of == nil || k.of == i.visit.sessions) {
		return i.visit
	}
	return i.Context.Value(key)
}

func visitOf(ctx context.Context, s *Sessions) *visit {
	v, _ := ctx.Value(visitKey{s}).(*visit)
	return v
}

// session returns the session that the visit has now.
func (v *visit) session() (session.Session, bool) {
	if v == nil {
		return session.Session{}, false
	}
	if h := v.current.Load(); h != nil {
		return h.session, true
	}
	return session.Session{}, false
}

func (v *visit) userID() string {
	if v == nil {
		return ""
	}
	if h := v.current.Load(); h != nil {
		return h.session.UserID
	}
	return ""
}

// FromContext returns the session of the request whose context ctx is, and whether there is one: as
// it was when the request came in, or as SignIn, Start, Elevate, SignOut, End and Update have left
// it. The sessions of other Sessions, around or inside this one, do not count.
func (s *Sessions) FromContext(ctx context.Context) (session.Session, bool) {
	return visitOf(ctx, s).session()
}

// UserID returns the ID of the user who is signed in with s. It is empty if nobody is.
func (s *Sessions) UserID(ctx context.Context) string { return visitOf(ctx, s).userID() }

// Require passes requests of users who are signed in with s on to next and answers
// others with 401. It stands behind s.Middleware.
func (s *Sessions) Require(next http.Handler) http.Handler { return require(next, s.UserID) }

// FromContext is [Sessions.FromContext] of the innermost Sessions whose Middleware the
// request has passed. Programs with more than one ask their own.
func FromContext(ctx context.Context) (session.Session, bool) { return visitOf(ctx, nil).session() }

// UserID is [Sessions.UserID] of the innermost Sessions.
func UserID(ctx context.Context) string { return visitOf(ctx, nil).userID() }

// Require is [Sessions.Require] of the innermost Sessions.
func Require(next http.Handler) http.Handler { return require(next, UserID) }

func require(next http.Handler, userID func(context.Context) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if userID(r.Context()) == "" {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Adopt returns r with the session that token opens in its context, as Middleware would for a
// cookie: for tokens that came in another way, such as a header. Before Middleware it counts where
// the request has no session cookie, and is not renewed. The errors are those of
// session.Manager.Validate. Elevate sets a cookie here too; programs that carry the token otherwise
// call session.Manager.Elevate.
func (s *Sessions) Adopt(r *http.Request, token session.Token) (*http.Request, error) {
	v := s.visit(nil, r)
	v.given, v.adopted = tokens{first: token, seen: 1}, true
	if err := v.find(r); err != nil {
		return nil, err
	}
	if v.current.Load() == nil {
		return nil, session.ErrNotFound
	}
	return r.WithContext(v), nil
}

// visit returns a visit that knows nothing yet. If w is nil, it does not know either whether the
// answer has begun.
func (s *Sessions) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{Context: r.Context(), sessions: s, cookies: r.Header["Cookie"]}
	if s.anchored {
		v.arrived = s.manager.Now()
	}
	if w != nil {
		v.answer.ResponseWriter, v.answer.visit = w, v
		v.answer.outer, v.answer.upgrades = w.Header()["Cache-Control"], upgrades(r)
	}
	return v
}

// find looks up the session that the request's tokens open. An error is the store's.
func (v *visit) find(r *http.Request) error {
	s := v.sessions
	if v.current.Load() != nil || len(v.cookies) == 0 && v.given.seen == 0 {
		return nil
	}
	v.unknown, v.rivals = true, nil
	if err := v.look(&v.given); err != nil {
		return err
	}
	if v.lost() && s.anchored && s.manager.Genuine(v.given.first) {
		anchor := s.read(v.cookies, s.name+anchorSuffix)
		given := v.given.all()
		if err := v.choose(slices.DeleteFunc(anchor.all(), func(t session.Token) bool { return slices.Contains(given, t) })); err != nil {
			return err
		}
	}
	if v.lost() {
		visitor := s.read(v.cookies, s.name+visitorSuffix)
		if err := v.look(&visitor); err != nil {
			return err
		}
	}
	v.unknown = false
	v.tellCopies(r)
	return nil
}

// lost reports whether no cookie that was looked at opens anything.
func (v *visit) lost() bool { return v.current.Load() == nil && len(v.rivals) == 0 }

// look looks up the session that the cookies of one name open.
func (v *visit) look(t *tokens) error {
	switch {
	case t.first.IsZero():
		return nil
	case t.seen > 1:
		return v.choose(t.all())
	}
	var err error // one cookie, by far the most
	v.found.session, err = v.sessions.manager.Validate(v.Context, t.first)
	if errors.Is(err, session.ErrNotFound) {
		return nil
	}
	if err == nil {
		v.found.token = t.first
		v.current.Store(&v.found)
	}
	return err
}

// choose takes the only live one of several tokens. Two that open the same session,
// because one has been renewed, are one.
func (v *visit) choose(all []session.Token) error {
	var live []holding
	for _, token := range all {
		found, err := v.sessions.manager.Validate(v.Context, token)
		if errors.Is(err, session.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(live, func(h holding) bool { return h.session.Lineage == found.Lineage })
		switch {
		case i < 0:
			live = append(live, holding{found, token})
		case token.ID() == found.ID:
			live[i] = holding{found, token}
		}
	}
	if len(live) == 1 && !v.given.many {
		v.found = live[0]
		v.current.Store(&v.found)
		return nil
	}
	for i := range live {
		v.rivals = append(v.rivals, live[i].token)
	}
	return nil
}

// tellCopies logs that there are several cookies of the name.
func (v *visit) tellCopies(r *http.Request) {
	if v.given.seen < 2 {
		return
	}
	s := v.sessions
	switch {
	case len(v.rivals) > 0:
		s.tell(tellRivals, r, "The request has several session cookies whose sessions are live: it is nobody's. One of them was set for another path or domain.")
	case len(v.given.more) > 0:
		s.tell(tellSeveral, r, "The request has several genuine session cookies: the one whose session is live counts. Others were set for another path or domain.")
	case v.given.dull:
		s.tell(tellPlanted, r, "The request has several cookies of the session cookie's name, some of them not ours: those do not count. Another program of the host or its domain uses the name; choose another CookieName.")
	default:
		s.tell(tellRepeated, r, "The request repeats its session cookie: the copies are taken for one. Something before the program copies headers.")
	}
}
