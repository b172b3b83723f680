// Servers without room.

package memcachestore

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

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
	if n := s.Health(t.Context()).Servers[0].Evictions; n == 0 {
		t.Error("Health tells of no evictions")
	}
	if r := s.Traits().Report(); !strings.Contains(r.Warning, "before they expired") || r.Counters[0].N == 0 {
		t.Errorf("the report of a server that has evicted: %+v", r)
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
