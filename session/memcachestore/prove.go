// Proving: every command that the store sends is tried once, on a key of its own, before a server
// is used.

package memcachestore

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/fault"
)

// trials are the commands, with %k for the key and %c for the CAS number that gets returned, and
// the beginning of the last line of each answer. TestProveTriesAll compares them with what the
// store has the client send.
var trials = []struct{ command, want string }{
	{"add %k 0 60 1\r\nx\r\n", "STORED"},
	{"gets %k\r\n", "END"},
	{"cas %k 0 60 1 %c\r\ny\r\n", "STORED"},
	{"set %k 0 60 1\r\nz\r\n", "STORED"},
	{"gets %k %k\r\n", "END"},
	{"cas %k 0 -1 0 %c\r\n\r\n", "STORED"}, // this is how an item is removed
	{"version\r\n", "VERSION"},
}

// tried connects to the server, which proves it, and closes the connection.
func (s *Store) tried(ctx context.Context, sv *server) error {
	conn, err := sv.client.DialContext(ctx, network(sv.addr), sv.addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// prove tries everything on the first connection to a server, and closes it after an error. A
// server that says it is full passes.
func (sv *server) prove(ctx context.Context, cfg *Config, conn net.Conn) error {
	if sv.proved.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.ConnectTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err := proveOn(conn, sv.addr, cfg.Prefix+"p:"+rand.Text())
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return cfg.explain(ctx, sv.addr, "add", connectError(sv.addr, err))
	}
	sv.proved.Store(true)
	return conn.SetDeadline(time.Time{})
}

// listen asks a server for its health that Open did not ask, because the store is lazy or the
// server did not answer. It reports whether the connection can still be used. It takes a quarter of
// the time of a call, in which another connection must be made if this one is lost.
func (sv *server) listen(ctx context.Context, conn net.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, stallTimeout/4)
	defer cancel()
	stats := map[string]string{}
	for _, command := range []string{askSettings, askStatistics} {
		if sv.read(ctx, conn, command, stats) != nil {
			return false
		}
	}
	sv.learn(stats)
	return conn.SetDeadline(time.Time{}) == nil
}

func proveOn(conn net.Conn, addr, key string) error {
	r := bufio.NewReader(conn)
	number := ""
	for i, t := range trials {
		name := strings.Fields(t.command)[0]
		last, told, err := exchange(conn, r, strings.NewReplacer("%k", key, "%c", number).Replace(t.command))
		switch {
		case fault.HungUp(err) && i > 0:
			return fmt.Errorf("memcachestore: %w: %s: it closes the connection at %s, as a proxy such as twemproxy does: connect to Memcached itself", session.ErrMisconfigured, addr, name)
		case err != nil:
			return err
		case strings.HasPrefix(last, "SERVER_ERROR"):
			return nil // it is full
		case strings.HasPrefix(last, "CLIENT_ERROR unauthenticated"):
			return fmt.Errorf("memcachestore: %w: %s: the server asks for a Username and Password: set both", session.ErrMisconfigured, addr)
		case !strings.HasPrefix(last, t.want):
			return fmt.Errorf("memcachestore: %w: %s: it answers %s with %q: use Memcached 1.5.15 or later, without a proxy in front of it", session.ErrMisconfigured, addr, name, clip.Value(last))
		case name == "gets":
			if number = told; number == "" || number == "0" {
				return fmt.Errorf("memcachestore: %w: %s: the server keeps no CAS: start it without -C", session.ErrMisconfigured, addr)
			}
		}
	}
	return nil
}

// exchange sends a command and returns the last line of the answer, and the number of
// the item in it.
func exchange(conn net.Conn, r *bufio.Reader, command string) (last, number string, err error) {
	if _, err := io.WriteString(conn, command); err != nil {
		return "", "", err
	}
	for range maxLines {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return "", "", err
		}
		last = strings.TrimRight(string(line), "\r\n")
		rest, ok := strings.CutPrefix(last, "VALUE ")
		if !ok {
			return last, number, nil
		}
		if fields := strings.Fields(rest); len(fields) == 4 {
			number = fields[3]
		}
		if _, err := r.ReadSlice('\n'); err != nil { // the value
			return "", "", err
		}
	}
	return "", "", errors.New("the answer does not end")
}

// explain asks a server that closed the connection at a command whether it knows another one, as a
// proxy does. It returns err if that explains nothing.
func (c *Config) explain(ctx context.Context, addr, command string, err error) error {
	if !fault.HungUp(err) || errors.Is(err, session.ErrMisconfigured) {
		return err
	}
	conn, dialErr := c.dial(ctx, addr)
	if dialErr != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if last, _, asked := exchange(conn, bufio.NewReader(conn), "get "+c.Prefix+"p:\r\n"); asked != nil || last != "END" {
		return err
	}
	return fmt.Errorf("memcachestore: %w: %s: it closes the connection at %s, as a proxy such as twemproxy does: connect to Memcached itself", session.ErrMisconfigured, addr, command)
}
