// This file tests what becomes of servers when their test process dies, and
// when nothing may be skipped.

package testserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// childEnv makes this test binary play a test process that is killed.
const childEnv = "TESTSERVER_CHILD"

func TestServersDieWithTheTestProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv(childEnv) != "" {
		r := testserver.Redis(t, testserver.RedisOptions{})
		dir := mustDo(t, r, "CONFIG", "GET", "dir").([]any)[1]
		fmt.Printf("server %s %s\n", r.Addr, dir)
		select {} // until killed
	}
	testserver.SharedRedis(t) // skips here, not in the child, if there is no Redis

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), childEnv+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var addr, dir string
	for lines := bufio.NewScanner(out); addr == "" && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "server %s %s", &addr, &dir) // other lines are the test framework's
	}
	if addr == "" {
		t.Fatal("the child started no server")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed

	eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})

	// The next test process to start a server clears up after the dead one.
	next := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRedisConfig$")
	if out, err := next.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "redis.conf")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the dead process's directory is still there: %v", err)
	}
}

func TestMissingServerSkipsUnlessRequired(t *testing.T) {
	t.Parallel()
	if os.Getenv(childEnv) != "" {
		testserver.Memcached(t, testserver.MemcachedOptions{})
		t.Fatal("a server from nowhere")
	}
	if path, err := exec.LookPath("/usr/sbin/memcached"); err == nil {
		t.Skipf("%s would be found with any PATH", path)
	}
	for require, want := range map[string]string{"": "--- SKIP", "1": "--- FAIL"} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		child.Env = append(os.Environ(), childEnv+"=1", "PATH="+t.TempDir(), testserver.RequireEnv+"="+require)
		out, _ := child.CombinedOutput() // fails when required
		for _, want := range []string{want, "apt-get install memcached"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s=%q: no %q in\n%s", testserver.RequireEnv, require, want, out)
			}
		}
	}
}

// eventually waits until ok says so, for as long as [testserver.Guard] at most.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testserver.Guard)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen in two minutes")
		case <-tick.C:
		}
	}
}
