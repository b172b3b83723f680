// Tests of the security log: each deed leaves its line, and no line holds a secret.

package crudadmin

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
)

// logLines are the lines that a panel under test has logged.
type logLines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// take returns the lines of the security log since the last call, and all text.
func (l *logLines) take(t *testing.T) (lines []map[string]any, text string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	text = l.buf.String()
	l.buf.Reset()
	for line := range strings.Lines(text) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if entry["component"] == "security" {
			lines = append(lines, entry)
		}
	}
	return lines, text
}

func loggedBench(t *testing.T, changes ...func(*Config)) (*bench, *logLines) {
	t.Helper()
	log := &logLines{}
	b := newBench(t, func(c *Config) {
		for _, change := range changes {
			change(c)
		}
		c.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	return b, log
}

func TestSecurityLog(t *testing.T) {
	b, log := loggedBench(t)
	const wrong, fresh = "canary wrong password", "canary fresh password"
	b.user(t, "ann", account.Viewer)
	bob := b.user(t, "bob", account.Editor)
	root, ann := b.browser(t), b.browser(t)
	ann.ip = "192.0.2.7"
	// last does something and returns its one line.
	last := func(what string, do func()) map[string]any {
		t.Helper()
		log.take(t)
		do()
		lines, text := log.take(t)
		if strings.Contains(text, "canary") || strings.Contains(text, adminPassword) || strings.Contains(text, "topsecret") {
			t.Errorf("%s: a secret is in the log:\n%s", what, text)
		}
		if len(lines) != 1 {
			t.Fatalf("%s: %d lines: %v", what, len(lines), lines)
		}
		return lines[0]
	}
	want := func(what string, do func(), pairs ...string) {
		t.Helper()
		line := last(what, do)
		for i := 0; i < len(pairs); i += 2 {
			got, _ := json.Marshal(line[pairs[i]])
			if string(got) != pairs[i+1] && string(got) != `"`+pairs[i+1]+`"` {
				t.Errorf("%s: %s is %s, want %s, in %v", what, pairs[i], got, pairs[i+1], line)
			}
		}
		if line["address"] == "" || line["msg"] != "security event" {
			t.Errorf("%s: %v", what, line)
		}
	}
	want("a wrong password", func() { ann.login("Ann", wrong) }, "event", "sign-in", "outcome", "failed", "account", "ann", "address", "192.0.2.7", "level", "WARN")
	want("a password for a name", func() { ann.login("canary password", wrong) }, "event", "sign-in", "outcome", "failed", "account", "(no such account)")
	want("a sign-in", func() { ann.login("ann", adminPassword) }, "event", "sign-in", "outcome", "done", "account", "ann", "level", "INFO")
	want("root's", func() { root.login(adminName, adminPassword) }, "event", "sign-in", "outcome", "done")
	want("a page that is not hers", func() { ann.get("/users/") }, "event", "request", "outcome", "denied", "user", "ann", "role", "viewer", "reason", "rights")
	want("a deletion that is not hers", func() {
		ann.do(http.MethodPost, "/m/orders/1/delete", url.Values{"csrf_token": {ann.token("/account")}})
	},
		"event", "delete", "outcome", "denied", "user", "ann", "table", "orders", "key", "1", "reason", "rights")
	want("a wrong token", func() { root.do(http.MethodPost, "/users/"+bob.ID+"/disable", url.Values{"csrf_token": {"canary"}}) },
		"event", "user.disable", "outcome", "denied", "user", adminName, "target_id", bob.ID, "reason", "csrf")
	want("another site", func() {
		root.headers["Sec-Fetch-Site"] = "cross-site"
		root.do(http.MethodPost, "/logout", url.Values{})
		delete(root.headers, "Sec-Fetch-Site")
	}, "outcome", "denied", "reason", "origin")
	want("a new user", func() {
		root.post("/users/new", "/users/", url.Values{"username": {"carl"}, "new_password": {fresh}, "role": {"editor"}})
	}, "event", "user.create", "outcome", "done", "user", adminName, "target", "carl", "target_role", "editor")
	want("a refused one", func() {
		root.post("/users/new", "/users/", url.Values{"username": {"dora"}, "new_password": {"canary"}, "role": {"editor"}})
	}, "event", "user.create", "outcome", "refused")
	want("a role", func() { root.post("/users/"+bob.ID, "/users/"+bob.ID, url.Values{"role": {"viewer"}}) }, "event", "user.role", "outcome", "done", "target_id", bob.ID, "target_role", "viewer")
	want("a password", func() {
		root.post("/users/"+bob.ID, "/users/"+bob.ID+"/password", url.Values{"new_password": {fresh}})
	}, "event", "user.password", "outcome", "done", "target_id", bob.ID)
	want("one's own password", func() {
		ann.post("/account", "/account/password", url.Values{"current_password": {wrong}, "new_password": {fresh}, "confirm_password": {fresh}})
	}, "event", "account.password", "outcome", "refused", "user", "ann")
	want("an ending", func() { root.post("/sessions/", "/sessions/revoke", url.Values{"user": {bob.ID}}) }, "event", "sessions.end", "outcome", "done", "sessions", "0", "target_id", bob.ID)
	want("an export", func() { ann.get("/m/orders/export.csv?q=canary") }, "event", "export", "outcome", "done", "user", "ann", "table", "orders")
	want("a sign-out", func() { ann.post("/account", "/logout", nil) }, "event", "sign-out", "outcome", "done", "user", "ann", "role", "viewer")
	stranger := b.browser(t)
	stranger.ip = "198.51.100.3"
	for range 5 {
		stranger.login("ann", wrong)
	}
	want("one too many", func() { stranger.login("ann", wrong) }, "event", "sign-in", "outcome", "throttled", "account", "ann", "address", "198.51.100.3")
	b.store.down.Store(true)
	want("a store that is down", func() { root.do(http.MethodPost, "/users/"+bob.ID+"/disable", url.Values{}) }, "event", "user.disable", "outcome", "error")
}
