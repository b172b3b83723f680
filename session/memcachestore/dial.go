// Dialing: connections over TCP, TLS or Unix sockets, with ASCII authentication.

package memcachestore

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/fields"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// address is a server's name; it is resolved anew for each connection.
type address string

func (a address) Network() string { return network(string(a)) }
func (a address) String() string  { return string(a) }

// dial connects to a server within ConnectTimeout and the context.
func (c *Config) dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()
	conn, err := c.connect(ctx, addr)
	if err != nil {
		return nil, connectError(addr, err)
	}
	return conn, nil
}

func (c *Config) connect(ctx context.Context, addr string) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: keepAlive}
	conn, err := dialer.DialContext(ctx, network(addr), addr)
	if err != nil {
		return nil, err
	}
	if c.TLS != nil {
		secured := tls.Client(conn, c.tls(addr))
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secured
	}
	login, err := c.login(ctx)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if login != "" {
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		err := c.authenticate(ctx, conn, addr, login)
		if !stop() && err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

func (c *Config) tls(addr string) *tls.Config {
	conf := c.TLS.Clone()
	if conf.MinVersion == 0 {
		conf.MinVersion = tls.VersionTLS12
	}
	if conf.ServerName == "" {
		conf.ServerName, _, _ = net.SplitHostPort(addr)
	}
	return conf
}

// isSocket reports whether an address is the path of a Unix socket.
func isSocket(addr string) bool { return strings.HasPrefix(addr, "/") }

func network(addr string) string {
	if isSocket(addr) {
		return "unix"
	}
	return "tcp"
}

// login is the user and the password as the servers read them, empty if there are none.
func (c *Config) login(ctx context.Context) (string, error) {
	if c.Credentials == nil {
		if c.Username == "" {
			return "", nil
		}
		return c.Username + " " + string(c.Password), nil
	}
	username, password, err := settings.AskCredentials(ctx, c.Credentials)
	if err != nil || username == "" && password == "" {
		return "", err
	}
	var check fields.Check
	Config{Username: username, Password: config.Secret(password)}.checkCredentials(&check)
	var wrong []string
	for _, one := range config.Fields(check.Err("Credentials")) {
		wrong = append(wrong, one.Error())
	}
	if wrong != nil {
		return "", fmt.Errorf("memcachestore: %w: what Credentials returned cannot be used: %s", session.ErrMisconfigured, strings.Join(wrong, "; "))
	}
	return username + " " + password, nil
}

// authenticate logs in. A server that asks for no password would keep the password as an item that
// everybody can read, so authenticate first finds out whether the server asks.
func (c *Config) authenticate(ctx context.Context, conn net.Conn, addr, login string) error {
	lines, err := converse(ctx, conn, "version\r\n")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(lines[0], "CLIENT_ERROR unauthenticated") {
		return fmt.Errorf("memcachestore: %w: %s: Username is set, but the server asks for none: start it with --auth-file or leave Username and Password empty", session.ErrMisconfigured, addr)
	}
	lines, err = converse(ctx, conn, "set auth 0 0 "+strconv.Itoa(len(login))+"\r\n"+login+"\r\n")
	switch {
	case err != nil:
		return err
	case lines[0] != "STORED":
		return fmt.Errorf("memcachestore: %w: %s: wrong Username or Password: the server answered: %s", session.ErrMisconfigured, addr, clip.Value(lines[0]))
	}
	return nil
}

// maxLines is how many lines of an answer are read at most.
const maxLines = 4096

// converse sends a command and returns the lines of the answer, of which there is at least one.
// Statistics end with the line END. It ends with the deadline of the context. No other command may
// be under way on the connection.
func converse(ctx context.Context, conn net.Conn, command string) ([]string, error) {
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte(command)); err != nil {
		return nil, err
	}
	var lines []string
	for r := bufio.NewReader(conn); len(lines) < maxLines; {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		lines = append(lines, strings.TrimRight(string(line), "\r\n"))
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "STAT ") {
			return lines, nil
		}
	}
	return nil, errors.New("the answer does not end")
}
