// What was entered is never lost: where a server is down, and where it is sent twice.

package crudadmin

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// sendAgain sends the form of an error's page, as its button does.
func (b *browser) sendAgain(t *testing.T, body string) (code int, location string) {
	t.Helper()
	_, form, found := strings.Cut(body, `<section class="card kept"`)
	if !found {
		t.Fatalf("nothing is kept:\n%s", body)
	}
	action := regexp.MustCompile(`action="/admin([^"]*)"`).FindStringSubmatch(form)
	if action == nil {
		t.Fatal("nothing can be sent again")
	}
	values := url.Values{}
	for _, m := range hiddenInput.FindAllStringSubmatch(form, -1) {
		values.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	w := b.do(http.MethodPost, html.UnescapeString(action[1]), values)
	return w.Code, w.Header().Get("Location")
}

func TestWhatWasEnteredOutlivesAnOutage(t *testing.T) {
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	entry := url.Values{"name": {"<Zoë>"}, "email": {"z@example.com"}, "null.born": {"1"}, "row.once": {"1"}}
	token := page.token("/account")
	b.store.down.Store(true)
	down := page.do(http.MethodPost, "/m/customers/", with(entry, sessionhttp.CSRFField, token))
	if down.Code != http.StatusServiceUnavailable || !strings.Contains(down.Body.String(), "&lt;Zoë&gt;") {
		t.Fatalf("creating while the store is down: %d", down.Code)
	}
	b.store.down.Store(false)
	if code, to := page.sendAgain(t, down.Body.String()); code != http.StatusSeeOther || to != "/admin/m/customers/3" {
		t.Errorf("sent again: %d to %q", code, to)
	}
	if got := b.scalar(t, "SELECT name || '|' || email || '|' || (born IS NULL) FROM customers WHERE id = 3"); got != "<Zoë>|z@example.com|1" {
		t.Errorf("stored is %q", got)
	}

	// A token of another session: what was entered is shown, with no button that would vouch for
	// it.
	refused := page.do(http.MethodPost, "/m/customers/1/edit", with(entry, sessionhttp.CSRFField, "nonsense"))
	if body := refused.Body.String(); refused.Code != http.StatusForbidden || !strings.Contains(body, "&lt;Zoë&gt;") || strings.Contains(body, "Send again") || !strings.Contains(body, `href="/admin/m/customers/1/edit"`) {
		t.Errorf("with the token of another session: %d\n%s", refused.Code, body)
	}

	// The table was changed under the panel.
	if _, err := b.db.ExecContext(t.Context(), "DROP VIEW broken; ALTER TABLE customers RENAME COLUMN born TO birthday"); err != nil {
		t.Fatal(err)
	}
	changed := page.post("/account", "/m/customers/1/edit", with(entry, "row.token", "x"))
	if body := changed.Body.String(); changed.Code != http.StatusUnprocessableEntity || !strings.Contains(body, "&lt;Zoë&gt;") || !strings.Contains(body, "restart the panel") {
		t.Errorf("after the table was changed: %d\n%s", changed.Code, body)
	}
	if _, err := b.db.ExecContext(t.Context(), "ALTER TABLE customers RENAME COLUMN birthday TO born"); err != nil {
		t.Fatal(err)
	}
	// What came from another site is not shown.
	page.headers["Sec-Fetch-Site"] = "cross-site"
	if w := page.do(http.MethodPost, "/m/customers/", with(entry, sessionhttp.CSRFField, token)); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "Zoë") {
		t.Errorf("from another site: %d\n%s", w.Code, w.Body)
	}
	delete(page.headers, "Sec-Fetch-Site")

	// Without a form to send again there is a way back to the page that it was sent from.
	b.store.down.Store(true)
	page.headers["Referer"] = "http://example.com/admin/sessions/?user=root"
	if body := page.do(http.MethodPost, "/sessions/revoke", url.Values{"id": {"x"}, sessionhttp.CSRFField: {token}}).Body.String(); !strings.Contains(body, `href="/admin/sessions/?user=root"`) {
		t.Errorf("no way back:\n%s", body)
	}
	page.headers["Referer"] = "http://elsewhere.example/admin/"
	if body := page.do(http.MethodPost, "/sessions/revoke", url.Values{"id": {"x"}, sessionhttp.CSRFField: {token}}).Body.String(); strings.Contains(body, ">Back<") || strings.Contains(body, "Back</a>") {
		t.Errorf("a way back to another site:\n%s", body)
	}
	delete(page.headers, "Referer")

	// A secret is not sent back, and so the rest is not sent without it.
	b.store.down.Store(true)
	secret := page.do(http.MethodPost, "/m/customers/", with(entry, "password_hash", "canary", sessionhttp.CSRFField, token)).Body.String()
	if strings.Contains(secret, "canary") || strings.Contains(secret, "Send again") || !strings.Contains(secret, "entered again") || !strings.Contains(secret, "z@example.com") {
		t.Errorf("with a secret:\n%s", secret)
	}
}

// with is a form with more in it.
func with(form url.Values, pairs ...string) url.Values {
	out := maps.Clone(form)
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func TestAFormSentTwiceMakesOneRecord(t *testing.T) {
	b := newBench(t, nil)
	b.user(t, "other", account.Superuser)
	page := b.browser(t).signIn(adminName)
	opened := func(page *browser) url.Values {
		t.Helper()
		return url.Values{"name": {"Twice"}, "row.once": {page.onceOf("/m/customers/new")}}
	}
	rows := func(want string) {
		t.Helper()
		if got := b.scalar(t, "SELECT count(*) FROM customers WHERE name = 'Twice' OR email IN ('a', 'b')"); got != want {
			t.Fatalf("%s records were made, want %s", got, want)
		}
	}
	form := opened(page)
	token := page.token("/account")
	var together sync.WaitGroup
	led := make([]string, 8)
	for i := range led {
		together.Go(func() {
			one := b.browser(t)
			one.cookies = maps.Clone(page.cookies)
			w := one.do(http.MethodPost, "/m/customers/", with(form, sessionhttp.CSRFField, token))
			led[i] = w.Header().Get("Location")
		})
	}
	together.Wait()
	rows("1")
	for _, to := range led {
		if to != "/admin/m/customers/3" {
			t.Errorf("one of the eight led to %q", to)
		}
	}
	if w := page.post("/account", "/m/customers/", with(form, "email", "a")); w.Code != http.StatusSeeOther {
		t.Errorf("gone back to, changed and sent: %d", w.Code)
	}
	rows("2")
	if w := page.post("/account", "/m/customers/", with(form, "email", "a", "born", "never")); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong one: %d", w.Code)
	}
	other := b.browser(t).signIn("other")
	if w := other.post("/account", "/m/customers/", form); w.Code != http.StatusSeeOther {
		t.Errorf("somebody else's with the same token: %d", w.Code)
	}
	rows("3")
	if _, err := b.db.ExecContext(t.Context(), "DELETE FROM customers WHERE id = 3"); err != nil {
		t.Fatal(err)
	}
	if w := page.post("/account", "/m/customers/", form); w.Code != http.StatusSeeOther {
		t.Errorf("after the record was deleted: %d", w.Code)
	}
	rows("3")
	refused := with(opened(page), "email", "a")
	for range 2 {
		if w := page.post("/account", "/m/customers/", refused); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("an email that is taken: %d", w.Code)
		}
	}
}
