// Tests of endings that are durable and not known everywhere yet.

package sessionhttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// unconfirmed is a store whose endings are not confirmed everywhere.
type unconfirmed struct{ session.Store }

func (u unconfirmed) Delete(ctx context.Context, id session.ID, why session.Ending) (session.Session, error) {
	ended, err := u.Store.Delete(ctx, id, why)
	if err == nil {
		err = &session.PartialError{Within: time.Second, Cause: session.ErrUnavailable}
	}
	return ended, err
}

func TestSignOutThatIsNotKnownEverywhereYet(t *testing.T) {
	t.Parallel()
	manager, err := session.New(unconfirmed{memstore.New(memstore.Config{})}, session.Config{SecretKey: config.Secret(strings.Repeat("k", session.MinSecretKey))})
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := sessionhttp.New(manager, sessionhttp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	signedIn := func() (*http.Request, *http.Cookie) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)
		if _, err := sessions.SignIn(w, r, "ann"); err != nil {
			t.Fatal(err)
		}
		cookie := w.Result().Cookies()[0]
		r = httptest.NewRequest(http.MethodPost, "/", nil)
		r.AddCookie(cookie)
		return r, cookie
	}
	r, cookie := signedIn()
	w := httptest.NewRecorder()
	receipt := sessions.SignOut(w, r)
	if partial, ok := errors.AsType[*session.PartialError](receipt); !ok || partial.Within != time.Second || errors.Is(receipt, session.ErrUnavailable) {
		t.Errorf("SignOut: %v, want the receipt", receipt)
	}
	if set := w.Result().Cookies(); len(set) != 1 || set[0].Name != cookie.Name || set[0].MaxAge >= 0 {
		t.Errorf("the cookie is not removed: %v", set)
	}
	token, err := session.ParseToken(cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := manager.Validate(t.Context(), token); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the session: %v", err)
	}

	// No token outlives a login, so a login over a session that may do waits.
	r, _ = signedIn()
	w = httptest.NewRecorder()
	if _, err := sessions.SignIn(w, r, "bea"); !errors.Is(err, session.ErrUnavailable) || len(w.Result().Cookies()) != 0 {
		t.Errorf("SignIn over a session: %v, cookies %v", err, w.Result().Cookies())
	}
}
