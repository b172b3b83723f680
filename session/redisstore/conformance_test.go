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

	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

func TestConformance(t *testing.T) {
	sessiontest.Run(t, harness(func(t testing.TB) (*testserver.RedisServer, redisstore.Config) {
		server, prefix := testserver.SharedRedis(t)
		return server, redisstore.Config{URL: server.URL(), Prefix: prefix}
	}))
}

// harness puts stores on servers into the suite. The server is the one that the
// suite looks into.
func harness(config func(testing.TB) (*testserver.RedisServer, redisstore.Config)) sessiontest.Harness {
	type place struct {
		server *testserver.RedisServer
		cfg    redisstore.Config
	}
	places := map[session.Store]place{}
	h := sessiontest.Harness{}
	h.Open = func(t testing.TB, now func() time.Time) session.Store {
		server, cfg := config(t)
		cfg.Now, cfg.Logger = now, slog.New(slog.DiscardHandler)
		s := open(t, cfg)
		places[s] = place{server, cfg}
		return s
	}
	h.Second = func(t testing.TB, first session.Store, now func() time.Time) session.Store {
		cfg := places[first].cfg
		cfg.Now = now
		return open(t, cfg)
	}
	h.Poison = func(t testing.TB, s session.Store, id session.ID, p sessiontest.Poison) bool {
		at := places[s]
		return poison(t, at.server, at.cfg.Prefix, id, p)
	}
	h.Dump = func(t testing.TB, s session.Store) [][]byte {
		at := places[s]
		return dump(t, at.server, at.cfg.Prefix)
	}
	h.Audit = func(t testing.TB, s session.Store) error {
		at := places[s]
		return audit(t, at.server, at.cfg.Prefix)
	}
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
func poison(t testing.TB, server *testserver.RedisServer, prefix string, id session.ID, p sessiontest.Poison) bool {
	t.Helper()
	key := recordKey(prefix, id)
	value := do(t, server, "GET", key).(string)
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
	do(t, server, "SET", key, value, "KEEPTTL")
	return true
}

// keysOf returns the keys under the prefix.
func keysOf(t testing.TB, server *testserver.RedisServer, prefix string) []string {
	t.Helper()
	var keys []string
	cursor := "0"
	for {
		page := do(t, server, "SCAN", cursor, "MATCH", prefix+"*", "COUNT", "1000").([]any)
		for _, key := range page[1].([]any) {
			keys = append(keys, key.(string))
		}
		if cursor = page[0].(string); cursor == "0" {
			slices.Sort(keys)
			return slices.Compact(keys)
		}
	}
}

func members(t testing.TB, server *testserver.RedisServer, key string) []string {
	t.Helper()
	var out []string
	for _, m := range do(t, server, "ZRANGE", key, "0", "-1").([]any) {
		out = append(out, m.(string))
	}
	return out
}

func dump(t testing.TB, server *testserver.RedisServer, prefix string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, key := range keysOf(t, server, prefix) {
		all = append(all, []byte(key))
		if do(t, server, "TYPE", key) == "string" {
			all = append(all, []byte(do(t, server, "GET", key).(string)))
			continue
		}
		for _, m := range members(t, server, key) {
			all = append(all, []byte(m))
		}
	}
	return all
}

// audit compares records and indexes, and looks for keys without an expiry.
func audit(t testing.TB, server *testserver.RedisServer, prefix string) error {
	t.Helper()
	records, want := map[string]bool{}, map[string]bool{}
	indexed := map[string]map[string]bool{"a": {}, "x": {}, "u": {}}
	for _, key := range keysOf(t, server, prefix) {
		if ttl := do(t, server, "PTTL", key).(int64); ttl <= 0 && ttl != -2 {
			return fmt.Errorf("%q has no expiry", key)
		}
		rest := key[len(prefix)+len("{00}:"):]
		switch rest[0] {
		case 's':
			id, value := rest[2:], []byte(do(t, server, "GET", key).(string))
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
			for _, m := range members(t, server, key) {
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
