// Configuration: bounds, maps, secrets, and what Open says of servers that will
// not do.

package memcachestore

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
)

func TestConfigNamesEveryWrongField(t *testing.T) {
	_, err := Open(t.Context(), Config{
		Servers: []string{"localhost:11211", "localhost", "h:70000", "localhost:11211", "u:secret@h:1"}, Host: "a b", Port: 70000,
		Username: "u:v", Password: "pass word", PoolSize: -1, ConnectTimeout: -time.Second, Prefix: "a b", MaxItem: 1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"Servers[1]: \"localhost\"", "Servers[2]", "Servers[3]", "Servers[4]: \"***@h:1\"", "Host", "Port: 70000", "Username", "Password",
		"PoolSize: -1", "ConnectTimeout: -1s", "Prefix", "MaxItem: 1, want 65536 to 16777216",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "pass word") {
		t.Errorf("the error shows a secret: %v", err)
	}
	for field, cfg := range map[string]Config{
		"Servers":            {Servers: make([]string, maxServers+1)},
		"Password":           {Username: "u"},
		"Username":           {Password: "p"},
		"Username, Password": {Username: "u", Password: config.Secret(strings.Repeat("p", maxCredentials))},
	} {
		if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "\n"+field+": ") {
			t.Errorf("%s is wrong, and Open says: %v", field, err)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	s, err := Open(t.Context(), Config{Lazy: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.servers) != 1 || s.servers[0].addr != "localhost:11211" {
		t.Errorf("the default server is %v", s.cfg.addresses())
	}
	both := Config{Servers: []string{"a:1", "b:2"}, Host: "c", Port: 3}
	if got := both.addresses(); !reflect.DeepEqual(got, both.Servers) {
		t.Errorf("a list beside host and port: %v", got)
	}
	six := Config{Host: "::1", Port: 7}
	if got := six.addresses(); got[0] != "[::1]:7" {
		t.Errorf("an IPv6 host: %v", got)
	}
}

func TestFromMap(t *testing.T) {
	var m map[string]any
	if err := json.Unmarshal([]byte(`{"servers": "a:1, b:2", "host": "h", "port": 7, "username": "u", "password": "p",
		"tls": true, "pool_size": 3, "connect_timeout": 0.5, "prefix": "x:", "max_item": 2097152, "lazy": true}`), &m); err != nil {
		t.Fatal(err)
	}
	got, err := FromMap(m)
	if err != nil {
		t.Fatal(err)
	}
	if got.TLS == nil || got.TLS.MinVersion != tls.VersionTLS12 {
		t.Errorf("tls: true gave %v", got.TLS)
	}
	got.TLS = nil
	want := Config{
		Servers: []string{"a:1", "b:2"}, Host: "h", Port: 7, Username: "u", Password: "p",
		PoolSize: 3, ConnectTimeout: 500 * time.Millisecond, Prefix: "x:", MaxItem: 2 << 20, Lazy: true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = FromMap(map[string]any{"sever": "x", "port": "7", "password": 12345, "pool_size": 1.5, "servers": 3, "ca_file": "/does/not/exist", "connect_timeout": "soon"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"sever" is not known, want one of ca_file, connect_timeout,`, "port: string", "password: int", "pool_size: 1.5", "servers: int", "ca_file: ", `connect_timeout: "soon"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "12345") {
		t.Errorf("the error shows a secret: %v", err)
	}
}

func TestConfigPrintsNoSecret(t *testing.T) {
	cfg := Config{Servers: []string{"u:hunter2@h:1"}, Host: "u:hunter2@h", Username: "panel", Password: "hunter2", Lazy: true}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "cfg", cfg, "p", &cfg)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "cfg", cfg, "in", struct{ C Config }{cfg})
	text, err := json.Marshal(map[string]any{"c": cfg, "p": &cfg})
	if err != nil {
		t.Fatal(err)
	}
	prints := []string{log.String(), string(text)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		prints = append(prints, fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, &cfg), fmt.Sprintf(verb, []Config{cfg}), fmt.Sprintf(verb, struct{ C Config }{cfg}))
	}
	if user := fmt.Sprint(cfg); !strings.Contains(user, "panel") || !strings.Contains(user, "***@h:1") {
		t.Errorf("the user or the host is not in %s", user)
	}
	for _, print := range prints {
		if strings.Contains(print, "hunter2") || strings.Contains(strings.ToLower(print), "68756e74657232") {
			t.Errorf("the password is in %s", print)
		}
	}
}

// refused fails the test unless err says that the configuration will never do.
func refused(t testing.TB, what string, err error, want ...string) {
	t.Helper()
	if !errors.Is(err, session.ErrMisconfigured) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: %v, want session.ErrMisconfigured", what, err)
		return
	}
	for _, word := range want {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: the error does not say %q: %v", what, word, err)
		}
	}
}

func TestOpenPassword(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Username: "panel", Password: "right"})
	with := func(username, password string) error {
		s, err := Open(t.Context(), Config{Servers: []string{server.Addr}, Username: username, Password: config.Secret(password)})
		if err == nil {
			_ = s.Close()
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
		return err
	}
	refused(t, "a wrong password", with("panel", "secret"), "wrong Username or Password", server.Addr)
	refused(t, "no password", with("", ""), "asks for a Username and Password")
	if err := with("panel", "right"); err != nil {
		t.Error(err)
	}
	s := open(t, Config{Servers: []string{server.Addr}, Username: "panel", Password: "secret", Lazy: true})
	if _, err := s.Create(t.Context(), newSession("ada", session.Tag{1}), session.Admission{}); !errors.Is(err, session.ErrMisconfigured) || !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrIndeterminate) {
		t.Errorf("Create with a wrong password: %v, want both ErrUnavailable and session.ErrMisconfigured", err)
	}
	if r := s.Traits().Report(); !strings.Contains(r.Warning, "wrong Username or Password") || strings.Contains(r.Warning, "does not answer") || strings.Contains(r.Warning, "secret") {
		t.Errorf("with a wrong password the report warns %q", r.Warning)
	}
}

// TestOpenPasswordNotAsked: a server that asks for no password would keep it as an
// item.
func TestOpenPasswordNotAsked(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	_, err := Open(t.Context(), Config{Servers: []string{server.Addr}, Username: "panel", Password: "secret"})
	refused(t, "a password that is not asked for", err, "--auth-file")
	if n := stat(t, server, "total_items"); n != 0 {
		t.Errorf("the server was given %d items", n)
	}
}

func TestOpenTLS(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{TLS: true})
	plain := testserver.Memcached(t, testserver.MemcachedOptions{})
	open := func(addr string, conf *tls.Config) error {
		s, err := Open(t.Context(), Config{Servers: []string{addr}, TLS: conf, ConnectTimeout: 2 * time.Second})
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	if err := open(server.Addr, server.TLS.Config); err != nil {
		t.Error(err)
	}
	refused(t, "an authority we do not know", open(server.Addr, &tls.Config{MinVersion: tls.VersionTLS12}))
	other := server.TLS.Config.Clone()
	other.ServerName = "another.example"
	refused(t, "another host's certificate", open(server.Addr, other))
	refused(t, "TLS to a server without", open(plain.Addr, server.TLS.Config))
	if err := open(server.Addr, nil); err == nil {
		t.Error("plain text to a server with TLS: no error")
	}
}

func TestOpenNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := listener.Addr().String() // accepts and says nothing
	defer listener.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for what, servers := range map[string][]string{"nobody listens": {gone.Addr().String()}, "silence": {silent}, "both": {gone.Addr().String(), silent}} {
		for _, username := range []string{"", "panel"} {
			began := time.Now()
			_, err := Open(context.Background(), Config{Servers: servers, ConnectTimeout: 200 * time.Millisecond, Username: username, Password: config.Secret(strings.Repeat("p", len(username)))})
			if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrMisconfigured) {
				t.Errorf("%s: %v, want ErrUnavailable", what, err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("%s: Open took %s, ConnectTimeout is 200 ms", what, took)
			}
		}
	}
}

// TestOpenUnfitServers: servers without CAS, or with a lower limit than MaxItem.
func TestOpenUnfitServers(t *testing.T) {
	noCAS := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-C"}})
	_, err := Open(t.Context(), Config{Servers: []string{noCAS.Addr}})
	refused(t, "a server without CAS", err, "without -C")
	s := open(t, Config{Servers: []string{noCAS.Addr}, Lazy: true})
	one := newSession("ada", session.Tag{1})
	for name, call := range calls(s, one) {
		if err := call(t.Context()); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, session.ErrMisconfigured) {
			t.Errorf("%s on a server without CAS: %v", name, err)
		}
	}

	small := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-I", "512k"}})
	_, err = Open(t.Context(), Config{Servers: []string{small.Addr}})
	refused(t, "a server with a lower limit", err, "MaxItem: 1048576", "524288")
	open(t, Config{Servers: []string{small.Addr}, MaxItem: 512 << 10})

	fit := testserver.Memcached(t, testserver.MemcachedOptions{})
	_, err = Open(t.Context(), Config{Servers: []string{fit.Addr, small.Addr}})
	refused(t, "one of two with a lower limit", err, small.Addr)
}
