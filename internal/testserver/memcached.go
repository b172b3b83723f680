// This file holds a Memcached server: plain, with ASCII authentication, TLS.

package testserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// MemcachedOptions say how a Memcached server differs from an open one.
type MemcachedOptions struct {
	// Username and Password turn on ASCII authentication.
	Username, Password string
	// TLS serves TLS and nothing else.
	TLS bool
	// Args are more arguments of memcached, such as "-m", "8".
	Args []string
}

// MemcachedServer is a running Memcached.
type MemcachedServer struct {
	server
	Addr               string // 127.0.0.1:port
	Username, Password string
	TLS                *TLS // nil: plain TCP
}

// Memcached starts a Memcached server of this test alone.
func Memcached(t testing.TB, opts MemcachedOptions) *MemcachedServer {
	t.Helper()
	m, err := startMemcached(opts)
	check(t, err)
	m.server = adopt(t, m.proc)
	return m
}

var sharedMemcached = sync.OnceValues(func() (*MemcachedServer, error) {
	m, err := startMemcached(MemcachedOptions{})
	if err == nil {
		share(m.proc)
	}
	return m, err
})

// SharedMemcached returns the Memcached server that all tests of this process
// share, and a key prefix of this test's own. It cannot be killed, frozen or
// restarted.
func SharedMemcached(t testing.TB) (m *MemcachedServer, prefix string) {
	t.Helper()
	shared, err := sharedMemcached()
	check(t, err)
	own := *shared
	own.server = server{t: t, proc: shared.proc, shared: true}
	return &own, fmt.Sprintf("t%d:", prefixes.Add(1))
}

// Restart kills the server if it runs and starts it again on the same port;
// it is empty then.
func (m *MemcachedServer) Restart() {
	m.t.Helper()
	m.restart(nil)
}

// Do sends one command of the text protocol, such as "stats items" or
// "set k 0 0 1\r\nv", on a connection of its own and returns the lines of the
// answer without a final END. An error answer is an error.
func (m *MemcachedServer) Do(command string) ([]string, error) {
	return m.do(context.Background(), command)
}

func (m *MemcachedServer) do(ctx context.Context, command string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	conn, err := dial(ctx, m.Addr, m.TLS.config())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	commands := []string{command}
	if m.Username != "" {
		login := m.Username + " " + m.Password
		commands = []string{fmt.Sprintf("set auth 0 0 %d\r\n%s", len(login), login), command}
	}
	r := bufio.NewReader(conn)
	var lines []string
	for _, command := range commands {
		if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
			return nil, err
		}
		if lines, err = readAnswer(r); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// readAnswer reads up to END, or one line of an answer that is one line.
func readAnswer(r *bufio.Reader) ([]string, error) {
	var lines []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		first, _, _ := strings.Cut(line, " ")
		switch {
		case line == "END":
			return lines, nil
		case slices.Contains([]string{"ERROR", "CLIENT_ERROR", "SERVER_ERROR"}, first):
			return nil, errors.New("memcached: " + line)
		}
		lines = append(lines, line)
		if len(lines) == 1 && first != "VALUE" && first != "STAT" && first != "ITEM" {
			return lines, nil
		}
	}
}

func startMemcached(opts MemcachedOptions) (*MemcachedServer, error) {
	if err := available(); err != nil {
		return nil, err
	}
	path, err := lookPath("memcached")
	if err != nil {
		return nil, missing("memcached", "memcached")
	}
	dir, err := newDirectory(nil)
	if err != nil {
		return nil, err
	}
	m := &MemcachedServer{Username: opts.Username, Password: opts.Password}
	m.proc = &process{name: "memcached", path: path, dir: dir, ready: m.ready}
	args, err := m.arguments(opts)
	if err == nil {
		err = onFreePort(func(port int) error {
			m.Addr = loopback(port)
			m.proc.args = append([]string{"-p", fmt.Sprint(port)}, args...)
			return m.proc.start()
		})
	}
	if err != nil {
		dir.remove()
		return nil, err
	}
	return m, nil
}

func (m *MemcachedServer) arguments(opts MemcachedOptions) ([]string, error) {
	args := []string{"-l", "127.0.0.1", "-U", "0", "-t", "2"}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "root") // it refuses root unless told
	}
	if opts.Username != "" {
		file := filepath.Join(m.proc.dir.path, "auth")
		if err := os.WriteFile(file, []byte(opts.Username+":"+opts.Password+"\n"), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--auth-file="+file)
	}
	if opts.TLS {
		help, err := exec.Command(m.proc.path, "--help").Output()
		if err != nil {
			return nil, fmt.Errorf("memcached --help: %w", err)
		}
		if !strings.Contains(string(help), "--enable-ssl") {
			return nil, fmt.Errorf("a memcached with TLS (Debian's has it) is %w: this one was built without", errMissing)
		}
		if m.TLS, err = newTLS(m.proc.dir.path); err != nil {
			return nil, err
		}
		args = append(args, "--enable-ssl", "-o", "ssl_chain_cert="+m.TLS.certFile+",ssl_key="+m.TLS.keyFile)
	}
	return append(args, opts.Args...), nil
}

// ready asks the server for its process id: another test's server may have
// taken the port.
func (m *MemcachedServer) ready(ctx context.Context, pid int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	stats, err := m.do(ctx, "stats")
	if err != nil {
		return err
	}
	if !slices.Contains(stats, fmt.Sprintf("STAT pid %d", pid)) {
		return errors.New("another server answers")
	}
	return nil
}
