// SQLite: a file that another process holds, or that cannot be used.

package faults

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

const (
	lockedRow  = "locked by another process"
	corruptRow = "corrupt or read-only file"
)

// holderVariable tells a process that it is to hold the write lock of a file.
const holderVariable = "FAULTS_HOLD"

// TestHolder is that process.
func TestHolder(t *testing.T) {
	path := os.Getenv(holderVariable)
	if path == "" {
		t.Skip("only as a process of TestSQLiteLocked")
	}
	db := must[*sql.DB](t)(sqlite.Open(t.Context(), path))
	conn := must[*sql.Conn](t)(db.Conn(t.Context()))
	must[sql.Result](t)(conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"))
	fmt.Println("held")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until it is told, or killed
	must[sql.Result](t)(conn.ExecContext(t.Context(), "ROLLBACK"))
	fmt.Println("released")
}

// TestSQLiteLocked: a write waits for its deadline, and reads go on.
func TestSQLiteLocked(t *testing.T) {
	t.Parallel()
	s := sqliteFile()
	server := s.Start(t)
	try(t, lockedRow, "sqlite", s, server, func(c *cell) {
		for _, killed := range []bool{false, true} {
			c.close()
			c.open(false)
			site, v := c.newSite(), c.newVictims()
			before := c.count()
			var release func()
			c.harm(func() { release = holdFile(c, server.Addr, killed) })
			for _, k := range c.calls(v) {
				took, err := c.ask(k)
				switch {
				case k.op.Kind == "" && k.name != "Count" && k.name != "Uncount" && k.name != "Sweep":
					if err != nil && !errors.Is(err, session.ErrNotFound) {
						c.Errorf("%s beside a lock: %v", k.name, err)
					}
				case !errors.Is(err, session.ErrUnavailable):
					c.Errorf("%s under a lock: %v, want ErrUnavailable", k.name, err)
				case took < deadline:
					c.Errorf("%s under a lock gave up after %s, want its deadline", k.name, took)
				}
			}
			waiting := make(chan error, 1)
			n := c.record(v.user)
			go func() { // waits, and is let in
				_, err := within(patience, func(ctx context.Context) ([]session.ID, error) {
					return c.store.Create(ctx, n, session.Admission{Limit: 20})
				})
				waiting <- err
			}()
			c.harm(release)
			if err := <-waiting; err != nil {
				c.Errorf("Create that waited for the lock: %v", err)
			}
			c.recovered(site, false)
			c.settle()
			c.grown(before, "afterwards")
			c.clean()
		}
	})
}

// holdFile lets another process take the write lock, and returns what ends that.
func holdFile(t testing.TB, path string, killed bool) (release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHolder$", "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), holderVariable+"="+path)
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
	until := func(word string) bool {
		for lines.Scan() {
			if lines.Text() == word {
				return true
			}
		}
		return false
	}
	if !until("held") {
		t.Fatal("the other process does not get the lock")
	}
	return func() {
		if killed {
			_ = cmd.Process.Kill()
		} else {
			_, _ = in.Write([]byte("\n"))
			until("released")
		}
		go func() { // what it says at its end is nobody's
			for lines.Scan() {
			}
		}()
		_ = cmd.Wait()
	}
}

// TestSQLiteRefused: a file that cannot be used is refused in words, and is not made
// anew.
func TestSQLiteRefused(t *testing.T) {
	t.Parallel()
	s := sqliteFile()
	server := s.Start(t)
	try(t, corruptRow, "sqlite", s, server, func(c *cell) {
		c.open(false)
		for range 20 {
			c.create(c.user())
		}
		c.clean()
		whole, err := os.ReadFile(server.Addr)
		if err != nil {
			c.Fatal(err)
		}
		scribbled := bytes.Clone(whole)
		for p := 1; p < len(scribbled)/4096; p++ {
			copy(scribbled[p*4096:], bytes.Repeat([]byte{0xfe}, 512))
		}
		for name, file := range map[string]struct {
			content []byte
			mode    os.FileMode
		}{
			"half of it":     {whole[:len(whole)/2], 0o600},
			"scribbled over": {scribbled, 0o600},
			"another text":   {bytes.Repeat([]byte("no database "), 1000), 0o600},
			"read-only":      {whole, 0o400},
		} {
			path := filepath.Join(c.TempDir(), "admin.db")
			if err := os.WriteFile(path, file.content, file.mode); err != nil {
				c.Fatal(err)
			}
			began := time.Now()
			db, err := sqlite.Open(context.Background(), path)
			if err == nil {
				var store *sqlstore.Store
				if store, err = sqlstore.Open(context.Background(), db, sqlstore.Config{Logger: quiet}); err == nil {
					_ = store.Close()
				}
				_ = db.Close()
			}
			if err == nil || time.Since(began) > busy {
				c.Errorf("%s: opened, or refused late: %v after %s", name, err, time.Since(began))
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, file.content) {
				c.Errorf("%s: the file was changed (%v)", name, err)
			}
		}
	})
}
