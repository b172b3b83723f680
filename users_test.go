// Users: superusers make, change and disable administrators.

package crudadmin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
)

func TestUsers(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"a taken name":     {url.Values{"username": {" ROOT "}, "role": {"viewer"}, "new_password": {adminPassword}}, "already has this username"},
		"a short password": {url.Values{"username": {"eve"}, "role": {"viewer"}, "new_password": {"short"}}, "The password"},
		"an unknown role":  {url.Values{"username": {"eve"}, "role": {"god"}, "new_password": {adminPassword}}, "Choose one of the roles"},
		"no name":          {url.Values{"username": {""}, "role": {"viewer"}, "new_password": {adminPassword}}, "The username"},
	} {
		if w := page.post("/users/new", "/users/", c.form); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d, want 422 and %q", name, w.Code, c.want)
		}
	}
	w := page.post("/users/new", "/users/", url.Values{"username": {"eve"}, "role": {"viewer"}, "new_password": {adminPassword}})
	eve, err := b.accounts.ByUsername(t.Context(), "eve")
	if err != nil || w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/users/"+eve.ID {
		t.Fatalf("create: %d to %q, %v", w.Code, w.Header().Get("Location"), err)
	}
	if body := page.get("/users/").Body.String(); !strings.Contains(body, ">eve<") || !strings.Contains(body, ">root<") {
		t.Error("the list does not show both users")
	}
	address := "/users/" + eve.ID
	for _, c := range []struct {
		path string
		form url.Values
	}{
		{address, url.Values{"role": {"editor"}}},
		{address + "/password", url.Values{"new_password": {adminPassword + " too"}}},
		{address + "/disable", nil},
	} {
		password := adminPassword
		if c.path == address+"/disable" {
			password += " too"
		}
		theirs := b.browser(t)
		if w := theirs.login("eve", password); w.Code != http.StatusSeeOther {
			t.Fatalf("before %s eve cannot sign in: %d", c.path, w.Code)
		}
		if w := page.post("/account", c.path, c.form); w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d", c.path, w.Code)
		}
		if got := theirs.get("/").Code; got != http.StatusSeeOther {
			t.Errorf("after %s eve's session sees a page: %d", c.path, got)
		}
	}
	if w := b.browser(t).login("eve", adminPassword+" too"); w.Code != http.StatusUnauthorized {
		t.Errorf("a disabled user signs in: %d", w.Code)
	}
	if w := page.post("/account", address+"/enable", nil); w.Code != http.StatusSeeOther {
		t.Errorf("enable: %d", w.Code)
	}
	changed, err := b.accounts.ByID(t.Context(), eve.ID)
	if err != nil || changed.Role != account.Editor || changed.Disabled {
		t.Errorf("eve is %+v, %v", changed, err)
	}
	if w := page.get("/users/nobody"); w.Code != http.StatusNotFound {
		t.Errorf("an unknown user: %d, want 404", w.Code)
	}
}

func TestNobodyLocksThemselvesOut(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	me, err := b.accounts.ByUsername(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	for path, form := range map[string]url.Values{
		"/users/" + me.ID:              {"role": {"viewer"}},
		"/users/" + me.ID + "/disable": nil,
	} {
		if w := page.post("/account", path, form); w.Code != http.StatusForbidden {
			t.Errorf("%s of oneself: %d, want 403", path, w.Code)
		}
	}
	if got := page.get("/users/").Code; got != http.StatusOK {
		t.Errorf("afterwards: %d", got)
	}
}
