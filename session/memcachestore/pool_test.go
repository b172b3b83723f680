// The pool: callers that go, many at once, and a store that closes.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

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
	eventually(t, "goroutines and connections of the calls", func() error {
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
	eventually(t, "the server has no connections left", func() error {
		if n := stat(t, server, "curr_connections"); n > before {
			return fmt.Errorf("%d, were %d", n, before)
		}
		return nil
	})
}
