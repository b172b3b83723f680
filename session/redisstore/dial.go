// Dialing: sockets, credentials that change, and servers that close a connection at once.

package redisstore

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/internal/fault"
	"github.com/go-crudadmin/crudadmin/session/internal/settings"
)

// sentinelTimeout marks the dialer for Sentinels: the client has one function that dials both
// Sentinels and servers, and passes the dialer on to it.
func (c Config) sentinelTimeout() time.Duration { return c.ConnectTimeout + 1 }

// sentinelAddr is the address of a Sentinel.
type sentinelAddr struct{ net.Addr }

// sentinelConn is a connection to a Sentinel.
type sentinelConn struct{ net.Conn }

// RemoteAddr implements net.Conn.
func (c sentinelConn) RemoteAddr() net.Addr { return sentinelAddr{c.Conn.RemoteAddr()} }

// dial connects to an address that the client chose.
func (c Config) dial(ctx context.Context, addr string, dialer *net.Dialer, conf *tls.Config) (net.Conn, error) {
	network := "tcp"
	if c.Socket != "" {
		network, addr = "unix", c.Socket
	}
	var conn net.Conn
	var err error
	if conf != nil {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: conf}).DialContext(ctx, network, addr)
	} else {
		conn, err = dialer.DialContext(ctx, network, addr)
	}
	if err == nil && dialer.Timeout == c.sentinelTimeout() {
		conn = sentinelConn{conn}
	}
	return conn, err
}

// credentials asks Config.Credentials, within ConnectTimeout.
func (c Config) credentials(to rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
	if _, sentinel := to.Address.(sentinelAddr); sentinel {
		return rueidis.AuthCredentials{Username: c.SentinelUsername, Password: string(c.SentinelPassword)}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.ConnectTimeout)
	defer cancel()
	username, password, err := settings.AskCredentials(ctx, c.Credentials)
	return rueidis.AuthCredentials{Username: username, Password: password}, err
}

// explain asks a server that closed the connection at the first command whether it knows another
// one: a proxy may know PING and not HELLO. It returns err if that explains nothing.
func (c Config) explain(err error) error {
	if !fault.HungUp(err) || len(c.Sentinels) > 0 || len(c.Cluster) > 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(c.ConnectTimeout, explainTimeout))
	defer cancel()
	conn, dialErr := c.dial(ctx, c.addresses()[0], &net.Dialer{}, c.tls())
	if dialErr != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	r := bufio.NewReader(conn)
	ask := func(command string) error {
		if _, err := conn.Write([]byte(command)); err != nil {
			return err
		}
		_, err := r.ReadByte()
		if err == nil {
			_, err = r.ReadString('\n')
		}
		return err
	}
	if ask("*1\r\n$4\r\nPING\r\n") != nil || !fault.HungUp(ask("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n")) {
		return err
	}
	return fmt.Errorf("%w: %s: it answers PING and closes the connection at HELLO, as a proxy such as twemproxy does: connect to Redis itself", session.ErrMisconfigured, c.where())
}

// explainTimeout bounds explain.
const explainTimeout = 2 * time.Second
