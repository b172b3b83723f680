// Examples of sessions behind net/http.

package sessionhttp_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

func newSessions(cfg sessionhttp.Config) *sessionhttp.Sessions {
	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{
		SecretKey: config.Secret(strings.Repeat("k", session.MinSecretKey)), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		panic(err)
	}
	sessions, err := sessionhttp.New(manager, cfg)
	if err != nil {
		panic(err)
	}
	return sessions
}

// Customers and staff of one site have sessions of their own, nested as the site's parts
// are.
func ExampleSessions_Require() {
	customers := newSessions(sessionhttp.Config{CookieName: "shop"})
	staff := newSessions(sessionhttp.Config{CookieName: "staff"})
	mux := http.NewServeMux()
	mux.Handle("/staff/", staff.Middleware(staff.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "hello %s of the staff", staff.UserID(r.Context()))
	}))))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "hello customer %s", customers.UserID(r.Context()))
	})
	site := customers.Middleware(mux)

	login := httptest.NewRecorder()
	if _, err := customers.SignIn(login, httptest.NewRequest(http.MethodPost, "/login", nil), "1"); err != nil {
		panic(err)
	}
	for _, path := range []string{"/", "/staff/"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(login.Result().Cookies()[0])
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 200 hello customer 1
	// 401 sign in first
}

// A cart before anybody has signed in goes over to the session of the login.
func ExampleSessions_Start() {
	cart := session.NewKey[[]string]("cart")
	sessions := newSessions(sessionhttp.Config{})
	handler := sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := sessions.Start(w, r); err != nil {
			panic(err)
		}
		if _, err := sessions.Update(r, func(m *session.Metadata) error { return cart.Set(m, []string{"apples"}) }); err != nil {
			panic(err)
		}
		made, err := sessions.SignIn(w, r, "ann")
		if err != nil {
			panic(err)
		}
		items, _, _ := cart.Get(made.Metadata)
		fmt.Println(sessions.UserID(r.Context()), "has", items)
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	// Output: ann has [apples]
}

// What a session should know from its first moment is given at the sign-in.
func ExampleSessions_SignInWith() {
	tenant := session.NewKey[string]("tenant")
	sessions := newSessions(sessionhttp.Config{})
	n := session.NewSession{UserID: "ann"}
	if err := tenant.Set(&n.Metadata, "blue"); err != nil {
		panic(err)
	}
	made, err := sessions.SignInWith(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/login", nil), n)
	if err != nil {
		panic(err)
	}
	fmt.Println(made.UserID, made.Metadata)
	// Output: ann {"tenant":"blue"}
}
