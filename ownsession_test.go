// Tests of sessions that the panel did not make, and of what a request leaves behind.

package crudadmin

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp/sessionhttptest"
)

// A shop that keeps its customers' sessions in the panel's store, under the panel's key, has the
// panel below it. A customer is nobody in the panel, whatever their number and whichever cookie
// carries their token, and keeps all sessions.
func TestAShopAroundThePanel(t *testing.T) {
	b := newBench(t, nil)
	root, err := b.accounts.Authenticate(t.Context(), adminName, adminPassword)
	if err != nil {
		t.Fatal(err)
	}
	shop, err := sessionhttp.New(b.manager, sessionhttp.Config{CookieName: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	for _, customer := range []string{"1", root.ID} { // also one who has an administrator's number
		for _, cookie := range []string{"shop", cookieName} {
			site := shop.Middleware(b)
			signedIn := httptest.NewRequest(http.MethodGet, "/admin/", nil)
			sessionhttptest.SignIn(t, shop, signedIn, customer)
			other := httptest.NewRequest(http.MethodGet, "/", nil)
			sessionhttptest.SignIn(t, shop, other, customer)
			token := signedIn.CookiesNamed("shop")[0].Value
			for _, path := range []string{"/admin/", "/admin/users/", "/admin/login", "/admin/m/customers/"} {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.AddCookie(&http.Cookie{Name: "shop", Value: token})
				r.AddCookie(&http.Cookie{Name: cookie, Value: token})
				w := httptest.NewRecorder()
				site.ServeHTTP(w, r)
				want := http.StatusSeeOther
				if path == "/admin/login" {
					want = http.StatusOK // and no redirect, which would never end
				}
				if w.Code != want {
					t.Errorf("customer %s with the token in %s: %s is %d, want %d", customer, cookie, path, w.Code, want)
				}
			}
			if live, err := b.manager.UserSessions(t.Context(), customer); err != nil || len(live) != 2 {
				t.Errorf("customer %s has %d sessions left of 2, %v", customer, len(live), err)
			}
			if _, err := b.manager.RevokeUser(t.Context(), customer, session.Ending{Reason: session.ReasonRevoked}); err != nil {
				t.Fatal(err)
			}
		}
	}
	// An administrator signs in below the shop, and each side keeps its own.
	page := b.browser(t).signIn(adminName)
	if got := page.get("/").Code; got != http.StatusOK {
		t.Errorf("an administrator: %d", got)
	}
}

// Uploads leave no files, whether saved, refused or without a right to.
func TestUploadsLeaveNoFiles(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, path := range []string{"/admin/m/customers/", "/admin/m/customers/1/edit", "/admin/m/nowhere/", "/admin/login", "/admin/logout"} {
		for _, csrf := range []string{"", page.token("/account")} {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, _ := form.CreateFormFile("photo", "photo.png")
			_, _ = part.Write(make([]byte, 3<<20))
			_ = form.WriteField(sessionhttp.CSRFField, csrf)
			_ = form.Close()
			r := httptest.NewRequest(http.MethodPost, path, &body)
			r.Header.Set("Content-Type", form.FormDataContentType())
			for name, value := range page.cookies {
				r.AddCookie(&http.Cookie{Name: name, Value: value})
			}
			w := httptest.NewRecorder()
			b.ServeHTTP(w, r)
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%s, %d, token %t: %d files left, %v", path, w.Code, csrf != "", len(left), err)
			}
		}
	}
}
