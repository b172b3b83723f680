// Processes: many of them on one database, for real.

package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// The variables by which a process of this test knows that it is one.
const (
	driverVariable = "SQLSTORE_TEST_DRIVER"
	dsnVariable    = "SQLSTORE_TEST_DSN"
	loginsVariable = "SQLSTORE_TEST_LOGINS"
)

// limit is how many sessions the processes allow a user.
const limit = 5

// TestProcess is what the other processes run: it waits for a line, opens the
// store, and signs one user in again and again.
func TestProcess(t *testing.T) {
	e := engine{os.Getenv(driverVariable), os.Getenv(dsnVariable)}
	if e.driver == "" {
		t.Skip("only as a process of the other tests")
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Open(ctx, e.connect(t), Config{})
	if err != nil {
		t.Fatal(err)
	}
	logins := 0
	if _, err := fmt.Sscan(os.Getenv(loginsVariable), &logins); err != nil {
		t.Fatal(err)
	}
	work := make(chan session.Session)
	failed := make(chan error, 8)
	for range cap(failed) {
		go func() {
			for one := range work {
				if _, err := s.Create(ctx, one, session.Admission{Limit: limit}); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for i := range logins {
		one := made("anna", time.Now())
		copy(one.ID[8:], fmt.Sprintf("%016d%016d", os.Getpid(), i))
		select {
		case work <- one:
		case err := <-failed:
			t.Fatal(err)
		}
	}
	close(work)
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
}

// processes starts n processes on e and returns a channel of how each ended.
func processes(t *testing.T, e engine, n, logins int) <-chan error {
	t.Helper()
	ended := make(chan error, n)
	var start []func()
	for range n {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcess$", "-test.count=1")
		cmd.Env = append(os.Environ(), driverVariable+"="+e.driver, dsnVariable+"="+e.dsn, fmt.Sprintf("%s=%d", loginsVariable, logins))
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
		start = append(start, func() { _, _ = in.Write([]byte("\n")) })
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
	for _, begin := range start {
		begin()
	}
	return ended
}

// TestTenProcessesOpenAtOnce and the test of two processes run on each server; their long forms
// also with arguments sent apart, and with more logins.
func TestTenProcessesOpenAtOnce(t *testing.T) { tenOpenAtOnce(t, "sqlite") }

func TestTenProcessesOpenAtOnceLong(t *testing.T) {
	testserver.LongForm(t)
	tenOpenAtOnce(t, slices.Collect(maps.Keys(engines))...)
}

func tenOpenAtOnce(t *testing.T, names ...string) {
	t.Helper()
	eachOf(t, names, func(t *testing.T, e engine) {
		ended := processes(t, e, 10, 1)
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		s := open(t, e.connect(t), nil)
		page, err := s.List(t.Context(), session.Query{})
		if err != nil || len(page.Sessions) != limit {
			t.Fatalf("%d sessions after ten processes signed in under a limit of %d (%v)", len(page.Sessions), limit, err)
		}
		files, err := migrations.ReadDir("migrations/" + string(s.db.Engine))
		if err != nil {
			t.Fatal(err)
		}
		var versions int
		if err := s.db.Pool.QueryRowContext(t.Context(), "SELECT count(*) FROM "+versionTable+" WHERE version_id > 0").Scan(&versions); err != nil || versions != len(files) {
			t.Errorf("%d migrations recorded, want %d (%v)", versions, len(files), err)
		}
	})
}

func TestTwoProcessesNeverExceedTheLimit(t *testing.T) { twoProcesses(t, 60, "sqlite", "postgresql") }

func TestTwoProcessesNeverExceedTheLimitLong(t *testing.T) {
	testserver.LongForm(t)
	twoProcesses(t, 500, slices.Collect(maps.Keys(engines))...)
}

// twoProcesses sign a user in as often as that each.
func twoProcesses(t *testing.T, logins int, names ...string) {
	t.Helper()
	eachOf(t, names, func(t *testing.T, e engine) {
		s := open(t, e.connect(t), nil)
		ended := processes(t, e, 2, logins)
		anna := made("anna", time.Now())
		count := func() int {
			page, err := s.List(t.Context(), session.Query{User: anna.User()})
			if err != nil {
				t.Fatal(err)
			}
			return len(page.Sessions)
		}
		for running := 2; running > 0; {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
				running--
			case <-time.After(time.Millisecond):
				if n := count(); n > limit {
					t.Fatalf("%d live sessions, the limit is %d", n, limit)
				}
			}
		}
		if n := count(); n != limit {
			t.Errorf("%d live sessions in the end, want %d", n, limit)
		}
		var kept int
		if err := s.db.Pool.QueryRowContext(t.Context(), "SELECT count(*) FROM crudadmin_sessions WHERE ended_reason = 'limit'").Scan(&kept); err != nil || kept != 2*logins-limit {
			t.Errorf("%d sessions ended by the limit, want %d (%v)", kept, 2*logins-limit, err)
		}
	})
}
