// Servers that cannot do what the store needs are found at Open; sockets; credentials
// that change.

package memcachestore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// TestProveTriesAll reads what the store has the client send out of its text.
func TestProveTriesAll(t *testing.T) {
	t.Parallel()
	sends := map[string]string{"Get": "gets", "GetMulti": "gets", "Add": "add", "CompareAndSwap": "cas", "Set": "set", "Ping": "version", "Close": ""}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, match := range regexp.MustCompile(`\b(?:c|client)\.(Get|GetMulti|Add|CompareAndSwap|Set|Ping|Touch|GetAndTouch|Delete\w*|Increment|Decrement|Replace|Append|Prepend|FlushAll)\(`).FindAllStringSubmatch(string(text), -1) {
			found++
			command, known := sends[match[1]]
			if !known || !slices.ContainsFunc(trials, func(t struct{ command, want string }) bool { return strings.HasPrefix(t.command, command) }) {
				t.Errorf("%s: the store has the client send %s, which nothing tries", path, match[1])
			}
		}
	}
	if found < 7 {
		t.Errorf("%d calls were found, want more: does the test still read them?", found)
	}
}

// before is a proxy before a server, which answers what answer has an answer to: a
// line, or "hang up". It returns its address.
func before(t *testing.T, addr string, answer func(command string) string) string {
	t.Helper()
	return testserver.Between(t, "", func() string { return addr }, func(client, server net.Conn) {
		go func() { _, _ = io.Copy(client, server) }()
		for r := bufio.NewReader(client); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			text := line
			if words := strings.Fields(line); slices.Contains([]string{"add", "set", "cas"}, words[0]) {
				value, err := r.ReadString('\n')
				if err != nil {
					return
				}
				text += value
			}
			switch said := answer(strings.TrimSpace(line)); said {
			case "":
				_, err = io.WriteString(server, text)
			case "hang up":
				return
			default:
				_, err = io.WriteString(client, said+"\r\n")
			}
			if err != nil {
				return
			}
		}
	})
}

// TestImpostors: each command is taken away, by an error and by a closed connection.
func TestImpostors(t *testing.T) {
	t.Parallel()
	server, _ := testserver.SharedMemcached(t)
	open := func(addr string) error {
		s, err := Open(t.Context(), Config{Servers: []string{addr}, ConnectTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	for _, name := range []string{"add", "gets", "cas", "set", "version", "stats"} {
		for _, how := range []string{"ERROR", "hang up"} {
			err := open(before(t, server.Addr, func(command string) string {
				if strings.Fields(command)[0] == name {
					return how
				}
				return ""
			}))
			if name == "stats" && how == "ERROR" { // sessions need none
				if err != nil {
					t.Errorf("%s, %s: %v", name, how, err)
				}
				continue
			}
			if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, %s: %v, want session.ErrMisconfigured that names it", name, how, err)
			}
			t.Logf("%s, %s: %v", name, how, err)
		}
	}
	for _, how := range []string{"ERROR", "hang up"} { // its settings are all that Open needs to know
		if err := open(before(t, server.Addr, func(command string) string {
			if command == "stats" {
				return how
			}
			return ""
		})); err != nil {
			t.Errorf("statistics, %s: %v", how, err)
		}
	}
	err := open(before(t, server.Addr, func(command string) string { // as twemproxy: no negative expiry
		if strings.Contains(command, " -1 ") {
			return "hang up"
		}
		return ""
	}))
	if !errors.Is(err, session.ErrMisconfigured) || !strings.Contains(err.Error(), "cas") {
		t.Errorf("no negative expiry: %v", err)
	}
	lazy, err := Open(t.Context(), Config{Lazy: true, Logger: slog.New(slog.DiscardHandler), Servers: []string{before(t, server.Addr, func(command string) string {
		if strings.HasPrefix(command, "cas ") {
			return "ERROR"
		}
		return ""
	})}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lazy.Close() }()
	if _, err := lazy.Get(t.Context(), session.ID{1}); !errors.Is(err, session.ErrMisconfigured) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("lazy: %v, want session.ErrMisconfigured and ErrUnavailable", err)
	}
}

// TestSocket: a server behind a Unix socket, by field and by map.
func TestSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "m.sock")
	tcp := testserver.Memcached(t, testserver.MemcachedOptions{})
	testserver.Between(t, path, func() string { return tcp.Addr }, testserver.Pass)
	fromMap, err := FromMap(map[string]any{"servers": path})
	if err != nil {
		t.Fatal(err)
	}
	one := newSession("ada", session.Tag{1})
	for i, cfg := range []Config{{Servers: []string{path}}, fromMap} {
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if i == 0 {
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Get(t.Context(), one.ID); err != nil || got.UserID != "ada" {
			t.Errorf("%v: %v", cfg, err)
		}
	}
	if _, err := Open(t.Context(), Config{Servers: []string{path + "-nobody"}}); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrMisconfigured) {
		t.Errorf("nobody listens: %v", err)
	}
	for _, wrong := range []string{"m.sock", "/" + strings.Repeat("x", 107), "unix:m.sock"} {
		if _, err := Open(t.Context(), Config{Servers: []string{wrong}}); err == nil || !strings.Contains(err.Error(), "Servers[0]") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestRotatedPassword restarts the server with another password under load: once it
// answers, everybody is answered.
func TestRotatedPassword(t *testing.T) {
	t.Parallel()
	var at, password atomic.Value
	first := testserver.Memcached(t, testserver.MemcachedOptions{Username: "panel", Password: "first"})
	at.Store(first.Addr)
	password.Store("first")
	var open sync.Map
	address := testserver.Between(t, "", func() string { return at.Load().(string) }, func(client, server net.Conn) {
		open.Store(client, nil)
		testserver.Pass(client, server)
	})
	s, err := Open(t.Context(), Config{
		Servers: []string{address}, Username: "stale", Password: "stale", Logger: slog.New(slog.DiscardHandler),
		Credentials: func(context.Context) (string, string, error) { return "panel", password.Load().(string), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	second := testserver.Memcached(t, testserver.MemcachedOptions{Username: "panel", Password: "second"})
	password.Store("second")
	at.Store(second.Addr)
	open.Range(func(client, _ any) bool { _ = client.(net.Conn).Close(); return true })
	var crowd sync.WaitGroup
	for w := range 8 {
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // against hanging
			defer cancel()
			failures := 0
			for answers := 0; answers < 20; {
				_, err := s.Get(ctx, session.ID{byte(w)})
				switch {
				case errors.Is(err, session.ErrNotFound):
					answers++
				case answers > 0, ctx.Err() != nil:
					t.Errorf("after %d answers: %v", answers, err)
					return
				default:
					failures++
				}
			}
		})
	}
	crowd.Wait()
}
