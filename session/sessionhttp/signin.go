// Signing in and out: making, replacing and ending the request's session.

package sessionhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/session"
)

// SignIn makes a session for the user and sets its cookie. A session that the
// request already has ends first: no token outlives a login. If it was
// anonymous, its metadata goes over to the new one. An empty userID is
// session.ErrMalformed: Start is for visitors who are not signed in. On an error no
// cookie is set; ErrSent says that the answer has begun and nothing was changed.
// Attempts of the request count as successes from then on.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, userID string) (session.Session, error) {
	return s.SignInWith(w, r, session.NewSession{UserID: userID})
}

// SignInWith is SignIn for a session with more fields, such as metadata, whose values count over
// those of an anonymous session before it. IP, UserAgent and Device are the request's if they are
// not set.
func (s *Sessions) SignInWith(w http.ResponseWriter, r *http.Request, n session.NewSession) (session.Session, error) {
	if n.UserID == "" {
		return session.Session{}, fmt.Errorf("%w user ID: empty; Start makes sessions for visitors who are not signed in", session.ErrMalformed)
	}
	v, done, err := s.change(w, r)
	if err != nil {
		return session.Session{}, err
	}
	defer done()
	made, err := v.replace(r, n)
	if err != nil {
		return session.Session{}, err
	}
	s.set(w, *made, true)
	s.expireNonce(w, r)
	v.signedIn()
	return made.session, nil
}

// Start returns the request's session, and makes an anonymous one if there is none: for the cart of
// a visitor who is not signed in. Two calls in one request make one session. ErrSent says that the
// answer has begun, and nothing was made.
func (s *Sessions) Start(w http.ResponseWriter, r *http.Request) (session.Session, error) {
	if current, ok := s.FromContext(r.Context()); ok {
		return current, nil
	}
	v, done, err := s.change(w, r)
	if err != nil {
		return session.Session{}, err
	}
	defer done()
	if current, ok := v.session(); ok { // meanwhile, or without Middleware
		return current, nil
	}
	made, err := v.replace(r, session.NewSession{})
	if err != nil {
		return session.Session{}, err
	}
	s.set(w, *made, true)
	return made.session, nil
}

// Elevate gives the request's session another token because what it may do
// changes, such as after a step-up or a change of role; see
// session.Manager.Elevate. session.ErrNotFound if the request has no session, ErrSent if
// the answer has begun; nothing was changed then.
func (s *Sessions) Elevate(w http.ResponseWriter, r *http.Request) (session.Session, error) {
	v, done, err := s.change(w, r)
	if err != nil {
		return session.Session{}, err
	}
	defer done()
	h := v.current.Load()
	if h == nil {
		return session.Session{}, session.ErrNotFound
	}
	token, made, err := s.manager.Elevate(r.Context(), h.token, h.session.UserID)
	if err != nil {
		if errors.Is(err, session.ErrNotFound) {
			v.nobody()
		}
		return session.Session{}, err
	}
	s.set(w, *v.become(made, token), true)
	return made, nil
}

// Update changes the metadata of the request's session, as session.Manager.Update
// does, and FromContext returns it from then on. session.ErrNotFound if the request has no
// session. It sets no cookie.
func (s *Sessions) Update(r *http.Request, change func(*session.Metadata) error) (session.Session, error) {
	v := visitOf(r.Context(), s)
	if v == nil {
		return session.Session{}, session.ErrNotFound
	}
	v.changing.Lock()
	defer v.changing.Unlock()
	h := v.current.Load()
	if h == nil {
		return session.Session{}, session.ErrNotFound
	}
	updated, err := s.manager.Update(r.Context(), h.session.ID, change)
	if err != nil {
		return session.Session{}, err
	}
	v.current.Store(&holding{updated, h.token})
	return updated, nil
}

// SignOut ends the request's session and removes the cookie. It goes on when the client has gone
// away. If the store is unavailable, the cookie stays, and the error says that the session lives
// on. With a *session.PartialError the session has ended for good and the cookie is removed; the
// error says until when other nodes may not know of it. If there was no session to end, the cookie
// stays too: it opens nothing, and the browser may have a newer one by now. It also stays if the
// answer has begun.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) error {
	return s.End(w, r, session.Ending{Reason: session.ReasonLogout})
}

// End is SignOut for another reason.
func (s *Sessions) End(w http.ResponseWriter, r *http.Request, why session.Ending) error {
	v, done := s.hold(w, r)
	defer done()
	var receipt error
	user, visitor := false, false // whose cookies open no session any more
	var room [maxCopies]session.Token
	for _, token := range v.openers(room[:0]) {
		was, err := v.end(r.Context(), token, why)
		switch {
		case errors.Is(err, session.ErrNotFound):
			continue
		case errors.Is(err, session.ErrPartial):
			receipt = err
		case err != nil:
			return err
		}
		if h := v.current.Load(); was.ID.IsZero() && h != nil && h.token == token { // it had ended before
			was = h.session
		}
		if !was.ID.IsZero() && was.UserID == "" {
			visitor = true
		} else {
			user = true
		}
	}
	v.nobody()
	if v.answer.sent.Load() {
		return receipt
	}
	if visitor {
		s.send(w, s.made(s.name+visitorSuffix, "", 0))
	}
	if user {
		s.send(w, s.made(s.name, "", 0))
	}
	if user && s.anchored {
		s.send(w, s.made(s.name+anchorSuffix, "", 0))
	}
	return receipt
}

// change begins a change that needs a cookie. done ends it.
func (s *Sessions) change(w http.ResponseWriter, r *http.Request) (v *visit, done func(), err error) {
	v, done = s.hold(w, r)
	if v.answer.sent.Load() {
		done()
		return nil, nil, ErrSent
	}
	if v.unknown { // the session that the request came with must be known
		if err := v.find(r); err != nil {
			done()
			return nil, nil, err
		}
	}
	return v, done, nil
}

// hold returns the request's visit, for one change at a time. Without Middleware the
// visit is made here and lasts as long as the call; what was done before is known by the
// cookie that the answer sets.
func (s *Sessions) hold(w http.ResponseWriter, r *http.Request) (v *visit, done func()) {
	if v = visitOf(r.Context(), s); v == nil {
		v = s.visit(nil, r)
		v.cookies = s.pendingCookies(w, v.cookies)
		v.given = s.read(v.cookies, s.name)
		v.unknown = len(v.cookies) > 0
	}
	v.changing.Lock()
	return v, v.changing.Unlock
}

// replace ends the sessions that the request came with and makes n in their place.
func (v *visit) replace(r *http.Request, n session.NewSession) (*holding, error) {
	s := v.sessions
	rivals := v.rivals
	var room [maxCopies]session.Token
	for _, token := range v.openers(room[:0]) {
		ended, err := v.end(r.Context(), token, session.Ending{Reason: session.ReasonRotated})
		if errors.Is(err, session.ErrPartial) { // the old token may still be taken somewhere
			err = fmt.Errorf("%w: %w", session.ErrUnavailable, err)
		}
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return nil, err
		}
		if err == nil && ended.UserID == "" && !slices.Contains(rivals, token) {
			if n.Metadata, err = ended.Metadata.Merge(n.Metadata); err != nil {
				v.nobody()
				return nil, err
			}
		}
	}
	v.nobody()
	if !n.IP.IsValid() {
		n.IP = s.ClientIP(r)
	}
	if n.UserAgent == "" {
		n.UserAgent = r.UserAgent()
	}
	if n.Device == (session.Device{}) {
		n.Device = ParseDevice(n.UserAgent)
	}
	token, made, err := s.manager.Create(r.Context(), n)
	if err != nil {
		return nil, err
	}
	return v.become(made, token), nil
}

// end ends the session that a token of the request opens. If other requests have renewed it, so
// long ago that this token opens nothing any more, it is found as the session with which this
// request began.
func (v *visit) end(ctx context.Context, token session.Token, why session.Ending) (session.Session, error) {
	s := v.sessions
	ended, err := s.manager.End(ctx, token.ID(), why)
	h := v.current.Load()
	if !errors.Is(err, session.ErrNotFound) || !s.anchored || h == nil || h.token != token {
		return ended, err
	}
	now, err := s.manager.Current(context.WithoutCancel(ctx), h.session)
	if err != nil {
		return session.Session{}, err
	}
	return s.manager.End(ctx, now.ID, why)
}

// openers appends to all the tokens of the request that open a session, or may.
func (v *visit) openers(all []session.Token) []session.Token {
	if h := v.current.Load(); h != nil {
		all = append(all, h.token)
	}
	if v.changed {
		return all
	}
	if v.unknown {
		all = append(all, v.given.all()...)
	}
	all = append(all, v.rivals...)
	s := v.sessions
	visitors := s.read(v.cookies, s.name+visitorSuffix)
	all = append(all, visitors.all()...)
	if s.anchored {
		anchors := s.read(v.cookies, s.name+anchorSuffix)
		all = append(all, anchors.all()...)
	}
	if len(all) == 1 && v.current.Load() != nil {
		return all
	}
	genuine := all[:0]
	for _, token := range all {
		if s.manager.Genuine(token) && !slices.Contains(genuine, token) {
			genuine = append(genuine, token)
		}
	}
	return genuine
}

// become makes a session the request's.
func (v *visit) become(made session.Session, token session.Token) *holding {
	h := &v.found
	if !h.token.IsZero() { // others may be reading it
		h = new(holding)
	}
	h.session, h.token = made, token
	v.current.Store(h)
	v.rivals, v.unknown, v.changed = nil, false, true
	return h
}

// nobody notes that the request has no session any more.
func (v *visit) nobody() {
	v.current.Store(nil)
	v.rivals, v.unknown, v.changed = nil, false, true
}
