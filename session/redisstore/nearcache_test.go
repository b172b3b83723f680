// The near-cache: own changes at once, others' within MaxStale whatever happens
// to the link.

package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

func TestNearCacheAsksNobody(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), PoolSize: 1, NearCache: time.Minute})
	writer := open(t, redisstore.Config{URL: config.Secret(server.URL())})
	one := newSession("ada", session.Tag{1})
	if _, err := writer.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	get := func() {
		t.Helper()
		if got, err := s.Get(t.Context(), one.ID); err != nil || got != one {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	watching := watch(t, server)
	if got, want := watching.count(get), (map[string]int{"CLIENT": 1, "GETRANGE": 1}); !maps.Equal(got, want) {
		t.Errorf("a miss: %v, want %v", got, want)
	}
	got := watching.count(func() {
		for range 1000 {
			get()
		}
	})
	if len(got) != 0 {
		t.Errorf("1000 hits: %v, want nothing", got)
	}
	if stats := s.NearCacheStats(); stats.Hits != 1000 || stats.Misses != 1 {
		t.Errorf("%+v", stats)
	}
	if s.Traits().MaxStale != time.Minute {
		t.Error("MaxStale is not in the traits")
	}
}

// TestNearCacheOwnChanges: what this process ends or changes it sees at once,
// over however many connections.
func TestNearCacheOwnChanges(t *testing.T) { nearCacheOwnChanges(t, 40) }

func TestNearCacheOwnChangesLong(t *testing.T) {
	testserver.LongForm(t)
	nearCacheOwnChanges(t, 100)
}

// nearCacheOwnChanges changes as many sessions in each of eight goroutines.
func nearCacheOwnChanges(t *testing.T, sessions int) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16)) // for four connections: commands of one caller go over several
	server, prefix := testserver.SharedRedis(t)
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, PoolSize: 8, NearCache: time.Minute})
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range sessions {
				one := newSession("ada", session.Tag{byte(w), byte(i)})
				other := newSession("ada", one.ID.Tag())
				if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
					t.Error(err)
				}
				for range 20 {
					if _, err := s.Get(t.Context(), one.ID); err != nil {
						t.Error(err)
					}
				}
				var err error
				switch i % 4 {
				case 0:
					_, err = s.Delete(t.Context(), one.ID, session.Ending{})
				case 1:
					_, err = s.DeleteUser(t.Context(), one.User(), session.Ending{})
				case 2:
					_, err = s.Create(t.Context(), other, session.Admission{Limit: 1})
				case 3:
					err = s.Rotate(t.Context(), one.ID, other)
				}
				if err != nil {
					t.Error(err)
				}
				if _, err := s.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
					t.Errorf("after end %d: %v, want ErrNotFound", i%4, err)
				}
			}
		})
	}
	workers.Wait()
}

// TestNearCacheOthersChanges: the server's word of another process's change
// comes by itself, long before MaxStale.
func TestNearCacheOthersChanges(t *testing.T) {
	server, prefix := testserver.SharedRedis(t)
	near := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix, NearCache: time.Minute})
	writer := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix})
	for i := range 100 {
		one := newSession("ada", session.Tag{byte(i)})
		if _, err := writer.Create(t.Context(), one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		if _, err := near.Get(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the word of another's change", func() error {
			if _, err := near.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
				return errors.New("still there")
			}
			return nil
		})
	}
}

// TestNearCacheSilence: with the way back from the server cut, or the server
// frozen, nothing is valid longer than MaxStale after the last that was heard.
func TestNearCacheSilence(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	const maxStale = 500 * time.Millisecond
	for what, silence := range map[string]func(*valve, func()){
		"cut":    func(v *valve, end func()) { v.shut(); end() },
		"frozen": func(*valve, func()) { server.Freeze() },
	} {
		way := newValve(t, server.Addr)
		near := open(t, redisstore.Config{URL: config.Secret("redis://" + way.addr), NearCache: maxStale, Logger: slog.New(slog.DiscardHandler)})
		writer := open(t, redisstore.Config{URL: config.Secret(server.URL())})
		one := newSession("ada", session.Tag{1})
		if _, err := writer.Create(t.Context(), one, session.Admission{}); err != nil {
			t.Fatal(err)
		}
		if _, err := near.Get(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
		silence(way, func() {
			if _, err := writer.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
				t.Fatal(err)
			}
		})
		silent := time.Now()
		valid := 0
		for time.Since(silent) < 3*maxStale {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := near.Get(ctx, one.ID)
			cancel()
			switch {
			case err == nil:
				valid++
				if late := began.Sub(silent); late > maxStale {
					t.Errorf("%s: valid after %s of silence, MaxStale is %s", what, late, maxStale)
				}
			case !errors.Is(err, session.ErrUnavailable):
				t.Errorf("%s: %v, want ErrUnavailable", what, err)
			}
		}
		if valid == 0 {
			t.Errorf("%s: no answer from the cache at all", what)
		}
		server.Thaw()
	}
}

// valve is a way to a server whose way back can be shut.
type valve struct {
	addr string
	mu   sync.RWMutex
}

// shut lets nothing more come back.
func (v *valve) shut() { v.mu.Lock() }

func newValve(t testing.TB, to string) *valve {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &valve{addr: listener.Addr().String()}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			t.Cleanup(func() { _, _ = client.Close(), server.Close() })
			go func() { _, _ = io.Copy(server, client) }()
			go func() { _, _ = io.Copy(through{client, v}, server) }()
		}
	}()
	return v
}

type through struct {
	net.Conn
	v *valve
}

func (t through) Write(p []byte) (int, error) {
	if !t.v.mu.TryRLock() {
		return len(p), nil // lost on the way
	}
	defer t.v.mu.RUnlock()
	return t.Conn.Write(p)
}

// TestNearCacheReconnects: with its connections cut, what the client kept is gone,
// so that a change of which nobody could tell it is seen long before MaxStale.
func TestNearCacheReconnects(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	near := open(t, redisstore.Config{URL: config.Secret(server.URL()), NearCache: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	writer := open(t, redisstore.Config{URL: config.Secret(server.URL())})
	for i := range 20 {
		one, kept := newSession("ada", session.Tag{byte(i)}), newSession("bea", session.Tag{byte(i), 1})
		for _, s := range []session.Session{one, kept} {
			if _, err := writer.Create(t.Context(), s, session.Admission{}); err != nil {
				t.Fatal(err)
			}
			if _, err := near.Get(t.Context(), s.ID); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 0 {
			do(t, server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
		} else {
			server.Kill()
			server.Restart(false)
		}
		eventually(t, "the writer's connection", func() error { return writer.Ping(t.Context()) })
		if _, err := writer.Delete(t.Context(), one.ID, session.Ending{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a change during the cut", func() error {
			if _, err := near.Get(t.Context(), one.ID); !errors.Is(err, session.ErrNotFound) {
				return fmt.Errorf("%w, want ErrNotFound", err)
			}
			return nil
		})
		if _, err := near.Get(t.Context(), kept.ID); err != nil {
			t.Errorf("a session that did not end: %v", err)
		}
	}
}
