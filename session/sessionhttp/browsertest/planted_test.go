// Planted bugs: the model finds each of them.

package browsertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// after is a site whose answers are changed before they leave.
func after(change func(s *sessionhttp.Sessions, r *http.Request, header http.Header)) func(*sessionhttp.Sessions, http.Handler) http.Handler {
	return func(s *sessionhttp.Sessions, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			header := rec.Result().Header
			change(s, r, header)
			for name, lines := range header {
				w.Header()[name] = lines
			}
			w.WriteHeader(rec.Code)
		})
	}
}

func given(s *sessionhttp.Sessions, r *http.Request) (session.Token, bool) {
	c, err := r.Cookie(s.CookieName())
	if err != nil {
		return session.Token{}, false
	}
	token, err := session.ParseToken(c.Value)
	return token, err == nil
}

func keepsQuiet(header http.Header) bool { return len(header["Set-Cookie"]) == 0 }

// stale is a store that answers Get from what it has seen, as a cache does that nobody tells
// of endings.
type stale struct {
	session.Store
	mu   *sync.Mutex
	seen map[session.ID]session.Session
}

func (s stale) Get(ctx context.Context, id session.ID) (session.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.seen[id]; ok {
		return kept, nil
	}
	found, err := s.Store.Get(ctx, id)
	if err == nil && found.ID == id {
		s.seen[id] = found
	}
	return found, err
}

// confused is a store that sometimes finds another user's session.
type confused struct {
	session.Store
	mu   *sync.Mutex
	last *session.Session
}

func (s confused) Create(ctx context.Context, made session.Session, a session.Admission) ([]session.ID, error) {
	s.mu.Lock()
	if s.last.UserID == "" {
		*s.last = made
	} else {
		made.UserID = s.last.UserID
	}
	s.mu.Unlock()
	return s.Store.Create(ctx, made, a)
}

var plants = []Plant{
	{
		Name: "an unknown token is answered with an expired cookie",
		Site: after(func(s *sessionhttp.Sessions, r *http.Request, header http.Header) {
			token, ok := given(s, r)
			if _, err := s.Manager().Get(context.Background(), token.ID()); ok && err != nil && keepsQuiet(header) {
				header.Add("Set-Cookie", s.CookieName()+"=; Path=/; Max-Age=0")
			}
		}),
	},
	{
		Name: "a touch sends the cookie again",
		Site: func(s *sessionhttp.Sessions, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if token, ok := given(s, r); ok {
					if _, err := s.Manager().Get(context.Background(), token.ID()); err == nil {
						w.Header().Set("Set-Cookie", s.CookieName()+"="+token.Reveal()+"; Path=/")
					}
				}
				next.ServeHTTP(w, r)
			})
		},
	},
	{
		Name: "a renewal has no anchor beside it",
		Site: after(func(_ *sessionhttp.Sessions, _ *http.Request, header http.Header) {
			var kept []string
			for _, line := range header["Set-Cookie"] {
				if !strings.Contains(line, "_anchor=") {
					kept = append(kept, line)
				}
			}
			header["Set-Cookie"] = kept
		}),
	},
	{
		Name: "a step-up leaves the old token as a renewal does",
		Elevate: func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) (session.Session, error) {
			token, ok := given(s, r)
			if !ok {
				return session.Session{}, session.ErrNotFound
			}
			renewed, made, err := s.Manager().Renew(r.Context(), token)
			if err != nil {
				return session.Session{}, session.ErrNotFound
			}
			http.SetCookie(w, &http.Cookie{Name: s.CookieName(), Value: renewed.Reveal(), Path: "/"})
			return made, nil
		},
	},
	{
		Name: "a sign-in leaves the session before it",
		SignIn: func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request, user string) (session.Session, error) {
			token, made, err := s.Manager().Create(r.Context(), session.NewSession{UserID: user})
			if err == nil {
				http.SetCookie(w, &http.Cookie{Name: s.CookieName(), Value: token.Reveal(), Path: "/"})
			}
			return made, err
		},
	},
	{
		Name: "a sign-out is given up when the page is closed",
		SignOut: func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) error {
			if err := r.Context().Err(); err != nil {
				return err
			}
			return s.SignOut(w, r)
		},
	},
	{
		Name: "a sign-out only removes the cookie",
		SignOut: func(s *sessionhttp.Sessions, w http.ResponseWriter, _ *http.Request) error {
			http.SetCookie(w, &http.Cookie{Name: s.CookieName(), MaxAge: -1, Path: "/"})
			return nil
		},
	},
	{
		Name: "a sign-out that ends nothing removes the cookie",
		SignOut: func(s *sessionhttp.Sessions, w http.ResponseWriter, r *http.Request) error {
			err := s.SignOut(w, r)
			http.SetCookie(w, &http.Cookie{Name: s.CookieName(), MaxAge: -1, Path: "/"})
			return err
		},
	},
	{
		Name: "a cache answers for sessions that have ended",
		Store: func(s session.Store) session.Store {
			return stale{s, new(sync.Mutex), map[session.ID]session.Session{}}
		},
	},
	{
		Name:  "a session is stored under another user",
		Store: func(s session.Store) session.Store { return confused{s, new(sync.Mutex), new(session.Session)} },
	},
	{
		Name: "a start replaces whatever cookie there is",
		Site: after(func(s *sessionhttp.Sessions, _ *http.Request, header http.Header) {
			for i, line := range header["Set-Cookie"] {
				if value, ok := strings.CutPrefix(line, s.CookieName()+"_visitor="); ok && !strings.Contains(line, "Max-Age=0") {
					header["Set-Cookie"][i] = s.CookieName() + "=" + value
				}
			}
		}),
	},
}

func TestPlantedBugs(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	for _, plant := range plants {
		t.Run(plant.Name, func(t *testing.T) {
			t.Parallel()
			model := Model{Open: inMemory, Interleavings: 5000, Seed: 1, Plant: &plant}
			found := model.Find(t)
			if found == nil {
				t.Fatal("not found in 5,000 interleavings")
			}
			t.Logf("found at seed %d, in %d events: %s", found.Seed, len(found.Events), found.Broken)
		})
	}
}
