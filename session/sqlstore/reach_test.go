// A network that loses what it is given, and servers that come back.

package sqlstore

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// relay is between the store and its server. While it is silent, connections lead
// nowhere; those that there are then, or that are made then, do so for ever.
type relay struct {
	net.Listener
	silent atomic.Bool
	made   atomic.Int64 // connections, while silent
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l}
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { _ = l.Close(); stop(); all.Wait() })
	all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = near.Close(); _ = far.Close() })
			var dead atomic.Bool
			if r.silent.Load() {
				dead.Store(true)
				r.made.Add(1)
			}
			all.Go(func() { r.pass(far, near, &dead) })
			all.Go(func() { r.pass(near, far, &dead) })
		}
	})
	return r
}

func (r *relay) pass(to, from net.Conn, dead *atomic.Bool) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if r.silent.Load() {
			dead.Store(true)
		}
		if dead.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestConnectionsThatLeadNowhere: when the network is back, so is service, though no
// connection of before ever says a word; and meanwhile it is not flooded with new ones.
func TestConnectionsThatLeadNowhere(t *testing.T) { leadNowhere(t, "postgresql", "mariadb") }

func TestConnectionsThatLeadNowhereLong(t *testing.T) {
	testserver.LongForm(t)
	leadNowhere(t, "mariadb, arguments sent apart")
}

func leadNowhere(t *testing.T, names ...string) {
	t.Helper()
	eachOf(t, names, func(t *testing.T, e engine) {
		var r *relay
		switch e.driver {
		case "pgx":
			u, err := url.Parse(e.dsn)
			if err != nil {
				t.Fatal(err)
			}
			r = newRelay(t, u.Host)
			e.dsn = strings.Replace(e.dsn, u.Host, r.Addr().String(), 1)
		case "mysql":
			_, rest, _ := strings.Cut(e.dsn, "(")
			host, _, _ := strings.Cut(rest, ")")
			r = newRelay(t, host)
			e.dsn = strings.Replace(e.dsn, host, r.Addr().String(), 1)
		}
		db := e.connect(t)
		db.SetMaxOpenConns(4)
		s := open(t, db, nil)
		live := made("anna", time.Now())
		if _, err := s.Create(t.Context(), live, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		get := func(given time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), given)
			defer cancel()
			_, err := s.Get(ctx, live.ID)
			if err != nil && !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Get: %v, want ErrUnavailable", err)
			}
			return err
		}
		var callers sync.WaitGroup
		for range 12 { // all connections are made, and used
			callers.Go(func() { _ = get(testserver.Guard) })
		}
		callers.Wait()
		r.silent.Store(true)
		const calls = 20
		for range 12 {
			callers.Go(func() {
				for range calls {
					_ = get(100 * time.Millisecond)
				}
			})
		}
		callers.Wait()
		// One for each idle connection, and one for each connection that was closed, by
		// which pgx asks the server to give up; then one a ping.
		if n := r.made.Load(); n > 40 {
			t.Errorf("%d connections were made while none led anywhere", n)
		}
		r.silent.Store(false)
		began := time.Now()
		for {
			err := get(time.Second)
			if err == nil {
				break
			}
			if time.Since(began) > testserver.Guard {
				t.Fatalf("no service after %s: %v", time.Since(began), err)
			}
		}
		t.Logf("back after %s, %d connections made meanwhile", time.Since(began), r.made.Load())
	})
}

// TestReportOfAPingThatFailed: the report warns of a server that calls doubt, and not of one that
// failed a ping while calls were answered.
func TestReportOfAPingThatFailed(t *testing.T) {
	t.Parallel()
	s := open(t, engines["postgresql"](t).connect(t), nil)
	s.reach.end() // pings fail at once
	<-s.reach.ask().over
	if !s.reach.told.Load() {
		t.Fatal("the ping was answered")
	}
	if _, err := s.Get(t.Context(), session.ID{1}); !errors.Is(err, session.ErrNotFound) {
		t.Fatal(err)
	}
	if r := s.Traits().Report(); r.Warning != "" {
		t.Errorf("while calls are answered: %s", r.Warning)
	}
	s.reach.doubted.Store(true)
	if r := s.Traits().Report(); !strings.Contains(r.Warning, "does not answer") {
		t.Errorf("while no call is answered the report warns %q", r.Warning)
	}
}
