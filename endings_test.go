// Ending many sessions at once: which, how many, and one's own.

package crudadmin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// unlisting is a store that finds sessions by their user only.
type unlisting struct{ session.Store }

func (s unlisting) Traits() session.Traits {
	traits := s.Store.Traits()
	traits.ListAll, traits.Name = false, "unlisting"
	return traits
}

var nextPage = regexp.MustCompile(`href="([^"]+)" rel="next"`)

func (s unlisting) List(ctx context.Context, q session.Query) (session.Page, error) {
	if q.User.ID == "" {
		return session.Page{}, session.ErrUnsupported
	}
	return s.Store.List(ctx, q)
}

// crowd makes browsers of two people at two addresses, on two devices.
func crowd(t *testing.T, b *bench) (root *browser, all map[string]*browser) {
	t.Helper()
	all = map[string]*browser{}
	for _, name := range []string{"eve", "bob"} {
		b.user(t, name, account.Viewer)
		for i, device := range []string{"Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"} {
			page := b.browser(t)
			page.ip, page.headers["User-Agent"] = fmt.Sprintf("198.51.100.%d", i+1), device
			all[fmt.Sprint(name, i)] = page.signIn(name)
		}
	}
	return b.browser(t).signIn(adminName), all
}

// living are the names of those who are still signed in.
func living(all map[string]*browser) (names []string) {
	for _, name := range []string{"bob0", "bob1", "eve0", "eve1"} {
		if page := all[name]; page.get("/account").Code == http.StatusOK {
			names = append(names, name)
		}
	}
	return names
}

// What a filter means is shown on the list, counted by the preview, and ended; the
// visitor's own session stays unless it is asked for.
func TestEndingsMeanWhatIsListed(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for name, c := range map[string]struct {
		filter url.Values
		ended  int
		left   string
	}{
		"everybody's":      {url.Values{}, 4, "[]"},
		"a user's":         {url.Values{"user": {"EVE"}}, 2, "[bob0 bob1]"},
		"a device's":       {url.Values{"device": {"firefox"}}, 2, "[bob1 eve1]"},
		"an address's":     {url.Values{"ip": {"198.51.100.2"}}, 2, "[bob0 eve0]"},
		"a network's":      {url.Values{"ip": {"198.51.100.0/30"}}, 4, "[]"},
		"all three":        {url.Values{"user": {"bob"}, "ip": {"198.51.100.1"}, "device": {"Linux"}}, 1, "[bob1 eve0 eve1]"},
		"nobody's":         {url.Values{"user": {"nobody"}}, 0, "[bob0 bob1 eve0 eve1]"},
		"another device's": {url.Values{"device": {"safari on mars"}}, 0, "[bob0 bob1 eve0 eve1]"},
	} {
		b := newBench(t, nil)
		root, all := crowd(t, b)
		list := root.get("/sessions/?" + c.filter.Encode()).Body.String()
		want := c.ended
		if len(c.filter) == 0 {
			want++ // root's own
		}
		if shown := strings.Count(list, `data-label="Signed in"`); shown != want {
			t.Errorf("%s: %d sessions are listed, want %d", name, shown, want)
		}
		form := url.Values{"all": {"1"}, "preview": {"1"}}
		for key, values := range c.filter {
			form[key] = values
		}
		preview := root.post("/account", "/sessions/revoke", form)
		if body := preview.Body.String(); preview.Code != http.StatusOK || c.ended > 0 && (!strings.Contains(body, fmt.Sprintf("%d session", c.ended)) || !strings.Contains(body, `name="all" value="1"`)) {
			t.Errorf("%s: the preview: %d %s", name, preview.Code, body)
		}
		root.headers["Accept"] = "application/json"
		var counted struct{ Sessions int }
		if err := json.Unmarshal(root.do(http.MethodPost, "/sessions/revoke", form).Body.Bytes(), &counted); err != nil || counted.Sessions != c.ended {
			t.Errorf("%s: the preview counts %d, %v, want %d", name, counted.Sessions, err, c.ended)
		}
		if left := fmt.Sprint(living(all)); left != "[bob0 bob1 eve0 eve1]" {
			t.Errorf("%s: the preview ended some: %s are left", name, left)
		}
		form.Del("preview")
		if got := root.do(http.MethodPost, "/sessions/revoke", form); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), fmt.Sprintf(`"sessions":%d`, c.ended)) {
			t.Errorf("%s: %d %s", name, got.Code, got.Body)
		}
		if left := fmt.Sprint(living(all)); left != c.left {
			t.Errorf("%s: %s are left, want %s", name, left, c.left)
		}
		delete(root.headers, "Accept")
		if got := root.get("/account").Code; got != http.StatusOK {
			t.Errorf("%s: the visitor was signed out: %d", name, got)
		}
		form.Set("own", "1")
		if got := root.post("/account", "/sessions/revoke", form); got.Code != http.StatusSeeOther {
			t.Errorf("%s, one's own too: %d", name, got.Code)
		}
		if got := root.get("/account").Code; (got != http.StatusOK) != (len(c.filter) == 0) {
			t.Errorf("%s, one's own too: %d", name, got)
		}
	}
}

// A value that is not a filter is refused in words, and ends nothing. A store that finds sessions
// by their user only says so.
func TestEndingsThatCannotBe(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	root, all := crowd(t, b)
	for name, form := range map[string]url.Values{
		"a wrong address": {"ip": {"localhost"}}, "a long device": {"device": {strings.Repeat("x", 300)}}, "a long user": {"user": {strings.Repeat("x", 300)}},
	} {
		form.Set("all", "1")
		if got := root.post("/account", "/sessions/revoke", form); got.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, got.Code)
		}
		if got := root.get("/sessions/?" + form.Encode()); got.Code != http.StatusUnprocessableEntity {
			t.Errorf("the list with %s: %d, want 422", name, got.Code)
		}
	}
	if got := root.post("/account", "/sessions/revoke", url.Values{"all": {"1"}, "id": {"x"}}); got.Code != http.StatusBadRequest {
		t.Errorf("all and one: %d, want 400", got.Code)
	}
	if left := living(all); len(left) != 4 {
		t.Errorf("%v are left", left)
	}
	b = newBench(t, func(c *Config) { c.Sessions = unlisting{c.Sessions} })
	root, all = crowd(t, b)
	for _, form := range []url.Values{{"all": {"1"}}, {"all": {"1"}, "preview": {"1"}}, {"all": {"1"}, "device": {"firefox"}}} {
		if got := root.post("/account", "/sessions/revoke", form); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "by their user only") {
			t.Errorf("%v where nobody can list: %d %s", form, got.Code, got.Body)
		}
	}
	if got := root.post("/account", "/sessions/revoke", url.Values{"all": {"1"}, "user": {"eve"}, "device": {"firefox"}}); got.Code != http.StatusSeeOther || fmt.Sprint(living(all)) != "[bob0 bob1 eve1]" {
		t.Errorf("of one user: %d, %v are left", got.Code, living(all))
	}
	if body := root.get("/sessions/?user=eve").Body.String(); strings.Count(body, `data-label="Signed in"`) != 1 {
		t.Error("the list of one user's sessions is not there")
	}
}

// More sessions than a page holds are looked through and ended.
func TestEndingsOfManyPages(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, func(c *Config) { c.SessionRules.MaxPerUser = session.Unlimited })
	root := b.browser(t).signIn(adminName)
	eve := b.user(t, "eve", account.Viewer)
	const many = 3*session.MaxPage + 7
	for i := range many {
		agent := "even"
		if i%2 == 1 {
			agent = "odd"
		}
		if _, _, err := b.manager.Create(t.Context(), session.NewSession{UserID: eve.ID, UserAgent: agent}); err != nil {
			t.Fatal(err)
		}
	}
	if got := root.post("/account", "/sessions/revoke", url.Values{"all": {"1"}, "device": {"odd"}}); got.Code != http.StatusSeeOther {
		t.Fatalf("%d", got.Code)
	}
	left, err := b.manager.UserSessions(t.Context(), eve.ID)
	if err != nil || len(left) != (many+1)/2 {
		t.Errorf("%d are left, %v, want %d", len(left), err, (many+1)/2)
	}
	next, seen := "/sessions/?device=even", 0
	for next != "" {
		body := root.get(next).Body.String()
		seen += strings.Count(body, `data-label="Signed in"`)
		found := nextPage.FindStringSubmatch(body)
		next = ""
		if found != nil {
			next = strings.TrimPrefix(strings.ReplaceAll(found[1], "&amp;", "&"), "/admin")
		}
	}
	if seen != (many+1)/2 {
		t.Errorf("the filtered list has %d rows, want %d", seen, (many+1)/2)
	}
}
