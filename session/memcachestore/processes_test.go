// Processes: two of them on one server, for real.

package memcachestore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// The variables by which a process of this test knows that it is one.
const (
	serverVariable = "MEMCACHESTORE_TEST_SERVER"
	prefixVariable = "MEMCACHESTORE_TEST_PREFIX"
)

// The logins of each process at once, and how many sessions the user may have.
const (
	processLogins = 500
	processLimit  = 5
)

// TestProcess is what the other processes run: it waits for a line and signs one
// user in many times at once.
func TestProcess(t *testing.T) {
	if os.Getenv(serverVariable) == "" {
		t.Skip("only as a process of another test")
	}
	s := open(t, Config{Servers: []string{os.Getenv(serverVariable)}, Prefix: os.Getenv(prefixVariable)})
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var logins sync.WaitGroup
	for range processLogins {
		logins.Go(func() {
			one := newSession("ada", session.Tag{1})
			if _, err := s.Create(ctx, one, session.Admission{Limit: processLimit}); err != nil {
				t.Error(err)
			}
		})
	}
	logins.Wait()
}

func TestTwoProcessesNeverExceedTheLimit(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	const processes = 2
	ended := make(chan error, processes)
	var begin []func()
	for range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcess$", "-test.count=1")
		cmd.Env = append(os.Environ(), serverVariable+"="+server.Addr, prefixVariable+"="+prefix)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for lines.Scan() && lines.Text() != "ready" {
		}
		begin = append(begin, func() { _, _ = in.Write([]byte("\n")) })
		go func() {
			var said strings.Builder
			for lines.Scan() {
				said.WriteString(lines.Text() + "\n")
			}
			if err := cmd.Wait(); err != nil {
				ended <- fmt.Errorf("%w: %s", err, &said)
				return
			}
			ended <- nil
		}()
	}
	for _, start := range begin {
		start()
	}
	ada := session.User{ID: "ada", Tag: session.Tag{1}}
	count := func() int {
		page, err := s.List(t.Context(), session.Query{User: ada})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Sessions)
	}
	looks, most := 0, 0
	for running := processes; running > 0; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			running--
		case <-time.After(time.Millisecond):
			looks, most = looks+1, max(most, count())
		}
	}
	if most > processLimit {
		t.Errorf("%d live sessions at one moment, the limit is %d", most, processLimit)
	}
	if n := count(); n != processLimit {
		t.Errorf("%d live sessions in the end, want %d", n, processLimit)
	}
	if err := audit(t, s, []*testserver.MemcachedServer{server}); err != nil {
		t.Error(err)
	}
	t.Logf("%d looks saw at most %d", looks, most)
}
