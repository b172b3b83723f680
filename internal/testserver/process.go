// Package testserver starts real servers for tests (Redis, Redis Cluster,
// Redis Sentinel, Memcached, PostgreSQL, MariaDB) on private loopback ports
// with their data in temporary directories.
//
// Every server ends with the test that asked for it, or, when shared, with the
// test process, however that ends. A server can be killed, frozen, thawed and
// restarted, with its data or empty.
//
// A test whose server is not installed is skipped with a line that says how to
// get it; it fails instead when CRUDADMIN_REQUIRE_SERVERS=1 is set, as
// `make test` does. With -short it is skipped in any case. Servers are started
// on Linux only.
package testserver

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// RequireEnv is the variable that turns "server missing: skip" into a failure.
const RequireEnv = "CRUDADMIN_REQUIRE_SERVERS"

// LongEnv is the variable that asks for the long form of tests that have one, as
// `make test-long` does.
const LongEnv = "CRUDADMIN_LONG"

// Long reports whether the long forms of tests are asked for: more rounds, more rows,
// more random orders, of the same promise.
func Long() bool { return os.Getenv(LongEnv) == "1" && !testing.Short() }

// LongForm skips a test that is a long form unless those are asked for. `make test-long` runs the
// tests whose names end in Long: one with another name fails.
func LongForm(t testing.TB) {
	t.Helper()
	switch {
	case !strings.HasSuffix(t.Name(), "Long"):
		t.Fatalf("%s is a long form: its name must end in Long", t.Name())
	case !Long():
		t.Skip("the long form: make test-long")
	}
}

// startTimeout bounds how long a server may take to answer; generous, because
// tests share few cores with the compiler.
const startTimeout = Guard

var (
	errMissing = errors.New("not installed")
	errShort   = errors.New("no servers with -short")
	errExited  = errors.New("the server ended while starting")
)

// available returns why no server can be started here, or nil.
func available() error {
	if testing.Short() {
		return errShort
	}
	return supported()
}

// missing says that a program was not found and which Debian package has it.
func missing(program, pkg string) error {
	return fmt.Errorf("%s is %w: apt-get install %s, or make test", program, errMissing, pkg)
}

// check ends the test when err is not nil: skipped when a program is missing
// and nothing requires it, failed otherwise.
func check(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errShort), errors.Is(err, errMissing) && os.Getenv(RequireEnv) != "1":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// Executable returns the path of a program, the first of its names that is installed; pkg is the
// Debian package that has it. The test is skipped, or fails, when there is none, as for servers.
func Executable(t testing.TB, pkg string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := lookPath(name); err == nil {
			return path
		}
	}
	check(t, missing(names[0], pkg))
	return ""
}

// process is one server: a command that can be started more than once.
type process struct {
	name string
	path string
	args []string
	dir  *directory
	as   *credential // nil: the user of the test

	// quit is the signal that ends the server at once but lets it clean up
	// what outlives a process; SIGKILL follows. Zero: SIGKILL alone.
	quit syscall.Signal

	// death is the signal that the kernel sends when the test process dies.
	// Zero: SIGKILL, which ends a frozen server too.
	death syscall.Signal

	// ready reports whether this very process, and no other that took the
	// port, answers.
	ready func(ctx context.Context, pid int) error

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{}
}

// start runs the command and returns when it is ready. An error wraps
// errExited when the process ended by itself, as it does when its port is taken.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	cmd := exec.Command(p.path, p.args...)
	cmd.Dir = p.dir.path
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = attributes(p.as, cmp.Or(p.death, syscall.SIGKILL))

	// The kernel sends the parent-death signal when the thread that forked
	// ends, so one thread is kept for as long as the server lives.
	started, done := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // killed on purpose: the exit status says nothing
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.done = cmd, done

	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	err = poll(ctx, func() error {
		select {
		case <-done:
			return permanent{errExited}
		default:
			return p.ready(ctx, cmd.Process.Pid)
		}
	})
	if err != nil {
		p.end(syscall.SIGKILL)
		return fmt.Errorf("start %s: %w\n%s", p.name, err, p.log())
	}
	return nil
}

// stop ends the process and everything it started; a stopped one stays stopped.
func (p *process) stop(first syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(first)
}

func (p *process) end(first syscall.Signal) {
	if p.cmd == nil {
		return
	}
	if first != 0 && first != syscall.SIGKILL {
		resume(p.cmd.Process.Pid)
		_ = p.cmd.Process.Signal(first) // SIGKILL follows if it does not end
		select {
		case <-p.done:
		case <-time.After(10 * time.Second):
		}
	}
	killTree(p.cmd.Process.Pid)
	<-p.done
	p.cmd = nil
}

func (p *process) freeze() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("freeze %s: it is not running", p.name)
	}
	return suspend(p.cmd.Process.Pid)
}

func (p *process) thaw() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("thaw %s: it is not running", p.name)
	}
	resume(p.cmd.Process.Pid)
	return nil
}

func (p *process) logFile() string { return filepath.Join(p.dir.path, "server.log") }

// log returns the last lines that the server wrote.
func (p *process) log() string {
	const tail = 4096
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b[max(0, len(b)-tail):]))
}

// remove ends the process and deletes its directory.
func (p *process) remove() {
	p.stop(p.quit)
	p.dir.remove()
}

// runAs runs a program of a server (initdb, say) to its end.
func runAs(as *credential, dir, path string, args ...string) error {
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = attributes(as, syscall.SIGKILL)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(path), err, bytes.TrimSpace(out))
	}
	return nil
}

// permanent is an error that asking again does not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// poll calls f until it returns nil or a permanent error, or ctx is done.
func poll(ctx context.Context, f func() error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if _, stop := errors.AsType[permanent](err); err == nil || stop {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last answer: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// server is what every kind of server can suffer. Its methods end the test
// when they fail.
type server struct {
	t      testing.TB
	proc   *process
	shared bool
}

// Kill ends the server with SIGKILL and returns when it is gone.
func (s *server) Kill() {
	s.t.Helper()
	s.own("Kill")
	s.proc.stop(syscall.SIGKILL)
}

// Freeze stops the server with SIGSTOP: it keeps its connections and answers
// nothing until [server.Thaw].
func (s *server) Freeze() {
	s.t.Helper()
	s.own("Freeze")
	check(s.t, s.proc.freeze())
}

// Thaw lets a frozen server go on.
func (s *server) Thaw() {
	s.t.Helper()
	s.own("Thaw")
	check(s.t, s.proc.thaw())
}

// Log returns the end of what the server wrote to its log.
func (s *server) Log() string { return s.proc.log() }

func (s *server) own(what string) {
	s.t.Helper()
	if s.shared {
		s.t.Fatalf("%s on a shared %s: start one for this test alone", what, s.proc.name)
	}
}

// restart kills the server if it runs, lets erase empty it, and starts it again
// on the same port.
func (s *server) restart(erase func() error) {
	s.t.Helper()
	s.own("Restart")
	s.proc.stop(syscall.SIGKILL)
	if erase != nil {
		check(s.t, erase())
	}
	check(s.t, s.proc.start())
}

// adopt ties a started process to the test: removed at its end, its log shown
// when the test failed.
func adopt(t testing.TB, p *process) server {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", p.name, p.log())
		}
		p.remove()
	})
	return server{t: t, proc: p}
}

var sharedProcesses struct {
	sync.Mutex
	list []*process
}

func share(p *process) {
	sharedProcesses.Lock()
	defer sharedProcesses.Unlock()
	sharedProcesses.list = append(sharedProcesses.list, p)
}

// StopShared ends the servers that the Shared functions started. Call it in
// TestMain after m.Run, before looking for leaked goroutines. Without it they
// die with the test process, and the next test process to start a server
// deletes their directories. A Shared function called later returns a server
// that is gone.
func StopShared() {
	sharedProcesses.Lock()
	defer sharedProcesses.Unlock()
	for _, p := range sharedProcesses.list {
		p.remove()
	}
	sharedProcesses.list = nil
}

// removeAll deletes a directory into which a dying process may still write.
func removeAll(path string) {
	for range 5 {
		if err := os.RemoveAll(path); err == nil || !errors.Is(err, syscall.ENOTEMPTY) {
			return
		}
	}
}
