// This file holds a MariaDB server.

package testserver

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// MariaDBServer is a running MariaDB. What was committed survives Kill and
// Restart, though not a power cut: its log is not flushed to the disk.
type MariaDBServer struct {
	server
	Addr     string // 127.0.0.1:port
	User     string // has every right
	Password string
	Database string

	client, socket string
}

// MariaDB starts a MariaDB server of this test alone. That takes seconds: use
// [SharedMariaDB] unless the test kills, freezes or fills it.
func MariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	m, err := startMariaDB()
	check(t, err)
	m.server = adopt(t, m.proc)
	return m
}

var sharedMariaDB = sync.OnceValues(func() (*MariaDBServer, error) {
	m, err := startMariaDB()
	if err == nil {
		share(m.proc)
	}
	return m, err
})

// SharedMariaDB returns the MariaDB server that all tests of this process
// share, with an empty database of this test's own. It cannot be killed, frozen
// or restarted.
func SharedMariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	shared, err := sharedMariaDB()
	check(t, err)
	own := *shared
	own.server = server{t: t, proc: shared.proc, shared: true}
	own.Database = fmt.Sprintf("test%d", prefixes.Add(1))
	check(t, shared.exec("CREATE DATABASE "+own.Database))
	return &own
}

// DSN returns the data source name for github.com/go-sql-driver/mysql, without
// parameters: "user:password@tcp(127.0.0.1:port)/database".
func (m *MariaDBServer) DSN() string {
	return fmt.Sprintf("%s:%s@tcp(%s)/%s", m.User, m.Password, m.Addr, m.Database)
}

// URL returns the address without parameters: "mariadb://user:password@127.0.0.1:port/database".
func (m *MariaDBServer) URL() string {
	u := url.URL{Scheme: "mariadb", User: url.UserPassword(m.User, m.Password), Host: m.Addr, Path: "/" + m.Database}
	return u.String()
}

// Restart kills the server if it runs and starts it again on the same port
// with the data it had.
func (m *MariaDBServer) Restart() {
	m.t.Helper()
	m.restart(nil)
}

// exec speaks as the operating system's user through the server's own socket.
func (m *MariaDBServer) exec(sql string) error {
	return runAs(m.proc.as, m.proc.dir.path, m.client, "--no-defaults", "--socket="+m.socket, "--user=root", "--execute="+sql)
}

func startMariaDB() (*MariaDBServer, error) {
	programs, err := findMariaDB()
	if err != nil {
		return nil, err
	}
	as, err := serviceUser("mysql", "nobody")
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory(as)
	if err != nil {
		return nil, err
	}
	m := &MariaDBServer{
		User: "app", Password: "secret", Database: "test",
		client: programs.client, socket: filepath.Join(dir.path, "s"),
	}
	m.proc = &process{name: "mariadbd", path: programs.server, dir: dir, as: as, ready: m.ready}
	if err = m.start(programs.install); err != nil {
		m.proc.remove()
		return nil, err
	}
	return m, nil
}

func (m *MariaDBServer) start(install string) error {
	path := filepath.Join(m.proc.dir.path, "data")
	data := "--datadir=" + path
	// Root has no password, and is let in from this machine alone.
	args := []string{"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M"}
	err := template{"mariadb", []string{install, m.proc.path}, args, func(string) error {
		return runAs(m.proc.as, m.proc.dir.path, install, append(args, data)...)
	}}.fill(path, m.proc.as)
	if err != nil {
		return err
	}
	err = onFreePort(func(port int) error {
		m.Addr = loopback(port)
		m.proc.args = []string{
			"--no-defaults", data,
			"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port),
			"--socket=" + m.socket,
			"--pid-file=" + filepath.Join(m.proc.dir.path, "pid"),
			"--tmpdir=" + m.proc.dir.path, // a server that starts removes temporary tables of others
			"--skip-name-resolve",
			"--character-set-server=utf8mb4",
			"--innodb-flush-log-at-trx-commit=2", // the page cache survives a killed process
			"--innodb-log-file-size=16M",
			"--innodb-buffer-pool-size=64M",
			"--max-connections=200",
			"--default-time-zone=+00:00",
		}
		return m.proc.start()
	})
	if err != nil {
		return err
	}
	return m.exec(fmt.Sprintf("CREATE USER %s@'%%' IDENTIFIED BY '%s'; GRANT ALL ON *.* TO %s@'%%' WITH GRANT OPTION; CREATE DATABASE %s",
		m.User, m.Password, m.User, m.Database))
}

// ready connects to the server's own socket, which it opens after its port.
func (m *MariaDBServer) ready(ctx context.Context, _ int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", m.socket)
	if err != nil {
		return err
	}
	return conn.Close()
}

type mariaDBPrograms struct{ server, install, client string }

func findMariaDB() (p mariaDBPrograms, err error) {
	if err := available(); err != nil {
		return p, err
	}
	for name, path := range map[string]*string{"mariadbd": &p.server, "mariadb-install-db": &p.install, "mariadb": &p.client} {
		if *path, err = lookPath(name); err != nil {
			return p, missing("MariaDB ("+name+")", "mariadb-server")
		}
	}
	return p, nil
}

// lookPath also looks where Debian puts servers: a user's PATH lacks it.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}
