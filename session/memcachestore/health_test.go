// What the servers say of themselves.

package memcachestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
)

func TestHealth(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{TLS: true, Username: "panel", Password: "secret", Args: []string{"-m", "32", "-I", "2m"}})
	s := open(t, Config{Servers: []string{server.Addr}, TLS: server.TLS.Config, Username: "panel", Password: "secret"})
	create(t, s, "ada", session.Tag{1})
	eventually(t, "the item that the store tried its commands on is gone", func() error { // the server removes it in its own time
		if n := s.Health(t.Context()).Servers[0].Items; n != 1 {
			return fmt.Errorf("%d items", n)
		}
		return nil
	})
	h := s.Health(t.Context()).Servers[0]
	switch {
	case h.Err != nil, h.Addr != server.Addr, !strings.Contains(h.Version, "."), h.Uptime <= 0, h.Connections < 1, h.Items != 1,
		h.UsedBytes < 100, h.MaxBytes != 32<<20, h.MaxItem != 2<<20, h.Evictions != 0, h.Skew.Abs() > 2*time.Second:
		t.Errorf("%+v", h)
	}
	server.Kill()
	if h := s.Health(t.Context()).Servers[0]; h.Err == nil || h.Addr != server.Addr {
		t.Errorf("of a dead server: %+v", h)
	}
}

func TestTraits(t *testing.T) {
	s := open(t, Config{Lazy: true})
	got := s.Traits()
	if got.Name != "memcached" || got.Local || !got.Shared || got.Durable || got.ListAll || got.History || !got.ExactLimit ||
		got.MaxPerUser != 59 || got.MaxStale != 0 || got.Background != nil || len(got.Notes) == 0 {
		t.Errorf("%+v", got)
	}
	if _, err := session.New(s, session.Config{SecretKey: config.Secret(make([]byte, 32)), MaxPerUser: 60}); err == nil || !strings.Contains(err.Error(), "at most 59") {
		t.Errorf("a manager that allows more than fit: %v", err)
	}
}

// TestReport: what the servers said when the store opened, or first used them if it is lazy, and
// which of them fail now.
func TestReport(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Args: []string{"-m", "32"}})
	for name, cfg := range map[string]Config{"opened": {Servers: []string{server.Addr}}, "lazy": {Servers: []string{server.Addr}, Lazy: true}} {
		s := open(t, cfg)
		if cfg.Lazy {
			if r := s.Traits().Report(); r.Warning != "" || r.Detail != "1 server" {
				t.Errorf("%s: before it connects: %+v", name, r)
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if r := s.Traits().Report(); r.Warning != "" || !strings.Contains(r.Detail, "of 32 MiB used") {
			t.Errorf("%s: %+v", name, r)
		}
		if r := s.Cache().Report(); r.Warning != "" || r.Detail == "" {
			t.Errorf("%s: as a cache: %+v", name, r)
		}
	}
	s := open(t, Config{Servers: []string{server.Addr}})
	server.Kill()
	eventually(t, "the report of a server that is down", func() error {
		if err := s.Ping(t.Context()); err == nil {
			return errors.New("it answers")
		}
		if r := s.Traits().Report(); !strings.Contains(r.Warning, server.Addr+": it does not answer") {
			return fmt.Errorf("%+v", r)
		}
		return nil
	})
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for want, one := range map[string]Server{
		"": {Skew: time.Second}, "does not answer": {Err: session.ErrUnavailable}, "7 items": {Evictions: 7}, "clock": {Skew: -time.Hour},
		"cannot be used": {Err: fmt.Errorf("%w: %w", session.ErrUnavailable, session.ErrMisconfigured)},
	} {
		if got := strings.Join(one.warnings(), "\n"); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%+v warns %q, want something of %q", one, got, want)
		}
	}
	for skew, want := range map[time.Duration]bool{
		time.Hour: true, 31 * time.Minute: true, 29 * time.Minute: false, -29 * time.Minute: false, -31 * time.Minute: true, -time.Hour: true,
	} {
		one := Server{Skew: skew}
		if got := strings.Join(one.warnings(), "\n"); strings.Contains(got, "clock") != want || (got != "") != want {
			t.Errorf("of a clock that is %s ahead it warns %q, want a warning: %t", skew, got, want)
		}
	}
}

// TestCredentialsThatCannotBeUsed: what Config.Credentials returns is judged as Username and
// Password are, in one line that shows neither.
func TestCredentialsThatCannotBeUsed(t *testing.T) {
	server := testserver.Memcached(t, testserver.MemcachedOptions{Username: "panel", Password: "right"})
	_, err := Open(t.Context(), Config{
		Servers: []string{server.Addr}, Logger: slog.New(slog.DiscardHandler),
		Credentials: func(context.Context) (string, string, error) { return "canary:", "can ary", nil },
	})
	if !errors.Is(err, session.ErrMisconfigured) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "can ary") {
		t.Errorf("got %v", err)
	}
	for _, field := range []string{"Username: 7 bytes", "Password: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}
