// Endings that were asked for: the client goes away at any moment, on every store.

package browsertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// leaving is a store whose caller's client goes away at a call, before it or after.
type leaving struct {
	session.Store
	at    *int // half-calls from now on
	leave *context.CancelFunc
}

func (l leaving) call() func() {
	tick := func() {
		if *l.at--; *l.at == 0 {
			(*l.leave)()
		}
	}
	tick()
	return tick
}

func (l leaving) Get(ctx context.Context, id session.ID) (session.Session, error) {
	defer l.call()()
	return l.Store.Get(ctx, id)
}

func (l leaving) Create(ctx context.Context, s session.Session, a session.Admission) ([]session.ID, error) {
	defer l.call()()
	return l.Store.Create(ctx, s, a)
}

func (l leaving) Rotate(ctx context.Context, old session.ID, next session.Session) error {
	defer l.call()()
	return l.Store.Rotate(ctx, old, next)
}

func (l leaving) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	defer l.call()()
	return l.Store.Delete(ctx, id, why)
}

func (l leaving) DeleteUser(ctx context.Context, u session.User, why session.Ending, keep ...session.ID) (int, error) {
	defer l.call()()
	return l.Store.DeleteUser(ctx, u, why, keep...)
}

// TestEndingsHappen: whatever ends a session ends it, wherever in it the context is
// canceled, before and after each call of the store and before the first. The long form has the
// stores that the short one leaves out.
func TestEndingsHappen(t *testing.T) { endingsHappen(t, false) }

func TestEndingsHappenLong(t *testing.T) {
	testserver.LongForm(t)
	endingsHappen(t, true)
}

func endingsHappen(t *testing.T, long bool) {
	t.Helper()
	type asked struct {
		manager  *session.Manager
		sessions *sessionhttp.Sessions
		token    session.Token
		made     session.Session
		ctx      context.Context
		request  *http.Request // of the session, canceled with ctx
	}
	ways := map[string]func(a asked) error{
		"Logout": func(a asked) error { return a.manager.Logout(a.ctx, a.token) },
		"Revoke": func(a asked) error {
			return a.manager.Revoke(a.ctx, a.made.ID, session.Ending{Reason: session.ReasonRevoked})
		},
		"End": func(a asked) error {
			_, err := a.manager.End(a.ctx, a.made.ID, session.Ending{Reason: session.ReasonRevoked})
			return err
		},
		"RevokeUser": func(a asked) error {
			_, err := a.manager.RevokeUser(a.ctx, a.made.UserID, session.Ending{Reason: session.ReasonPasswordChanged})
			return err
		},
		"Elevate": func(a asked) error {
			_, _, err := a.manager.Elevate(a.ctx, a.token, a.made.UserID)
			return err
		},
		"Elevate to another": func(a asked) error {
			_, _, err := a.manager.Elevate(a.ctx, a.token, "another")
			return err
		},
		"SignOut": func(a asked) error { return a.sessions.SignOut(httptest.NewRecorder(), a.request) },
		"Elevate of the request's": func(a asked) error {
			_, err := a.sessions.Elevate(httptest.NewRecorder(), a.request)
			return err
		},
	}
	for _, s := range subjects {
		if long != (s.short == 0) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			clock := sessiontest.NewClock()
			at, leave := 0, context.CancelFunc(func() {})
			store := leaving{s.open(t, clock.Now), &at, &leave}
			manager, sessions := newManager(t, store, clock, false)
			for name, end := range ways {
				for point := range 7 { // 0 is before the call
					at = 0
					token, made, err := manager.Create(t.Context(), session.NewSession{UserID: "ann " + name})
					if err != nil {
						t.Fatal(err)
					}
					r, err := sessions.Adopt(httptest.NewRequest(http.MethodPost, "/", nil), token)
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(r.Context())
					at, leave = point, cancel
					if point == 0 {
						cancel()
					}
					if err := end(asked{manager, sessions, token, made, ctx, r.WithContext(ctx)}); err != nil {
						t.Errorf("%s, client gone at %d: %v", name, point, err)
					}
					cancel()
					if _, err := manager.Get(t.Context(), made.ID); err == nil {
						t.Errorf("%s, client gone at %d: the session lives", name, point)
					}
				}
			}
		})
	}
}
