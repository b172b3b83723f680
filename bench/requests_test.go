// Requests: the kinds of them, and clients that send them to a handler.

package bench

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// operation is one kind of request.
type operation struct {
	name   string
	idle   bool // for libraries that have one only if asked: with an idle timeout
	filled bool // with population sessions in the store
	once   bool // each token serves once
	handle func(l library) func(w http.ResponseWriter, r *http.Request) error
}

// population is how many sessions there are where lists are measured: of users
// with userLimit each.
const population = 1000

var operations = []operation{
	{name: "read", handle: read},
	{name: "read, idle timeout", idle: true, handle: func(l library) func(w http.ResponseWriter, r *http.Request) error {
		return func(w http.ResponseWriter, r *http.Request) error {
			if err := read(l)(w, r); err != nil {
				return err
			}
			return l.seen(w, r)
		}
	}},
	{name: "write", handle: func(l library) func(w http.ResponseWriter, r *http.Request) error {
		var n atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) error {
			return l.put(w, r, "key", strconv.FormatInt(n.Add(1), 10))
		}
	}},
	{name: "login", handle: func(l library) func(w http.ResponseWriter, r *http.Request) error {
		var n atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) error {
			return l.login(w, r, "new user "+strconv.FormatInt(n.Add(1), 10))
		}
	}},
	{name: "logout", once: true, handle: func(l library) func(w http.ResponseWriter, r *http.Request) error { return l.logout }},
	{name: "list a user's", filled: true, handle: func(l library) func(w http.ResponseWriter, r *http.Request) error {
		return func(_ http.ResponseWriter, r *http.Request) error {
			names, err := l.list(r, "user 7")
			if err == nil && len(names) != userLimit {
				err = fmt.Errorf("listed %d", len(names))
			}
			return err
		}
	}},
	{name: "list 50 of all", filled: true, handle: func(l library) func(w http.ResponseWriter, r *http.Request) error {
		return func(_ http.ResponseWriter, r *http.Request) error {
			names, err := l.page(r, 50)
			if err == nil && len(names) != 50 {
				err = fmt.Errorf("listed %d", len(names))
			}
			return err
		}
	}},
}

func read(l library) func(w http.ResponseWriter, r *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error {
		user, err := l.user(r)
		if err == nil && user == "" {
			err = errNobody
		}
		return err
	}
}

// bare is a site without any sessions.
type bare struct{ library }

func (bare) wrap(next http.Handler) http.Handler { return next }

// nothing answers like the others and asks nobody.
var nothing = operation{name: "nothing", handle: func(library) func(w http.ResponseWriter, r *http.Request) error {
	return func(http.ResponseWriter, *http.Request) error { return nil }
}}

// answer is a ResponseWriter that keeps nothing but the header.
type answer struct {
	header http.Header
	code   int
	why    error // the handler's, where its writer is this one and none around it
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }
func (a *answer) WriteHeader(code int)        { a.code = code }

// caller is a browser that calls the handler directly.
type caller struct {
	t       testing.TB
	l       library
	answer  answer
	request *http.Request
}

func newCaller(t testing.TB, l library) *caller {
	r, _ := http.NewRequest(http.MethodPost, "/", http.NoBody)
	r.RemoteAddr = "192.0.2.1:1234"
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	return &caller{t: t, l: l, answer: answer{header: http.Header{}}, request: r}
}

// send sends the request, with the cookie the caller has.
func (c *caller) send(h http.Handler) {
	clear(c.answer.header)
	c.answer.code, c.answer.why = 0, nil
	h.ServeHTTP(&c.answer, c.request.WithContext(context.Background()))
	if c.answer.code >= 400 {
		complain(c.t, "answered %d: %v", c.answer.code, c.answer.why)
	}
}

// handler wraps what an operation does; an error is a 500.
func handler(l library, do func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return l.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			if a, known := w.(*answer); known {
				a.why = err
			}
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(ok)
	}))
}

// login gets the caller a cookie of a session of that user.
func (c *caller) login(user string) {
	c.request.Header.Del("Cookie")
	c.send(handler(c.l, func(w http.ResponseWriter, r *http.Request) error { return c.l.login(w, r, user) }))
	cookie, err := http.ParseSetCookie(c.answer.header.Get("Set-Cookie"))
	if err != nil {
		c.t.Error(err)
		return
	}
	c.request.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
}

// fillSite makes n sessions, some at a time.
func fillSite(t testing.TB, l library, n int) {
	t.Helper()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			c := newCaller(t, l)
			for i := worker; i < n; i += 8 {
				c.login(fmt.Sprint("user ", i/userLimit))
			}
		})
	}
	all.Wait()
}

// client is the work of sending requests: each client signs in once and then has
// its cookie; to log out, once for each.
func client(t testing.TB, l library, op operation, clients int) work {
	t.Helper()
	h := handler(l, op.handle(l))
	callers := make([]*caller, clients)
	for i := range callers {
		callers[i] = newCaller(t, l)
		if _, none := l.(bare); !none && op.name != "login" && !op.once {
			callers[i].login(fmt.Sprint("client ", i))
		}
	}
	if !op.once {
		return work{do: func(client, _ int) { callers[client].send(h) }}
	}
	var ready [][]*http.Request
	return work{
		prepare: func(clients int) int {
			ready = make([][]*http.Request, clients)
			each := max(1, min(64, 256/clients))
			for c := range ready {
				for range each {
					callers[c].login(fmt.Sprint("client ", c, time.Now().UnixNano()))
					ready[c] = append(ready[c], callers[c].request.Clone(context.Background()))
				}
			}
			return each
		},
		do: func(client, n int) {
			callers[client].request = ready[client][n]
			callers[client].send(h)
		},
	}
}
