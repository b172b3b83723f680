// What the servers say of themselves.

package memcachestore

import (
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
	h := s.Health(t.Context())[0]
	switch {
	case h.Err != nil, h.Addr != server.Addr, !strings.Contains(h.Version, "."), h.Uptime <= 0, h.Connections < 1, h.Items != 1,
		h.UsedBytes < 100, h.MaxBytes != 32<<20, h.MaxItem != 2<<20, h.Evictions != 0, h.Skew.Abs() > 2*time.Second:
		t.Errorf("%+v", h)
	}
	server.Kill()
	if h := s.Health(t.Context())[0]; h.Err == nil || h.Addr != server.Addr {
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
