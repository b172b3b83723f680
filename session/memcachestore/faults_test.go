// Faults made for real: servers frozen, killed, restarted, full; connections cut
// in the middle of a write; replies to another's question.

package memcachestore

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

// calls are all methods that ask a server for one of the user's things.
func calls(s *Store, one session.Session) map[string]func(context.Context) error {
	next := one
	next.ID[39]++
	seen := session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Second)}
	why := session.Ending{Reason: session.Logout}
	return map[string]func(context.Context) error{
		"Get":  func(ctx context.Context) error { _, err := s.Get(ctx, one.ID); return err },
		"List": func(ctx context.Context) error { _, err := s.List(ctx, session.Query{User: one.User()}); return err },
		"Create": func(ctx context.Context) error {
			_, err := s.Create(ctx, next, session.Admission{Limit: 5})
			return err
		},
		"Restore":    func(ctx context.Context) error { return s.Restore(ctx, next) },
		"Touch":      func(ctx context.Context) error { return s.Touch(ctx, seen) },
		"TouchAll":   func(ctx context.Context) error { _, err := s.TouchAll(ctx, []session.Seen{seen}); return err },
		"Update":     func(ctx context.Context) error { return s.Update(ctx, one.ID, 1, session.Metadata{}) },
		"Rotate":     func(ctx context.Context) error { return s.Rotate(ctx, one.ID, next) },
		"Delete":     func(ctx context.Context) error { _, err := s.Delete(ctx, one.ID, why); return err },
		"DeleteUser": func(ctx context.Context) error { _, err := s.DeleteUser(ctx, one.User(), why); return err },
	}
}

func eventually(t testing.TB, patience time.Duration, what string, ok func() error) {
	t.Helper()
	for until := time.Now().Add(patience); ; {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(until) {
			t.Errorf("%s: not within %s: %v", what, patience, err)
			return
		}
		runtime.Gosched()
	}
}

func create(t testing.TB, s *Store, user string, tag session.Tag) session.Session {
	t.Helper()
	one := newSession(user, tag)
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	return one
}

// TestFrozen: a server that keeps its connections and says nothing delays nobody
// beyond his deadline, and leaves nothing behind.
func TestFrozen(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s := open(t, Config{Servers: []string{server.Addr}, PoolSize: 4})
	one := create(t, s, "ada", session.Tag{1})
	var warm sync.WaitGroup
	for range 50 {
		warm.Go(func() { _, _ = s.Get(t.Context(), one.ID) })
	}
	warm.Wait()
	goroutines, clients := runtime.NumGoroutine(), stat(t, server, "curr_connections")
	lazy := open(t, Config{Servers: []string{server.Addr}, Lazy: true})
	server.Freeze()
	const allowed = 100 * time.Millisecond
	for what, store := range map[string]*Store{"connected": s, "not yet connected": lazy} {
		all := calls(store, one)
		all["Ping"] = store.Ping
		all["Count"] = func(ctx context.Context) error { _, err := store.Count(ctx, "k", 5, time.Minute); return err }
		for name, call := range all {
			ctx, cancel := context.WithTimeout(t.Context(), allowed)
			machine := make(chan time.Duration, 1) // how late a bare timer is, where others are busy too
			began := time.Now()
			time.AfterFunc(allowed, func() { machine <- time.Since(began) })
			err := call(ctx)
			took := time.Since(began)
			cancel()
			if late := took - max(<-machine, allowed); late > 50*time.Millisecond {
				t.Errorf("%s, %s: back after %s, %s too late", what, name, took, late)
			}
			if !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s, %s: %v, want ErrUnavailable", what, name, err)
			}
		}
	}
	var crowd sync.WaitGroup
	for range 500 {
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), allowed)
			defer cancel()
			if _, err := s.Get(ctx, one.ID); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("one of a crowd: %v", err)
			}
		})
	}
	crowd.Wait()
	if n := runtime.NumGoroutine() - goroutines; n > 2*s.cfg.PoolSize+20 {
		t.Errorf("%d goroutines wait for a server that says nothing", n)
	}
	_ = lazy.Close()
	server.Thaw()
	eventually(t, time.Second, "service after the thaw", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), allowed)
		defer cancel()
		if _, err := s.Get(ctx, one.ID); !errors.Is(err, session.ErrNotFound) { // a write that was sent may have arrived
			return err
		}
		return nil
	})
	eventually(t, 10*time.Second, "goroutines and connections of the calls", func() error {
		if n, c := runtime.NumGoroutine(), stat(t, server, "curr_connections"); n > goroutines || c > clients {
			return fmt.Errorf("%d goroutines, were %d; %d connections, were %d", n, goroutines, c, clients)
		}
		return nil
	})
}

// TestOneOfThreeKilled: a dead server costs its own share, and nothing else; back
// it is used at once, empty.
func TestOneOfThreeKilled(t *testing.T) {
	var servers []*testserver.MemcachedServer
	var cfg Config
	for range 3 {
		server := testserver.Memcached(t, testserver.MemcachedOptions{})
		servers = append(servers, server)
		cfg.Servers = append(cfg.Servers, server.Addr)
	}
	log := &record{}
	cfg.Logger = slog.New(log)
	s := open(t, cfg)
	dead := s.servers[1]
	var theirs, others []session.Session
	for i := range 120 {
		one := create(t, s, fmt.Sprint("user", i), session.Tag{byte(i), byte(i * 7)})
		if s.sessionsOf(one.ID.Tag()).sv == dead {
			theirs = append(theirs, one)
		} else {
			others = append(others, one)
		}
	}
	if len(theirs) < 20 || len(others) < 50 {
		t.Fatalf("the dead server has %d of 120 users", len(theirs))
	}
	servers[1].Kill()
	var asking sync.WaitGroup
	for _, one := range theirs {
		asking.Go(func() {
			began := time.Now()
			for name, call := range calls(s, one) {
				if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrIndeterminate) {
					t.Errorf("%s of a user of the dead server: %v, want ErrUnavailable", name, err)
				}
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("ten calls to a dead server took %s", took)
			}
		})
	}
	seen := []session.Seen{}
	for _, one := range others {
		seen = append(seen, session.Seen{ID: one.ID, LastActivity: one.LastActivity.Add(time.Minute), ExpiresAt: one.ExpiresAt.Add(time.Minute)})
		asking.Go(func() {
			if _, err := s.Get(t.Context(), one.ID); err != nil {
				t.Errorf("a user of another server: %v", err)
			}
		})
	}
	asking.Wait()
	if absent, err := s.TouchAll(t.Context(), seen); err != nil || len(absent) != 0 {
		t.Errorf("TouchAll of users of other servers: %d absent, %v", len(absent), err)
	}
	seen = append([]session.Seen{{ID: theirs[0].ID, LastActivity: time.Now(), ExpiresAt: theirs[0].ExpiresAt}}, seen...)
	for i := range seen {
		seen[i].LastActivity = seen[i].LastActivity.Add(time.Minute)
	}
	if _, err := s.TouchAll(t.Context(), seen); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("TouchAll with a user of the dead server: %v", err)
	}
	for _, one := range others {
		if got, err := s.Get(t.Context(), one.ID); err != nil || !got.LastActivity.Equal(one.LastActivity.Add(2*time.Minute)) {
			t.Errorf("a user of another server in a batch with one of the dead: last activity %s, %v", got.LastActivity, err)
		}
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping with two of three servers: %v", err)
	}
	health := s.Health(t.Context())
	if health[0].Err != nil || health[1].Err == nil || health[2].Err != nil {
		t.Errorf("Health: %+v", health)
	}
	again := open(t, cfg) // opens without the one
	if _, err := again.Get(t.Context(), others[0].ID); err != nil {
		t.Errorf("a store opened while one server is down: %v", err)
	}

	servers[1].Restart()
	eventually(t, time.Second, "service after the restart", func() error {
		if _, err := s.Get(t.Context(), theirs[0].ID); !errors.Is(err, session.ErrNotFound) {
			return fmt.Errorf("%w, want ErrNotFound of an empty server", err)
		}
		return nil
	})
	for _, one := range theirs {
		if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
			t.Errorf("Create after the restart: %v", err)
		}
	}
	for _, want := range []string{"WARN a server fails, ", "WARN a server does not answer, ", "INFO a server answers again server=" + dead.addr} {
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("the log says %q %d times, want once:\n%s", want, n, log)
		}
	}
}

// record is a log to look at.
type record struct {
	slog.Handler
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Enabled(context.Context, slog.Level) bool { return true }
func (r *record) WithAttrs([]slog.Attr) slog.Handler       { return r }

func (r *record) Handle(_ context.Context, line slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = fmt.Fprint(&r.text, line.Level, " ", line.Message)
	for attr := range line.Attrs {
		_, _ = fmt.Fprint(&r.text, " ", attr)
	}
	r.text.WriteString("\n")
	return nil
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// TestRestarted: connections that the server closed long ago cost nobody an
// answer.
func TestRestarted(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s := open(t, Config{Servers: []string{server.Addr}})
	one := create(t, s, "ada", session.Tag{1})
	for range 5 {
		var busy sync.WaitGroup
		for range 30 {
			busy.Go(func() { _, _ = s.Get(t.Context(), one.ID) })
		}
		busy.Wait()
		server.Restart()
		if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Get after a restart: %v, want ErrNotFound", err)
		}
		server.Restart()
		if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
			t.Errorf("Create after a restart: %v", err)
		}
	}
}

// TestCut: a write whose connection breaks after it was sent is indeterminate,
// whether or not it arrived; asking again resolves it.
func TestCut(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	for _, arrives := range []bool{true, false} {
		proxy := newProxy(t, server.Addr)
		s := open(t, Config{Servers: []string{proxy.addr}, Prefix: fmt.Sprintf("cut%t:", arrives)})
		one := create(t, s, "ada", session.Tag{1})
		for name, call := range map[string]func() error{
			"Create": func() error {
				_, err := s.Create(t.Context(), newSession("ada", one.ID.Tag()), session.Admission{})
				return err
			},
			"Create new": func() error {
				_, err := s.Create(t.Context(), newSession("bob", session.Tag{2}), session.Admission{})
				return err
			},
			"Delete": func() error { _, err := s.Delete(t.Context(), one.ID, session.Ending{}); return err },
			"Count":  func() error { _, err := s.Count(t.Context(), "k", 5, time.Minute); return err },
		} {
			proxy.cut(arrives)
			if err := call(); !errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("%s, cut, arrives %t: %v, want ErrIndeterminate", name, arrives, err)
			}
			eventually(t, time.Second, "service after the cut", func() error { return s.Ping(t.Context()) })
		}
		if _, err := s.Get(t.Context(), one.ID); errors.Is(err, session.ErrNotFound) != arrives {
			t.Errorf("Get after a Delete that was cut, arrives %t: %v", arrives, err)
		}
		if page, err := s.List(t.Context(), session.Query{User: session.User{ID: "bob", Tag: session.Tag{2}}}); err != nil || len(page.Sessions) == 1 != arrives {
			t.Errorf("after a Create that was cut, arrives %t: %d sessions, %v", arrives, len(page.Sessions), err)
		}
	}
}

// proxy passes everything on until a write comes that it is to cut.
type proxy struct {
	addr    string
	cutting atomic.Int32 // 0 no, 1 after the write was passed on, 2 before
}

func (p *proxy) cut(arrives bool) {
	p.cutting.Store(2)
	if arrives {
		p.cutting.Store(1)
	}
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{addr: listener.Addr().String()}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				continue
			}
			go p.pass(server, client, nil)
			go p.pass(client, server, &p.cutting)
		}
	}()
	return p
}

// pass copies; with cutting it looks for writes. A write that it cuts after is
// answered before the connections are closed, but to nobody.
func (p *proxy) pass(from, to net.Conn, cutting *atomic.Int32) {
	defer from.Close()
	defer to.Close()
	part := make([]byte, 64<<10)
	for {
		n, err := from.Read(part)
		if err != nil {
			return
		}
		if text := string(part[:n]); cutting != nil && cutting.Load() > 0 && (strings.HasPrefix(text, "cas ") || strings.HasPrefix(text, "add ")) {
			how := cutting.Swap(0)
			_ = from.(*net.TCPConn).CloseRead()
			_ = from.Close()
			if how == 1 {
				_, _ = to.Write(part[:n])
				_, _ = to.Write([]byte("version\r\n")) // its answer comes after the write's
				_ = to.SetReadDeadline(time.Now().Add(time.Second))
			}
			return
		}
		if _, err := to.Write(part[:n]); err != nil {
			return
		}
	}
}

// TestAnotherAnswer: a reply to another question, and an item that stands in the
// wrong place, are never taken for the session.
func TestAnotherAnswer(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	ada, bob := create(t, s, "ada", session.Tag{1}), create(t, s, "bob", session.Tag{2})
	bobs, _ := value(t, server, s.sessionsOf(bob.ID.Tag()).key)

	put(t, server, s.sessionsOf(ada.ID.Tag()).key, bobs)
	for _, id := range []session.ID{ada.ID, bob.ID} {
		got, err := s.Get(t.Context(), id)
		if id == bob.ID && (err != nil || got != bob) || id == ada.ID && !errors.Is(err, session.ErrNotFound) {
			t.Errorf("with bob's item in ada's place: %s, %v", got.UserID, err)
		}
	}
	if _, ok := value(t, server, s.sessionsOf(ada.ID.Tag()).key); ok {
		t.Error("an item that stands in the wrong place is still there after it was met")
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					_, _ = fmt.Fprintf(conn, "VALUE %s 0 %d 7\r\n%s\r\nEND\r\n", s.sessionsOf(bob.ID.Tag()).key, len(bobs), bobs)
				}
			}()
		}
	}()
	swapped := open(t, Config{Servers: []string{listener.Addr().String()}, Prefix: prefix, Lazy: true})
	for name, call := range calls(swapped, ada) {
		if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%s, where another's item is the answer: %v, want ErrUnavailable", name, err)
		}
	}
}

// TestSpoiltItems: an item that cannot be decoded ends, one of a newer release is
// unavailable and stays.
func TestSpoiltItems(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	for i, bad := range []string{"", "garbage", "\xE5\x01", "\xE5\x01" + strings.Repeat("\xff", 400), "\xE5\x00" + strings.Repeat("x", 40)} {
		for name := range calls(s, session.Session{}) {
			one := create(t, s, "ada", session.Tag{3, byte(i)})
			at := s.sessionsOf(one.ID.Tag())
			put(t, server, at.key, []byte(bad))
			if err := calls(s, one)[name](t.Context()); err != nil && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s with item %q: %v", name, clip(bad), err)
			}
			if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Get after %s met item %q: %v", name, clip(bad), err)
			}
			if _, err := s.DeleteUser(t.Context(), one.User(), session.Ending{}); err != nil {
				t.Error(err)
			}
		}
	}
	one := create(t, s, "ada", session.Tag{4})
	at := s.sessionsOf(one.ID.Tag())
	newer := "\xE5\x02what a newer release writes"
	put(t, server, at.key, []byte(newer))
	for name, call := range calls(s, one) {
		if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%s with an item of a newer release: %v, want ErrUnavailable", name, err)
		}
	}
	if got, _ := value(t, server, at.key); string(got) != newer {
		t.Error("an item of a newer release was changed")
	}
}

// TestNewerRecord: a record of a newer release takes a place and can be revoked
// with the user.
func TestNewerRecord(t *testing.T) {
	server, prefix := testserver.SharedMemcached(t)
	s := open(t, Config{Servers: []string{server.Addr}, Prefix: prefix})
	newer, mine := create(t, s, "ada", session.Tag{1}), create(t, s, "ada", session.Tag{1})
	poison(t, s, newer.ID, "newer format")
	third := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), third, session.Admission{Limit: 2, Refuse: true}); !errors.Is(err, session.ErrLimit) {
		t.Errorf("Create beside a newer record and another, two allowed: %v, want ErrLimit", err)
	}
	for name, err := range map[string]error{
		"Touch": s.Touch(t.Context(), session.Seen{ID: mine.ID, LastActivity: mine.LastActivity.Add(time.Minute)}),
		"Get":   func() error { _, err := s.Get(t.Context(), mine.ID); return err }(),
	} {
		if err != nil {
			t.Errorf("%s of the session beside it: %v", name, err)
		}
	}
	if _, err := s.Get(t.Context(), newer.ID); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Get of the newer record after writes beside it: %v", err)
	}
	if n, err := s.DeleteUser(t.Context(), newer.User(), session.Ending{}); n != 2 || err != nil {
		t.Errorf("DeleteUser ended %d, %v, want both", n, err)
	}
}

// TestEvicted: under pressure a full server evicts items; whoever was in one is
// signed out whole and can sign in again.
func TestEvicted(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-m", "2"}})
	s := open(t, Config{Servers: []string{server.Addr}})
	var mine []session.Session
	for range 3 {
		mine = append(mine, create(t, s, "ada", session.Tag{1}))
	}
	size := func(one session.Session) int {
		stored, _ := value(t, server, s.sessionsOf(one.ID.Tag()).key)
		return len(stored)
	}
	pad := size(mine[0]) - size(create(t, s, "", session.Tag{2})) - len(`{"v":""}`)
	pressing := session.StoredMetadata(`{"v":"` + strings.Repeat("x", pad) + `"}`) // an item as large as ada's
	for i := uint64(0); ; i++ {
		var tag session.Tag
		binary.BigEndian.PutUint64(tag[:], i<<8|0xff)
		one := newSession("", tag)
		one.Metadata = pressing
		if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		if i%500 == 0 && stat(t, server, "evictions") > 3000 { // more than fit: not looked at, hers was among them
			break
		}
		if i > 50_000 {
			t.Fatal("the server evicts nothing")
		}
	}
	for _, one := range mine {
		if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Get of a session whose item was evicted: %v, want ErrNotFound", err)
		}
	}
	if n := s.Health(t.Context())[0].Evictions; n == 0 {
		t.Error("Health tells of no evictions")
	}
	again := newSession("ada", session.Tag{1})
	if evicted, err := s.Create(t.Context(), again, session.Admission{Limit: 1}); err != nil || len(evicted) != 0 {
		t.Errorf("Create after the eviction: %d evicted, %v", len(evicted), err)
	}
	if page, err := s.List(t.Context(), session.Query{User: again.User()}); err != nil || len(page.Sessions) != 1 {
		t.Errorf("after the eviction and a login: %d sessions, %v", len(page.Sessions), err)
	}
}

// TestFull: a server that may not evict refuses new sessions whole, and still
// reads.
func TestFull(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-m", "2", "-M"}})
	s := open(t, Config{Servers: []string{server.Addr}})
	first := create(t, s, "ada", session.Tag{1})
	for i := uint64(1); ; i++ {
		var tag session.Tag
		binary.BigEndian.PutUint64(tag[:], i)
		_, err := s.Create(t.Context(), newSession("", tag), session.Admission{})
		if err == nil && i < 100_000 {
			continue
		}
		if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) || !strings.Contains(err.Error(), "out of memory") {
			t.Errorf("Create on a full server: %v, want ErrUnavailable that names it", err)
		}
		break
	}
	if _, err := s.Get(t.Context(), first.ID); err != nil {
		t.Errorf("Get on a full server: %v", err)
	}
}

// TestCancelled: contexts that end at any moment leave nothing behind, and no
// answer goes to the wrong caller.
func TestCancelled(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s := open(t, Config{Servers: []string{server.Addr}, PoolSize: 4})
	var all []session.Session
	for i := range 8 {
		all = append(all, create(t, s, "ada", session.Tag{byte(i)}))
	}
	_, _ = s.Get(t.Context(), all[0].ID)
	goroutines, clients := runtime.NumGoroutine(), stat(t, server, "curr_connections")+s.cfg.PoolSize
	var callers sync.WaitGroup
	for c := range 10 {
		callers.Go(func() {
			for i := range 1000 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Microsecond)
				one := all[(i+c)%len(all)]
				got, err := s.Get(ctx, one.ID)
				if err == nil && got != one || err != nil && !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("Get with %d µs: session of tag %s, %v", i, got.ID.Tag(), err)
				}
				cancel()
			}
		})
	}
	callers.Wait()
	eventually(t, 10*time.Second, "goroutines and connections of the calls", func() error {
		if n, c := runtime.NumGoroutine(), stat(t, server, "curr_connections"); n > goroutines || c > clients {
			return fmt.Errorf("%d goroutines, were %d; %d connections, want at most %d", n, goroutines, c, clients)
		}
		return nil
	})
}

// TestSmallPool: 50 callers share two connections, and nobody is turned away.
func TestSmallPool(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	s := open(t, Config{Servers: []string{server.Addr}, PoolSize: 2})
	one := create(t, s, "ada", session.Tag{1})
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			for range 100 {
				if _, err := s.Get(t.Context(), one.ID); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	if n := stat(t, server, "total_connections"); n > 12 { // the server's own, the tests' looks, Open's, and two
		t.Errorf("%d connections were made, want two that are used again and again", n)
	}
}

// TestClosed: a closed store is unavailable and keeps no connection.
func TestClosed(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	before := stat(t, server, "curr_connections")
	s := open(t, Config{Servers: []string{server.Addr}})
	one := create(t, s, "ada", session.Tag{1})
	var callers sync.WaitGroup
	for range 30 {
		callers.Go(func() { _, _ = s.Get(t.Context(), one.ID) })
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	callers.Wait()
	for name, call := range calls(s, one) {
		if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
			t.Errorf("%s of a closed store: %v", name, err)
		}
	}
	eventually(t, 5*time.Second, "the server has no connections left", func() error {
		if n := stat(t, server, "curr_connections"); n > before {
			return fmt.Errorf("%d, were %d", n, before)
		}
		return nil
	})
}
