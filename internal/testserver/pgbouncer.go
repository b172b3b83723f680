// This file holds PgBouncer, a pooler before a PostgreSQL server.

package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// PgBouncerServer is a running PgBouncer before a PostgreSQL server.
type PgBouncerServer struct {
	server
	Addr string // 127.0.0.1:port

	postgres *PostgresServer
}

// PgBouncer starts PgBouncer before a PostgreSQL server: mode is "transaction",
// "session" or "statement", and servers is how many connections to it clients share.
func PgBouncer(t testing.TB, postgres *PostgresServer, mode string, servers int) *PgBouncerServer {
	t.Helper()
	b, err := startPgBouncer(postgres, mode, servers)
	check(t, err)
	b.server = adopt(t, b.proc)
	return b
}

// URL returns the address as postgres://, for pgx.
func (b *PgBouncerServer) URL() string {
	return strings.Replace(b.postgres.URL(), b.postgres.Addr, b.Addr, 1)
}

func startPgBouncer(postgres *PostgresServer, mode string, servers int) (*PgBouncerServer, error) {
	if err := available(); err != nil {
		return nil, err
	}
	path, err := lookPath("pgbouncer")
	if err != nil {
		return nil, missing("pgbouncer", "pgbouncer")
	}
	as, err := serviceUser("postgres") // it refuses to run as root
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory(as)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(postgres.Addr)
	if err != nil {
		return nil, err
	}
	b := &PgBouncerServer{postgres: postgres}
	config := filepath.Join(dir.path, "pgbouncer.ini")
	b.proc = &process{name: "pgbouncer", path: path, args: []string{config}, dir: dir, as: as, ready: b.ready}
	err = onFreePort(func(listen int) error {
		b.Addr = loopback(listen)
		text := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = %s
default_pool_size = %d
max_client_conn = 500
pidfile = %s
`, host, port, listen, mode, servers, filepath.Join(dir.path, "pid"))
		// auth_type any takes whom the database names.
		text = strings.Replace(text, "port="+port, "port="+port+" user="+postgres.User, 1)
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			return err
		}
		return b.proc.start()
	})
	if err != nil {
		dir.remove()
		return nil, err
	}
	return b, nil
}

// ready reads the process id that PgBouncer writes, and looks whether it listens.
func (b *PgBouncerServer) ready(ctx context.Context, pid int) error {
	text, err := os.ReadFile(filepath.Join(b.proc.dir.path, "pid"))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(text)) != strconv.Itoa(pid) {
		return errors.New("not yet ready")
	}
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", b.Addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
