// Sessions and the account page: seeing and ending.

package crudadmin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

func TestSuperuserSeesAndEndsSessions(t *testing.T) {
	b := newBench(t, nil)
	eve := b.user(t, "eve", account.Viewer)
	page := b.browser(t).signIn(adminName)
	first := b.browser(t).signIn("eve")
	b.advance(time.Second)
	second := b.browser(t).signIn("eve")
	body := page.get("/sessions/").Body.String()
	if !strings.Contains(body, "3 live") || strings.Count(body, ">eve<") != 2 || !strings.Contains(body, "192.0.2.1") {
		t.Errorf("the sessions page does not show three sessions, two of eve's")
	}
	mine, err := b.manager.UserSessions(t.Context(), eve.ID)
	if err != nil || len(mine) != 2 {
		t.Fatal(mine, err)
	}
	w := page.post("/sessions/", "/sessions/revoke", url.Values{"id": {mine[1].ID.String()}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/sessions/" {
		t.Fatalf("ending a session: %d", w.Code)
	}
	if got := first.get("/").Code; got != http.StatusSeeOther {
		t.Errorf("the ended session still sees a page: %d", got)
	}
	if got := second.get("/").Code; got != http.StatusOK {
		t.Errorf("the other session: %d", got)
	}
	if body := page.get("/sessions/").Body.String(); !strings.Contains(body, "1 session has ended.") {
		t.Error("no notice says that the session has ended")
	}
	if body := page.get("/sessions/").Body.String(); strings.Contains(body, "has ended") {
		t.Error("the notice is shown twice")
	}
	page.post("/sessions/", "/sessions/revoke", url.Values{"user": {eve.ID}})
	if got := second.get("/").Code; got != http.StatusSeeOther {
		t.Errorf("after ending all of eve's sessions one sees a page: %d", got)
	}
	for name, form := range map[string]url.Values{
		"nothing": {}, "both": {"id": {mine[0].ID.String()}, "user": {eve.ID}}, "a wrong ID": {"id": {"zz"}},
	} {
		if w := page.post("/sessions/", "/sessions/revoke", form); w.Code != http.StatusBadRequest {
			t.Errorf("revoking %s: %d, want 400", name, w.Code)
		}
	}
	if w := page.get("/sessions/?after=nonsense"); w.Code != http.StatusBadRequest {
		t.Errorf("a malformed cursor: %d, want 400", w.Code)
	}
}

// A store that keeps ended sessions shows them, with the reason, and offers to end
// none.
func TestHistoryOfSessions(t *testing.T) {
	b := newBench(t, func(c *Config) {
		store, err := sqlstore.Open(t.Context(), c.AdminDB, sqlstore.Config{Now: c.Now, Logger: c.Logger})
		if err != nil {
			t.Fatal(err)
		}
		c.Sessions = store
	})
	eve := b.user(t, "eve", account.Viewer)
	page := b.browser(t).signIn(adminName)
	b.browser(t).signIn("eve")
	if body := page.get("/sessions/?ended=1").Body.String(); !strings.Contains(body, "None has ended yet") {
		t.Error("the page of ended sessions is not empty at first")
	}
	page.post("/sessions/", "/sessions/revoke", url.Values{"user": {eve.ID}})
	if body := page.get("/sessions/").Body.String(); !strings.Contains(body, `href="/admin/sessions/?ended=1"`) || strings.Contains(body, ">eve<") {
		t.Error("the page of live sessions does not lead to the ended ones, or shows one")
	}
	body := page.get("/sessions/?ended=1").Body.String()
	if !strings.Contains(body, ">eve<") || !strings.Contains(body, "revoked by "+adminName) || strings.Contains(body, `name="id"`) {
		t.Error("the page of ended sessions does not show eve's, or offers to end it")
	}
}

// An ending that is durable, and not confirmed everywhere, has not failed: the page says how far it
// has come.
func TestEndingsThatAreNotKnownEverywhereYet(t *testing.T) {
	b := newBench(t, nil)
	eve := b.user(t, "eve", account.Viewer)
	page, first, second := b.browser(t).signIn(adminName), b.browser(t).signIn("eve"), b.browser(t).signIn("eve")
	b.store.partial.Store(true)
	mine, err := b.manager.UserSessions(t.Context(), eve.ID)
	if err != nil || len(mine) != 2 {
		t.Fatal(mine, err)
	}
	for _, form := range []url.Values{{"id": {mine[0].ID.String()}}, {"user": {eve.ID}}} {
		if w := page.post("/sessions/", "/sessions/revoke", form); w.Code != http.StatusSeeOther {
			t.Errorf("ending %v: %d", form, w.Code)
		}
		body := page.get("/sessions/").Body.String()
		if !strings.Contains(body, "1 session has ended. The session cache did not confirm this: other servers may still accept ended sessions for up to 1 second.") {
			t.Errorf("ending %v: the page does not say how far it has come", form)
		}
	}
	for _, gone := range []*browser{first, second} {
		if got := gone.get("/").Code; got != http.StatusSeeOther {
			t.Errorf("a session that ended sees a page: %d", got)
		}
	}
	form := url.Values{"current_password": {adminPassword}, "new_password": {"another horse, quite new"}, "confirm_password": {"another horse, quite new"}}
	if w := page.post("/account", "/account/password", form); w.Code != http.StatusSeeOther {
		t.Errorf("changing the password: %d", w.Code)
	}
	if body := page.get("/account").Body.String(); !strings.Contains(body, "Your password was changed, and your other sessions have ended. The session cache did not confirm this") {
		t.Error("the account page does not say how far the endings have come")
	}
	if w := page.post("/account", "/logout", nil); w.Code != http.StatusSeeOther || page.cookies[cookieName] != "" {
		t.Errorf("logout: %d, cookie %q", w.Code, page.cookies[cookieName])
	}
}

func TestOwnSessions(t *testing.T) {
	b := newBench(t, nil)
	b.user(t, "eve", account.Viewer)
	stranger := b.browser(t).signIn(adminName)
	here, there, third := b.browser(t).signIn("eve"), b.browser(t).signIn("eve"), b.browser(t).signIn("eve")
	token, err := session.ParseToken(stranger.cookies[cookieName])
	if err != nil {
		t.Fatal(err)
	}
	if w := here.post("/account", "/account/revoke", url.Values{"id": {token.ID().String()}}); w.Code != http.StatusForbidden {
		t.Errorf("ending another user's session: %d, want 403", w.Code)
	}
	token, _ = session.ParseToken(there.cookies[cookieName])
	if w := here.post("/account", "/account/revoke", url.Values{"id": {token.ID().String()}}); w.Code != http.StatusSeeOther {
		t.Errorf("ending one's own session: %d, want 303", w.Code)
	}
	if got := there.get("/").Code; got != http.StatusSeeOther {
		t.Errorf("the ended session: %d", got)
	}
	here.post("/account", "/account/revoke", url.Values{"others": {"1"}})
	if got := third.get("/").Code; got != http.StatusSeeOther {
		t.Errorf("after ending the others one lives: %d", got)
	}
	for who, page := range map[string]*browser{"the session itself": here, "another user's": stranger} {
		if got := page.get("/").Code; got != http.StatusOK {
			t.Errorf("%s: %d", who, got)
		}
	}
}

// Flaw: a password change ended no session.
func TestPasswordChange(t *testing.T) {
	const next = "another long pass phrase"
	b := newBench(t, nil)
	page, other := b.browser(t).signIn(adminName), b.browser(t).signIn(adminName)
	old := page.cookies[cookieName]
	for _, c := range []struct {
		name             string
		old, new, repeat string
		want             string
	}{
		{"wrong old", "nonsense nonsense", next, next, "not your current password"},
		{"differing", adminPassword, next, next + "!", "are not the same"},
		{"short", adminPassword, "short", "short", "12"},
	} {
		form := url.Values{"current_password": {c.old}, "new_password": {c.new}, "confirm_password": {c.repeat}}
		w := page.post("/account", "/account/password", form)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d, want 422 and %q on the page", c.name, w.Code, c.want)
		}
	}
	form := url.Values{"current_password": {adminPassword}, "new_password": {next}, "confirm_password": {next}}
	if w := page.post("/account", "/account/password", form); w.Code != http.StatusSeeOther {
		t.Fatalf("the change: %d", w.Code)
	}
	if page.cookies[cookieName] == old {
		t.Error("the token was not replaced")
	}
	if w := page.get("/account"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "password was changed") {
		t.Errorf("the session that changed it: %d, or no notice", w.Code)
	}
	thief := b.browser(t)
	thief.cookies[cookieName] = old
	for who, page := range map[string]*browser{"the other session": other, "the old token": thief} {
		if got := page.get("/").Code; got != http.StatusSeeOther {
			t.Errorf("%s: %d, want 303 to the login", who, got)
		}
	}
	if got := b.browser(t).login(adminName, adminPassword).Code; got != http.StatusUnauthorized {
		t.Errorf("the old password: %d", got)
	}
}

// Flaw: a deleted or disabled user stayed signed in.
func TestDisabledAccountIsSignedOut(t *testing.T) {
	b := newBench(t, nil)
	eve := b.user(t, "eve", account.Viewer)
	page := b.browser(t).signIn("eve")
	if err := b.accounts.SetDisabled(t.Context(), eve.ID, true); err != nil {
		t.Fatal(err)
	}
	if got := page.get("/").Code; got != http.StatusSeeOther {
		t.Errorf("a disabled account sees a page: %d", got)
	}
	if mine, err := b.manager.UserSessions(t.Context(), eve.ID); err != nil || len(mine) != 0 {
		t.Errorf("it has %d sessions, %v", len(mine), err)
	}
}
