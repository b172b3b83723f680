// Attacks: what somebody with a terminal would try.

package crudadmin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Only GET and POST mean anything, each at its own addresses; a HEAD is a GET
// without its body. Nothing else writes, and no header makes one into another.
func TestMethodsAreNotConfused(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	w := newWorld(t)
	page := w.browsers["root"]
	token := url.Values{"csrf_token": {w.tokens["root"]}, "confirm": {"1"}, "key": {"1"}, "name": {"x"}}
	for _, rt := range w.table() {
		path := strings.NewReplacer("{$}", "", "{table}", "items", "{key}", "1", "{file}", "x.css", "{id}", w.ids[1], "{column}", "maker", "{name}", "none").Replace(rt.Path)
		for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodTrace, "PROPFIND", "get"} {
			page.headers["X-HTTP-Method-Override"] = http.MethodPost
			got := page.do(method, path+"?_method=POST&confirm=1", token)
			switch {
			case got.Code == http.StatusMethodNotAllowed && got.Header().Get("Allow") != "", got.Code >= 400 && got.Code < 500:
			case method == http.MethodHead && got.Code < 400:
			case got.Code == http.StatusPermanentRedirect || got.Code == http.StatusTemporaryRedirect:
			default:
				t.Errorf("%s %s: %d", method, path, got.Code)
			}
		}
	}
	if w.app.written(t) || w.accounts.written(t) && len(w.accounts.changed(t)) > 0 {
		t.Error("something was written")
	}
}

// The parameters of a form count, those in its address do not: a link cannot
// fill in what the form leaves out.
func TestAnAddressIsNoForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.browsers["root"]
	for path, form := range map[string]url.Values{
		"/m/items/actions/delete?confirm=1":       {"key": {"1"}},
		"/m/items/actions/delete?all=1":           {"confirm": {"1"}},
		"/m/items/actions/delete?key=1":           {"confirm": {"1"}},
		"/m/items/1/edit?row.token=x&name=linked": {},
		"/m/makers/?name=linked":                  {},
	} {
		page.post("/account", path, form)
		if w.app.written(t) {
			t.Errorf("%s: written: %q", path, w.app.changed(t))
			w.app.undo(t, w.app.changed(t))
		}
	}
	if got := page.do(http.MethodPost, "/m/items/1/delete?csrf_token="+url.QueryEscape(w.tokens["root"]), url.Values{"confirm": {"1"}}); got.Code != http.StatusForbidden {
		t.Errorf("a token in the address: %d, want 403", got.Code)
	}
}

// Keys of another table, of another form, or of nothing delete nothing else.
func TestBulkKeysAreOfTheirTable(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	t.Parallel()
	w := newWorld(t)
	page := w.browsers["ed"]
	for table, keys := range map[string][]string{
		"items": {"a,1", "", "~", "1,2", "row-1", "~b:AAAA,1"},
		"pairs": {"1", "a", "a,1,2", ",", "~rowid:1"},
		"tags":  {"~rowid:x", "%zz"},
		"loose": {"x", "1,2", "~rowid:1"},
	} {
		for _, key := range keys {
			for _, action := range []string{"delete", "edit"} {
				got := page.post("/account", "/m/"+table+"/actions/"+action, url.Values{"key": {key}, "confirm": {"1"}, "set.to.name": {"1"}, "to.name": {"x"}})
				if got.Code >= 500 || w.app.written(t) && len(w.app.changed(t)) > 0 {
					t.Errorf("%s of %s %q: %d, changed %q", action, table, key, got.Code, w.app.changed(t))
					w.app.undo(t, w.app.changed(t))
				}
			}
		}
	}
	many := url.Values{"confirm": {"1"}}
	for i := range 10_001 {
		many.Add("key", fmt.Sprint(i+1000))
	}
	if got := page.post("/account", "/m/items/actions/delete", many); got.Code != http.StatusBadRequest {
		t.Errorf("10,001 keys: %d, want 400", got.Code)
	}
}
