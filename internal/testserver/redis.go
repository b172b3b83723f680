// This file holds a single Redis server: plain, with a password, an ACL user, TLS.

package testserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// RedisOptions say how a Redis server differs from one without a password.
type RedisOptions struct {
	// Username makes an ACL user with every right and the Password, and
	// turns the default user off. Empty: Password, if any, is requirepass.
	Username string
	Password string
	// TLS serves TLS and nothing else.
	TLS bool
	// Config holds more lines of redis.conf, such as "maxmemory 2mb". They
	// come last and win.
	Config []string

	sentinel bool
}

// RedisServer is a running Redis. What was written survives Kill and
// Restart(false): the server logs every write, without fsync.
type RedisServer struct {
	server
	Addr     string // 127.0.0.1:port
	Username string // the ACL user; empty: the default user
	Password string
	TLS      *TLS // nil: plain TCP

	opts RedisOptions
}

// Redis starts a Redis server of this test alone.
func Redis(t testing.TB, opts RedisOptions) *RedisServer {
	t.Helper()
	r, err := startRedis(opts)
	check(t, err)
	r.server = adopt(t, r.proc)
	return r
}

var sharedRedis = sync.OnceValues(func() (*RedisServer, error) {
	r, err := startRedis(RedisOptions{Config: []string{"appendonly no"}})
	if err == nil {
		share(r.proc)
	}
	return r, err
})

var prefixes atomic.Int64

// SharedRedis returns the Redis server that all tests of this process share,
// and a key prefix of this test's own. It cannot be killed, frozen or restarted.
func SharedRedis(t testing.TB) (r *RedisServer, prefix string) {
	t.Helper()
	shared, err := sharedRedis()
	check(t, err)
	own := *shared
	own.server = server{t: t, proc: shared.proc, shared: true}
	return &own, fmt.Sprintf("t%d:", prefixes.Add(1))
}

// URL returns the server's address as redis:// or rediss:// with the credentials.
func (r *RedisServer) URL() string {
	u := url.URL{Scheme: "redis", Host: r.Addr, Path: "/0"}
	if r.TLS != nil {
		u.Scheme = "rediss"
	}
	if r.Username != "" || r.Password != "" {
		u.User = url.UserPassword(r.Username, r.Password)
	}
	return u.String()
}

// Do sends one command on a connection of its own and returns the reply: a
// string, an int64 or a []any. A nil reply is [ErrNil]; an error reply begins
// with "redis: ". A frozen server answers after 10 s with a timeout.
func (r *RedisServer) Do(args ...string) (any, error) {
	return r.do(context.Background(), args...)
}

// Restart kills the server if it runs and starts it again on the same port:
// with the data it had, or empty.
func (r *RedisServer) Restart(empty bool) {
	r.t.Helper()
	if empty {
		r.restart(r.erase)
	} else {
		r.restart(nil)
	}
}

func (r *RedisServer) erase() error {
	for _, name := range []string{"appendonlydir", "appendonly.aof", "dump.rdb"} {
		if err := os.RemoveAll(filepath.Join(r.proc.dir.path, name)); err != nil {
			return err
		}
	}
	return nil
}

func (r *RedisServer) do(ctx context.Context, args ...string) (any, error) {
	conf := r.TLS.config()
	conn, err := dialRESP(ctx, r.Addr, conf)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	switch {
	case r.Username != "":
		_, err = conn.do("AUTH", r.Username, r.Password)
	case r.Password != "":
		_, err = conn.do("AUTH", r.Password)
	}
	if err != nil {
		return nil, err
	}
	return conn.do(args...)
}

func startRedis(opts RedisOptions) (*RedisServer, error) {
	path, err := findRedis()
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory(nil)
	if err != nil {
		return nil, err
	}
	r := &RedisServer{Username: opts.Username, Password: opts.Password, opts: opts}
	r.proc = &process{
		name:  "redis-server",
		path:  path,
		args:  []string{filepath.Join(dir.path, "redis.conf")},
		dir:   dir,
		ready: r.ready,
	}
	if opts.sentinel {
		r.proc.name = "redis-sentinel"
		r.proc.args = append(r.proc.args, "--sentinel")
	}
	if opts.TLS {
		if r.TLS, err = newTLS(dir.path); err != nil {
			dir.remove()
			return nil, err
		}
	}
	err = onFreePort(func(port int) error {
		r.Addr = loopback(port)
		if err := os.WriteFile(r.proc.args[0], r.config(port), 0o600); err != nil {
			return err
		}
		return r.proc.start()
	})
	if err != nil {
		dir.remove()
		return nil, err
	}
	return r, nil
}

func findRedis() (string, error) {
	if err := available(); err != nil {
		return "", err
	}
	path, err := lookPath("redis-server")
	if err != nil {
		return "", missing("redis-server", "redis-server")
	}
	return path, nil
}

// config writes redis.conf with directives that Redis 6.2 knows.
func (r *RedisServer) config(port int) []byte {
	lines := []string{
		"bind 127.0.0.1",
		"daemonize no",
		fmt.Sprintf("dir %q", r.proc.dir.path),
	}
	if !r.opts.sentinel {
		lines = append(lines,
			`save ""`,
			"appendonly yes",
			"appendfsync no",
			"auto-aof-rewrite-percentage 0",
			"repl-diskless-sync-delay 0")
	}
	if r.TLS != nil {
		lines = append(lines,
			"port 0",
			fmt.Sprintf("tls-port %d", port),
			fmt.Sprintf("tls-cert-file %q", r.TLS.certFile),
			fmt.Sprintf("tls-key-file %q", r.TLS.keyFile),
			fmt.Sprintf("tls-ca-cert-file %q", r.TLS.CAFile),
			"tls-auth-clients no")
	} else {
		lines = append(lines, fmt.Sprintf("port %d", port))
	}
	switch {
	case r.Username != "":
		lines = append(lines,
			fmt.Sprintf("user %s on %q ~* &* +@all", r.Username, ">"+r.Password),
			"user default off")
	case r.Password != "":
		lines = append(lines, fmt.Sprintf("requirepass %q", r.Password))
	}
	lines = append(lines, r.opts.Config...)
	return []byte(strings.Join(lines, "\n") + "\n")
}

// ready asks the server for its process id: another test's server may have
// taken the port.
func (r *RedisServer) ready(ctx context.Context, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	info, err := r.do(ctx, "INFO", "server")
	if err != nil {
		return err
	}
	if text, _ := info.(string); !strings.Contains(text, fmt.Sprintf("process_id:%d\r\n", pid)) {
		return errors.New("another server answers")
	}
	_, err = r.do(ctx, "PING") // LOADING until the data is read
	return err
}
