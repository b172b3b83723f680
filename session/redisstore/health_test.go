// What servers say of themselves, and those that do not.

package redisstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

func TestHealth(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory-policy noeviction", "appendonly yes", "appendfsync everysec", `save ""`}})
	s := open(t, redisstore.Config{URL: config.Secret(server.URL())})
	h, err := s.Health(t.Context())
	if err != nil || len(h.Servers) != 1 || h.Mode != "standalone" {
		t.Fatalf("%+v, %v", h, err)
	}
	one := h.Servers[0]
	if one.Addr != server.Addr || one.Version == redisstore.Unknown || one.Role != "primary" || one.Eviction != "noeviction" ||
		one.Persistence != "aof (everysec)" || one.UsedMemory <= 0 || one.MaxMemory != 0 || one.Clients < 1 || one.Skew.Abs().Seconds() > 1 {
		t.Errorf("%+v", one)
	}
	if len(h.Warnings) != 0 {
		t.Errorf("warnings of a good server: %q", h.Warnings)
	}
	if r := s.Traits().Report(); r.Warning != "" || !strings.Contains(r.Detail, "noeviction") {
		t.Errorf("the report of a good server: %+v", r)
	}
}

func TestHealthWarns(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory-policy allkeys-lru", "appendonly no", `save ""`}})
	var log bytes.Buffer
	s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	h, err := s.Health(t.Context())
	if err != nil || len(h.Warnings) != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	report := s.Traits().Report()
	for _, want := range []string{"allkeys-lru", "keeps nothing on disk"} {
		if !strings.Contains(report.Warning, want) {
			t.Errorf("the report, which the panel's health page shows, does not say %s: %q", want, report.Warning)
		}
		if !strings.Contains(strings.Join(h.Warnings, "\n"), want) || !strings.Contains(log.String(), want) {
			t.Errorf("no warning of %s in %q or in the log %q", want, h.Warnings, log.String())
		}
	}
}

// TestHealthOfManaged: without CONFIG and INFO the answer is unknown, and
// sessions work.
func TestHealthOfManaged(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	do(t, server, "ACL", "SETUSER", "guest", "on", ">pw", "~crudadmin:*", "+@all", "-@admin", "-@dangerous", "-time")
	s := open(t, redisstore.Config{URL: config.Secret("redis://guest:pw@" + server.Addr)})
	h, err := s.Health(t.Context())
	if err != nil || len(h.Servers) != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
	if one := h.Servers[0]; one.Version != redisstore.Unknown || one.Eviction != redisstore.Unknown || one.Role != redisstore.Unknown || one.Persistence != redisstore.Unknown || one.MaxMemory != -1 {
		t.Errorf("%+v", one)
	}
	one := newSession("ada", session.Tag{1})
	if _, err := s.Create(t.Context(), one, session.Admission{Limit: 1}); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), one.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.List(t.Context(), session.Query{}); err != nil {
		t.Error(err)
	}
	if _, err := s.DeleteUser(t.Context(), one.User(), session.Ending{}); err != nil {
		t.Error(err)
	}
	if _, err := s.Sweep(t.Context(), 10); err != nil {
		t.Error(err)
	}
}

// TestHealthOfUser: two rights more than sessions need, and everything is told.
func TestHealthOfUser(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{})
	do(t, server, "ACL", "SETUSER", "panel", "on", ">pw", "~crudadmin:*", "+@all", "-@admin", "-@dangerous", "+info", "+config|get")
	s := open(t, redisstore.Config{URL: config.Secret("redis://panel:pw@" + server.Addr), NearCache: time.Second})
	h, err := s.Health(t.Context())
	if err != nil || len(h.Servers) != 1 {
		t.Fatalf("%+v, %v", h, err)
	}
	one := h.Servers[0]
	for what, text := range map[string]string{"Version": one.Version, "Role": one.Role, "Eviction": one.Eviction, "Persistence": one.Persistence} {
		if strings.Contains(text, redisstore.Unknown) {
			t.Errorf("%s is %s", what, text)
		}
	}
}

// TestLazyReports: a store that connects late tells from then on what the servers promise, whether
// it is used as a store or as a cache, without anybody asking for its health.
func TestLazyReports(t *testing.T) {
	server := testserver.Redis(t, testserver.RedisOptions{Config: []string{"maxmemory-policy allkeys-lru"}})
	for name, use := range map[string]func(*redisstore.Store) error{
		"store": func(s *redisstore.Store) error { return s.Ping(t.Context()) },
		"cache": func(s *redisstore.Store) error { _, _, err := s.Cache().Get(t.Context(), session.ID{1}); return err },
	} {
		s := open(t, redisstore.Config{URL: config.Secret(server.URL()), Lazy: true, Logger: slog.New(slog.DiscardHandler)})
		if r := s.Traits().Report(); r.Warning != "" || r.Detail != "not connected yet" {
			t.Errorf("%s: before it connects: %+v", name, r)
		}
		if err := use(s); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+": the report of a server that evicts", func() error {
			if r := s.Traits().Report(); !strings.Contains(r.Warning, "allkeys-lru") {
				return fmt.Errorf("%+v", r)
			}
			return nil
		})
		if r := s.Cache().Report(); r.Warning != "" || !strings.Contains(r.Detail, "allkeys-lru") {
			t.Errorf("%s: as a cache, which may lose what it has: %+v", name, r)
		}
	}
}
