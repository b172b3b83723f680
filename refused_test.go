// Tests of what stays of a form that is refused before it is looked at.

package crudadmin

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// sentForm is a form as a browser sends it: its fields in an order, and a file before the last of them where
// there is one.
type sentForm struct {
	fields [][2]string
	file   int // bytes; 0 is none
}

func (f sentForm) encode(t *testing.T) (contentType string, body []byte) {
	t.Helper()
	if f.file == 0 {
		var parts []string
		for _, field := range f.fields {
			parts = append(parts, url.QueryEscape(field[0])+"="+url.QueryEscape(field[1]))
		}
		return "application/x-www-form-urlencoded", []byte(strings.Join(parts, "&"))
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for i, field := range f.fields {
		if i == len(f.fields)-1 {
			part, err := w.CreateFormFile("email", "photo.png")
			if err == nil {
				_, err = part.Write(make([]byte, f.file))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), out.Bytes()
}

// sendForm sends a form; the last bytes of a late one never come.
func (b *browser) sendForm(t *testing.T, path string, f sentForm, late bool) *httptest.ResponseRecorder {
	t.Helper()
	contentType, body := f.encode(t)
	var from io.Reader = bytes.NewReader(body)
	if late {
		from = io.MultiReader(bytes.NewReader(body[:len(body)-10]), iotest.ErrReader(os.ErrDeadlineExceeded))
	}
	r := httptest.NewRequest(http.MethodPost, b.base+path, from)
	r.RemoteAddr = b.ip + ":4711"
	r.Header.Set("Content-Type", contentType)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// Whoever typed a form for ten minutes loses nothing of it when it is refused before it is looked at: because
// eight requests are under way, because another change is, or because it took too long to come.
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
	fields := func(more ...string) [][2]string {
		all := [][2]string{{sessionhttp.CSRFField, token}, {"name", typed}, {"null.born", "1"}}
		for i := 0; i < len(more); i += 2 {
			all = append(all, [2]string{more[i], more[i+1]})
		}
		return append(all, [2]string{"vip", "1"}, [2]string{"row.once", "o"})
	}
	forms := map[string]struct {
		path   string
		form   sentForm
		change bool // takes a change's share
		again  bool // it can be sent again, because nothing is lacking
	}{
		"a new record":             {path: "/m/customers/", form: sentForm{fields: fields()}, again: true},
		"a record":                 {path: "/m/customers/1/edit", form: sentForm{fields: fields()}, again: true},
		"many records":             {path: "/m/customers/actions/edit", form: sentForm{fields: fields("key", "1", "confirm", "1", "set.to.name", "1", "to.name", typed)}, change: true, again: true},
		"with a password":          {path: "/m/customers/", form: sentForm{fields: fields("password_hash", "canary")}},
		"with a small file":        {path: "/m/customers/", form: sentForm{fields: fields(), file: 100}},
		"with a file of 5 MiB":     {path: "/m/customers/1/edit", form: sentForm{fields: fields(), file: 5 << 20}},
		"with a form of 900 kB":    {path: "/m/customers/", form: sentForm{fields: fields("email", strings.Repeat("e", 900_000))}, again: true},
		"with a form beyond 1 MiB": {path: "/m/customers/", form: sentForm{fields: fields("email", strings.Repeat("e", 1<<20))}},
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
				kept(t, page.sendForm(t, f.path, f.form, false), http.StatusTooManyRequests, f.again)
			})
		}
		// Forms that are held while nothing else is: no more than two are read, whatever comes.
		for range frame.MaxKept {
			under = append(under, page.hold("/m/customers/"))
		}
		if w := page.sendForm(t, "/m/customers/", forms["a new record"].form, false); w.Code != http.StatusTooManyRequests || strings.Contains(w.Body.String(), typed) {
			t.Errorf("the third form beyond the share: %d, it is read", w.Code)
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
					kept(t, page.sendForm(t, f.path, f.form, false), http.StatusTooManyRequests, f.again)
				})
			}
		}
	})
	t.Run("it came too late", func(t *testing.T) {
		for name, f := range forms {
			if strings.Contains(name, "beyond") {
				continue // is too large, whenever it comes
			}
			t.Run(name, func(t *testing.T) { kept(t, page.sendForm(t, f.path, f.form, true), http.StatusRequestTimeout, false) })
		}
	})
	// What was sent again is what was entered.
	share := make([]*frame.Share, frame.MaxRequests)
	for i := range share {
		share[i], _ = b.frame.Shares.Begin(root.ID)
	}
	refused := page.sendForm(t, "/m/customers/", sentForm{fields: fields()}, false)
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
