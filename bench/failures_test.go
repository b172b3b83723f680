// The six failures: one black-box test over HTTP, the same for every library.

package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// verdict is how a contestant came out of one failure.
type verdict int

const (
	passed verdict = iota
	failed
	missing // the library does not offer it
	without // the store cannot suffer it
)

func (v verdict) String() string { return [...]string{"yes", "**no**", "not offered", "–"}[v] }

// result is a verdict and what was seen.
type result struct {
	verdict
	seen string
}

func pass(format string, args ...any) result { return result{passed, fmt.Sprintf(format, args...)} }
func fail(format string, args ...any) result { return result{failed, fmt.Sprintf(format, args...)} }

// failure is one of the six.
type failure struct {
	name string
	rule string
	opts options
	run  func(*visitors) result
}

var failures = []failure{
	{"logout is final", "A request in flight, which read its session before the logout and writes after it, does not bring the session back.", options{}, resurrection},
	{"no lost update", "Of 26 requests that run in parallel and each write a key of their own, every one that was answered 200 is there afterwards.", options{}, lostUpdate},
	{"limit holds", "After 64 parallel logins of one user at most 5 of the sessions are live.", options{}, limitRace},
	{"tokens hashed, yet listed and ended", "The token is not in the store; a user's sessions can be listed; one ended from the list is signed out.", options{hash: true}, hashListEnd},
	{"frozen server", "While the server is frozen, a request with a deadline of 500 ms is answered within 700 ms, with 5xx or from a cache, and the cookie kept; after the thaw the session is live.", options{alone: true}, frozen},
	{"undecodable record", "A record of bytes that mean nothing ends that session: no 5xx, others live and are listed, and its browser can sign in again.", options{}, undecodable},
}

// visitors are browsers before a server.
type visitors struct {
	t testing.TB
	c *contestant
	g *gate
	s *httptest.Server
}

// requestDeadline is the time the site gives a request.
const requestDeadline = 500 * time.Millisecond

// longest is how long the test waits for an answer.
const longest = 8 * time.Second

func visit(t testing.TB, c *contestant) *visitors {
	v := &visitors{t: t, c: c, g: newGate()}
	handler := site(c.library, v.g)
	v.s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Deadline") != "" {
			ctx, cancel := context.WithTimeout(r.Context(), requestDeadline)
			defer cancel()
			r = r.WithContext(ctx)
		}
		handler.ServeHTTP(w, r)
	}))
	v.s.Config.ErrorLog = quiet
	t.Cleanup(func() {
		v.s.CloseClientConnections()
		v.s.Close()
	})
	return v
}

// browser has a cookie jar of its own.
type browser struct {
	v *visitors
	http.Client
}

func (v *visitors) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{v, http.Client{Jar: jar, Timeout: longest}}
}

// do returns the status, 0 for no answer, and the body.
func (b *browser) do(method, path string) (int, string) {
	return b.send(method, path, "")
}

func (b *browser) send(method, path, deadline string) (int, string) {
	r, err := http.NewRequest(method, b.v.s.URL+path, http.NoBody)
	if err != nil {
		b.v.t.Error(err)
		return 0, ""
	}
	if deadline != "" {
		r.Header.Set("Deadline", deadline)
	}
	answer, err := b.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

// token is the value of the session cookie.
func (b *browser) token() string {
	u, _ := url.Parse(b.v.s.URL)
	for _, cookie := range b.Jar.Cookies(u) {
		if cookie.Name == "session" {
			return cookie.Value
		}
	}
	return ""
}

// copy is a browser with the same cookies now and others later.
func (b *browser) copy() *browser {
	other := b.v.browser()
	u, _ := url.Parse(b.v.s.URL)
	other.Jar.SetCookies(u, b.Jar.Cookies(u))
	return other
}

func (v *visitors) login(user string) *browser {
	b := v.browser()
	if code, body := b.do("POST", "/login?user="+user); code != 200 {
		v.t.Fatalf("login: %d %s", code, body)
	}
	return b
}

func resurrection(v *visitors) result {
	alice := v.login("alice")
	old, inFlight := alice.copy(), alice.copy()
	done := make(chan int)
	go func() {
		code, _ := inFlight.do("POST", "/put?key=a&wait=1")
		done <- code
	}()
	<-v.g.arrived
	if code, body := alice.do("POST", "/logout"); code != 200 {
		return fail("logout: %d %s", code, body)
	}
	if code, _ := old.copy().do("GET", "/read"); code == 200 {
		return fail("the logout itself did not end the session")
	}
	close(v.g.pass)
	write := <-done
	if code, _ := old.do("GET", "/read"); code == 200 {
		return fail("signed in again after the logout (the write was answered %d)", write)
	}
	return pass("signed out; the write was answered %d", write)
}

func lostUpdate(v *visitors) result {
	const writers = 26
	alice := v.login("alice")
	codes := make([]int, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() { codes[i], _ = alice.copy().do("POST", fmt.Sprintf("/put?wait=1&key=%c", 'a'+i)) })
	}
	for range writers {
		<-v.g.arrived
	}
	close(v.g.pass)
	all.Wait()
	answered := 0
	for _, code := range codes {
		if code == 200 {
			answered++
		}
	}
	_, body := alice.do("GET", "/keys")
	var kept int
	_, _ = fmt.Sscan(body, &kept)
	if kept < answered {
		return fail("%d of %d writes answered 200 are kept", kept, answered)
	}
	return pass("%d of %d kept", kept, writers)
}

func limitRace(v *visitors) result {
	const logins = 64
	browsers := make([]*browser, logins)
	var all sync.WaitGroup
	for i := range logins {
		all.Go(func() {
			browsers[i] = v.browser()
			browsers[i].do("POST", "/login?user=alice&limit=5")
		})
	}
	all.Wait()
	live := 0
	for _, b := range browsers {
		if code, _ := b.do("GET", "/read"); code == 200 {
			live++
		}
	}
	switch {
	case live == 0:
		return fail("none of %d is live", logins)
	case live <= userLimit:
		return pass("%d of %d live", live, logins)
	case v.c.name == "gorilla":
		return result{missing, fmt.Sprintf("%d live; it cannot count a user's sessions", live)}
	default:
		return fail("%d live", live)
	}
}

func hashListEnd(v *visitors) result {
	desktop := v.login("alice")
	first := desktop
	_, before := desktop.do("GET", "/list?user=alice")
	phone := v.login("alice")
	if v.c.dump != nil && strings.Contains(v.c.dump(), phone.token()) {
		return fail("the token stands in the store")
	}
	code, list := first.do("GET", "/list?user=alice")
	if code == http.StatusNotImplemented {
		return result{missing, "a copy of the store opens nothing; there is no list of a user's sessions"}
	}
	names := strings.Fields(list)
	if len(names) != 2 {
		return fail("the list: %d, %d sessions of 2", code, len(names))
	}
	for _, name := range names {
		if !strings.Contains(before, name) {
			if code, body := first.do("POST", "/end?name="+url.QueryEscape(name)); code != 200 {
				return fail("end: %d %s", code, body)
			}
		}
	}
	if code, _ := phone.do("GET", "/read"); code == 200 {
		return fail("the ended session is still signed in")
	}
	if code, _ := desktop.do("GET", "/read"); code != 200 {
		return fail("the other session ended too: %d", code)
	}
	return pass("ended; the other lives")
}

func frozen(v *visitors) result {
	if v.c.halt == nil {
		return result{without, "no server"}
	}
	alice := v.login("alice")
	if code, _ := alice.do("GET", "/read"); code != 200 {
		return fail("read: %d", code)
	}
	token := alice.token()
	v.c.halt()
	thawed := sync.OnceFunc(v.c.thaw)
	defer thawed()
	start := time.Now()
	code, _ := alice.send("GET", "/read", "500ms")
	took := time.Since(start).Round(10 * time.Millisecond)
	thawed()
	answer := fmt.Sprintf("%d after %s", code, took)
	if code == 0 {
		answer = fmt.Sprintf("no answer in %s", longest)
	}
	switch {
	case took > requestDeadline+200*time.Millisecond:
		return fail("%s", answer)
	case code < 500 && code != 200: // 200: a cache in front has the session
		return fail("%s: as if signed out", answer)
	case alice.token() != token:
		return fail("%s, but the cookie is gone", answer)
	}
	for range 50 { // the client may need a moment to see that its server is back
		if code, _ = alice.do("GET", "/read"); code == 200 {
			return pass("%s, cookie kept, live after the thaw", answer)
		}
		<-time.After(100 * time.Millisecond)
	}
	return fail("after the thaw: %d", code)
}

func undecodable(v *visitors) result {
	if v.c.spoil == nil {
		return result{without, "the store holds no bytes"}
	}
	bob := v.login("bob")
	v.c.snap()
	alice := v.login("alice")
	if err := v.c.spoil(); err != nil {
		v.t.Fatal(err)
	}
	again := alice.copy()
	if code, _ := bob.do("GET", "/read"); code != 200 {
		return fail("another user's session: %d", code)
	}
	listCode, list := bob.do("GET", "/list?user=bob")
	code, _ := alice.do("GET", "/read")
	loginCode, _ := again.do("POST", "/login?user=alice")
	switch {
	case code == 200:
		return fail("the spoilt session is signed in")
	case code >= 500 && loginCode != 200:
		return fail("every request %d, signing in again too: locked out until the cookie is deleted", code)
	case code >= 500:
		return fail("read: %d", code)
	case loginCode != 200:
		return fail("signing in again: %d", loginCode)
	case listCode == http.StatusNotImplemented:
		return pass("read %d, signed in again", code)
	case listCode != 200 || len(strings.Fields(list)) != 1:
		return fail("the list of another user: %d", listCode)
	}
	return pass("read %d, signed in again, others listed", code)
}

// only limits the contestants to a store.
var only = flag.String("store", "", "only contestants on this store, such as Redis")

// scoreboard runs all failures for all contestants.
func scoreboard(t *testing.T) (rows [][]string, notes []string) {
	var ours, green int
	for _, e := range entries() {
		if *only != "" && !strings.EqualFold(*only, e.store) {
			continue
		}
		t.Run(e.name+"/"+e.store, func(t *testing.T) {
			row := []string{e.name, e.store}
			for _, f := range failures {
				t.Run(f.name, func(t *testing.T) {
					v := visit(t, e.make(t, f.opts))
					r := f.run(v)
					t.Logf("%s: %s", r.verdict, r.seen)
					if e.name == "crudadmin" {
						ours++
						if r.verdict == failed {
							t.Errorf("%s: %s", f.name, r.seen)
						} else {
							green++
						}
					}
					row = append(row, r.String())
					if r.verdict == failed || r.verdict == missing {
						notes = append(notes, fmt.Sprintf("%s on %s, %s: %s.", e.name, e.store, f.name, r.seen))
					}
				})
			}
			rows = append(rows, row)
		})
	}
	figure(t, "failures/ours", float64(ours))
	figure(t, "failures/ours passed", float64(green))
	return rows, notes
}

// TestFailures holds crudadmin to all six, and reports the others as they are.
func TestFailures(t *testing.T) {
	begun := fmt.Sprintf("*Run %s.*\n\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"))
	rows, notes := scoreboard(t)
	table := newTable("library", "store")
	for _, f := range failures {
		table.head = append(table.head, f.name)
	}
	table.rows = rows
	var text strings.Builder
	text.WriteString(begun + table.String())
	text.WriteString("\nWhat was seen where the answer is not yes:\n\n")
	for _, note := range notes {
		text.WriteString("- " + note + "\n")
	}
	publish(t, "failures", text.String())
}

// unescape undoes the percent-escapes of Memcached's dump.
func unescape(key string) string {
	plain, err := url.PathUnescape(key)
	if err != nil {
		panic(errors.Join(errors.New("an odd key"), err))
	}
	return plain
}
