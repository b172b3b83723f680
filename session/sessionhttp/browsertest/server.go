// Server: requests that can be held before and after each call of the store, and the site
// that answers them.

package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// kind is what a request asks for.
type kind string

const (
	page    kind = "page"
	start   kind = "start"
	signIn  kind = "sign-in"
	stepUp  kind = "step-up"
	signOut kind = "sign-out"
)

// sets reports whether the answer of a request decides who is signed in in the browser.
func (k kind) sets() bool { return k == start || k == signIn || k == stepUp }

// request is one request, from the browser to the arrival of its answer.
type request struct {
	number  int
	kind    kind
	user    string // of a sign-in
	browser *browser
	cookies map[string]string
	sent    int // step at which it reached the server
	ctx     context.Context
	cancel  context.CancelFunc
	closed  bool

	stopped  chan string
	resumed  chan struct{}
	finished chan struct{}

	seen   session.Session // by the handler, before it did anything
	found  bool
	result session.Session // of start, sign-in and step-up
	err    error
	acted  bool // the handler was asked
	ended  bool // it is a sign-out that ended something

	began   time.Time     // when it was sent
	renewed time.Time     // when the token in the answer was made, if it is a renewal's
	made    time.Time     // when the answer was
	took    time.Duration // between the two
	answer  http.Header
	status  int
	arrived int // which arrival its answer was, the last; 0 if it has not
}

func newRequest(w *world, b *browser, k kind) *request {
	r := &request{
		number: w.totals.Requests + 1, kind: k, browser: b, cookies: map[string]string{}, sent: w.now, began: w.clock.Now(),
		stopped: make(chan string), resumed: make(chan struct{}), finished: make(chan struct{}),
	}
	if k == signIn {
		r.user = w.users[w.pick(2)]
	}
	for name, c := range b.jar {
		r.cookies[name] = c.value
	}
	r.ctx, r.cancel = context.WithCancel(context.WithValue(background, requestKey{}, r))
	return r
}

// String names the request in what is told of a failure.
func (r *request) String() string {
	if r.user != "" {
		return fmt.Sprintf("%d (%s of %s)", r.number, r.kind, r.user)
	}
	return fmt.Sprintf("%d (%s)", r.number, r.kind)
}

func (r *request) running() bool {
	select {
	case <-r.finished:
		return false
	default:
		return true
	}
}

type requestKey struct{}

// stop holds the request whose context ctx is, until the world lets it go on.
func stop(ctx context.Context, at string) {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		r.stopped <- at
		<-r.resumed
	}
}

// serve runs the request to its end.
func (r *request) serve(h http.Handler) {
	defer close(r.finished)
	defer r.cancel()
	hr := httptest.NewRequestWithContext(r.ctx, http.MethodPost, "/", nil)
	for name, value := range r.cookies {
		hr.AddCookie(&http.Cookie{Name: name, Value: value}) //nolint:gosec // what a browser sends has no attributes
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, hr)
	r.answer, r.status = rec.Result().Header, rec.Code
}

// gate holds requests before and after the calls that decide something. Touches are let
// through: they may run beside the answer.
type gate struct {
	session.Store
	w *world
}

func (g gate) Get(ctx context.Context, id session.ID) (session.Session, error) {
	stop(ctx, "before Get")
	s, err := g.Store.Get(ctx, id)
	stop(ctx, "after Get")
	return s, err
}

func (g gate) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	stop(ctx, "before Create")
	evicted, err := g.Store.Create(ctx, s, a)
	stop(ctx, "after Create")
	return evicted, err
}

func (g gate) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		r.renewed = next.RotatedAt
	}
	stop(ctx, "before Rotate")
	before, _ := g.Store.Get(background, old)
	err := g.Store.Rotate(ctx, old, next)
	if err == nil && before.Lineage != next.Lineage {
		g.w.ends(ctx, before.Lineage)
	}
	stop(ctx, "after Rotate")
	return err
}

func (g gate) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	stop(ctx, "before Delete")
	s, err := g.Store.Delete(ctx, id, why)
	if !s.ID.IsZero() {
		g.w.ends(ctx, s.Lineage)
	}
	stop(ctx, "after Delete")
	return s, err
}

// site answers every kind of request.
func (w *world) site() http.Handler {
	h := http.Handler(http.HandlerFunc(func(rw http.ResponseWriter, hr *http.Request) {
		r := hr.Context().Value(requestKey{}).(*request)
		r.acted = true
		r.seen, r.found = w.sessions.FromContext(hr.Context())
		w.sawRight(r)
		w.act(rw, hr, r)
		stop(hr.Context(), "done, its answer unwritten")
		rw.WriteHeader(http.StatusOK)
	}))
	h = w.sessions.Middleware(h)
	if w.plant.Site != nil {
		h = w.plant.Site(w.sessions, h)
	}
	return h
}

// act does what the request asks for.
func (w *world) act(rw http.ResponseWriter, hr *http.Request, r *request) {
	switch r.kind {
	case start:
		r.result, r.err = w.sessions.Start(rw, hr)
	case signIn:
		do := w.sessions.SignIn
		if w.plant.SignIn != nil {
			do = func(rw http.ResponseWriter, hr *http.Request, user string) (session.Session, error) {
				return w.plant.SignIn(w.sessions, rw, hr, user)
			}
		}
		r.result, r.err = do(rw, hr, r.user)
	case stepUp:
		do := w.sessions.Elevate
		if w.plant.Elevate != nil {
			do = func(rw http.ResponseWriter, hr *http.Request) (session.Session, error) {
				return w.plant.Elevate(w.sessions, rw, hr)
			}
		}
		r.result, r.err = do(rw, hr)
	case signOut:
		do := w.sessions.SignOut
		if w.plant.SignOut != nil {
			do = func(rw http.ResponseWriter, hr *http.Request) error { return w.plant.SignOut(w.sessions, rw, hr) }
		}
		r.err = do(rw, hr)
		if errors.Is(r.err, session.ErrPartial) {
			r.err = nil
		}
	}
	w.acted(r)
}

// Plant replaces parts of the site by wrong ones.
type Plant struct {
	Name    string
	Store   func(session.Store) session.Store
	Site    func(*sessionhttp.Sessions, http.Handler) http.Handler // around the middleware
	SignIn  func(*sessionhttp.Sessions, http.ResponseWriter, *http.Request, string) (session.Session, error)
	Elevate func(*sessionhttp.Sessions, http.ResponseWriter, *http.Request) (session.Session, error)
	SignOut func(*sessionhttp.Sessions, http.ResponseWriter, *http.Request) error
}
