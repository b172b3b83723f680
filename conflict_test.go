// Two people at one record: whoever is later is told, and nothing is lost.

package crudadmin

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// Whatever the second person changes of a record, the first one's form, opened
// before, is refused: 409, a page with what was entered, and nothing written.
func TestWhateverElseChangedIsAConflict(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	w := newWorld(t)
	first, second := w.browsers["root"], w.browsers["ed"]
	sql := func(query string) func() {
		return func() {
			if _, err := w.db.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
	}
	post := func(path string, form url.Values) func() {
		return func() {
			if form.Has("all") {
				form = second.asked(path, form)
			}
			if strings.HasSuffix(path, "/edit") && !strings.Contains(path, "/actions/") || strings.HasSuffix(path, "/delete") && !strings.Contains(path, "/actions/") {
				form.Set("row.token", second.tokenOf(path))
			}
			if got := second.post("/account", path, form); got.Code != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", path, got.Code, got.Body)
			}
		}
	}
	for name, c := range map[string]struct {
		path string // of the first person's form
		form url.Values
		then func()
	}{
		"an edit of the same field":   {"/m/items/3/edit", url.Values{"note": {"MINE"}}, post("/m/items/3/edit", url.Values{"note": {"THEIRS"}})},
		"an edit of another field":    {"/m/items/3/edit", url.Values{"note": {"MINE"}}, post("/m/items/3/edit", url.Values{"n": {"77"}})},
		"a bulk edit":                 {"/m/items/3/edit", url.Values{"note": {"MINE"}}, post("/m/items/actions/edit", url.Values{"all": {"1"}, "f.id.eq": {"3"}, "set.to.n": {"1"}, "to.n": {"78"}, "confirm": {"1"}})},
		"a deletion":                  {"/m/items/4/edit", url.Values{"note": {"MINE"}}, post("/m/items/4/delete", url.Values{"confirm": {"1"}})},
		"a bulk deletion":             {"/m/items/4/edit", url.Values{"note": {"MINE"}}, post("/m/items/actions/delete", url.Values{"key": {"4", "5"}, "confirm": {"1"}})},
		"a link added":                {"/m/items/1/edit", url.Values{"note": {"MINE"}}, post("/m/items/1/edit", url.Values{"item_tags": {"", "a", "~new", "~"}})},
		"a link taken away, links":    {"/m/items/1/edit", url.Values{"item_tags": {"", "a", "~new", "~"}}, sql(`DELETE FROM item_tags WHERE item = 1 AND tag = 'a'`)},
		"a file of the same size":     {"/m/items/2/edit", url.Values{"note": {"MINE"}}, sql(`UPDATE items SET bytes = x'ffffff' WHERE id = 2`)},
		"empty became NULL":           {"/m/items/2/edit", url.Values{"n": {"5"}}, sql(`UPDATE items SET note = NULL WHERE id = 2`)},
		"NULL became empty":           {"/m/items/1/edit", url.Values{"n": {"5"}}, sql(`UPDATE items SET note = '' WHERE id = 1`)},
		"a number became text":        {"/m/loose/1/edit", url.Values{"y": {"MINE"}}, sql(`UPDATE loose SET x = CAST(1 AS TEXT) WHERE rowid = 1`)},
		"no row id, two keys":         {"/m/pairs/a,1/edit", url.Values{"v": {"MINE"}}, post("/m/pairs/a,1/edit", url.Values{"v": {"THEIRS"}})},
		"its key":                     {"/m/pairs/a,1/edit", url.Values{"v": {"MINE"}}, post("/m/pairs/a,1/edit", url.Values{"b": {"99"}})},
		"a strict table":              {"/m/strict/1/edit", url.Values{"t": {"MINE"}}, sql(`UPDATE strict SET i = 2 WHERE id = 1`)},
		"an edit, before a deletion":  {"/m/items/5/delete", url.Values{"confirm": {"1"}}, post("/m/items/5/edit", url.Values{"note": {"THEIRS"}})},
		"a replacement of equal look": {"/m/strict/2/edit", url.Values{"t": {"MINE"}}, sql(`DELETE FROM strict WHERE id = 2; INSERT INTO strict VALUES (2, 'two', 0, NULL)`)},
	} {
		c.form.Set("row.token", first.tokenOf(c.path))
		c.then()
		before := fmt.Sprint(w.app.read(t))
		got := first.post("/account", c.path, c.form)
		if got.Code != http.StatusConflict || c.form.Has("note") && !strings.Contains(got.Body.String(), "MINE") {
			t.Errorf("%s: %d, want 409 and what was entered: %s", name, got.Code, got.Body)
		}
		if after := fmt.Sprint(w.app.read(t)); after != before {
			t.Errorf("%s: the refused form was written all the same", name)
		}
		w.app.undo(t, w.app.changed(t))
	}
}

// Of many who save one record at the same moment one is first. The others see
// what that one saved beside what they entered.
func TestOneOfManySavesAtOnce(t *testing.T) {
	w := newWorld(t)
	w.user(t, "ed2", account.Editor)
	const path, many = "/m/items/7/edit", 6
	token := w.browsers["root"].tokenOf(path)
	var requests []*http.Request
	for i := range many {
		role := []string{"root", "ed"}[i%2]
		form := url.Values{"row.token": {token}, "note": {fmt.Sprintf("saved by %d", i)}, "csrf_token": {w.tokens[role]}}
		r := httptest.NewRequest(http.MethodPost, w.base+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range w.browsers[role].cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		requests = append(requests, r)
	}
	answers := make([]*httptest.ResponseRecorder, many)
	barrier := make(chan struct{})
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() {
			answers[i] = httptest.NewRecorder()
			<-barrier
			w.ServeHTTP(answers[i], r)
		})
	}
	close(barrier)
	all.Wait()
	stored := w.scalarOf(t, "SELECT note FROM items WHERE id = 7")
	winners := 0
	for i, got := range answers {
		mine, body := fmt.Sprintf("saved by %d", i), html.UnescapeString(got.Body.String())
		switch got.Code {
		case http.StatusSeeOther:
			if winners++; stored != mine {
				t.Errorf("%d was told it is saved, and %q is stored", i, stored)
			}
		case http.StatusConflict:
			if !strings.Contains(body, mine) || !strings.Contains(body, stored) {
				t.Errorf("%d's page lacks one of the two versions", i)
			}
		default:
			t.Errorf("%d: %d %s", i, got.Code, body)
		}
	}
	if winners != 1 {
		t.Errorf("%d won, want one", winners)
	}
}

func (w *world) scalarOf(t testing.TB, query string) string {
	t.Helper()
	var text string
	if err := w.app.conn.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// People who were asked about some rows change those rows, or are asked again.
func TestAllThatMatchIsWhatWasAsked(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	w := newWorld(t)
	page := w.browsers["ed"]
	for _, action := range []url.Values{{}, {"set.to.note": {"1"}, "to.note": {"changed"}}} {
		path := "/m/items/actions/delete"
		if len(action) > 0 {
			path = "/m/items/actions/edit"
		}
		question := page.post("/account", path, url.Values{"all": {"1"}, "f.kind.eq": {"tea"}})
		found := askedParam.FindStringSubmatch(question.Body.String())
		if found == nil || !strings.Contains(question.Body.String(), "9 records") {
			t.Fatalf("%s: asked about %q, want 9 records: %s", path, found, question.Body)
		}
		if _, err := w.db.ExecContext(t.Context(), `UPDATE items SET kind = 'tea' WHERE id = 2`); err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprint(w.app.read(t))
		confirmed := url.Values{"all": {"1"}, "f.kind.eq": {"tea"}, "asked": {found[1]}, "confirm": {"1"}}
		for name, values := range action {
			confirmed[name] = values
		}
		again := page.post("/account", path, confirmed)
		if now := askedParam.FindStringSubmatch(again.Body.String()); again.Code != http.StatusConflict || now == nil || now[1] == found[1] || !strings.Contains(again.Body.String(), "10 records") || fmt.Sprint(w.app.read(t)) != before {
			t.Errorf("%s with one row more: %d, want 409, the question about 10 and nothing written", path, again.Code)
		}
		confirmed.Set("asked", askedParam.FindStringSubmatch(again.Body.String())[1])
		if done := page.post("/account", path, confirmed); done.Code != http.StatusSeeOther {
			t.Errorf("%s, asked again: %d", path, done.Code)
		}
		w.app.undo(t, w.app.changed(t))
	}
}

// A record that is deleted twice is gone once, and the second time is not an error.
func TestDeletedTwice(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	w := newWorld(t)
	page := w.browsers["ed"]
	form := url.Values{"row.token": {page.tokenOf("/m/items/9/delete")}, "confirm": {"1"}}
	for range 2 {
		if got := page.post("/account", "/m/items/9/delete", form); got.Code != http.StatusSeeOther {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	}
	if n := len(w.names()); n != len(w.items)-1 {
		t.Errorf("%d rows are left", n)
	}
}
