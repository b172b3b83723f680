package main

// This file tests demo and serve with a stand-in for the panel: what they print, keep, hand on and
// how they stop.

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/shop"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// standIn is a panel that answers with the path, and notes what it was given.
type standIn struct {
	options   panelOptions
	generated string
	handler   http.HandlerFunc
	drain     time.Duration // drainTime, unless set
	looping   atomic.Bool
	closed    atomic.Bool
}

func (f *standIn) open(_ context.Context, o panelOptions) (*openedPanel, error) {
	f.options = o
	handler := f.handler
	if handler == nil {
		handler = func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }
	}
	return &openedPanel{
		Handler: handler,
		Run: func(ctx context.Context) error {
			f.looping.Store(true)
			<-ctx.Done()
			f.looping.Store(false)
			return ctx.Err()
		},
		Close:     func() error { f.closed.Store(true); return nil },
		Username:  o.Settings.FirstUsername,
		Generated: f.generated,
	}, nil
}

// running is a program that has printed its greeting.
type running struct {
	lines []string
	stop  context.CancelFunc
	code  chan int
	log   *heard
}

// heard is what the program logs, which a test may wait for.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed with the next write
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.more)
	h.more = make(chan struct{})
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// await waits until the text was logged.
func (h *heard) await(t *testing.T, text string) {
	t.Helper()
	guard := time.After(testserver.Guard)
	for {
		h.mu.Lock()
		said, more := h.text.String(), h.more
		h.mu.Unlock()
		if strings.Contains(said, text) {
			return
		}
		select {
		case <-more:
		case <-guard:
			t.Fatalf("nothing is said of %q:\n%s", text, said)
		}
	}
}

// begin runs the program until it has printed so many lines.
func begin(t *testing.T, f *standIn, lines int, getenv func(string) string, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	r := &running{stop: stop, code: make(chan int, 1), log: &heard{more: make(chan struct{})}}
	p := &program{stdout: writer, stderr: r.log, getenv: getenv, openPanel: f.open, drain: cmp.Or(f.drain, drainTime)}
	go func() {
		code := p.run(ctx, args)
		_ = writer.Close()
		r.code <- code
	}()
	t.Cleanup(stop)
	scanner := bufio.NewScanner(reader)
	for len(r.lines) < lines && scanner.Scan() {
		r.lines = append(r.lines, scanner.Text())
	}
	if len(r.lines) < lines {
		t.Fatalf("it ended with code %d after %q; log:\n%s", <-r.code, r.lines, r.log)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	return r
}

// end stops the program and expects it to be done.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if code := <-r.code; code != exitDone {
		t.Errorf("exit code %d; log:\n%s", code, r.log)
	}
}

// dataDir is a DATA_DIR that is not there yet.
func dataDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "data")
}

func database(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// get is the body at the address, or what went wrong.
func get(url string) string {
	response, err := http.Get(url) // #nosec G107 -- our own server
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

func TestDemo(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	dir, f := dataDir(t), &standIn{}
	first := begin(t, f, 3, from("DATA_DIR", dir), "demo", "--addr", "127.0.0.1:0")
	url, isURL := strings.CutPrefix(first.lines[0], "url: ")
	password, isPassword := strings.CutPrefix(first.lines[2], "password: ")
	if !isURL || !isPassword || first.lines[1] != "username: admin" || !strings.HasSuffix(url, "/admin/") || len(password) < 20 {
		t.Fatalf("printed %q", first.lines)
	}
	if got := get(url); got != "/admin/" {
		t.Errorf("%s is answered with %q, want the whole path handed to the panel", url, got)
	}
	if o := f.options; o.Database.Path != filepath.Join(dir, "shop.db") || o.ReadOnly || o.Settings.AdminDatabase != filepath.Join(dir, "admin.db") ||
		string(o.Settings.FirstPassword) != password || !o.ResetPassword || len(o.Settings.SecretKey) < 32 {
		t.Errorf("the panel was given %+v", o)
	}
	key := string(f.options.Settings.SecretKey)
	first.end(t)
	if f.looping.Load() || !f.closed.Load() {
		t.Error("the panel's loop still runs, or its databases are open")
	}
	if strings.Contains(first.log.String(), password) || strings.Contains(first.log.String(), key) {
		t.Errorf("a secret is in the log:\n%s", first.log)
	}
	for name, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "secret.key": 0o600, "demo-password": 0o600, "shop.db": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("DATA_DIR/%s: %v, %v; want mode %s", name, info, err, mode)
		}
	}

	// The next run finds the shop, the key and the password, and its flags win over the variables.
	second := begin(t, f, 1, from("DATA_DIR", "elsewhere", "MOUNT_PATH", "/"), "demo", "--addr", "127.0.0.1:0", "--json", "--data-dir", dir)
	var g map[string]string
	if err := json.Unmarshal([]byte(second.lines[0]), &g); err != nil || len(g) != 3 || g["username"] != "admin" || g["password"] != password || strings.Count(g["url"], "/") != 3 {
		t.Errorf("--json printed %q, %v", second.lines[0], err)
	}
	if string(f.options.Settings.SecretKey) != key {
		t.Error("the next run has another key")
	}
	second.end(t)
	if strings.Contains(second.log.String(), "making the shop") {
		t.Error("the shop was made again")
	}
}

func TestDemoLeavesAStrangersFileAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop.db"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	p := &program{stdout: io.Discard, stderr: &stderr, getenv: from("DATA_DIR", dir), openPanel: (&standIn{}).open}
	if code := p.run(t.Context(), []string{"demo", "--addr", "127.0.0.1:0"}); code != exitFailed || !strings.Contains(stderr.String(), shop.ErrNotShop.Error()) {
		t.Errorf("code %d: %s", code, &stderr)
	}
}

func TestServePrintsThePasswordOnlyWhenItMadeIt(t *testing.T) {
	path, dir := database(t), dataDir(t)
	for _, c := range []struct {
		what, generated string
		getenv          func(string) string
		want            []string
	}{
		{"made now", "generated-now", from(), []string{"username: admin", "password: generated-now"}},
		{"made earlier", "", from(), []string{"username: admin"}},
		{"given by the variables", "", from("ADMIN_USERNAME", "ann", "ADMIN_PASSWORD", "correct horse battery"), []string{"username: ann"}},
	} {
		f := &standIn{generated: c.generated}
		r := begin(t, f, 1+len(c.want), c.getenv, "serve", "--database", "sqlite:"+path, "--read-only", "--addr", "127.0.0.1:0", "--data-dir", dir)
		if got := strings.Join(r.lines[1:], "\n"); got != strings.Join(c.want, "\n") {
			t.Errorf("%s: printed %q", c.what, got)
		}
		if !f.options.ReadOnly || f.options.Database.Path != path || f.options.ResetPassword {
			t.Errorf("%s: the panel was given %+v", c.what, f.options)
		}
		r.end(t)

		r = begin(t, f, 1, c.getenv, "serve", "--database", "sqlite:"+path, "--addr", "127.0.0.1:0", "--data-dir", dir, "--json")
		if has := strings.Contains(r.lines[0], `"password":`); has != (c.generated != "") {
			t.Errorf("%s: --json printed %s", c.what, r.lines[0])
		}
		r.end(t)
	}
}

func TestStopLetsARequestInFlightFinish(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	f := &standIn{}
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "late") {
			return
		}
		close(arrived)
		<-release
		if r.Context().Err() != nil || f.closed.Load() || !f.looping.Load() {
			http.Error(w, "cut", http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, "whole")
	}
	r := begin(t, f, 2, from(), "serve", "--database", "sqlite:"+database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
	url, answer := strings.TrimPrefix(r.lines[0], "url: "), make(chan string, 1)
	go func() { answer <- get(url) }()
	<-arrived
	r.stop()
	for { // the listener closes first: then the drain is under way
		response, err := http.Get(url + "late") // #nosec G107
		if err != nil {
			break
		}
		_ = response.Body.Close()
	}
	close(release)
	if got := <-answer; got != "whole" {
		t.Errorf("the request in flight was answered with %q", got)
	}
	r.end(t)
	if !f.closed.Load() {
		t.Error("the panel was not closed")
	}
}

func TestStopCutsARequestThatNeverEnds(t *testing.T) {
	arrived := make(chan struct{})
	f := &standIn{drain: time.Millisecond, handler: func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}}
	r := begin(t, f, 2, from(), "serve", "--database", "sqlite:"+database(t), "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
	go get(strings.TrimPrefix(r.lines[0], "url: "))
	<-arrived
	r.stop()
	if code := <-r.code; code != exitFailed || !strings.Contains(r.log.String(), "were cut") || !f.closed.Load() {
		t.Errorf("exit code %d, closed %t; log:\n%s", code, f.closed.Load(), r.log)
	}
}

func TestTakenAddressFails(t *testing.T) {
	path, f := database(t), &standIn{}
	r := begin(t, f, 2, from(), "serve", "--database", "sqlite:"+path, "--addr", "127.0.0.1:0", "--data-dir", dataDir(t))
	taken := strings.TrimSuffix(strings.TrimPrefix(r.lines[0], "url: http://"), "/admin/")
	var stderr bytes.Buffer
	p := &program{stdout: io.Discard, stderr: &stderr, getenv: from(), openPanel: f.open}
	if code := p.run(t.Context(), []string{"serve", "--database", "sqlite:" + path, "--addr", taken, "--data-dir", dataDir(t)}); code != exitFailed || !strings.Contains(stderr.String(), taken) {
		t.Errorf("code %d: %s", code, &stderr)
	}
	r.end(t)
}
