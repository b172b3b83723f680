// Memcached: one of three servers dies; a server evicts, or may not.

package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
)

const threeRow = "one of three servers dies"

// memcachedAs is a subject on Memcached, alone or as a cache.
func memcachedAs(servers []string, asCache bool) Subject {
	open := func(t testing.TB, now func() time.Time) *memcachestore.Store {
		s := must[*memcachestore.Store](t)(memcachestore.Open(context.Background(), memcachestore.Config{Servers: servers, Now: now, Logger: quiet}))
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	if !asCache {
		return Subject{Name: "memcached", Open: func(t testing.TB, _ string, now func() time.Time) session.Store {
			return open(t, now)
		}}
	}
	return hybridCache("hybrid", func(testing.TB) Server { return Server{} }, func(t testing.TB, _ string) hybridstore.Cache {
		return open(t, nil).Cache()
	})
}

func asMemcachedCaches(t *testing.T, test func(t *testing.T, column string, asCache bool)) {
	t.Helper()
	for _, column := range []string{"memcached", "hybrid: cache (memcached)"} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			test(t, column, column != "memcached")
		})
	}
}

// TestOneOfThree: the others' users notice nothing, its own are unavailable, or with
// a database behind served from there.
func TestOneOfThree(t *testing.T) {
	t.Parallel()
	asMemcachedCaches(t, func(t *testing.T, column string, asCache bool) {
		var servers []*testserver.MemcachedServer
		var addrs []string
		for range 3 {
			m := testserver.Memcached(t, testserver.MemcachedOptions{})
			servers, addrs = append(servers, m), append(addrs, m.Addr)
		}
		s := started(t, memcachedAs(addrs, asCache))
		try(t, threeRow, column, s, Server{}, func(c *cell) {
			c.open(false)
			site := c.newSite()
			var all []session.Session
			for range 60 {
				all = append(all, c.create(c.user()))
			}
			c.follow(all[0].ID)
			before := c.count()
			c.harm(servers[1].Kill)
			unavailable := c.askAll(all)
			if asCache && unavailable > 0 || !asCache && (unavailable < 5 || unavailable > 40) {
				c.Errorf("with one of three servers gone, %d of %d users are unavailable", unavailable, len(all))
			}
			if !asCache {
				c.ledger.doubt() // it comes back empty
			}
			c.harm(servers[1].Restart)
			c.recovered(site, !asCache)
			c.settle()
			c.grown(before, "afterwards")
			c.clean()
		})
	})
}

// askAll asks for all sessions at once, and returns how many are unavailable.
func (c *cell) askAll(all []session.Session) (n int) {
	c.Helper()
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, one := range all {
		asking.Go(func() {
			if _, err := c.get(unhurried, one.ID); errors.Is(err, session.ErrUnavailable) {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	c.ledger.report(c, "while the fault lasts")
	return n
}

// TestMemcachedEvicts: under pressure whoever was evicted is signed out whole, or
// with a database behind nobody is.
func TestMemcachedEvicts(t *testing.T) {
	t.Parallel()
	asMemcachedCaches(t, func(t *testing.T, column string, asCache bool) {
		m := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-m", "2"}})
		s := started(t, memcachedAs([]string{m.Addr}, asCache))
		try(t, evictionRow, column, s, Server{Addr: m.Addr}, func(c *cell) {
			c.open(false)
			site := c.newSite()
			var all []session.Session
			u := c.user()
			for range 3 {
				all = append(all, c.create(u))
			}
			for range 40 {
				all = append(all, c.create(c.user()))
			}
			c.follow(all[0].ID)
			if !asCache {
				c.ledger.doubt()
			}
			c.harm(func() { press(c, m) })
			gone := 0
			for _, one := range all[:3] {
				if _, err := c.get(unhurried, one.ID); errors.Is(err, session.ErrNotFound) {
					gone++
				}
			}
			if gone != 0 && (asCache || gone != 3) {
				c.Errorf("%d of 3 sessions of one user are gone; a database behind: %t", gone, asCache)
			}
			c.askAll(all)
			c.recovered(site, !asCache)
			c.settle()
			c.clean()
		})
	})
}

// press writes twice as much of every size that sessions have as there is room for.
func press(t testing.TB, m *testserver.MemcachedServer) {
	t.Helper()
	client := memcache.New(m.Addr)
	defer client.Close()
	for _, size := range []int{330, 400, 520, 670, 860, 1100, 1400, 1770, 2240, 2820} { // one for each of its classes
		for i := range 4 << 20 / size {
			err := client.Set(&memcache.Item{Key: fmt.Sprintf("filler-%d-%d", size, i), Value: make([]byte, size)})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
