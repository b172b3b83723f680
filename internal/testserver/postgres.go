// This file holds a PostgreSQL server.

package testserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// PostgresServer is a running PostgreSQL that asks for no password. What was
// committed survives Kill and Restart, though not a power cut: fsync is off.
type PostgresServer struct {
	server
	Addr     string // 127.0.0.1:port
	User     string // the superuser
	Database string

	bin string
}

// Postgres starts a PostgreSQL server of this test alone. That takes seconds:
// use [SharedPostgres] unless the test kills, freezes or fills it.
func Postgres(t testing.TB) *PostgresServer {
	t.Helper()
	p, err := startPostgres(syscall.SIGKILL)
	check(t, err)
	p.server = adopt(t, p.proc)
	return p
}

var sharedPostgres = sync.OnceValues(func() (*PostgresServer, error) {
	// Nobody freezes it. Vacuuming would come back to each of its many databases in turn.
	p, err := startPostgres(syscall.SIGQUIT, "autovacuum=off")
	if err == nil {
		share(p.proc)
	}
	return p, err
})

// SharedPostgres returns the PostgreSQL server that all tests of this process
// share, with an empty database of this test's own. It cannot be killed, frozen
// or restarted.
func SharedPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	shared, err := sharedPostgres()
	check(t, err)
	own := *shared
	own.server = server{t: t, proc: shared.proc, shared: true}
	own.Database = fmt.Sprintf("test%d", prefixes.Add(1))
	check(t, shared.exec("CREATE DATABASE "+own.Database+shared.strategy()))
	return &own
}

// strategy is how a database is made: copying the files of the template costs a third of the
// processor's time that PostgreSQL takes by default. The word is known from version 15 on.
func (p *PostgresServer) strategy() string {
	b, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	if n, wrong := strconv.Atoi(strings.TrimSpace(string(b))); err != nil || wrong != nil || n < 15 {
		return ""
	}
	return " STRATEGY file_copy"
}

// URL returns the address as postgres://, for pgx.
func (p *PostgresServer) URL() string {
	u := url.URL{Scheme: "postgres", User: url.User(p.User), Host: p.Addr, Path: "/" + p.Database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Restart kills the server if it runs and starts it again on the same port
// with the data it had.
func (p *PostgresServer) Restart() {
	p.t.Helper()
	p.restart(nil)
}

func (p *PostgresServer) exec(sql string) error {
	return runAs(p.proc.as, p.proc.dir.path, filepath.Join(p.bin, "psql"),
		"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command="+sql, p.URL())
}

func startPostgres(death syscall.Signal, more ...string) (*PostgresServer, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	as, err := serviceUser("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := newDirectory(as)
	if err != nil {
		return nil, err
	}
	p := &PostgresServer{User: "postgres", Database: "postgres", bin: bin}
	p.proc = &process{name: "postgres", path: filepath.Join(bin, "postgres"), dir: dir, as: as, ready: p.ready,
		quit: syscall.SIGQUIT, death: death} // SIGQUIT gives its shared memory back
	initdb := filepath.Join(bin, "initdb")
	args := []string{"--username=" + p.User, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"}
	err = template{"postgres", []string{initdb, p.proc.path}, args, func(data string) error {
		return runAs(as, dir.path, initdb, append(args, "--pgdata="+data)...)
	}}.fill(p.data(), as)
	if err == nil {
		err = onFreePort(func(port int) error {
			p.Addr = loopback(port)
			p.proc.args = p.arguments(port, more...)
			return p.proc.start()
		})
	}
	if err != nil {
		dir.remove()
		return nil, err
	}
	return p, nil
}

func (p *PostgresServer) data() string { return filepath.Join(p.proc.dir.path, "data") }

func (p *PostgresServer) arguments(port int, more ...string) []string {
	args := []string{"-D", p.data()}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1",
		fmt.Sprintf("port=%d", port),
		"unix_socket_directories=",
		"fsync=off",
		"full_page_writes=off",
		"max_connections=200",
		"shared_buffers=64MB",
		"timezone=UTC",
	}, more...) {
		args = append(args, "-c", setting)
	}
	return args
}

// ready reads the status that the server keeps in the last line of its own
// postmaster.pid, below its process id.
func (p *PostgresServer) ready(_ context.Context, pid int) error {
	b, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if lines[0] != strconv.Itoa(pid) || strings.TrimSpace(lines[len(lines)-1]) != "ready" {
		return errors.New("not yet ready")
	}
	return nil
}

// findPostgres returns the directory of the server's programs: the one on PATH,
// else the newest that Debian installed.
func findPostgres() (string, error) {
	if err := available(); err != nil {
		return "", err
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = slices.Insert(dirs, 0, filepath.Dir(real))
		}
	}
	complete := func(dir string) bool {
		return !slices.ContainsFunc([]string{"postgres", "initdb", "psql"}, func(program string) bool {
			_, err := os.Stat(filepath.Join(dir, program))
			return err != nil
		})
	}
	if i := slices.IndexFunc(dirs, complete); i >= 0 {
		return dirs[i], nil
	}
	return "", missing("PostgreSQL", "postgresql")
}

// version reads 15 from /usr/lib/postgresql/15/bin, 0 from anything else.
func version(dir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	if err != nil {
		return 0
	}
	return n
}
