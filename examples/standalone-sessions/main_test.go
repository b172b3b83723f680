// The test of signing in and out.

package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
)

func TestSignInAndOut(t *testing.T) {
	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{SecretKey: config.Secret(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	site, err := newSite(manager)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	ann := &http.Client{Jar: jar}
	send := func(method, path string, form url.Values) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := ann.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	post := func(path string, form url.Values) (int, string) {
		t.Helper()
		_, page := send(http.MethodGet, "/", nil)
		token := regexp.MustCompile(`name="csrf_token" value="([^"]+)"`).FindStringSubmatch(page)
		if token == nil {
			t.Fatalf("no form: %s", page)
		}
		form.Set("csrf_token", token[1])
		return send(http.MethodPost, path, form)
	}
	if status, _ := post("/login", url.Values{"user": {"ann"}, "password": {"wrong"}}); status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", status)
	}
	if status, page := post("/login", url.Values{"user": {"ann"}, "password": {"correct horse"}}); status != http.StatusOK || !strings.Contains(page, "You are ann, on 1 devices") {
		t.Errorf("sign in: %d %s", status, page)
	}
	if status, page := post("/logout", url.Values{}); status != http.StatusOK || !strings.Contains(page, "Sign in") {
		t.Errorf("sign out: %d %s", status, page)
	}
	if status, _ := send(http.MethodPost, "/login", url.Values{"user": {"ann"}, "password": {"correct horse"}}); status != http.StatusForbidden {
		t.Errorf("without a CSRF token: %d", status)
	}
}
