// Tests of the answer: when it has begun, what caches are told, what its writer can do, and
// what the request gets back.

package sessionhttp_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp/sessionhttptest"
)

// TestOnceTheAnswerHasBegun: whatever begins it, what needs a cookie is an error and changes
// nothing, and a sign-out, which needs none, ends the session.
func TestOnceTheAnswerHasBegun(t *testing.T) {
	t.Parallel()
	begin := map[string]func(w http.ResponseWriter){
		"Write":            func(w http.ResponseWriter) { _, _ = w.Write([]byte("x")) },
		"Write of nothing": func(w http.ResponseWriter) { _, _ = w.Write(nil) },
		"WriteHeader":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) },
		"WriteString":      func(w http.ResponseWriter) { _, _ = io.WriteString(w, "x") },
		"ReadFrom":         func(w http.ResponseWriter) { _, _ = w.(io.ReaderFrom).ReadFrom(strings.NewReader("x")) },
		"io.Copy":          func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader("x")) },
		"Flush":            func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"controller":       func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"redirect": func(w http.ResponseWriter) {
			http.Redirect(w, httptest.NewRequest(http.MethodGet, "/", nil), "/", http.StatusSeeOther)
		},
		"early hints": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusOK)
		},
	}
	for name, start := range begin {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, session.Config{RenewEvery: time.Minute}, sessionhttp.Config{})
			for _, user := range []string{"", "ann"} {
				b := s.browser()
				if user != "" {
					b.login(user)
				}
				s.advance(2 * time.Minute)
				s.inRequest(b, func(w http.ResponseWriter, r *http.Request) {
					start(w)
					before, _ := s.sessions.FromContext(r.Context())
					if _, err := s.sessions.SignIn(w, r, "bea"); !errors.Is(err, sessionhttp.ErrSent) {
						t.Errorf("SignIn: %v", err)
					}
					if _, err := s.sessions.Elevate(w, r); !errors.Is(err, sessionhttp.ErrSent) {
						t.Errorf("Elevate: %v", err)
					}
					if _, err := s.sessions.Start(w, r); user == "" && !errors.Is(err, sessionhttp.ErrSent) {
						t.Errorf("Start: %v", err)
					}
					if got := s.sessions.CSRFToken(w, r); (got == "") != (user == "") {
						t.Errorf("CSRFToken of %q: %q", user, got)
					}
					if after, _ := s.sessions.FromContext(r.Context()); after != before {
						t.Error("the request's session has changed")
					}
				})
				if got := b.get("/who").Body.String(); got != fmt.Sprintf("%q", user) {
					t.Errorf("afterwards the user is %s, want %q", got, user)
				}
				if live, err := s.manager.UserSessions(t.Context(), "bea"); err != nil || len(live) > 0 {
					t.Errorf("%d sessions were made, %v", len(live), err)
				}
				s.inRequest(b, func(w http.ResponseWriter, r *http.Request) {
					start(w)
					if err := s.sessions.SignOut(w, r); err != nil {
						t.Errorf("SignOut: %v", err)
					}
				})
				if got := b.get("/who").Body.String(); got != `""` {
					t.Errorf("after a late sign-out the user is %s", got)
				}
			}
		})
	}
	t.Run("only early hints", func(t *testing.T) {
		s := newSite(t, session.Config{}, sessionhttp.Config{})
		s.inRequest(s.browser(), func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			if _, err := s.sessions.SignIn(w, r, "ann"); err != nil {
				t.Errorf("after 103 the answer is still to come: %v", err)
			}
		})
	})
	t.Run("after the handler", func(t *testing.T) {
		s := newSite(t, session.Config{}, sessionhttp.Config{})
		var late func() error
		s.inRequest(s.browser(), func(w http.ResponseWriter, r *http.Request) {
			late = func() error { _, err := s.sessions.SignIn(w, r, "ann"); return err }
		})
		if err := late(); !errors.Is(err, sessionhttp.ErrSent) {
			t.Errorf("a sign-in after the handler has returned: %v", err)
		}
	})
	t.Run("hijacked", func(t *testing.T) {
		s := newSite(t, session.Config{}, sessionhttp.Config{})
		done := make(chan error, 1)
		server := httptest.NewServer(s.sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, err = s.sessions.SignIn(w, r, "ann")
				_ = conn.Close()
			}
			done <- err
		})))
		defer server.Close()
		if res, err := http.Get(server.URL); err == nil {
			_ = res.Body.Close()
		}
		if err := <-done; !errors.Is(err, sessionhttp.ErrSent) {
			t.Errorf("a sign-in after Hijack: %v", err)
		}
	})
}

// TestRenewalsAreForAnswersThatCanTakeThem: not where another protocol follows or a cache
// keeps the answer.
func TestRenewalsAreForAnswersThatCanTakeThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		request func(r *http.Request)
		answer  func(w http.ResponseWriter)
		want    bool
	}{
		"a page":               {want: true},
		"a page without words": {answer: func(http.ResponseWriter) {}, want: true},
		"private":              {answer: func(w http.ResponseWriter) { w.Header().Set("Cache-Control", "private, max-age=5") }, want: true},
		"public":               {answer: func(w http.ResponseWriter) { w.Header().Set("Cache-Control", "max-age=5, Public") }},
		"immutable":            {answer: func(w http.ResponseWriter) { w.Header().Add("Cache-Control", "immutable") }},
		"304":                  {answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotModified) }},
		"101":                  {request: func(r *http.Request) { r.Header.Set("Connection", "keep-alive, Upgrade") }},
		"101, two lines": {request: func(r *http.Request) {
			r.Header["Connection"] = []string{"keep-alive", "upgrade"}
		}},
		"CONNECT":     {request: func(r *http.Request) { r.Method = http.MethodConnect }},
		"a sign-out":  {answer: nil, request: func(r *http.Request) { r.URL.Path = "/out" }},
		"early hints": {answer: func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints) }, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, session.Config{RenewEvery: time.Minute}, sessionhttp.Config{})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			sessionhttptest.SignIn(t, s.sessions, r, "ann")
			s.advance(2 * time.Minute)
			if c.request != nil {
				c.request(r)
			}
			w := httptest.NewRecorder()
			s.sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/out" {
					if err := s.sessions.SignOut(w, r); err != nil {
						t.Error(err)
					}
				}
				if c.answer != nil {
					c.answer(w)
				}
			})).ServeHTTP(w, r)
			renewed := slices.ContainsFunc(w.Header()["Set-Cookie"], func(line string) bool {
				return strings.HasPrefix(line, "session=") && !strings.Contains(line, "Max-Age=0")
			})
			if renewed != c.want {
				t.Errorf("renewed %t, want %t: %v", renewed, c.want, w.Header())
			}
		})
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user   string
		outer  string
		answer func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"anonymous":                   {want: ""},
		"anonymous, the handler's":    {answer: says("public, max-age=60"), want: "public, max-age=60"},
		"signed in":                   {user: "ann", want: "no-store"},
		"signed in, the handler's":    {user: "ann", answer: says("public, max-age=60"), want: "public, max-age=60"},
		"signed in, said further out": {user: "ann", outer: "public, max-age=60", want: "no-store"},
		"anonymous, said further out": {outer: "public, max-age=60", want: "public, max-age=60"},
		"signed in, taken back":       {user: "ann", answer: func(_ *sessionhttp.Sessions, w http.ResponseWriter, _ *http.Request) { w.Header().Del("Cache-Control") }, want: "no-store"},
		"signed in, a file":           {user: "ann", answer: file, want: "no-store"},
		"signed in, a file kept":      {user: "ann", answer: kept(file), want: "private, max-age=3600"},
		"signed in, 304":              {user: "ann", answer: kept(notModified), want: "private, max-age=3600"},
		"a sign-in, then public":      {answer: signInThen("public, max-age=60"), want: "no-store"},
		"public, then a sign-in": {answer: func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "public")
			signInThen("")(s, w, r)
		}, want: "no-store"},
		"a form's token, then public":  {answer: tokenThen("public, max-age=60"), want: "no-store"},
		"a start, then public":         {answer: startThen("public, max-age=60"), want: "no-store"},
		"the application's own cookie": {answer: ownCookie, want: "no-store"},
		"signed in, its form's token":  {user: "ann", answer: tokenThen("private, max-age=5"), want: "private, max-age=5"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, session.Config{}, sessionhttp.Config{})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if c.user != "" {
				sessionhttptest.SignIn(t, s.sessions, r, c.user)
			}
			w := httptest.NewRecorder()
			if c.outer != "" {
				w.Header().Set("Cache-Control", c.outer)
			}
			s.sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.answer != nil {
					c.answer(s.sessions, w, r)
				}
			})).ServeHTTP(w, r)
			if got := w.Header().Get("Cache-Control"); got != c.want {
				t.Errorf("Cache-Control is %q, want %q", got, c.want)
			}
			if got := w.Header().Get("CDN-Cache-Control"); got != "" {
				t.Errorf("CDN-Cache-Control is %q", got)
			}
			if got := w.Header().Values("Vary"); !slices.Contains(got, "Cookie") {
				t.Errorf("Vary is %q", got)
			}
		})
	}
}

type answers = func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request)

func says(cacheControl string) answers {
	return func(_ *sessionhttp.Sessions, w http.ResponseWriter, _ *http.Request) {
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
			w.Header().Set("Vary", "Accept-Encoding")
		}
		_, _ = w.Write([]byte("x"))
	}
}

func signInThen(cacheControl string) answers {
	return func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
		_, _ = s.SignIn(w, r, "ann")
		w.Header().Set("CDN-Cache-Control", "max-age=60")
		says(cacheControl)(s, w, r)
	}
}

func startThen(cacheControl string) answers {
	return func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
		_, _ = s.Start(w, r)
		says(cacheControl)(s, w, r)
	}
}

func tokenThen(cacheControl string) answers {
	return func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
		s.CSRFToken(w, r)
		says(cacheControl)(s, w, r)
	}
}

func ownCookie(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
	says("public")(s, w, r)
}

func file(_ *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "a.css", time.Unix(1e9, 0), strings.NewReader("a{}"))
}

func notModified(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
	r.Header.Set("If-Modified-Since", time.Unix(2e9, 0).UTC().Format(http.TimeFormat))
	file(s, w, r)
}

func kept(next answers) answers {
	return func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=3600")
		next(s, w, r)
	}
}

// Writers of all abilities.
type (
	flushes struct{ f *int }
	hijacks struct{ h *int }
	pushes  struct{ p *int }
	closes  struct{ n *int }
)

func (f flushes) Flush() { *f.f++ }
func (h hijacks) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	*h.h++
	return nil, nil, nil
}
func (p pushes) Push(string, *http.PushOptions) error { *p.p++; return nil }
func (c closes) CloseNotify() <-chan bool             { *c.n++; return nil }

// TestTheWriterCanDoWhatItCould: each combination of abilities is that of the writer inside,
// and is used.
func TestTheWriterCanDoWhatItCould(t *testing.T) {
	t.Parallel()
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	var n [4]int
	f, h, p, c := flushes{&n[0]}, hijacks{&n[1]}, pushes{&n[2]}, closes{&n[3]}
	base := struct{ http.ResponseWriter }{httptest.NewRecorder()}
	for i, w := range []http.ResponseWriter{
		base,
		struct {
			http.ResponseWriter
			flushes
		}{base, f},
		struct {
			http.ResponseWriter
			hijacks
		}{base, h},
		struct {
			http.ResponseWriter
			flushes
			hijacks
		}{base, f, h},
		struct {
			http.ResponseWriter
			pushes
		}{base, p},
		struct {
			http.ResponseWriter
			flushes
			pushes
		}{base, f, p},
		struct {
			http.ResponseWriter
			hijacks
			pushes
		}{base, h, p},
		struct {
			http.ResponseWriter
			flushes
			hijacks
			pushes
		}{base, f, h, p},
		struct {
			http.ResponseWriter
			closes
		}{base, c},
		struct {
			http.ResponseWriter
			flushes
			closes
		}{base, f, c},
		struct {
			http.ResponseWriter
			hijacks
			closes
		}{base, h, c},
		struct {
			http.ResponseWriter
			flushes
			hijacks
			closes
		}{base, f, h, c},
		struct {
			http.ResponseWriter
			pushes
			closes
		}{base, p, c},
		struct {
			http.ResponseWriter
			flushes
			pushes
			closes
		}{base, f, p, c},
		struct {
			http.ResponseWriter
			hijacks
			pushes
			closes
		}{base, h, p, c},
		struct {
			http.ResponseWriter
			flushes
			hijacks
			pushes
			closes
		}{base, f, h, p, c},
	} {
		n = [4]int{}
		s.sessions.Middleware(http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) {
			if inner := got.(interface{ Unwrap() http.ResponseWriter }).Unwrap(); inner != w {
				t.Errorf("%04b: Unwrap returns another writer", i)
			}
			if x, ok := got.(http.Flusher); ok {
				x.Flush()
			}
			if x, ok := got.(http.Pusher); ok {
				_ = x.Push("/", nil)
			}
			if x, ok := got.(http.CloseNotifier); ok { //nolint:staticcheck // old handlers ask for it
				x.CloseNotify()
			}
			if x, ok := got.(http.Hijacker); ok {
				_, _, _ = x.Hijack()
			}
		})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if want := [4]int{i & 1, i >> 1 & 1, i >> 2 & 1, i >> 3 & 1}; n != want {
			t.Errorf("%04b: flushed, hijacked, pushed, notified %v times, want %v", i, n, want)
		}
	}
	// Deadlines are for the connection: a real server.
	answered := make(chan error, 1)
	server := httptest.NewServer(s.sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		control := http.NewResponseController(w)
		answered <- errors.Join(control.SetWriteDeadline(time.Now().Add(time.Minute)), control.SetReadDeadline(time.Now().Add(time.Minute)), control.EnableFullDuplex(), control.Flush())
	})))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// TestTheRequestGetsBack: the form's files are removed, pattern and values are known outside,
// whatever the handler does and whoever wraps the request between.
func TestTheRequestGetsBack(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := newSite(t, session.Config{}, sessionhttp.Config{})
	parse := func(r *http.Request) {
		if err := r.ParseMultipartForm(1 << 10); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) == 0 {
			t.Error("the upload is in no file")
		}
	}
	for name, handle := range map[string]http.HandlerFunc{
		"saved": func(_ http.ResponseWriter, r *http.Request) { parse(r) },
		"refused": func(w http.ResponseWriter, r *http.Request) {
			parse(r)
			http.Error(w, "no", http.StatusUnprocessableEntity)
		},
		"panic":   func(_ http.ResponseWriter, r *http.Request) { parse(r); panic("oops") },
		"aborted": func(_ http.ResponseWriter, r *http.Request) { parse(r); panic(http.ErrAbortHandler) },
		"CheckCSRF": func(_ http.ResponseWriter, r *http.Request) {
			r.Header.Del(sessionhttp.CSRFHeader)
			_ = s.sessions.CheckCSRF(r)
		},
		"CheckCSRF of a copy": func(_ http.ResponseWriter, r *http.Request) {
			r.Header.Del(sessionhttp.CSRFHeader)
			_ = s.sessions.CheckCSRF(r.Clone(r.Context()))
		},
	} {
		for _, user := range []string{"", "ann"} {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, _ := form.CreateFormFile("photo", "photo.png")
			size := 1 << 20
			if strings.HasPrefix(name, "CheckCSRF") {
				size = 40 << 20 // more than net/http keeps in memory
			}
			_, _ = part.Write(make([]byte, size))
			_ = form.WriteField("title", "me")
			_ = form.Close()
			r := httptest.NewRequest(http.MethodPost, "/items/7/files/a/b", &body)
			r.Header.Set("Content-Type", form.FormDataContentType())
			if user != "" {
				sessionhttptest.SignIn(t, s.sessions, r, user)
			}
			mux := http.NewServeMux()
			mux.HandleFunc("POST /items/{id}/files/{path...}", handle)
			func() {
				defer func() { _ = recover() }()
				s.sessions.Middleware(mux).ServeHTTP(httptest.NewRecorder(), r)
			}()
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("%s, user %q: %d files left, %v", name, user, len(left), err)
			}
			if r.Pattern != "POST /items/{id}/files/{path...}" || r.PathValue("id") != "7" || r.PathValue("path") != "a/b" {
				t.Errorf("%s, user %q: outside the pattern is %q, the values %q and %q", name, user, r.Pattern, r.PathValue("id"), r.PathValue("path"))
			}
			if name == "saved" && (r.MultipartForm == nil || r.PostFormValue("title") != "me") {
				t.Errorf("user %q: outside the form is %v", user, r.PostForm)
			}
		}
	}
}
