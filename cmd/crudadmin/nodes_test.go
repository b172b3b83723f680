package main

// This file tests the whole program on real session stores, chosen by the environment alone: a
// second node accepts whom the first one signed in, and a restart signs nobody out.

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// node is a running program.
type node struct {
	url  string
	stop context.CancelFunc
	code chan int
	log  *lockedLog
}

// lockedLog is a log to be read while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const nodePassword = "canary correct horse battery"

// startNode runs serve with the variables until it listens.
func startNode(t *testing.T, database, dataDir string, variables ...string) *node {
	t.Helper()
	return startOver(t, "sqlite:"+database, dataDir, variables...)
}

// startOver is startNode over a database of any engine.
func startOver(t *testing.T, database, dataDir string, variables ...string) *node {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(stop)
	reader, writer := io.Pipe()
	n := &node{stop: stop, code: make(chan int, 1), log: &lockedLog{}}
	go func() {
		n.code <- run(ctx, []string{"serve", "--database", database, "--addr", "127.0.0.1:0", "--data-dir", dataDir, "--json"},
			nil, writer, n.log, from(append(variables, "ADMIN_PASSWORD", nodePassword, "LOG_LEVEL", "debug")...))
		_ = writer.Close()
	}()
	var printed greeting
	if err := json.NewDecoder(reader).Decode(&printed); err != nil {
		t.Fatalf("exit code %d: %s", <-n.code, n.log)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	n.url = printed.URL
	return n
}

// end stops the node and expects it to be done, and no secret in its log.
func (n *node) end(t *testing.T) {
	t.Helper()
	n.stop()
	if code := <-n.code; code != exitDone {
		t.Errorf("exit code %d: %s", code, n.log)
	}
	if strings.Contains(n.log.String(), "canary") {
		t.Errorf("a secret is in the log: %s", n.log)
	}
}

// browserOf is a client that keeps cookies, whichever node it asks, and follows no redirects.
func browserOf(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ask sends a request to the node and returns the status and the page.
func ask(t *testing.T, client *http.Client, method, address string, form url.Values) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

var csrfField = regexp.MustCompile(`name="csrf_token" value="([^"]+)"`)

// submit gets the page, and posts the form with the page's CSRF token.
func submit(t *testing.T, client *http.Client, page, action string, form url.Values) int {
	t.Helper()
	status, body := ask(t, client, http.MethodGet, page, nil)
	token := csrfField.FindStringSubmatch(body)
	if token == nil {
		t.Fatalf("GET %s: %d without a CSRF token", page, status)
	}
	form.Set("csrf_token", token[1])
	status, _ = ask(t, client, http.MethodPost, action, form)
	return status
}

// engineOf is the engine of an address in ADMIN_DATABASE_URL, as pages name it.
func engineOf(address string) string {
	scheme, _, _ := strings.Cut(address, ":")
	return map[string]string{"": "sqlite", "mariadb": "mysql", "postgres": "postgresql", "postgresql": "postgresql"}[scheme]
}

func TestNodesAndRestarts(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{Password: "canary-redis"})
	memcached := testserver.Memcached(t, testserver.MemcachedOptions{Username: "ann", Password: "canary-memcached"})
	postgres, mariadb := testserver.SharedPostgres(t).URL(), testserver.SharedMariaDB(t).URL()
	host, port, err := net.SplitHostPort(redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		backend   string
		shared    bool
		variables []string
	}{
		{"redis", true, []string{"REDIS_HOST", host, "REDIS_PORT", port, "REDIS_PASSWORD", "canary-redis"}},
		{"memcached", true, []string{"MEMCACHED_SERVERS", memcached.Addr, "MEMCACHED_USERNAME", "ann", "MEMCACHED_PASSWORD", "canary-memcached"}},
		{"database", true, nil},
		{"database on PostgreSQL", true, []string{"ADMIN_DATABASE_URL", postgres}},
		{"database on MariaDB", true, []string{"ADMIN_DATABASE_URL", mariadb}},
		{"memory", false, nil},
	} {
		t.Run(c.backend, func(t *testing.T) {
			t.Parallel()
			path, dir := database(t), dataDir(t)
			kind, _, _ := strings.Cut(c.backend, " ")
			start := func() *node {
				here := dir
				if kind != c.backend { // nodes on two machines
					here = dataDir(t)
				}
				return startNode(t, path, here, append(c.variables, "SESSION_BACKEND", kind, "ADMIN_SECRET_KEY", goodKey)...)
			}
			first, second, ann := start(), start(), browserOf(t)
			if got := submit(t, ann, first.url+"login", first.url+"login", url.Values{"username": {"admin"}, "password": {nodePassword}}); got != http.StatusSeeOther {
				t.Fatalf("sign in: %d: %s", got, first.log)
			}
			if got, _ := ask(t, ann, http.MethodGet, first.url, nil); got != http.StatusOK {
				t.Fatalf("the node of the sign-in answers %d", got)
			}
			if !c.shared { // another node asks for a sign-in
				if got, _ := ask(t, ann, http.MethodGet, second.url, nil); got != http.StatusSeeOther {
					t.Errorf("the second node answers %d, want 303 to login", got)
				}
				first.end(t)
				second.end(t)
				return
			}
			if got, _ := ask(t, ann, http.MethodGet, second.url, nil); got != http.StatusOK {
				t.Errorf("the second node answers %d, want 200", got)
			}
			first.end(t)
			second.end(t)

			first, second = start(), start()
			for _, n := range []*node{first, second} {
				if got, _ := ask(t, ann, http.MethodGet, n.url, nil); got != http.StatusOK {
					t.Errorf("after a restart: %d, want 200", got)
				}
			}
			// Ann signs out on one node; a copy of the cookie is dead on the other at once.
			copied := browserOf(t)
			address, err := url.Parse(first.url)
			if err != nil {
				t.Fatal(err)
			}
			copied.Jar.SetCookies(address, ann.Jar.Cookies(address))
			if got, _ := ask(t, copied, http.MethodGet, second.url, nil); got != http.StatusOK {
				t.Errorf("the copied cookie: %d, want 200 before the sign-out", got)
			}
			if got := submit(t, ann, first.url, first.url+"logout", url.Values{}); got != http.StatusSeeOther {
				t.Errorf("sign out: %d", got)
			}
			if got, _ := ask(t, copied, http.MethodGet, second.url, nil); got != http.StatusSeeOther {
				t.Errorf("the copied cookie on the other node after the sign-out: %d, want 303 to login", got)
			}
			first.end(t)
			second.end(t)
		})
	}
}

// A server that dies keeps nobody out when it is back: 503 meanwhile, and the cookie stays.
func TestOutageSignsNobodyOut(t *testing.T) {
	t.Parallel()
	redis := testserver.Redis(t, testserver.RedisOptions{})
	n, ann := startNode(t, database(t), dataDir(t), "SESSION_BACKEND", "redis", "REDIS_URL", redis.URL()), browserOf(t)
	if got := submit(t, ann, n.url+"login", n.url+"login", url.Values{"username": {"admin"}, "password": {nodePassword}}); got != http.StatusSeeOther {
		t.Fatalf("sign in: %d", got)
	}
	redis.Kill()
	if got, _ := ask(t, ann, http.MethodGet, n.url, nil); got != http.StatusServiceUnavailable {
		t.Errorf("without Redis: %d, want 503", got)
	}
	if got, body := ask(t, ann, http.MethodGet, n.url+"readyz", nil); got != http.StatusServiceUnavailable || !strings.Contains(body, "sessions") {
		t.Errorf("readyz without Redis: %d %q, want 503 that names the sessions", got, body)
	}
	redis.Restart(false)
	if got, _ := ask(t, ann, http.MethodGet, n.url, nil); got != http.StatusOK {
		t.Errorf("with Redis again: %d, want 200", got)
	}
	n.end(t)
}

// With hybrid sessions not even the death of the server is seen: the database answers, the history
// stays, and two nodes agree. A start without the server is not a failure either.
func TestHybridSessionsOutliveTheirCache(t *testing.T) {
	t.Parallel()
	hybridSessionsOutliveTheirCache(t, "", testserver.SharedPostgres(t).URL())
}

func TestHybridSessionsOutliveTheirCacheLong(t *testing.T) {
	testserver.LongForm(t)
	hybridSessionsOutliveTheirCache(t, testserver.SharedMariaDB(t).URL(), "")
}

// hybridSessionsOutliveTheirCache has the sessions in these databases, with Memcached in front of
// the first and Redis of the other; the empty address is admin.db.
func hybridSessionsOutliveTheirCache(t *testing.T, behindMemcached, behindRedis string) {
	t.Helper()
	redis := testserver.Redis(t, testserver.RedisOptions{})
	memcached := testserver.Memcached(t, testserver.MemcachedOptions{})
	for _, c := range []struct {
		backend   string
		variables []string
		database  string
		kill      func()
		restart   func()
	}{
		{"redis", []string{"REDIS_URL", redis.URL(), "ADMIN_DATABASE_URL", behindRedis}, engineOf(behindRedis), redis.Kill, func() { redis.Restart(false) }},
		{"memcached", []string{"MEMCACHED_SERVERS", memcached.Addr, "ADMIN_DATABASE_URL", behindMemcached}, engineOf(behindMemcached), memcached.Kill, memcached.Restart},
	} {
		t.Run(c.backend, func(t *testing.T) {
			t.Parallel()
			path, dir := database(t), dataDir(t)
			start := func() *node {
				return startNode(t, path, dir, append(c.variables, "SESSION_BACKEND", c.backend, "TRACK_SESSIONS_IN_DB", "true")...)
			}
			first, second, ann, other := start(), start(), browserOf(t), browserOf(t)
			for _, browser := range []*http.Client{ann, other} {
				if got := submit(t, browser, first.url+"login", first.url+"login", url.Values{"username": {"admin"}, "password": {nodePassword}}); got != http.StatusSeeOther {
					t.Fatalf("sign in: %d: %s", got, first.log)
				}
			}
			known := func(when string, nodes ...*node) {
				t.Helper()
				for _, n := range nodes {
					if got, _ := ask(t, ann, http.MethodGet, n.url, nil); got != http.StatusOK {
						t.Errorf("%s: %d, want 200", when, got)
					}
				}
			}
			known("at first", first, second)
			if _, body := ask(t, ann, http.MethodGet, first.url, nil); !strings.Contains(body, "of reads from the cache") || strings.Contains(body, "background work") {
				t.Error("the dashboard does not say how the cache is doing, or that it is not used")
			}
			copied := browserOf(t) // of the cookie that is about to end
			address, err := url.Parse(first.url)
			if err != nil {
				t.Fatal(err)
			}
			copied.Jar.SetCookies(address, other.Jar.Cookies(address))
			c.kill()
			known("without the cache", first, second)
			if got := submit(t, other, first.url, first.url+"logout", url.Values{}); got != http.StatusSeeOther {
				t.Errorf("sign out without the cache: %d", got)
			}
			third := start()
			known("a node that started without the cache", third)
			if _, body := ask(t, ann, http.MethodGet, third.url, nil); !strings.Contains(body, "hybrid, "+c.backend+" and "+c.database) {
				t.Error("the dashboard does not name the store")
			}
			c.restart()
			known("with the cache again", first, second, third)
			for _, n := range []*node{first, second, third} {
				if got, _ := ask(t, copied, http.MethodGet, n.url, nil); got != http.StatusSeeOther {
					t.Errorf("the session that ended without the cache: %d, want 303 to login", got)
				}
				n.end(t)
			}
		})
	}
}

func TestServerThatIsNotThereFailsTheStart(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for backend, variables := range map[string][]string{
		"redis":     {"REDIS_HOST", host, "REDIS_PORT", port, "REDIS_PASSWORD", "canary"},
		"memcached": {"MEMCACHED_HOST", host, "MEMCACHED_PORT", port},
	} {
		var stderr strings.Builder
		code := run(t.Context(), []string{"serve", "--database", "sqlite:" + database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t)},
			nil, io.Discard, &stderr, from(append(variables, "SESSION_BACKEND", backend)...))
		if text := stderr.String(); code != exitFailed || !strings.Contains(text, net.JoinHostPort(host, port)) || strings.Contains(text, "canary") {
			t.Errorf("%s: code %d: %s", backend, code, text)
		}
	}
}
