// Tests of what stays of a form that is refused before it is looked at.

package crudadmin

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// send sends a form as a browser does: as one with files if there is one among its fields. The last
// bytes of a late one never come.
func (f sentForms) send(t *testing.T, page *browser, path string, late bool) *httptest.ResponseRecorder {
	t.Helper()
	body, contentType := f.encode(t)
	if !slices.ContainsFunc(f.fields, func(field [2]string) bool { return strings.HasPrefix(field[0], "file:") }) {
		var values []string // in their order
		for _, field := range f.fields {
			values = append(values, url.QueryEscape(field[0])+"="+url.QueryEscape(field[1]))
		}
		body, contentType = []byte(strings.Join(values, "&")), "application/x-www-form-urlencoded"
	}
	var from io.Reader = bytes.NewReader(body)
	if late {
		from = io.MultiReader(bytes.NewReader(body[:len(body)-10]), iotest.ErrReader(os.ErrDeadlineExceeded))
	}
	return page.sendBody(path, contentType, from)
}

// promisesMore reports a page that says of a form of which nothing was read that it is kept.
func promisesMore(body string) bool {
	return strings.Contains(body, "Send again") || strings.Contains(body, "is kept on this page")
}

// Whoever typed a form for ten minutes loses nothing of it when it is refused before it is looked
// at: because eight requests are under way, because another change is, or because it took too long
// to come.
func TestRefusedFormsKeepWhatWasEntered(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	token := page.token("/account")
	root, err := b.accounts.ByUsername(t.Context(), adminName)
	if err != nil {
		t.Fatal(err)
	}
	const typed = "typed for ten minutes"
	fields := func(more ...string) sentForms {
		all := [][2]string{{sessionhttp.CSRFField, token}, {"name", typed}, {"null.born", "1"}}
		for i := 0; i < len(more); i += 2 {
			all = append(all, [2]string{more[i], more[i+1]})
		}
		return sentForms{append(all, [2]string{"vip", "1"}, [2]string{"row.once", "o"})}
	}
	forms := map[string]struct {
		path   string
		form   sentForms
		change bool // takes a change's share
		again  bool // it can be sent again, because nothing is lacking
	}{
		"a new record":             {path: "/m/customers/", form: fields(), again: true},
		"a record":                 {path: "/m/customers/1/edit", form: fields(), again: true},
		"many records":             {path: "/m/customers/actions/edit", form: fields("key", "1", "confirm", "1", "set.to.name", "1", "to.name", typed), change: true, again: true},
		"with a password":          {path: "/m/customers/", form: fields("password_hash", "canary")},
		"with a small file":        {path: "/m/customers/", form: fields("file:email", strings.Repeat("x", 100))},
		"with a file of 5 MiB":     {path: "/m/customers/1/edit", form: fields("file:email", strings.Repeat("x", 5<<20))},
		"with a form of 900 kB":    {path: "/m/customers/", form: fields("email", strings.Repeat("e", 900_000)), again: true},
		"with a form beyond 1 MiB": {path: "/m/customers/", form: fields("email", strings.Repeat("e", 1<<20))},
	}
	kept := func(t *testing.T, w *httptest.ResponseRecorder, status int, again bool) {
		t.Helper()
		body := w.Body.String()
		if w.Code != status || !strings.Contains(body, typed) || strings.Contains(body, "canary") {
			t.Errorf("%d, want %d with what was entered and no password: %.2000s", w.Code, status, body)
		}
		if got := strings.Contains(body, "Send again"); got != again {
			t.Errorf("%d: can be sent again: %v, want %v", w.Code, got, again)
		}
	}
	t.Run("eight requests are under way", func(t *testing.T) {
		var under []*held
		for range frame.MaxRequests {
			under = append(under, page.hold("/m/customers/"))
		}
		for name, f := range forms {
			t.Run(name, func(t *testing.T) {
				kept(t, f.form.send(t, page, f.path, false), http.StatusTooManyRequests, f.again)
			})
		}
		// Forms that are held while nothing else is: no more than two are read, whatever comes.
		for range frame.MaxKept {
			under = append(under, page.hold("/m/customers/"))
		}
		for name, f := range forms {
			w := f.form.send(t, page, f.path, false)
			if body := w.Body.String(); w.Code != http.StatusTooManyRequests || strings.Contains(body, typed) || promisesMore(body) {
				t.Errorf("%s, the third form beyond the share: %d, it is read, or a form is offered that was not: %.2000s", name, w.Code, body)
			}
		}
		for i, h := range under {
			if w := h.abort(); i >= frame.MaxRequests && w.Code != http.StatusTooManyRequests {
				t.Errorf("a form beyond the share: %d", w.Code)
			}
		}
		if n := b.frame.Shares.People(); n != 0 {
			t.Errorf("%d people are counted after all has ended", n)
		}
	})
	t.Run("a change of many records is under way", func(t *testing.T) {
		share, _ := b.frame.Shares.Begin(root.ID)
		defer share.End()
		share.Take(t.Context(), frame.Changing)
		for name, f := range forms {
			if f.change {
				t.Run(name, func(t *testing.T) {
					kept(t, f.form.send(t, page, f.path, false), http.StatusTooManyRequests, f.again)
				})
			}
		}
	})
	t.Run("it came too late", func(t *testing.T) {
		for name, f := range forms {
			if strings.Contains(name, "beyond") {
				continue // is too large, whenever it comes
			}
			t.Run(name, func(t *testing.T) { kept(t, f.form.send(t, page, f.path, true), http.StatusRequestTimeout, false) })
		}
	})
	t.Run("nothing came", func(t *testing.T) {
		for _, contentType := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} {
			for what, path := range map[string]string{"a new record": "/m/customers/", "a record": "/m/customers/1/edit", "many records": "/m/customers/actions/edit"} {
				w := page.sendBody(path, contentType, iotest.ErrReader(os.ErrDeadlineExceeded))
				if w.Code != http.StatusRequestTimeout || promisesMore(w.Body.String()) {
					t.Errorf("%s, %s, too late: %d, or an empty form is offered: %.2000s", what, contentType, w.Code, w.Body)
				}
				b.store.down.Store(true)
				w = page.sendBody(path, contentType, http.NoBody)
				b.store.down.Store(false)
				if w.Code != http.StatusServiceUnavailable || promisesMore(w.Body.String()) {
					t.Errorf("%s, %s, while the store is down: %d, or an empty form is offered: %.2000s", what, contentType, w.Code, w.Body)
				}
			}
		}
	})
	// What was sent again is what was entered.
	share := make([]*frame.Share, frame.MaxRequests)
	for i := range share {
		share[i], _ = b.frame.Shares.Begin(root.ID)
	}
	refused := fields().send(t, page, "/m/customers/", false)
	for _, s := range share {
		s.End()
	}
	if code, to := page.sendAgain(t, refused.Body.String()); code != http.StatusSeeOther || !strings.HasPrefix(to, "/admin/m/customers/") {
		t.Errorf("sent again: %d to %q", code, to)
	}
	if got := b.scalar(t, "SELECT count(*) FROM customers WHERE name = '"+typed+"' AND vip"); got != "1" {
		t.Errorf("%s records are stored", got)
	}
}
