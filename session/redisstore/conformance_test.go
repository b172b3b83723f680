// The conformance suite, against real servers.

package redisstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

func TestConformance(t *testing.T) { sessiontest.Run(t, short(sharedServer)) }

func TestConformanceLong(t *testing.T) {
	testserver.LongForm(t)
	sessiontest.Run(t, harness(sharedServer))
}

func sharedServer(t testing.TB) world {
	server, prefix := testserver.SharedRedis(t)
	return single(server, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix})
}

// world is the servers that a store is on, for a look behind its back.
type world struct {
	cfg   redisstore.Config
	nodes func() []*testserver.RedisServer         // who hold keys
	of    func(key string) *testserver.RedisServer // who holds this key
}

func single(server *testserver.RedisServer, cfg redisstore.Config) world {
	return world{
		cfg:   cfg,
		nodes: func() []*testserver.RedisServer { return []*testserver.RedisServer{server} },
		of:    func(string) *testserver.RedisServer { return server },
	}
}

// do sends a command about one key to the server that has it, again while its slot
// is moving.
func (w world) do(t testing.TB, key string, args ...string) any {
	t.Helper()
	for until := time.Now().Add(testserver.Guard); ; {
		got, err := w.of(key).Do(args...)
		if err == nil {
			return got
		}
		if text := err.Error(); !strings.Contains(text, "ASK ") && !strings.Contains(text, "MOVED ") || time.Now().After(until) {
			t.Fatalf("%s: %v", args[0], err)
		}
	}
}

// harness puts stores into the suite.
func harness(next func(testing.TB) world) sessiontest.Harness {
	worlds := map[session.Store]world{}
	h := sessiontest.Harness{}
	h.Open = func(t testing.TB, now func() time.Time) session.Store {
		w := next(t)
		w.cfg.Now, w.cfg.Logger = now, slog.New(slog.DiscardHandler)
		s := open(t, w.cfg)
		worlds[s] = w
		return s
	}
	h.Second = func(t testing.TB, first session.Store, now func() time.Time) session.Store {
		cfg := worlds[first].cfg
		cfg.Now = now
		return open(t, cfg)
	}
	h.Poison = func(t testing.TB, s session.Store, id session.ID, p sessiontest.Poison) bool {
		return worlds[s].poison(t, id, p)
	}
	h.Dump = func(t testing.TB, s session.Store) [][]byte { return worlds[s].dump(t) }
	h.Audit = func(t testing.TB, s session.Store) error { return worlds[s].audit(t) }
	return h
}

func do(t testing.TB, server *testserver.RedisServer, args ...string) any {
	t.Helper()
	got, err := server.Do(args...)
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return got
}

func recordKey(prefix string, id session.ID) string {
	return fmt.Sprintf("%s{%02x}:s:%s", prefix, id[0], id[:])
}

// poison spoils a record and leaves its expiry.
func (w world) poison(t testing.TB, id session.ID, p sessiontest.Poison) bool {
	t.Helper()
	key := recordKey(w.cfg.Prefix, id)
	value := w.do(t, key, "GET", key).(string)
	switch p {
	case sessiontest.Garbage:
		value = strings.Repeat("garbage\x00", 64)
	case sessiontest.Truncated:
		value = value[:len(value)/2]
	case sessiontest.Empty:
		value = ""
	case sessiontest.Oversized:
		value += strings.Repeat("x", 32<<10)
	case sessiontest.OtherRecord:
		other := []byte(value)
		other[58+20] ^= 1
		value = string(other)
	case sessiontest.NewerFormat:
		value = value[:1] + "\x02" + value[2:] + "what a newer release adds"
	default:
		return false
	}
	w.do(t, key, "SET", key, value, "KEEPTTL")
	return true
}

// keys returns the keys under the prefix.
func (w world) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for _, node := range w.nodes() {
		cursor := "0"
		for {
			page := do(t, node, "SCAN", cursor, "MATCH", w.cfg.Prefix+"*", "COUNT", "1000").([]any)
			for _, key := range page[1].([]any) {
				keys = append(keys, key.(string))
			}
			if cursor = page[0].(string); cursor == "0" {
				break
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (w world) members(t testing.TB, key string) []string {
	t.Helper()
	var out []string
	for _, m := range w.do(t, key, "ZRANGE", key, "0", "-1").([]any) {
		out = append(out, m.(string))
	}
	return out
}

func (w world) dump(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, key := range w.keys(t) {
		all = append(all, []byte(key))
		if w.do(t, key, "TYPE", key) == "string" {
			all = append(all, []byte(w.do(t, key, "GET", key).(string)))
			continue
		}
		for _, m := range w.members(t, key) {
			all = append(all, []byte(m))
		}
	}
	return all
}

// audit compares records and indexes, and looks for keys without an expiry.
func (w world) audit(t testing.TB) error {
	t.Helper()
	t.Helper()
	records, want := map[string]bool{}, map[string]bool{}
	indexed := map[string]map[string]bool{"a": {}, "x": {}, "u": {}}
	for _, key := range w.keys(t) {
		if ttl := w.do(t, key, "PTTL", key).(int64); ttl <= 0 && ttl != -2 {
			return fmt.Errorf("%q has no expiry", key)
		}
		rest := key[len(w.cfg.Prefix)+len("{00}:"):]
		switch rest[0] {
		case 's':
			id, value := rest[2:], []byte(w.do(t, key, "GET", key).(string))
			if value[0] == 0xA5 {
				continue
			}
			records[id] = true
			if value[156] > 0 {
				want[id] = true
			}
			if !bytes.Equal(value[58:98], []byte(id)) {
				return fmt.Errorf("the record of %x carries the ID %x", id, value[58:98])
			}
		case 'a', 'x', 'u':
			for _, m := range w.members(t, key) {
				indexed[rest[:1]][m] = true
			}
		}
	}
	for name, wanted := range map[string]map[string]bool{"a": records, "x": records, "u": want} {
		if !maps.Equal(indexed[name], wanted) {
			return fmt.Errorf("index %s names %d sessions, %d are there", name, len(indexed[name]), len(wanted))
		}
	}
	return nil
}
