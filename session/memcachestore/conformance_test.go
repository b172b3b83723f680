// The conformance suite on real servers: one, three, one with authentication, one
// with TLS.

package memcachestore

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	testserver.StopShared()
	if code == 0 {
		if left := leaked(testserver.Guard); left != "" {
			fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
			code = 1
		}
	}
	os.Exit(code)
}

// leaked returns the goroutines of stores and their clients that are still there
// after the time, empty if there are none.
func leaked(patience time.Duration) string {
	for until := time.Now().Add(patience); ; {
		buf := make([]byte, 1<<20)
		var left []string
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "gomemcache") || strings.Contains(stack, "memcachestore.(*") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(until) {
			return strings.Join(left, "\n\n")
		}
		runtime.Gosched()
	}
}

func TestConformance(t *testing.T) { sessiontest.Run(t, short(oneServer(t))) }

func TestConformanceLong(t *testing.T) {
	testserver.LongForm(t)
	t.Run("one server", func(t *testing.T) { sessiontest.Run(t, oneServer(t)) })
	t.Run("three servers", func(t *testing.T) { sessiontest.Run(t, threeServers(t)) })
	t.Run("a password", func(t *testing.T) {
		server := testserver.Memcached(t, testserver.MemcachedOptions{Username: "panel", Password: "p@ss/w:rd?#%"})
		sessiontest.Run(t, short(harness(Config{Servers: []string{server.Addr}, Username: server.Username, Password: config.Secret(server.Password)}, server)))
	})
	t.Run("TLS", func(t *testing.T) {
		server := testserver.Memcached(t, testserver.MemcachedOptions{TLS: true})
		sessiontest.Run(t, short(harness(Config{Servers: []string{server.Addr}, TLS: server.TLS.Config}, server)))
	})
}

func oneServer(t *testing.T) sessiontest.Harness {
	t.Helper()
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	return harness(Config{Servers: []string{server.Addr}}, server)
}

func threeServers(t *testing.T) sessiontest.Harness {
	t.Helper()
	var servers []*testserver.MemcachedServer
	var cfg Config
	for range 3 {
		server := testserver.Memcached(t, testserver.MemcachedOptions{})
		servers = append(servers, server)
		cfg.Servers = append(cfg.Servers, server.Addr)
	}
	return harness(cfg, servers...)
}

// short repeats less.
func short(h sessiontest.Harness) sessiontest.Harness {
	h.Short = true
	return h
}

// prefixes gives every check of the suite keys of its own.
var prefixes atomic.Int64

func prefix() string { return fmt.Sprintf("p%d:", prefixes.Add(1)) }

func open(t testing.TB, cfg Config) *Store {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// harness puts stores on the servers into the suite.
func harness(cfg Config, servers ...*testserver.MemcachedServer) sessiontest.Harness {
	return sessiontest.Harness{
		Open: func(t testing.TB, now func() time.Time) session.Store {
			cfg := cfg
			cfg.Now, cfg.Prefix = now, prefix()
			return open(t, cfg)
		},
		Second: func(t testing.TB, first session.Store, now func() time.Time) session.Store {
			cfg := *first.(*Store).cfg
			cfg.Now = now
			return open(t, cfg)
		},
		Poison: func(t testing.TB, s session.Store, id session.ID, p sessiontest.Poison) bool {
			return poison(t, s.(*Store), id, p)
		},
		Dump: func(t testing.TB, s session.Store) [][]byte {
			var all [][]byte
			for key, found := range keysOf(t, s.(*Store).cfg.Prefix, servers) {
				all = append(all, []byte(key), found.value)
			}
			return all
		},
		Audit: func(t testing.TB, s session.Store) error { return audit(t, s.(*Store), servers) },
	}
}

// poison spoils a record in its item, and nothing else of it.
func poison(t testing.TB, s *Store, id session.ID, p sessiontest.Poison) bool {
	t.Helper()
	err := s.swap(t.Context(), "poison", s.sessionsOf(id.Tag()), false, func(value []byte) (edit, error) {
		dir, err := openItem(value, id.Tag())
		if err != nil {
			return edit{}, err
		}
		it := item{tag: id.Tag()}
		for one, record := range dir.all {
			if one == id {
				record = spoil(record, p)
			}
			it.entries = append(it.entries, entry{record: record, s: session.Session{ID: one}})
		}
		return edit{write: true, value: it.encode(), until: s.now().Add(time.Hour)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return true
}

func spoil(record []byte, p sessiontest.Poison) []byte {
	switch p {
	case sessiontest.Garbage:
		return []byte(strings.Repeat("garbage\x00", 64))
	case sessiontest.Truncated:
		return record[:len(record)/2]
	case sessiontest.Empty:
		return nil
	case sessiontest.Oversized:
		return append(record[:len(record):len(record)], make([]byte, 32<<10)...)
	case sessiontest.OtherRecord:
		other := append([]byte(nil), record...)
		other[58+20] ^= 1
		return other
	case sessiontest.NewerFormat:
		newer := append([]byte(nil), record...)
		newer[1]++
		return append(newer, "what a newer release adds"...)
	}
	panic("a poison of a newer suite: " + p)
}

// atRest is an item on a server.
type atRest struct {
	server int
	value  []byte
	left   time.Duration // until the server removes it, negative if never
}

// keysOf returns the items under the prefix.
func keysOf(t testing.TB, prefix string, servers []*testserver.MemcachedServer) map[string]atRest {
	t.Helper()
	all := map[string]atRest{}
	for i, server := range servers {
		for _, key := range keys(t, server) {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if value, ok := value(t, server, key); ok {
				all[key] = atRest{i, value, lives(t, server, key)}
			}
		}
	}
	return all
}

// audit decodes every item, looks for items without an expiry, for sessions in the
// wrong item and for items on the wrong server.
func audit(t testing.TB, s *Store, servers []*testserver.MemcachedServer) error {
	t.Helper()
	for key, found := range keysOf(t, s.cfg.Prefix, servers) {
		if found.left < time.Minute {
			return fmt.Errorf("%s expires in %s", key, found.left)
		}
		rest := strings.TrimPrefix(key, s.cfg.Prefix)
		if strings.HasPrefix(rest, "c:") {
			continue
		}
		id, err := session.ParseID(strings.TrimPrefix(rest, "t:") + strings.Repeat("0", 64))
		if err != nil {
			return fmt.Errorf("%s is not a key of ours", key)
		}
		dir, err := openItem(found.value, id.Tag())
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		it, bad := dir.decode()
		if len(bad) > 0 || len(it.entries) == 0 {
			return fmt.Errorf("%s: %d records, %v", key, len(it.entries), bad)
		}
		if at := s.sessionsOf(id.Tag()); at.key != key || s.servers[found.server] != at.sv {
			return fmt.Errorf("%s is not where it belongs", key)
		}
	}
	return nil
}
