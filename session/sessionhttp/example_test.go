// Examples of sessions behind net/http.

package sessionhttp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
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

// A site: sign in, look, sign out.
func Example() {
	sessions := newSessions(sessionhttp.Config{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		// … check the password, then:
		if _, err := sessions.SignIn(w, r, "ada"); err != nil {
			http.Error(w, "please try again", http.StatusServiceUnavailable)
		}
	})
	mux.Handle("GET /account", sessionhttp.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := sessionhttp.FromContext(r.Context())
		_, _ = fmt.Fprintf(w, "%s, signed in at %s", sessionhttp.UserID(r.Context()), s.IP)
	})))
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.SignOut(w, r); err != nil {
			http.Error(w, "please try again", http.StatusServiceUnavailable)
		}
	})
	b := visitor{site: sessions.Middleware(mux)}
	fmt.Println(b.do("GET", "/account"))
	fmt.Println(b.do("POST", "/login"))
	fmt.Println(b.do("GET", "/account"))
	fmt.Println(b.do("POST", "/logout"))
	fmt.Println(b.do("GET", "/account"))
	// Output:
	// 401 sign in first
	// 200
	// 200 ada, signed in at 192.0.2.1
	// 200
	// 401 sign in first
}

// visitor asks a site, and keeps its cookies.
type visitor struct {
	site    http.Handler
	cookies []*http.Cookie
}

// do sends a request and returns the answer in a line.
func (b *visitor) do(method, path string) string {
	r := httptest.NewRequest(method, path, nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies = slices.DeleteFunc(b.cookies, func(old *http.Cookie) bool { return old.Name == c.Name })
		if c.MaxAge >= 0 {
			b.cookies = append(b.cookies, c)
		}
	}
	return strings.TrimSpace(fmt.Sprintln(w.Code, strings.TrimSpace(w.Body.String())))
}

// A sign-in asks the throttle before it looks at the password, and lets the browser be known at the
// next one.
func ExampleSessions_Attempt() {
	sessions := newSessions(sessionhttp.Config{})
	login := sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		attempt, err := sessions.Attempt(r, "ada", sessionhttp.Epoch("3"), sessionhttp.Unlocks("1")) // numbers in the account's row
		if throttled, ok := errors.AsType[*session.ThrottledError](err); ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(throttled.RetryAfter.Seconds())))
			http.Error(w, "too many attempts", http.StatusTooManyRequests)
			return
		}
		if err != nil {
			http.Error(w, "please try again", http.StatusServiceUnavailable)
			return
		}
		// … check the password, then:
		if err := sessions.RememberDevice(w, r, attempt); err != nil {
			http.Error(w, "please try again", http.StatusServiceUnavailable)
			return
		}
		_, err = sessions.SignIn(w, r, "ada")
		_, _ = fmt.Fprintln(w, "known:", attempt.Known(), err)
	}))
	b := visitor{site: login}
	fmt.Println(b.do("POST", "/login"))
	fmt.Println(b.do("POST", "/login"))
	// Output:
	// 200 known: false <nil>
	// 200 known: true <nil>
}

// Every form carries a token, the form of a sign-in too.
func ExampleSessions_CSRFToken() {
	sessions := newSessions(sessionhttp.Config{})
	page := httptest.NewRecorder()
	token := sessions.CSRFToken(page, httptest.NewRequest(http.MethodGet, "/login", nil))

	form := url.Values{sessionhttp.CSRFField: {token}}
	post := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(form.Encode()))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	fmt.Println("without the page's cookie:", sessions.CheckCSRF(post))
	post.AddCookie(page.Result().Cookies()[0])
	fmt.Println("with it:", sessions.CheckCSRF(post))
	// Output:
	// without the page's cookie: session: CSRF token missing or not of this session
	// with it: <nil>
}

// Before something that matters people enter their password again: the session gets another token.
func ExampleSessions_Elevate() {
	sessions := newSessions(sessionhttp.Config{})
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) { _, _ = sessions.SignIn(w, r, "ada") })
	mux.HandleFunc("/confirm", func(w http.ResponseWriter, r *http.Request) {
		before, _ := sessions.FromContext(r.Context())
		after, err := sessions.Elevate(w, r)
		_, _ = fmt.Fprintln(w, "another ID:", before.ID != after.ID, err)
	})
	mux.HandleFunc("/disable", func(w http.ResponseWriter, r *http.Request) {
		err := sessions.End(w, r, session.Ending{Reason: session.ReasonUserDisabled, By: "root"})
		_, _ = fmt.Fprintln(w, "signed in:", sessions.UserID(r.Context()) != "", err)
	})
	b := visitor{site: sessions.Middleware(mux)}
	fmt.Println(b.do("POST", "/login"))
	fmt.Println(b.do("POST", "/confirm"))
	fmt.Println(b.do("POST", "/disable"))
	// Output:
	// 200
	// 200 another ID: true <nil>
	// 200 signed in: false <nil>
}

// An API takes the token from a header.
func ExampleSessions_Adopt() {
	sessions := newSessions(sessionhttp.Config{})
	token, _, err := sessions.Manager().Create(context.Background(), session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/api/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token.Reveal())

	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	given, err := session.ParseToken(text)
	if err != nil {
		panic(err)
	}
	if r, err = sessions.Adopt(r, given); err != nil {
		panic(err)
	}
	fmt.Println(sessions.UserID(r.Context()))
	// Output: ada
}

// Behind proxies the client's address and scheme are what the trusted ones say.
func ExampleSessions_ClientIP() {
	sessions := newSessions(sessionhttp.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.2:4711"
	r.Header.Set("X-Forwarded-For", "203.0.113.9, 198.51.100.7, 10.0.0.1") // the first is the client's own word
	r.Header.Set("X-Forwarded-Proto", "https")
	fmt.Println(sessions.ClientIP(r), sessions.IsHTTPS(r))
	address, proxies := sessions.Client(r)
	fmt.Println(address, "by way of", proxies)
	// Output:
	// 198.51.100.7 true
	// 198.51.100.7 by way of 2
}

func ExampleParseDevice() {
	d := sessionhttp.ParseDevice("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0")
	fmt.Println(d.Browser, d.Version, "on", d.OS+",", d.Kind)
	// Output: Firefox 128.0 on Windows 10.0, desktop
}

// The prefix lets browsers refuse a cookie that a subdomain has planted.
func ExampleNew() {
	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{SecretKey: "make yours with: openssl rand -base64 32"})
	if err != nil {
		panic(err)
	}
	sessions, err := sessionhttp.New(manager, sessionhttp.Config{CookieName: "shop", Secure: true})
	if err != nil {
		panic(err)
	}
	fmt.Println(sessions.CookieName(), sessions.Manager() == manager)
	// Output: __Host-shop true
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
