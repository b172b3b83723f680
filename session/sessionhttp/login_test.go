// Login attempts: what a program says of the account reaches the throttle.

package sessionhttp_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

func TestADeviceEndsWithItsEpochAndAnUnlockForgets(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	attempt := func(cookies []*http.Cookie, of ...sessionhttp.LoginOption) (*session.Attempt, *http.Request, error) {
		r := httptest.NewRequest(http.MethodPost, "/login", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		a, err := s.sessions.Attempt(r, "ann", of...)
		return a, r, err
	}
	a, r, err := attempt(nil, sessionhttp.Epoch("1"))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := s.sessions.RememberDevice(w, r, a); err != nil {
		t.Fatal(err)
	}
	device := w.Result().Cookies()
	for range 5 {
		if _, _, err := attempt(nil, sessionhttp.Epoch("1")); err != nil {
			t.Fatal(err)
		}
	}
	if a, _, err := attempt(device, sessionhttp.Epoch("1")); err != nil {
		t.Errorf("a device in its epoch, from a network that has failed: %v", err)
	} else if err := a.Cancel(r.Context()); err != nil {
		t.Error(err)
	}
	for name, of := range map[string][]sessionhttp.LoginOption{"a new password": {sessionhttp.Epoch("2")}, "no epoch": nil} {
		if _, _, err := attempt(device, of...); !errors.Is(err, session.ErrThrottled) {
			t.Errorf("%s: the device of before: %v, want ErrThrottled", name, err)
		}
	}
	if _, _, err := attempt(nil, sessionhttp.Epoch("2"), sessionhttp.Unlocks("1")); err != nil {
		t.Errorf("after an unlock: %v", err)
	}
}

// Flaw: five right passwords, none of them remembered, were five failures.
func TestRightPasswordsAreNoFailures(t *testing.T) {
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	right := s.sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.sessions.Attempt(r, "ann"); err != nil {
			http.Error(w, err.Error(), http.StatusTooManyRequests)
			return
		}
		if r.URL.Query().Get("right") == "" {
			http.Error(w, "wrong", http.StatusUnauthorized)
			return
		}
		if _, err := s.sessions.SignIn(w, r, "ann"); err != nil {
			t.Error(err)
		}
	}))
	try := func(query string) int {
		w := httptest.NewRecorder()
		right.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/login"+query, nil))
		return w.Code
	}
	for range 3 {
		for range 7 {
			if code := try("?right=1"); code != http.StatusOK {
				t.Fatalf("a right password: %d, want 200", code)
			}
		}
		for range 4 {
			if code := try(""); code != http.StatusUnauthorized {
				t.Fatalf("one of four wrong ones: %d, want 401", code)
			}
		}
	}
	for i := range 6 {
		want := http.StatusUnauthorized
		if i > 0 { // four before it
			want = http.StatusTooManyRequests
		}
		if code := try(""); code != want {
			t.Errorf("wrong password %d: %d, want %d", i, code, want)
		}
	}
}
