// Bodies that are too large, stop half-way, carry files or the wrong token, at every address that
// takes one: a walk over the router's own table.

package crudadmin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// form is what a browser sends of a form with files.
type sentForms struct {
	fields [][2]string // in order; a name that begins with "file:" is a file
}

func (f sentForms) encode(t testing.TB) (body []byte, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for _, field := range f.fields {
		name, isFile := strings.CutPrefix(field[0], "file:")
		part, err := w.CreateFormField(name)
		if isFile {
			part, err = w.CreateFormFile(name, "picture.bin")
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, field[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), w.FormDataContentType()
}

// inFront is the key of a value that a handler in front of the panel adds.
type inFront struct{}

// sendBody sends a body of any type; one that ends with an error was aborted.
func (b *browser) sendBody(path, contentType string, body io.Reader) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, body)
	r.RemoteAddr = b.ip + ":4711"
	r.Header.Set("Content-Type", contentType)
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	// As net/http has it for a handler that stands in front with a request of its own.
	r = r.WithContext(context.WithValue(r.Context(), inFront{}, "in front"))
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// emptyTemp gives the test a folder for temporary files, and returns what is in it.
func emptyTemp(t *testing.T) func() []string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return func() []string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
}

var errAborted = errors.New("the browser has gone")

// Whatever is sent, wherever, and however it ends: no temporary file stays.
func TestNoTemporaryFileStays(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	left := emptyTemp(t)
	b := newBench(t, func(c *Config) {
		if _, err := c.DB.ExecContext(t.Context(), `CREATE TABLE pictures (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) < 10), content BLOB)`); err != nil {
			t.Fatal(err)
		}
	})
	panics := frame.Route{Method: http.MethodPost, Path: "/m/{table}/panics", Access: frame.Needs(RightView, RightCreate), Handler: func(*frame.Visit) error {
		if len(left()) == 0 {
			t.Error("there is no temporary file while the request is answered: this test finds nothing")
		}
		panic("in the middle")
	}}
	aborts := frame.Route{Method: http.MethodPost, Path: "/m/{table}/aborts", Access: frame.Needs(RightView, RightUpdate), Handler: func(*frame.Visit) error { panic(http.ErrAbortHandler) }}
	for _, rt := range []frame.Route{panics, aborts} {
		b.frame.Add(rt)
	}
	page := b.browser(t).signIn(adminName)
	token := page.token("/account")
	large := strings.Repeat("x", 200<<10)
	seen := map[int]int{}
	for _, rt := range append([]frame.Route{panics, aborts}, b.table()...) {
		if !unsafe(rt) || rt.Path == "/logout" {
			continue
		}
		address := strings.Replace(addressOf(rt), "customers", "pictures", 1)
		for what, c := range map[string]struct {
			fields  [][2]string
			headers map[string]string
			cut     bool
		}{
			"saved":               {fields: [][2]string{{"csrf_token", token}, {"name", "a"}, {"file:content", large}}},
			"refused":             {fields: [][2]string{{"csrf_token", token}, {"name", "longer than ten"}, {"file:content", large}}},
			"an undeclared file":  {fields: [][2]string{{"csrf_token", token}, {"name", "a"}, {"file:nosuch", large}, {"file:content", large}}},
			"the wrong token":     {fields: [][2]string{{"csrf_token", "wrong"}, {"name", "a"}, {"file:content", large}}},
			"the token last":      {fields: [][2]string{{"name", "a"}, {"file:content", large}, {"csrf_token", token}}},
			"the wrong one last":  {fields: [][2]string{{"name", "a"}, {"file:content", large}, {"csrf_token", "wrong"}}},
			"no token":            {fields: [][2]string{{"name", "a"}, {"file:content", large}}},
			"a file as the token": {fields: [][2]string{{"file:csrf_token", token}, {"file:content", large}}},
			"the wrong header":    {fields: [][2]string{{"csrf_token", token}, {"file:content", large}}, headers: map[string]string{"X-CSRF-Token": "wrong"}},
			"another site":        {fields: [][2]string{{"csrf_token", token}, {"file:content", large}}, headers: map[string]string{"Origin": "https://evil.example"}},
			"a file too large":    {fields: [][2]string{{"csrf_token", token}, {"file:content", strings.Repeat("x", data.MaxFile+1)}}},
			"all too large":       {fields: [][2]string{{"csrf_token", token}, {"file:content", large}, {"file:other", strings.Repeat("x", frame.MaxUpload)}}},
			"texts too large":     {fields: [][2]string{{"csrf_token", token}, {"file:content", large}, {"name", strings.Repeat("x", 2<<20)}}},
			"aborted":             {fields: [][2]string{{"csrf_token", token}, {"name", "a"}, {"file:content", large}, {"file:other", large}}, cut: true},
			"aborted, wrong":      {fields: [][2]string{{"csrf_token", "wrong"}, {"file:content", large}}, cut: true},
		} {
			if strings.HasSuffix(what, " too large") && !rt.Uploads() {
				continue // see TestBodiesAreBounded
			}
			encoded, contentType := sentForms{c.fields}.encode(t)
			var body io.Reader = bytes.NewReader(encoded)
			if c.cut {
				body = io.MultiReader(bytes.NewReader(encoded[:len(encoded)-len(large)/2]), aborted{})
			}
			page.headers = c.headers
			func() {
				defer func() {
					if wrong := recover(); wrong != nil && (rt.Path != aborts.Path || wrong != http.ErrAbortHandler) { //nolint:errorlint // the very one
						t.Errorf("%s %s: panic: %v", rt.Path, what, wrong)
					}
				}()
				w := page.sendBody(address, contentType, body)
				seen[w.Code]++
				if n := w.Body.Len(); n > 4<<20 {
					t.Errorf("%s, %s: an answer of %d bytes", rt.Path, what, n)
				}
			}()
			if names := left(); len(names) > 0 {
				t.Fatalf("POST %s, %s: %q stay", rt.Path, what, names)
			}
			page.headers = nil
		}
	}
	t.Logf("answers by status: %v", seen)
	for _, status := range []int{http.StatusSeeOther, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusBadRequest, http.StatusInternalServerError} {
		if seen[status] == 0 {
			t.Errorf("nothing was answered with %d: an ending was not met", status)
		}
	}
}

type aborted struct{}

func (aborted) Read([]byte) (int, error) { return 0, errAborted }

// No file is stored of a form whose token is wrong, or of one that takes no files: there is no
// place for one, and nobody notices.
func TestFilesAreNotStoredBeforeTheTokenIsRight(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	t.Setenv("TMPDIR", "/nonexistent")
	page := b.browser(t).signIn(adminName)
	token := page.token("/account")
	file := strings.Repeat("x", 2<<20)
	for _, rt := range b.table() {
		if !unsafe(rt) || rt.Path == "/logout" {
			continue
		}
		for what, fields := range map[string][][2]string{
			"the wrong token":     {{"csrf_token", "wrong"}, {"name", "entered"}, {"file:content", file}},
			"the right one":       {{"csrf_token", token}, {"name", "entered"}, {"file:content", file}},
			"a wrong login token": {{"csrf_token", "wrong"}, {"username", "x"}, {"file:content", "small"}},
		} {
			encoded, contentType := sentForms{fields}.encode(t)
			w := page.sendBody(addressOf(rt), contentType, bytes.NewReader(encoded))
			want := fields[0][1] != token || rt.Access == frame.Anybody
			switch {
			case rt.Uploads() && fields[0][1] == token:
				if w.Code != http.StatusInternalServerError {
					t.Errorf("%s, %s: %d: the file was stored nowhere, and this test finds nothing", rt.Path, what, w.Code)
				}
			case w.Code >= http.StatusInternalServerError:
				t.Errorf("%s, %s: %d: a file was to be stored", rt.Path, what, w.Code)
			case want && w.Code != http.StatusForbidden && w.Code != http.StatusRequestEntityTooLarge:
				t.Errorf("%s, %s: %d, want 403 or 413", rt.Path, what, w.Code)
			}
			if rt.Uploads() && fields[0][1] == "wrong" && fields[1][0] == "name" && !strings.Contains(w.Body.String(), "entered") {
				t.Errorf("%s, %s: what was entered is not on the page", rt.Path, what)
			}
		}
	}
}

// What is read of a body, by its address and type, to the byte.
func TestBodiesAreBounded(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	left := emptyTemp(t)
	b := newBench(t, nil)
	b.user(t, "ben", account.Superuser)
	page := b.browser(t).signIn(adminName)
	token := page.token("/account")
	for _, rt := range b.table() {
		if !unsafe(rt) {
			continue
		}
		limit := 1 << 20
		if rt.Access == frame.Anybody {
			limit = 16 << 10
		}
		for _, contentType := range []string{"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "multipart/form-data; boundary=bound"} {
			size := limit
			multi := strings.HasPrefix(contentType, "multipart")
			if multi && rt.Uploads() {
				size = data.MaxFile + 1<<20
			}
			for _, over := range []bool{false, true} {
				var head, tail string
				if multi {
					head = "--bound\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\nwrong\r\n--bound\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x\"\r\n\r\n"
					tail = "\r\n--bound--\r\n"
				} else {
					head = "csrf_token=wrong&name="
				}
				fill := size - len(head) - len(tail)
				if over {
					fill++
				}
				read := &metered{Reader: io.MultiReader(strings.NewReader(head), io.LimitReader(endless{}, int64(fill)), strings.NewReader(tail), io.LimitReader(endless{}, 64<<20))}
				if !over {
					read.Reader = io.MultiReader(strings.NewReader(head), io.LimitReader(endless{}, int64(fill)), strings.NewReader(tail))
				}
				w := page.sendBody(addressOf(rt), contentType, read)
				what := fmt.Sprintf("%s as %s, over the bound %v", rt.Path, contentType, over)
				want := http.StatusForbidden
				if over && (!multi || !rt.Uploads()) || over && multi {
					want = http.StatusRequestEntityTooLarge
				}
				if w.Code != want {
					t.Errorf("%s: %d, want %d", what, w.Code, want)
				}
				if want == http.StatusRequestEntityTooLarge && !strings.Contains(w.Body.String(), "is larger than "+sizeText(size)) {
					t.Errorf("%s: the page does not say how much is taken", what)
				}
				if read.n > size+64<<10 {
					t.Errorf("%s: %d bytes were read", what, read.n)
				}
				if n := w.Body.Len(); n > 4*limit+64<<10 || over && n > 64<<10 {
					t.Errorf("%s: an answer of %d bytes", what, n)
				}
			}
		}
	}
	if names := left(); len(names) > 0 {
		t.Errorf("%q stay", names)
	}
	if w := page.do(http.MethodPost, "/account/revoke", url.Values{"csrf_token": {token}, "others": {"1"}}); w.Code != http.StatusSeeOther {
		t.Errorf("afterwards: %d", w.Code)
	}
}

func sizeText(size int) string {
	if size < 1<<20 {
		return fmt.Sprintf("%d KiB", size>>10)
	}
	return fmt.Sprintf("%d MiB", size>>20)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// metered counts what is read of a body.
type metered struct {
	io.Reader
	n int
}

func (c *metered) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// The texts of a form with files are bounded in memory, and the longest text that a column takes
// fits.
func TestTextsOfAFormWithFiles(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	b := newBench(t, nil)
	page := b.browser(t).signIn(adminName)
	token := page.token("/account")
	for size, want := range map[int]int{data.MaxText: http.StatusSeeOther, 2 << 20: http.StatusRequestEntityTooLarge, 9 << 20: http.StatusRequestEntityTooLarge} {
		encoded, contentType := sentForms{[][2]string{{"csrf_token", token}, {"note", strings.Repeat("<", size)}}}.encode(t)
		w := page.sendBody("/m/orders/", contentType, bytes.NewReader(encoded))
		if w.Code != want {
			t.Errorf("a text of %d bytes: %d, want %d", size, w.Code, want)
		}
		if w.Body.Len() > 64<<10 {
			t.Errorf("a text of %d bytes: an answer of %d", size, w.Body.Len())
		}
	}
}
