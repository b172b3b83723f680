// Talking to servers behind the store's back.

package memcachestore

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// connect returns a connection that is let in.
func connect(t testing.TB, server *testserver.MemcachedServer) net.Conn {
	t.Helper()
	cfg := Config{Username: server.Username, Password: server.Password}.withDefaults()
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
	defer conn.Close() //nolint:errcheck // a test
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	part := make([]byte, 64<<10)
	for !bytes.HasSuffix(answer.Bytes(), []byte(end+"\r\n")) {
		n, err := conn.Read(part)
		if err != nil {
			t.Fatalf("%s: %v after %q", command, err, clip(answer.String()))
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

func unescape(t testing.TB, key string) string {
	t.Helper()
	key, err := url.PathUnescape(key)
	if err != nil {
		t.Fatal(err)
	}
	return key
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
