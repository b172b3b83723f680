// Talking to servers behind the store's back.

package memcachestore

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// connect returns a connection that is let in.
func connect(t testing.TB, server *testserver.MemcachedServer) net.Conn {
	t.Helper()
	cfg := Config{Username: server.Username, Password: config.Secret(server.Password)}.withDefaults()
	if server.TLS != nil {
		cfg.TLS = server.TLS.Config
	}
	conn, err := cfg.dial(context.Background(), server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// ask sends a command and returns the answer up to its end.
func ask(t testing.TB, server *testserver.MemcachedServer, command, end string) []byte {
	t.Helper()
	conn := connect(t, server)
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	part := make([]byte, 64<<10)
	for !bytes.HasSuffix(answer.Bytes(), []byte(end+"\r\n")) && !bytes.HasPrefix(answer.Bytes(), []byte("BUSY")) {
		n, err := conn.Read(part)
		if err != nil {
			t.Fatalf("%s: %v after %q", command, err, clip.Value(answer.String()))
		}
		answer.Write(part[:n])
	}
	return bytes.TrimSuffix(answer.Bytes(), []byte(end+"\r\n"))
}

// do returns the lines of an answer that ends with END.
func do(t testing.TB, server *testserver.MemcachedServer, command string) []string {
	t.Helper()
	text := strings.ReplaceAll(string(ask(t, server, command, "END")), "\r", "")
	return strings.Split(text, "\n")
}

// keys returns the names of all items. The server walks its lists while it works,
// so one pass can miss an item that moves; that three do is as good as never.
func keys(t testing.TB, server *testserver.MemcachedServer) []string {
	t.Helper()
	all := map[string]bool{}
	for passes := 0; passes < 3; {
		lines := do(t, server, "lru_crawler metadump all")
		if strings.HasPrefix(lines[0], "BUSY") {
			continue
		}
		passes++
		for _, line := range lines {
			if key, _, ok := strings.Cut(strings.TrimPrefix(line, "key="), " "); ok && len(key) < len(line) {
				key, err := url.PathUnescape(key)
				if err != nil {
					t.Fatal(err)
				}
				all[key] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// lives returns how long the server will keep a key, negative if for ever.
func lives(t testing.TB, server *testserver.MemcachedServer, key string) time.Duration {
	t.Helper()
	lines, err := server.Do("mg " + key + " t")
	var seconds int
	if err == nil && len(lines) == 1 {
		_, err = fmt.Sscanf(lines[0], "HD t%d", &seconds)
	}
	if err != nil {
		t.Fatalf("mg %s t: %q, %v", key, lines, err)
	}
	return time.Duration(seconds) * time.Second
}

// value returns what stands under a key.
func value(t testing.TB, server *testserver.MemcachedServer, key string) ([]byte, bool) {
	t.Helper()
	answer := ask(t, server, "get "+key, "END")
	head, rest, ok := bytes.Cut(answer, []byte("\r\n"))
	if !ok {
		return nil, false
	}
	var size int
	if _, err := fmt.Sscanf(string(head), "VALUE "+strings.ReplaceAll(key, "%", "%%")+" 0 %d", &size); err != nil || len(rest) != size+2 {
		t.Fatalf("get %s: %q, %d bytes, %v", key, head, len(rest), err)
	}
	return rest[:size], true
}

// put sets a value, which the store itself never does.
func put(t testing.TB, server *testserver.MemcachedServer, key string, value []byte) {
	t.Helper()
	ask(t, server, fmt.Sprintf("set %s 0 %d %d\r\n%s", key, time.Now().Add(time.Hour).Unix(), len(value), value), "STORED")
}

// stat returns a number of the server's statistics.
func stat(t testing.TB, server *testserver.MemcachedServer, name string) (n int) {
	t.Helper()
	for _, line := range do(t, server, "stats") {
		if rest, ok := strings.CutPrefix(line, "STAT "+name+" "); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("the server has no statistic %s", name)
	return 0
}

func newSession(user string, tag session.Tag) session.Session {
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := session.Session{
		UserID: user, CreatedAt: now, LastActivity: now, RotatedAt: now,
		ExpiresAt: now.Add(time.Hour), Deadline: now.Add(12 * time.Hour), Version: 1,
	}
	_, _ = rand.Read(s.ID[:])
	copy(s.ID[:], tag[:])
	return s
}
