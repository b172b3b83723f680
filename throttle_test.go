// The login throttle, as people and guessers meet it.

package crudadmin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

const wrongPassword = "wrong password here"

// from is a browser at the address, without cookies.
func (b *bench) from(t *testing.T, ip string) *browser {
	t.Helper()
	page := b.browser(t)
	page.ip = ip
	return page
}

// tries makes n attempts and returns how many were let through to the password.
func tries(t *testing.T, b *bench, n int, try func(i int) int) (through int) {
	t.Helper()
	for i := range n {
		before := b.accounts.HashStats().Argon2
		code := try(i)
		hashes := b.accounts.HashStats().Argon2 - before
		switch {
		case code == http.StatusUnauthorized && hashes == 1:
			through++
		case code == http.StatusTooManyRequests && hashes == 0:
		default:
			t.Fatalf("attempt %d: %d after %d hashes, want 401 after one or 429 after none", i, code, hashes)
		}
	}
	return through
}

// Flaw: login throttling existed and was never called. Flaw: five wrong passwords
// from one address shut the account for everybody.
func TestLoginIsThrottled(t *testing.T) {
	b := newBench(t, nil)
	for _, name := range []string{adminName, "nobody"} {
		spellings := []string{name, strings.ToUpper(name), " " + name + " ", name, strings.Title(name)} //nolint:staticcheck // ASCII
		through := tries(t, b, 12, func(n int) int {
			page := b.from(t, "198.51.100.7")
			page.headers["X-Forwarded-For"] = fmt.Sprintf("203.0.113.%d", n)
			return page.login(spellings[n%len(spellings)], wrongPassword).Code
		})
		if through != 5 {
			t.Errorf("%s: %d attempts from one address reached the password, want 5", name, through)
		}
		before := b.accounts.HashStats().Argon2
		w := b.from(t, "198.51.100.7").login(name, adminPassword)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "900" {
			t.Errorf("%s, the right password: %d, Retry-After %q, want 429 and 900", name, w.Code, w.Header().Get("Retry-After"))
		}
		if hashes := b.accounts.HashStats().Argon2 - before; hashes != 0 {
			t.Errorf("%s, throttled: %d hashes, want 0", name, hashes)
		}
	}
	if w := b.from(t, "198.51.100.8").login(adminName, adminPassword); w.Code != http.StatusSeeOther {
		t.Errorf("the owner from an address that has not failed: %d, want 303", w.Code)
	}
	if w := b.from(t, "198.51.100.9").login("nobody", adminPassword); w.Code != http.StatusUnauthorized {
		t.Errorf("an unknown name from an address that has not failed: %d, want 401", w.Code)
	}
	b.advance(15 * time.Minute)
	if w := b.from(t, "198.51.100.7").login(adminName, adminPassword); w.Code != http.StatusSeeOther {
		t.Errorf("after the window: %d, want 303", w.Code)
	}
}

// Flaw: one address kept ten accounts shut, and of 60 attempts from as many /64 of
// one /48 59 passed.
func TestANetworkIsThrottledAndNobodyElse(t *testing.T) {
	b := newBench(t, nil)
	for i := range 10 {
		b.user(t, fmt.Sprint("user", i), account.Viewer)
	}
	if through := tries(t, b, 60, func(i int) int {
		return b.from(t, fmt.Sprintf("2001:db8:5:%x::1", i)).login(adminName, wrongPassword).Code
	}); through != 5 {
		t.Errorf("%d attempts on one account from one /48 reached the password, want 5", through)
	}
	if through := tries(t, b, 100, func(i int) int {
		return b.from(t, "203.0.113.5").login(fmt.Sprint("user", i%10), wrongPassword).Code
	}); through != 50 {
		t.Errorf("%d attempts of one address on ten accounts reached the password, want 50", through)
	}
	for i := range 10 {
		if w := b.from(t, "203.0.113.6").login(fmt.Sprint("user", i), adminPassword); w.Code != http.StatusSeeOther {
			t.Errorf("user%d from another address: %d, want 303", i, w.Code)
		}
	}
}

// A botnet that guesses at one account shuts nobody out, and is slowed down.
func TestAnOwnerSignsInDuringAnAttack(t *testing.T) {
	b, log := loggedBench(t)
	if through := tries(t, b, 130, func(i int) int {
		return b.from(t, fmt.Sprintf("198.18.%d.1", i)).login(adminName, wrongPassword).Code
	}); through != 130 {
		t.Fatalf("%d of 130 networks reached the password at their first try", through)
	}
	w := b.from(t, "198.18.7.1").login(adminName, wrongPassword)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "Too many attempts. Try again in 1 second.") {
		t.Errorf("a network that has failed once: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	for i := range 3 {
		if w := b.from(t, fmt.Sprintf("203.0.113.%d", i)).login(adminName, adminPassword); w.Code != http.StatusSeeOther {
			t.Errorf("the owner from a fresh network: %d, want 303", w.Code)
		}
	}
	_, text := log.take(t)
	if n := strings.Count(text, `"event":"sign-in.alert"`); n != 1 || !strings.Contains(text, `"account":"`+adminName+`","failures":100`) {
		t.Errorf("%d alerts in the security log, want 1", n)
	}
	owner := b.from(t, "203.0.113.77")
	if w := owner.login(adminName, wrongPassword); w.Code != http.StatusUnauthorized {
		t.Errorf("the owner who mistypes: %d, want 401", w.Code)
	}
	if w := owner.login(adminName, adminPassword); w.Code != http.StatusTooManyRequests {
		t.Errorf("the owner at once after that: %d, want 429", w.Code)
	}
	b.advance(time.Second)
	if w := owner.login(adminName, adminPassword); w.Code != http.StatusSeeOther {
		t.Errorf("the owner a second later: %d, want 303", w.Code)
	}
}

// Flaw: the page of a throttled login said nothing.
func TestAThrottledLoginSaysForHowLong(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, "15 minutes"}, {time.Millisecond, "15 minutes"}, {13*time.Minute + 30*time.Second, "90 seconds"}, {13 * time.Minute, "2 minutes"},
		{12*time.Minute + 59*time.Second + 999*time.Millisecond, "3 minutes"}, {14*time.Minute + 58*time.Second, "2 seconds"}, {14*time.Minute + 59*time.Second + 1, "1 second"},
	} {
		b := newBench(t, nil)
		for _, name := range []string{adminName, "nobody"} {
			tries(t, b, 5, func(int) int { return b.browser(t).login(name, wrongPassword).Code })
		}
		b.advance(c.after)
		for _, name := range []string{adminName, "nobody"} {
			for _, password := range []string{adminPassword, wrongPassword} {
				w := b.browser(t).login(name, password)
				sentence := "Too many attempts. Try again in " + c.want + "."
				if w.Code != http.StatusTooManyRequests || strings.Count(w.Body.String(), sentence) != 1 || !strings.Contains(w.Body.String(), `role="alert"`) {
					t.Errorf("%s after %s: %d, the page does not say %q", name, c.after, w.Code, sentence)
				}
				seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
				left := 15*time.Minute - c.after
				if err != nil || time.Duration(seconds)*time.Second < left || time.Duration(seconds-1)*time.Second >= left {
					t.Errorf("%s after %s: Retry-After %q, want %s rounded up", name, c.after, w.Header().Get("Retry-After"), left)
				}
				program := b.browser(t)
				program.headers["Accept"] = "application/json"
				w = program.login(name, password)
				var told struct{ Error, Detail string }
				if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != http.StatusTooManyRequests || told.Detail != sentence || told.Error != "Too Many Requests" {
					t.Errorf("%s after %s, as JSON: %d %+v %v", name, c.after, w.Code, told, err)
				}
			}
		}
	}
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	for range 6 {
		page.post("/account", "/account/password", map[string][]string{"current_password": {wrongPassword}, "new_password": {"x"}, "confirm_password": {"x"}})
	}
	w := page.post("/account", "/account/password", map[string][]string{"current_password": {adminPassword}, "new_password": {"x"}, "confirm_password": {"x"}})
	if w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "Too many attempts. Try again in 15 minutes.") || w.Header().Get("Retry-After") != "900" {
		t.Errorf("too many wrong current passwords: %d", w.Code)
	}
}

// Flaw: the devices that had signed in under the old password had 5 guesses each
// after it was reset.
func TestDevicesEndWithWhatTheyWereKnownFor(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for name, change := range map[string]func(b *bench, page *browser, id string) int{
		"reset": func(_ *bench, page *browser, id string) int {
			return page.post("/users/"+id, "/users/"+id+"/password", map[string][]string{"new_password": {"another good pass phrase"}}).Code
		},
		"role": func(_ *bench, page *browser, id string) int {
			return page.post("/users/"+id, "/users/"+id, map[string][]string{"role": {"editor"}}).Code
		},
		"disable": func(_ *bench, page *browser, id string) int {
			return page.post("/users/"+id, "/users/"+id+"/disable", nil).Code
		},
		"own password": func(b *bench, _ *browser, _ string) int {
			own := b.from(t, "192.0.2.99").signIn("carl")
			return own.post("/account", "/account/password", map[string][]string{"current_password": {adminPassword}, "new_password": {"another good pass phrase"}, "confirm_password": {"another good pass phrase"}}).Code
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			u := b.user(t, "carl", account.Viewer)
			super := b.browser(t).signIn(adminName)
			thieves := make([]*browser, 30)
			for i := range thieves {
				thieves[i] = b.from(t, "198.51.100.66")
				thieves[i].signIn("carl")
				for cookie := range thieves[i].cookies {
					if !strings.HasSuffix(cookie, "_device") {
						delete(thieves[i].cookies, cookie)
					}
				}
			}
			if code := change(b, super, u.ID); code != http.StatusSeeOther {
				t.Fatal(code)
			}
			if through := tries(t, b, 150, func(i int) int { return thieves[i%30].login("carl", "a guess number "+strconv.Itoa(i)).Code }); through != 5 {
				t.Errorf("30 devices of before had %d guesses, want the 5 of any address", through)
			}
		})
	}
	b := newBench(t, nil)
	b.user(t, "carl", account.Viewer)
	own := b.from(t, "192.0.2.99").signIn("carl")
	if w := own.post("/account", "/account/password", map[string][]string{"current_password": {adminPassword}, "new_password": {"another good pass phrase"}, "confirm_password": {"another good pass phrase"}}); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code)
	}
	tries(t, b, 9, func(int) int { return b.from(t, "192.0.2.99").login("carl", wrongPassword).Code })
	if own.post("/account", "/logout", nil); own.login("carl", "another good pass phrase").Code != http.StatusSeeOther {
		t.Error("the browser in which the password was changed is not known any more")
	}
}

// A superuser forgets somebody's failed sign-ins; so do a reset and a new password.
func TestUnlock(t *testing.T) {
	b := newBench(t, nil)
	u := b.user(t, "carl", account.Viewer)
	super := b.from(t, "192.0.2.50").signIn(adminName)
	locked := func() {
		t.Helper()
		if through := tries(t, b, 8, func(int) int { return b.from(t, "198.51.100.1").login("carl", wrongPassword).Code }); through != 5 {
			t.Fatalf("%d attempts reached the password, want 5", through)
		}
	}
	if body := super.get("/users/" + u.ID).Body.String(); !strings.Contains(body, "No failed sign-ins in the last 15 minutes.") {
		t.Error("the user's page does not say that nothing is counted")
	}
	locked()
	if body := super.get("/users/" + u.ID).Body.String(); !strings.Contains(body, "5 failed sign-ins in the last 15 minutes.") {
		t.Error("the user's page does not say what is counted")
	}
	before := len(liveSessions(t, b))
	if w := super.post("/users/"+u.ID, "/users/"+u.ID+"/unlock", nil); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code)
	}
	if body := super.get("/users/" + u.ID).Body.String(); !strings.Contains(body, "failed sign-ins were cleared") || !strings.Contains(body, "No failed sign-ins") {
		t.Error("the user's page does not say that they are forgotten")
	}
	if after := len(liveSessions(t, b)); after != before {
		t.Errorf("an unlock left %d of %d sessions", after, before)
	}
	locked()
	if w := super.post("/users/"+u.ID, "/users/"+u.ID+"/password", map[string][]string{"new_password": {"another good pass phrase"}}); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code)
	}
	if w := b.from(t, "198.51.100.1").login("carl", "another good pass phrase"); w.Code != http.StatusSeeOther {
		t.Errorf("after a reset: %d, want 303", w.Code)
	}

	// Nobody unlocks themselves, and nobody but superusers anybody.
	self, err := b.accounts.ByUsername(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	if w := super.post("/users/"+u.ID, "/users/"+self.ID+"/unlock", nil); w.Code != http.StatusForbidden {
		t.Errorf("one's own unlock: %d, want 403", w.Code)
	}
	b.user(t, "edith", account.Editor)
	editor := b.from(t, "192.0.2.51").signIn("edith")
	if w := editor.post("/account", "/users/"+u.ID+"/unlock", nil); w.Code != http.StatusForbidden {
		t.Errorf("an editor's unlock: %d, want 403", w.Code)
	}
	if w := super.post("/users/"+u.ID, "/users/01890a5d-ac96-774b-bcce-b302099a8057/unlock", nil); w.Code != http.StatusNotFound {
		t.Errorf("an unlock of nobody: %d, want 404", w.Code)
	}
}

func liveSessions(t *testing.T, b *bench) []session.Session {
	t.Helper()
	found, err := b.manager.List(t.Context(), session.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return found.Sessions
}
