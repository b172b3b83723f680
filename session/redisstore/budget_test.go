// The budget of round trips, counted by the server.

package redisstore_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// monitor counts the commands that clients send, by the server's own word.
type monitor struct {
	t      testing.TB
	server *testserver.RedisServer
	lines  *bufio.Reader
	marks  int
}

func watch(t testing.TB, server *testserver.RedisServer) *monitor {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte("MONITOR\r\n")); err != nil {
		t.Fatal(err)
	}
	m := &monitor{t: t, server: server, lines: bufio.NewReader(conn)}
	m.count(func() {})
	return m
}

// count returns how often each command came while do ran. What scripts call
// themselves, and the client's own pings, are not counted.
func (m *monitor) count(act func()) map[string]int {
	m.t.Helper()
	m.mark()
	act()
	return m.mark()
}

// mark reads on to a mark of its own.
func (m *monitor) mark() map[string]int {
	m.t.Helper()
	m.marks++
	text := fmt.Sprintf("mark %d", m.marks)
	do(m.t, m.server, "ECHO", text)
	counts := map[string]int{}
	for {
		line, err := m.lines.ReadString('\n')
		if err != nil {
			m.t.Fatal(err)
		}
		if strings.Contains(line, text) {
			return counts
		}
		_, rest, ok := strings.Cut(line, "] ")
		if !ok || strings.Contains(line, " lua] ") {
			continue
		}
		name := strings.ToUpper(strings.Trim(strings.Fields(rest)[0], `"`))
		if name != "PING" && name != "HELLO" {
			counts[name]++
		}
	}
}

func TestBudget(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	clock := sessiontest.NewClock()
	store := open(t, redisstore.Config{URL: config.Secret(server.URL()), Now: clock.Now, PoolSize: 1})
	m, err := session.New(store, session.Config{
		SecretKey: config.Secret(strings.Repeat("k", 32)), Now: clock.Now, MaxPerUser: 2, RenewEvery: time.Hour,
		TouchWait: time.Minute, // no touch goes on beside its answer, and is counted with the next
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	create := func() session.Token {
		t.Helper()
		token, _, err := m.Create(ctx, session.NewSession{UserID: "ada"})
		must(err)
		return token
	}
	create() // the server gets to know the scripts
	first, second := create(), create()
	_, err = m.Validate(ctx, second)
	must(err)
	must(m.Logout(ctx, first))
	_, err = m.Update(ctx, second.ID(), func(md *session.Metadata) error { return session.AddFlash(md, session.Flash{}) })
	must(err)
	clock.Advance(2 * time.Minute)
	_, err = m.Validate(ctx, second)
	must(err)
	second, _, err = m.Renew(ctx, second)
	must(err)
	_, err = store.Count(ctx, "k", session.CountRule{Limit: 100, Window: time.Minute})
	must(err)
	_, err = m.RevokeUser(ctx, "nobody", session.Ending{})
	must(err)

	web, err := sessionhttp.New(m, sessionhttp.Config{})
	must(err)
	watching := watch(t, server)
	one := func(n int) map[string]int { return map[string]int{"EVALSHA": n} }
	var third session.Token
	for _, step := range []struct {
		what string
		want map[string]int
		act  func()
	}{
		{"10,000 forged or malformed tokens", map[string]int{}, func() {
			for range 10_000 {
				raw := make([]byte, 48)
				_, _ = rand.Read(raw)
				token, err := session.ParseToken(base64.RawURLEncoding.EncodeToString(raw))
				must(err)
				if _, err := m.Validate(ctx, token); err == nil {
					t.Error("a forged token is valid")
				}
			}
		}},
		{"10,000 requests without a cookie or with a malformed one", map[string]int{}, func() {
			h := web.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, ok := sessionhttp.FromContext(r.Context()); ok {
					t.Error("a request without a session has one")
				}
			}))
			for i := range 10_000 {
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
				if i%2 == 1 {
					r.AddCookie(&http.Cookie{Name: "session", Value: fmt.Sprint("made up ", i)})
				}
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != http.StatusOK {
					t.Fatal(w.Code)
				}
			}
		}},
		{"the first validation of a renewed token, which is recorded", map[string]int{"GETEX": 1, "EVALSHA": 1}, func() { _, err := m.Validate(ctx, second); must(err) }},
		{"validate between touches", map[string]int{"GETEX": 1}, func() { _, err := m.Validate(ctx, second); must(err) }},
		{"validate that touches", map[string]int{"GETEX": 1, "EVALSHA": 1}, func() {
			clock.Advance(2 * time.Minute)
			_, err := m.Validate(ctx, second)
			must(err)
		}},
		{"create", one(1), func() { third = create() }},
		{"create that evicts", one(1), func() { create() }},
		{"update", map[string]int{"GETEX": 1, "EVALSHA": 1}, func() {
			_, err := m.Update(ctx, third.ID(), func(md *session.Metadata) error { return session.AddFlash(md, session.Flash{}) })
			must(err)
		}},
		{"renew", map[string]int{"GETEX": 1, "EVALSHA": 1}, func() { _, _, err := m.Renew(ctx, third); must(err) }},
		{"validate of an ID in its grace", map[string]int{"GETEX": 2}, func() { _, err := m.Validate(ctx, third); must(err) }},
		{"logout", one(1), func() { must(m.Logout(ctx, third)) }},
		{"revoke a user", one(1), func() { _, err := m.RevokeUser(ctx, "ada", session.Ending{}); must(err) }},
		{"count", one(1), func() { _, err := store.Count(ctx, "k", session.CountRule{Limit: 100, Window: time.Minute}); must(err) }},
		{"counted", map[string]int{"ZCOUNT": 1}, func() { _, err := store.Counted(ctx, "k", time.Minute); must(err) }},
		{"uncount", map[string]int{"ZPOPMAX": 1}, func() { must(store.Uncount(ctx, "k", 1)) }},
		{"a sweep with nothing to do", map[string]int{"ZCOUNT": 256}, func() { _, err := store.Sweep(ctx, 1000); must(err) }},
	} {
		if got := watching.count(step.act); !maps.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.what, got, step.want)
		}
	}
}

// TestPageCostsTheSame: a page of 50 takes as many commands and bytes of many
// sessions as of few.
func TestPageCostsTheSame(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	store := open(t, redisstore.Config{URL: config.Secret(server.URL()), PoolSize: 1})
	ctx := t.Context()
	watching := watch(t, server)
	made := 0
	for _, size := range []int{500, 3000} {
		fill(t, store, size-made)
		made = size
		var page session.Page
		var err error
		walk := func(q session.Query) map[string]int {
			return watching.count(func() {
				if page, err = store.List(ctx, q); err != nil || len(page.Sessions) != 50 || page.Next == "" {
					t.Fatalf("%d sessions, %v", len(page.Sessions), err)
				}
			})
		}
		for _, q := range []session.Query{{}, {Cursor: "next"}, {Cursor: "next"}} {
			if q.Cursor != "" {
				q.Cursor = page.Next
			}
			got, by := walk(q), "ZREVRANGE"
			if q.Cursor != "" {
				by = "ZREVRANGEBYSCORE"
			}
			if got[by] != 256 || got["GETRANGE"] != 51 || got["EVALSHA"]+got["EVAL"] > 20 {
				t.Errorf("a page of 50 of %d: %v", size, got)
			}
		}
	}
}

// fill creates n sessions of as many users, 64 at a time.
func fill(t testing.TB, store *redisstore.Store, n int) {
	t.Helper()
	todo := make(chan session.Session)
	failed := make(chan error, 64)
	for range 64 {
		go func() {
			var err error
			for s := range todo {
				ctx, cancel := context.WithTimeout(context.Background(), testserver.Guard)
				if _, e := store.Create(ctx, s, session.Admission{}); e != nil {
					err = e
				}
				cancel()
			}
			failed <- err
		}()
	}
	for i := range n {
		var tag session.Tag
		_, _ = rand.Read(tag[:])
		todo <- newSession(fmt.Sprint("user", i), tag)
	}
	close(todo)
	for range 64 {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
}
