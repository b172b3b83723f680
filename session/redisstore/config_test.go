// The configuration: URLs, maps, bounds, masks, and what Open says of servers
// that are not there or not willing.

package redisstore_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessiontest"
)

// canary is a secret that no error and no print may show.
const canary = "canary-secret"

// TestBadSettings: each gives one sentence that names the field, without a
// secret, and nobody is asked.
func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		cfg  redisstore.Config
		want []string
	}{
		{redisstore.Config{Port: 70000}, []string{"Port: 70000, want 1 to 65535"}},
		{redisstore.Config{Port: -1}, []string{"Port: -1"}},
		{redisstore.Config{DB: -1}, []string{"DB: -1, want 0 to 65535"}},
		{redisstore.Config{PoolSize: -5}, []string{"PoolSize: -5, want 1 to 256"}},
		{redisstore.Config{PoolSize: 1000}, []string{"PoolSize: 1000"}},
		{redisstore.Config{ConnectTimeout: -time.Second}, []string{"ConnectTimeout: -1s, want 1ms to 5m0s"}},
		{redisstore.Config{ConnectTimeout: time.Hour}, []string{"ConnectTimeout: 1h0m0s"}},
		{redisstore.Config{Host: "a b"}, []string{`Host: "a b"`}},
		{redisstore.Config{Host: "user:" + canary + "@host"}, []string{"Host:"}},
		{redisstore.Config{Prefix: "a{b}"}, []string{"Prefix:"}},
		{redisstore.Config{Prefix: strings.Repeat("x", 129)}, []string{"Prefix: 129 bytes"}},
		{redisstore.Config{Username: "ada"}, []string{"Password: empty, but Username is set"}},
		{redisstore.Config{Sentinels: []string{"a:1"}}, []string{"MasterName: empty"}},
		{redisstore.Config{MasterName: "m"}, []string{"Sentinels: empty"}},
		{redisstore.Config{Sentinels: []string{"a:1"}, MasterName: "m", Cluster: []string{"b:2"}}, []string{"Sentinels, Cluster: both"}},
		{redisstore.Config{Cluster: []string{"b"}}, []string{`Cluster[0]: "b", want host:port`}},
		{redisstore.Config{Cluster: []string{"b:1"}, DB: 3}, []string{"DB: 3, want 0"}},
		{redisstore.Config{URL: "https://localhost"}, []string{`URL: scheme "https", want redis, rediss (TLS) or unix (a socket)`}},
		{redisstore.Config{URL: "localhost:6379"}, []string{"URL: want redis://"}},
		{redisstore.Config{URL: "redis://localhost?protocol=3"}, []string{`URL: query key "protocol" is not known`}},
		{redisstore.Config{URL: "redis://localhost:70000"}, []string{`URL: port "70000"`}},
		{redisstore.Config{URL: "redis://localhost:6379x"}, []string{"URL: the port"}},
		{redisstore.Config{URL: "redis://localhost/zero"}, []string{`URL: database "zero"`}},
		{redisstore.Config{URL: "redis://localhost/-1"}, []string{`URL: database "-1"`}},
		{redisstore.Config{URL: "redis://localhost/007"}, []string{`URL: database "007"`}},
		{redisstore.Config{URL: "redis://localhost#x"}, []string{"URL: a #"}},
		{redisstore.Config{URL: config.Secret("redis://:" + canary + "%zz@localhost")}, []string{"URL: the password has a wrong % escape"}},
		{redisstore.Config{URL: config.Secret("redis://:" + canary + "/x@localhost")}, []string{"URL: an @ behind the host"}},
		{redisstore.Config{URL: config.Secret("redis://:" + canary + "?x@localhost")}, []string{"URL: an @ behind the host"}},
		{redisstore.Config{URL: config.Secret("redis://user:" + canary + ":6379")}, []string{"URL: more than one colon"}},
		{redisstore.Config{URL: config.Secret("redis://:" + canary)}, []string{"URL: the port is not a number"}},
		{redisstore.Config{URL: "redis://::1:6379"}, []string{"URL: more than one colon"}},
		{redisstore.Config{URL: "redis://[::1"}, []string{"URL: host"}},
		{redisstore.Config{URL: "redis://[::1]6379"}, []string{"URL:"}},
		{redisstore.Config{URL: "unix://"}, []string{"URL: want an absolute path"}},
		{redisstore.Config{URL: "unix://run/r.sock"}, []string{"URL: a host behind unix://"}},
		{redisstore.Config{URL: "unix:///r.sock?database=1"}, []string{`URL: query key "database" is not known, want db`}},
		{redisstore.Config{URL: "unix:///r.sock?db=1&tls=1"}, []string{`URL: database "1&tls=1"`}},
		{redisstore.Config{URL: "unix:///r.sock?db=70000"}, []string{`URL: database "70000"`}},
		{redisstore.Config{URL: "unix:///r%zz.sock"}, []string{"URL: the path has a wrong % escape"}},
		{redisstore.Config{URL: "unix://:" + canary + "/x@/r.sock"}, []string{"URL: an @ or # behind the host"}},
		{redisstore.Config{URL: config.Secret("unix:///" + strings.Repeat("x", 107))}, []string{"Socket: "}},
		{redisstore.Config{Socket: "r.sock"}, []string{`Socket: "r.sock", want an absolute path of at most 107 bytes`}},
		{redisstore.Config{Socket: "/r.sock", TLS: &tls.Config{}, Cluster: []string{"a:1"}}, []string{"TLS: set, but Socket is set too", "Socket: set, but Sentinels or Cluster are"}},
		{redisstore.Config{Port: -1, DB: -2, PoolSize: -3, Password: canary}, []string{"Port: -1", "DB: -2", "PoolSize: -3"}},
	} {
		began := time.Now()
		_, err := redisstore.Open(t.Context(), c.cfg)
		if err == nil {
			t.Errorf("%v: no error", c.cfg)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q, want it to say %q", err, want)
			}
		}
		if n := strings.Count(err.Error(), "\n"); n != len(c.want) {
			t.Errorf("error %q has %d lines, want one for each of %d fields", err, n, len(c.want))
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("the error shows a secret: %q", err)
		}
		if errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%q matches ErrUnavailable", err)
		}
		if time.Since(began) > testserver.Guard {
			t.Errorf("%q took long", err)
		}
	}
}

func TestURL(t *testing.T) {
	for text, want := range map[string]redisstore.Config{
		"redis://":                                {Host: "localhost", Port: 6379},
		"redis://h":                               {Host: "h", Port: 6379},
		"redis://h:7/":                            {Host: "h", Port: 7},
		"redis://h:7/15":                          {Host: "h", Port: 7, DB: 15},
		"redis://:p%40ss%2F%3A@h":                 {Host: "h", Port: 6379, Password: "p@ss/:"},
		"redis://a%3Ab:c+d%20e@h":                 {Host: "h", Port: 6379, Username: "a:b", Password: "c+d e"},
		"redis://u:p:q@h":                         {Host: "h", Port: 6379, Username: "u", Password: "p:q"},
		"redis://[2001:db8::1]:7/1":               {Host: "2001:db8::1", Port: 7, DB: 1},
		"redis://u:p@[::1]":                       {Host: "::1", Port: 6379, Username: "u", Password: "p"},
		"unix:///run/r.sock":                      {Socket: "/run/r.sock"},
		"unix://u:p%40@/run/a%20b.sock?db=7":      {Socket: "/run/a b.sock", Username: "u", Password: "p@", DB: 7},
		"rediss://redis.example.com:6380":         {Host: "redis.example.com", Port: 6380, TLS: &tls.Config{}},
		"rediss://user:pass@redis.example.com/1?": {Host: "redis.example.com", Port: 6379, DB: 1, Username: "user", Password: "pass", TLS: &tls.Config{}},
	} {
		got, err := redisstore.Resolve(redisstore.Config{URL: config.Secret(text), Socket: "/beaten", Host: "beaten", Port: 1, DB: 9, Password: "beaten"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if want.Socket != "" { // of which host and port stay as they were
			want.Host, want.Port = got.Host, got.Port
		}
		if got.Socket != want.Socket || got.Host != want.Host || got.Port != want.Port || got.DB != want.DB || got.Username != want.Username || got.Password != want.Password || (got.TLS != nil) != (want.TLS != nil) {
			t.Errorf("%s: host %q port %d db %d user %q password %q TLS %t", text, got.Host, got.Port, got.DB, got.Username, got.Password, got.TLS != nil)
		}
	}
}

func TestFromMap(t *testing.T) {
	var m map[string]any
	if err := json.Unmarshal([]byte(`{"host":"h","port":7,"db":1,"username":"u","password":"p","pool_size":4,"connect_timeout":2.5,
		"prefix":"x:","lazy":true,"socket":"/r.sock","sentinels":["a:1","b:2"],"master_name":"m","tls":true}`), &m); err != nil {
		t.Fatal(err)
	}
	got, err := redisstore.FromMap(m)
	if err != nil {
		t.Fatal(err)
	}
	if got.TLS == nil || got.TLS.MinVersion != tls.VersionTLS12 {
		t.Error("tls: true is not TLS 1.2 or later")
	}
	got.TLS = nil
	want := redisstore.Config{
		Host: "h", Port: 7, DB: 1, Username: "u", Password: "p", PoolSize: 4, ConnectTimeout: 2500 * time.Millisecond,
		Prefix: "x:", Lazy: true, Socket: "/r.sock", Sentinels: []string{"a:1", "b:2"}, MasterName: "m",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	got, err = redisstore.FromMap(map[string]any{"cluster": "a:1, b:2", "connect_timeout": "500ms", "port": int64(6)})
	if err != nil || !reflect.DeepEqual(got, redisstore.Config{Cluster: []string{"a:1", "b:2"}, ConnectTimeout: 500 * time.Millisecond, Port: 6}) {
		t.Errorf("%v, %v", got, err)
	}
	_, err = redisstore.FromMap(map[string]any{
		"hosst": "h", "port": "6379", "db": 1.5, "password": 5, "lazy": 1, "cluster": []any{1}, "connect_timeout": "soon", "ca_file": "/nowhere",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"hosst" is not known`, "port: string, want a whole number", "db: 1.5", "password: int, want a text", "lazy: int", "cluster: [0]: int", `connect_timeout: "soon"`, "ca_file: open /nowhere"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, want it to say %q", err, want)
		}
	}
}

// TestConfigHidesSecrets: whatever prints a configuration, secrets stay out.
func TestConfigHidesSecrets(t *testing.T) {
	cfg := redisstore.Config{
		URL: config.Secret("redis://u:" + canary + "@h"), Password: canary, SentinelPassword: canary, Host: "u:" + canary + "@h",
		Cluster: []string{"redis://:" + canary + "@h:1"}, Sentinels: []string{canary + "@h"},
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "cfg", cfg, "ptr", &cfg)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "cfg", cfg, "ptr", &cfg)
	asJSON, err := json.Marshal(map[string]any{"cfg": cfg, "ptr": &cfg})
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []string{"redis://:" + canary, "redis://h?password=" + canary, canary, "redis://u:" + canary + "/x@h"} {
		if text := fmt.Sprint(redisstore.Config{URL: config.Secret(broken)}); strings.Contains(text, canary) {
			t.Errorf("a broken URL shows a secret: %s", text)
		}
	}
	if text := fmt.Sprint(cfg); !strings.Contains(text, "***@h") {
		t.Errorf("%s shows nothing of the host", text)
	}
	prints := []string{logged.String(), string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		prints = append(prints, fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, &cfg), fmt.Sprintf(verb, struct{ C redisstore.Config }{cfg}))
	}
	for _, text := range prints {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("shows a secret: %s", text)
		}
	}
}

// TestOpenTells unavailable from misconfigured, within the connect timeout.
func TestOpenTells(t *testing.T) {
	plain := testserver.Redis(t, testserver.RedisOptions{Password: "right"})
	acl := testserver.Redis(t, testserver.RedisOptions{Username: "panel", Password: "right", TLS: true})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	frozen := testserver.Redis(t, testserver.RedisOptions{})
	frozen.Freeze()
	wrongHost := acl.TLS.Config.Clone()
	wrongHost.ServerName = "redis.example.com"
	unencrypted := strings.Replace(acl.URL(), "rediss://", "redis://", 1)
	at := func(addr string) string { return "redis://" + addr }
	const timeout = 500 * time.Millisecond
	for what, c := range map[string]struct {
		cfg     redisstore.Config
		refused string // the field that is refused; empty: unavailable
	}{
		"wrong password":       {redisstore.Config{URL: config.Secret("redis://:" + canary + "@" + plain.Addr)}, "Password"},
		"no password":          {redisstore.Config{URL: config.Secret(at(plain.Addr))}, "Password"},
		"wrong ACL password":   {redisstore.Config{URL: config.Secret("rediss://panel:" + canary + "@" + acl.Addr), TLS: acl.TLS.Config}, "Password"},
		"wrong ACL user":       {redisstore.Config{URL: config.Secret("rediss://" + canary + ":right@" + acl.Addr), TLS: acl.TLS.Config}, "Password"},
		"wrong CA":             {redisstore.Config{URL: config.Secret(acl.URL()), TLS: acl.TLS.WrongConfig}, "TLS"},
		"the system's CAs":     {redisstore.Config{URL: config.Secret(acl.URL())}, "TLS"},
		"wrong host name":      {redisstore.Config{URL: config.Secret(acl.URL()), TLS: wrongHost}, "TLS"},
		"TLS to a plain port":  {redisstore.Config{URL: config.Secret("rediss://:right@" + plain.Addr)}, ""}, // it waits for the end of a line
		"a database too high":  {redisstore.Config{URL: config.Secret("redis://:right@" + plain.Addr + "/200")}, "DB"},
		"plain to a TLS port":  {redisstore.Config{URL: config.Secret(unencrypted)}, ""},
		"nobody listens":       {redisstore.Config{URL: config.Secret(at("127.0.0.1:1"))}, ""},
		"listens, never talks": {redisstore.Config{URL: config.Secret(at(silent.Addr().String()))}, ""},
		"frozen":               {redisstore.Config{URL: config.Secret(at(frozen.Addr))}, ""},
		"unknown host":         {redisstore.Config{Host: "nobody.invalid"}, ""},
		"IPv6, nobody listens": {redisstore.Config{URL: "redis://[::1]:1"}, ""},
		"Sentinels gone":       {redisstore.Config{Sentinels: []string{"127.0.0.1:1", "127.0.0.1:2"}, MasterName: "m"}, ""},
		"Cluster gone":         {redisstore.Config{Cluster: []string{"127.0.0.1:1", "127.0.0.1:2"}}, ""},
		"a proxy to nowhere":   {redisstore.Config{Host: "192.0.2.1"}, ""},
	} {
		timeout := timeout
		if c.refused != "" { // it is told soon, but on a busy machine
			timeout = testserver.Guard
		}
		c.cfg.ConnectTimeout = timeout
		began := time.Now()
		s, err := redisstore.Open(context.Background(), c.cfg)
		took := time.Since(began)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: no error", what)
			continue
		}
		if misconfigured := c.refused != ""; errors.Is(err, session.ErrMisconfigured) != misconfigured || errors.Is(err, session.ErrUnavailable) == misconfigured {
			t.Errorf("%s: %v; want misconfigured: %t, else unavailable", what, err, misconfigured)
		}
		field := "connect to "
		if c.refused != "" {
			field = ": " + c.refused + ": "
		}
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v; want %q named", what, err, field)
		}
		if took > timeout+2*time.Second {
			t.Errorf("%s: took %s", what, took)
		}
		if strings.Contains(err.Error(), canary) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("%s: %q shows a secret or is more than one line", what, err)
		}
		t.Logf("%s: %s: %v", what, took.Round(time.Millisecond), err)
	}
}

// TestLazy: Open needs no server, the first call that finds one uses it.
func TestLazy(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	server.Kill()
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Lazy: true, ConnectTimeout: time.Second})
	if err := s.Ping(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Ping without a server: %v", err)
	}
	if _, err := s.Create(t.Context(), newSession("ada", session.Tag{}), session.Admission{}); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
		t.Errorf("Create without a server: %v, want ErrUnavailable and no doubt", err)
	}
	server.Restart(false)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping with a server: %v", err)
	}
	_ = s.Close()
	if err := s.Ping(t.Context()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Ping of a closed store: %v", err)
	}
	wrong := open(t, redisstore.Config{URL: config.Secret("redis://" + server.Addr + "/99"), Lazy: true})
	if err := wrong.Ping(t.Context()); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, session.ErrMisconfigured) {
		t.Errorf("Ping of a lazy store that is refused: %v, want both ErrUnavailable and session.ErrMisconfigured", err)
	}
}

// TestTwoApplications on one server, one of whose prefixes begins the other's,
// never see, end or sweep each other's sessions, or count each other's logins.
func TestTwoApplications(t *testing.T) {
	server, prefix := testserver.SharedRedis(t)
	clock := sessiontest.NewClock()
	a := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix})
	b := open(t, redisstore.Config{URL: config.Secret(server.URL()), Prefix: prefix + "b:", Now: clock.Now})
	ctx := t.Context()
	one := newSession("ada", session.Tag{1})
	if _, err := a.Create(ctx, one, session.Admission{}); err != nil {
		t.Fatal(err)
	}
	if wait, err := a.Count(ctx, "ada", session.CountRule{Limit: 1, Window: time.Hour}); wait != 0 || err != nil {
		t.Fatal(wait, err)
	}
	if _, err := b.Get(ctx, one.ID); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	if _, err := b.Delete(ctx, one.ID, session.Ending{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Delete: %v", err)
	}
	if err := b.Touch(ctx, session.Seen{ID: one.ID}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Touch: %v", err)
	}
	if err := b.Update(ctx, one.ID, 1, session.Metadata{}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Update: %v", err)
	}
	next := newSession("ada", one.ID.Tag())
	if err := b.Rotate(ctx, one.ID, next); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Rotate: %v", err)
	}
	if n, err := b.DeleteUser(ctx, one.User(), session.Ending{}); n != 0 || err != nil {
		t.Errorf("DeleteUser: %d, %v", n, err)
	}
	for _, user := range []session.User{{}, one.User()} {
		if page, err := b.List(ctx, session.Query{User: user}); len(page.Sessions) != 0 || err != nil {
			t.Errorf("List: %d, %v", len(page.Sessions), err)
		}
	}
	if wait, err := b.Count(ctx, "ada", session.CountRule{Limit: 1, Window: time.Hour}); wait != 0 || err != nil {
		t.Errorf("Count: wait %s, %v", wait, err)
	}
	if err := b.Uncount(ctx, "ada", -1); err != nil {
		t.Error(err)
	}
	same := newSession("ada", one.ID.Tag())
	same.ID = one.ID
	if evicted, err := b.Create(ctx, same, session.Admission{Limit: 1}); len(evicted) != 0 || err != nil {
		t.Errorf("Create of the same ID: %d evicted, %v", len(evicted), err)
	}
	clock.Advance(24 * time.Hour) // to b both have expired
	if n, err := b.Sweep(ctx, 1000); n != 1 || err != nil {
		t.Errorf("Sweep: %d, %v, want its own", n, err)
	}
	if n, err := b.Stored(ctx); n != 0 || err != nil {
		t.Errorf("Stored: %d, %v", n, err)
	}
	if got, err := a.Get(ctx, one.ID); err != nil || got != one {
		t.Errorf("after all that: %+v, %v", got, err)
	}
	if n, err := a.Stored(ctx); n != 1 || err != nil {
		t.Errorf("Stored: %d, %v, want 1", n, err)
	}
	if wait, err := a.Count(ctx, "ada", session.CountRule{Limit: 1, Window: time.Hour}); wait == 0 || err != nil {
		t.Errorf("Count: wait %s, %v, want one", wait, err)
	}
}

// TestSentinelPasswords: the Sentinels and the primary let in by passwords of their
// own, and a wrong one of either is told from a server that is not there.
func TestSentinelPasswords(t *testing.T) {
	servers := testserver.StartRedisSentinel(t)
	do(t, servers.Primary(), "ACL", "SETUSER", "panel", "on", ">right", "~*", "&*", "+@all")
	for _, sentinel := range servers.Sentinels {
		do(t, sentinel, "ACL", "SETUSER", "watcher", "on", ">also right", "~*", "&*", "+@all")
		do(t, sentinel, "ACL", "SETUSER", "default", "off")
	}
	good := redisstore.Config{
		Sentinels: servers.Addrs(), MasterName: servers.Name, Username: "panel", Password: "right",
		SentinelUsername: "watcher", SentinelPassword: "also right", ConnectTimeout: 2 * time.Second,
	}
	s := open(t, good)
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{}); err != nil {
		t.Error(err)
	}
	if h, err := s.Health(t.Context()); err != nil || h.Mode != "sentinel" {
		t.Errorf("%+v, %v", h, err)
	}
	for what, change := range map[string]func(*redisstore.Config){
		"a name nobody knows":     func(c *redisstore.Config) { c.MasterName = "nobody" },
		"wrong password":          func(c *redisstore.Config) { c.Password = canary },
		"wrong Sentinel password": func(c *redisstore.Config) { c.SentinelPassword = canary },
		"no Sentinel password":    func(c *redisstore.Config) { c.SentinelUsername, c.SentinelPassword = "", "" },
	} {
		cfg := good
		change(&cfg)
		began := time.Now()
		_, err := redisstore.Open(t.Context(), cfg)
		if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v, want session.ErrMisconfigured", what, err)
		}
		if took := time.Since(began); took > good.ConnectTimeout+testserver.Guard {
			t.Errorf("%s: took %s", what, took)
		}
	}
}
