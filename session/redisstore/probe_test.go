// What cannot work is found at Open, and told in one sentence.

package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// refusedAtOpen opens a store that cannot work, at once and lazily, and reports where
// the error is not session.ErrMisconfigured, or says none of the words.
func refusedAtOpen(t *testing.T, what string, cfg redisstore.Config, words ...string) {
	t.Helper()
	cfg.ConnectTimeout = time.Minute
	cfg.Logger = slog.New(slog.DiscardHandler)
	s, err := redisstore.Open(t.Context(), cfg)
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: %v, want session.ErrMisconfigured alone", what, err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v; want %q said", what, err, word)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r\x00") || strings.Contains(err.Error(), "{00}") {
		t.Errorf("%s: %q is more than a line, or shows a key", what, err)
	}
	t.Logf("%s: %v", what, err)
	cfg.Lazy = true
	lazy := open(t, cfg)
	if err := lazy.Ping(t.Context()); !errors.Is(err, session.ErrMisconfigured) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: Ping of a lazy store: %v, want session.ErrMisconfigured and ErrUnavailable", what, err)
	}
}

// TestWithoutOneCommand takes each command away from the user, one at a time: Open
// refuses and names it, or everything works. The long form takes all that Redis has.
func TestWithoutOneCommand(t *testing.T) { withoutOneCommand(t, false) }

func TestWithoutOneCommandLong(t *testing.T) {
	testserver.LongForm(t)
	withoutOneCommand(t, true)
}

func withoutOneCommand(t *testing.T, all bool) {
	t.Helper()
	server := testserver.Redis(t, testserver.RedisOptions{})
	names := []string{
		"set", "getex", "getrange", "setrange", "exists", "pttl", "pexpire", "del", "zadd", "zcard", "zcount", "zrange", "zrevrange",
		"zrangebyscore", "zrevrangebyscore", "zremrangebyscore", "zrem", "zpopmax", "eval", "evalsha",
		"get", "hello", "client", "client|caching", "client|tracking", "config", "info", "ping", "role", "script", "select", "scan", "time", "keys", "command", "cluster", "multi", "exec",
	}
	if all {
		list, err := server.Do("COMMAND", "LIST")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range list.([]any) {
			if name != "acl" && name != "auth" && !slices.Contains(names, name.(string)) {
				names = append(names, name.(string))
			}
		}
	}
	refused := map[string]bool{}
	for i, name := range names {
		for _, near := range []time.Duration{0, time.Second} {
			user := fmt.Sprintf("u%d", i)
			do(t, server, "ACL", "SETUSER", user, "reset", "on", ">pw", "~crudadmin:*", "+@all", "-"+name)
			do(t, server, "SCRIPT", "FLUSH")
			s, err := redisstore.Open(t.Context(), redisstore.Config{
				URL: config.Secret("redis://" + user + ":pw@" + server.Addr), NearCache: near, ConnectTimeout: time.Minute, Logger: slog.New(slog.DiscardHandler),
			})
			command, _, _ := strings.Cut(strings.ToUpper(name), "|")
			if err != nil {
				if !errors.Is(err, session.ErrMisconfigured) || !strings.Contains(strings.ToUpper(err.Error()), command) && !strings.Contains(err.Error(), "NearCache") {
					t.Errorf("without %s: %v, want session.ErrMisconfigured that names it", name, err)
				}
				refused[name] = true
				continue
			}
			one := newSession("ada", session.Tag{1})
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Errorf("without %s: create: %v", name, err)
			}
			for what, c := range calls(s, one) {
				if err := c.call(t.Context()); errors.Is(err, session.ErrUnavailable) {
					t.Errorf("without %s: Open was well, %s is not: %v", name, what, err)
				}
			}
			_ = s.Close()
		}
	}
	if len(refused) < 20 {
		t.Errorf("only %d commands are needed: %v", len(refused), refused)
	}
	for _, name := range []string{"getex", "evalsha", "eval", "getrange", "exists", "pttl", "zcount"} {
		if !refused[name] {
			t.Errorf("Open does without %s", name)
		}
	}
}

// TestImpostors: old servers, replicas, Cluster nodes, proxies and what only looks
// like Redis are told, with what to do.
func TestImpostors(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	old := testserver.Redis(t, testserver.RedisOptions{Config: []string{`rename-command GETEX ""`, `rename-command ZPOPMAX ""`}})
	host, port, _ := strings.Cut(server.Addr, ":")
	replica := testserver.Redis(t, testserver.RedisOptions{Config: []string{"replicaof " + host + " " + port}})
	eventually(t, "the replica follows", func() error {
		if text := do(t, replica, "INFO", "replication").(string); !strings.Contains(text, "master_link_status:up") {
			return errors.New(text)
		}
		return nil
	})
	at := func(addr string) redisstore.Config { return redisstore.Config{URL: config.Secret("redis://" + addr)} }
	refusedAtOpen(t, "Redis 6.0", at(old.Addr), "does not have GETEX, ZPOPMAX", "6.2 or later")
	refusedAtOpen(t, "a replica", at(replica.Addr), "read-only replica", "primary")
	do(t, server, "ACL", "SETUSER", "narrow", "on", ">pw", "~other:*", "+@all")
	refusedAtOpen(t, "no right to the keys", redisstore.Config{URL: config.Secret("redis://narrow:pw@" + server.Addr)}, "pattern ~crudadmin:*")
	refusedAtOpen(t, "twemproxy", at(impostor(t, server, func(c []string) string {
		if slices.Contains([]string{"ping", "get", "set", "eval", "evalsha"}, strings.ToLower(c[0])) {
			return ""
		}
		return hangUp
	})), "closes the connection at HELLO", "twemproxy", "connect to Redis itself")
	refusedAtOpen(t, "a proxy that knows HELLO and not GETEX", at(impostor(t, server, func(c []string) string {
		switch strings.ToLower(c[0]) {
		case "hello":
			return "-ERR unknown command 'HELLO'\r\n"
		case "getex":
			return hangUp
		}
		return ""
	})), "closes the connection at GETEX", "twemproxy")
	refusedAtOpen(t, "Dragonfly", at(impostor(t, server, withoutOurScripts("ERR script tried accessing undeclared key 'crudadmin:{00}:s:\xff\x01'"))),
		"allow-undeclared-keys")
	refusedAtOpen(t, "no struct in Lua, as in miniredis", at(impostor(t, server, withoutOurScripts("ERR user_script:33: attempt to index a non-table object(nil) with key 'unpack'"))),
		"refuses the script create", "unpack")
	cluster := testserver.StartRedisCluster(t, 3, 0)
	refusedAtOpen(t, "a Cluster without Cluster", at(cluster.Nodes[0].Addr), "REDIS_CLUSTER")
	node := redisstore.Config{Cluster: []string{cluster.Nodes[0].Addr, cluster.Nodes[1].Addr}, Username: "panel", Password: "pw"}
	for i, master := range cluster.Nodes { // rights are each node's own
		do(t, master, "ACL", "SETUSER", "panel", "on", ">pw", "~*", "+@all")
		if i == 2 {
			do(t, master, "ACL", "SETUSER", "panel", "-pttl")
		}
	}
	refusedAtOpen(t, "one node of a Cluster without a right", node, "PTTL", cluster.Nodes[2].Addr)
}

// withoutOurScripts answers so to the scripts of the store, which share a prelude, and
// knows any other.
func withoutOurScripts(said string) func([]string) string {
	return func(c []string) string {
		switch command := strings.ToLower(c[0]); {
		case command == "hello":
			return "-ERR unknown command 'HELLO'\r\n"
		case command == "eval" && strings.Contains(c[1], "local RECORD"):
			return "-" + said + "\r\n"
		case command == "evalsha" && c[1] != redisstore.TrialSHA:
			return "-NOSCRIPT No matching script\r\n"
		}
		return ""
	}
}

// TestFullServerOpens: a server that is full, or has no replicas left, still
// validates and revokes, so Open does not refuse it.
func TestFullServerOpens(t *testing.T) {
	for what, setting := range map[string][]string{
		"full": {"maxmemory", "1"}, "no replicas": {"min-replicas-to-write", "1"},
	} {
		server := testserver.Redis(t, testserver.RedisOptions{})
		do(t, server, "CONFIG", "SET", setting[0], setting[1])
		s, err := redisstore.Open(t.Context(), redisstore.Config{URL: config.Secret("redis://" + server.Addr), Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		_ = s.Close()
	}
}

// TestProbeLeavesNothing behind, and touches nothing that is there.
func TestProbeLeavesNothing(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL())})
	one := newSession("probe", session.Tag{0})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	before := do(t, server, "DBSIZE")
	open(t, redisstore.Config{URL: config.Secret(server.URL()), NearCache: time.Second})
	if after := do(t, server, "DBSIZE"); after != before {
		t.Errorf("%v keys before a second Open, %v after: %q", before, after, do(t, server, "KEYS", "*"))
	}
	if _, err := s.Get(t.Context(), one.ID); err != nil {
		t.Error(err)
	}
}

// TestRightsTakenLater: what a server refuses after Open is told in the log as what
// it is, once, without keys; and everything works again when the right is back.
func TestRightsTakenLater(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	do(t, server, "ACL", "SETUSER", "panel", "on", ">pw", "~*", "+@all")
	var log bytes.Buffer
	s := open(t, redisstore.Config{URL: config.Secret("redis://panel:pw@" + server.Addr), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	do(t, server, "ACL", "SETUSER", "panel", "-getex", "-evalsha")
	log.Reset()
	for range 3 {
		_, err := s.Get(t.Context(), one.ID)
		for what, err := range map[string]error{"get": err, "touch": s.Touch(t.Context(), session.Seen{ID: one.ID})} {
			if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrIndeterminate) {
				t.Errorf("%s without the right: %v, want ErrUnavailable and session.ErrMisconfigured", what, err)
			}
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || !strings.Contains(log.String(), "getex") {
		t.Errorf("%d error records, want 1 that names the command: %s", n, log.String())
	}
	do(t, server, "ACL", "SETUSER", "panel", "+@all")
	if _, err := s.Get(t.Context(), one.ID); err != nil {
		t.Errorf("with the right again: %v", err)
	}
}

// TestSocket: a Unix socket by URL, by field and by map, with a user and a database.
func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.sock")
	server := testserver.Redis(t, testserver.RedisOptions{Username: "panel", Password: "p@ss", Config: []string{"unixsocket " + path, "unixsocketperm 700"}})
	fromMap, err := redisstore.FromMap(map[string]any{"socket": path, "username": "panel", "password": "p@ss", "db": 3})
	if err != nil {
		t.Fatal(err)
	}
	one := newSession("ada", session.Tag{1})
	for i, cfg := range []redisstore.Config{
		{URL: config.Secret("unix://panel:p%40ss@" + path + "?db=3")},
		{Socket: path, Username: "panel", Password: "p@ss", DB: 3, Host: "ignored.invalid"},
		fromMap,
		{Socket: path, DB: 3, NearCache: time.Second, Credentials: func(context.Context) (string, string, error) { return "panel", "p@ss", nil }},
	} {
		s := open(t, cfg)
		if i == 0 {
			if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Get(t.Context(), one.ID); err != nil {
			t.Errorf("%v: %v", cfg, err)
		}
		if text := fmt.Sprint(cfg); strings.Contains(text, "p@ss") || strings.Contains(text, "p%40ss") {
			t.Errorf("a secret is shown: %s", cfg)
		}
	}
	server.Kill()
	if _, err := redisstore.Open(t.Context(), redisstore.Config{Socket: path}); !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), path) {
		t.Errorf("nobody listens: %v", err)
	}
}
