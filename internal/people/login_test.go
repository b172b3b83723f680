// Tests of a sign-in and what happens beside it.

package people

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// newPages are the pages of a panel with one administrator, on a clock.
func newPages(t *testing.T, now func() time.Time, username, password string) *Pages {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "admin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := &Pages{}
	if p.Accounts, err = account.Open(t.Context(), db, account.Config{Now: now, Argon2: account.Argon2{Memory: 8, Time: 1, Threads: 1}}); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := p.Accounts.EnsureFirst(t.Context(), username, password); err != nil {
		t.Fatal(err)
	}
	if p.Manager, err = session.New(memstore.New(memstore.Config{Now: now}), session.Config{SecretKey: config.Secret(strings.Repeat("s", 32)), Now: now}); err != nil {
		t.Fatal(err)
	}
	if p.Sessions, err = sessionhttp.New(p.Manager, sessionhttp.Config{CookieName: "s", Path: "/admin"}); err != nil {
		t.Fatal(err)
	}
	return p
}

// A login that was proved with the old password and finished after the change
// must not live.
func TestLoginThatCrossesAPasswordChange(t *testing.T) {
	const username, password = "root", "correct horse battery staple"
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := newPages(t, func() time.Time { return at }, username, password)
	proved, err := p.Accounts.Authenticate(t.Context(), username, password)
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Second)
	if err := p.Accounts.ResetPassword(t.Context(), proved.ID, "another long pass phrase"); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.Sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.admit(&frame.Visit{W: w, R: r}, proved); !errors.Is(err, account.ErrCredentials) {
			t.Errorf("admitted: %v", err)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/admin/login", nil))
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			t.Errorf("a cookie is set: %s", c.Name)
		}
	}
	if live, err := p.Manager.UserSessions(t.Context(), proved.ID); err != nil || len(live) != 0 {
		t.Errorf("%d sessions live, %v", len(live), err)
	}
}
