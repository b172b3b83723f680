// Command standalone-sessions is a site with sign-in, sign-out and "my devices",
// without a panel: the sessions alone, in any store that SESSION_BACKEND names but
// the database.
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

func main() {
	ctx := context.Background()
	cfg, err := backend.FromEnv(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	store, err := backend.Open(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := session.New(store, cfg.Rules)
	if err != nil {
		log.Fatal(err)
	}
	site, err := newSite(manager)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(manager.Run(ctx)) }()
	fmt.Println("http://127.0.0.1:8000/")
	server := &http.Server{Addr: "127.0.0.1:8000", Handler: site, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// newSite is the site. In production it would set sessionhttp.Config.Secure.
func newSite(manager *session.Manager) (http.Handler, error) {
	sessions, err := sessionhttp.New(manager, sessionhttp.Config{})
	if err != nil {
		return nil, err
	}
	s := site{manager, sessions}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	return sessions.Middleware(http.MaxBytesHandler(mux, 64<<10)), nil
}

type site struct {
	manager  *session.Manager
	sessions *sessionhttp.Sessions
}

var home = template.Must(template.New("home").Parse(`<!doctype html><title>Sessions</title>
{{if .User}}
<p>You are {{.User}}, on {{len .Devices}} devices:</p>
<ul>{{range .Devices}}<li>{{.Device.Browser}} on {{.Device.OS}}, last seen {{.LastActivity}}</li>{{end}}</ul>
<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="{{.CSRF}}"><button>Sign out</button></form>
{{else}}
<form method="post" action="/login"><input type="hidden" name="csrf_token" value="{{.CSRF}}">
<input name="user" placeholder="ann"><input name="password" type="password" placeholder="correct horse"><button>Sign in</button></form>
{{end}}`))

func (s site) home(w http.ResponseWriter, r *http.Request) {
	page := struct {
		User, CSRF string
		Devices    []session.Session
	}{User: sessionhttp.UserID(r.Context()), CSRF: s.sessions.CSRFToken(w, r)}
	if page.User != "" {
		var err error
		if page.Devices, err = s.manager.UserSessions(r.Context(), page.User); err != nil {
			s.fail(w, err)
			return
		}
	}
	if err := home.Execute(w, page); err != nil {
		log.Print(err)
	}
}

func (s site) login(w http.ResponseWriter, r *http.Request) {
	if err := s.sessions.CheckCSRF(r); err != nil {
		s.fail(w, err)
		return
	}
	user := r.FormValue("user")
	attempt, err := s.sessions.Attempt(r, user)
	if err != nil {
		s.fail(w, err)
		return
	}
	// A real site keeps password hashes.
	if user != "ann" || subtle.ConstantTimeCompare([]byte(r.FormValue("password")), []byte("correct horse")) != 1 {
		http.Error(w, "The name or the password is wrong.", http.StatusUnauthorized)
		return
	}
	if _, err := s.sessions.SignIn(w, r, user); err != nil {
		s.fail(w, err)
		return
	}
	if err := s.sessions.RememberDevice(w, r, attempt); err != nil {
		log.Print(err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s site) logout(w http.ResponseWriter, r *http.Request) {
	err := s.sessions.CheckCSRF(r)
	if err == nil {
		err = s.sessions.SignOut(w, r)
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// fail answers an error of the sessions: what cannot be known is 503, and the
// cookie stays.
func (s site) fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, session.ErrUnavailable):
		http.Error(w, "The sessions are unavailable, please try again.", http.StatusServiceUnavailable)
	case errors.Is(err, session.ErrThrottled):
		http.Error(w, "Too many attempts, please wait.", http.StatusTooManyRequests)
	case errors.Is(err, session.ErrCSRF):
		http.Error(w, "The form is too old, please go back and reload it.", http.StatusForbidden)
	default:
		log.Print(err)
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
	}
}
