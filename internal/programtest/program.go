// Package programtest runs the program crudadmin as users do, for the tests of the whole: on the
// demo, on files that it never saw, and with a visitor who reads its pages over HTTP as a browser
// without JavaScript does.
package programtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/clip"
)

// Program is the program, listening: its address and its first administrator.
type Program struct {
	URL, Username, Password string

	cmd *exec.Cmd
	log *logBuffer
}

// logBuffer is the program's log, to be read while it writes.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// errors returns the log's lines of level ERROR.
func (b *logBuffer) errors() (lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return lines
}

// buildDir is where Build has put the program, for Remove.
var buildDir atomic.Pointer[string]

// programEnv names the variable with the path of the program, for which `make test` builds it once
// for all packages.
const programEnv = "CRUDADMIN_TEST_PROGRAM"

// Build returns the path of the program as users run it: the one that programEnv names, or one that
// it builds, once for each process.
var Build = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(programEnv); path != "" {
		return path, nil
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", module, err)
	}
	dir, err := os.MkdirTemp("", "crudadmin-test-")
	if err != nil {
		return "", err
	}
	buildDir.Store(&dir)
	path := filepath.Join(dir, "crudadmin")
	build := exec.Command("go", "build", "-o", path, "./cmd/crudadmin") //nolint:gosec // a folder of our own
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

const module = "github.com/go-crudadmin/crudadmin"

// Remove removes what Build has built; TestMain calls it at its end.
func Remove() {
	if dir := buildDir.Load(); dir != nil {
		_ = os.RemoveAll(*dir)
	}
}

// run starts the program and reads what it prints once it serves.
func run(ctx context.Context, args ...string) (*Program, error) {
	path, err := Build()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, append(args, "--json", "--addr", "127.0.0.1:0")...) //nolint:gosec // the program that Build has made
	cmd.Env = append(os.Environ(), "LOG_LEVEL=warn")
	return start(cmd)
}

// start starts a command that becomes the program, and reads what it prints once it serves.
func start(cmd *exec.Cmd) (*Program, error) {
	s := &Program{cmd: cmd, log: &logBuffer{}}
	s.cmd.Stderr = s.log
	printed, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	if err := json.NewDecoder(printed).Decode(s); err != nil {
		_ = s.cmd.Process.Kill()
		return nil, fmt.Errorf("%w: %s", s.cmd.Wait(), &s.log.text)
	}
	return s, nil
}

// stop stops the program as an operator would.
func (s *Program) stop() error {
	if err := errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait()); err != nil {
		return fmt.Errorf("%w: %s", err, &s.log.text)
	}
	return nil
}

// Serve runs the program on a free port until the test ends, then stops it as an operator would.
// A test whose program logged an error fails.
func Serve(t *testing.T, args ...string) *Program {
	t.Helper()
	s, err := run(context.WithoutCancel(t.Context()), args...)
	if err != nil {
		t.Fatal(err)
	}
	s.stopWith(t)
	return s
}

// ServeScript runs commands as a shell does, one a line, in an empty folder, with these variables
// beside those of the test. The last one is the program, which is stopped as Serve stops it.
func ServeScript(t *testing.T, commands []string, variables ...string) *Program {
	t.Helper()
	last := len(commands) - 1
	script := strings.Join(append(slices.Clone(commands[:last]), "exec "+commands[last]), "\n")
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "sh", "-e", "-c", script) //nolint:gosec // the test's own
	cmd.Dir = t.TempDir()
	cmd.Env = append(append(os.Environ(), "LOG_LEVEL=warn", "JSON_OUTPUT=true", "ADDR=127.0.0.1:0"), variables...)
	s, err := start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	s.stopWith(t)
	return s
}

// stopWith stops the program when the test ends.
func (s *Program) stopWith(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		for i, line := range s.log.errors() {
			if i < 10 {
				t.Error(Clip(line))
			}
		}
	})
}

// ServeFile serves a SQLite file with --read-only.
func ServeFile(t *testing.T, path string) *Program {
	t.Helper()
	return Serve(t, "serve", "--database", "sqlite:"+path, "--read-only", "--data-dir", filepath.Join(t.TempDir(), "data"))
}

// madeShop is the content of the demo's database, made once for each process.
var madeShop = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "crudadmin-shop-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := run(context.Background(), "demo", "--data-dir", filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "data", "shop.db")) // #nosec G304
})

// DemoDir is a DATA_DIR in which the shop of the demo has been made.
func DemoDir(t *testing.T) string {
	t.Helper()
	content, err := madeShop()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil { // #nosec G302 -- a folder
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shop.db"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Clip shortens a text for a message.
func Clip(s string) string { return clip.Text(s, 500) }
