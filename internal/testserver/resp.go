// This file holds a minimal client of the Redis protocol (RESP2), so that
// looking into a server needs no client under test.

package testserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// ErrNil is Redis's nil reply: the key is not there.
var ErrNil = errors.New("redis: nil")

// replyTimeout bounds one command of ours, also on a frozen server.
const replyTimeout = 10 * time.Second

type respConn struct {
	net.Conn
	r *bufio.Reader
}

func dialRESP(ctx context.Context, addr string, conf *tls.Config) (*respConn, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	conn, err := dial(ctx, addr, conf)
	if err != nil {
		return nil, err
	}
	return &respConn{Conn: conn, r: bufio.NewReader(conn)}, nil
}

// dial opens a connection, with TLS when conf is not nil.
func dial(ctx context.Context, addr string, conf *tls.Config) (net.Conn, error) {
	if conf == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}
	return (&tls.Dialer{Config: conf}).DialContext(ctx, "tcp", addr)
}

// do sends one command and returns its reply: string, int64, []any or nil
// inside an array. An error reply, or a nil one, is an error.
func (c *respConn) do(args ...string) (any, error) {
	if err := c.SetDeadline(time.Now().Add(replyTimeout)); err != nil {
		return nil, err
	}
	request := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, arg := range args {
		request = fmt.Appendf(request, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	return c.read()
}

func (c *respConn) read() (any, error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 {
		return nil, fmt.Errorf("redis: odd reply %q", line)
	}
	kind, rest := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, errors.New("redis: " + rest)
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("redis: odd reply %q", line)
	}
	switch {
	case kind == ':':
		return n, nil
	case (kind == '$' || kind == '*') && n < 0:
		return nil, ErrNil
	case kind == '$':
		b := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, b); err != nil {
			return nil, err
		}
		return string(b[:n]), nil
	case kind == '*':
		list := make([]any, n)
		for i := range list {
			list[i], err = c.read()
			if err != nil && !errors.Is(err, ErrNil) {
				return nil, err
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("redis: odd reply %q", line)
}
