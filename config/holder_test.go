// What keeps a Config: it does not print its secrets.

package config_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// TestNoHolderPrintsASecret: fmt asks no value behind an unexported field how it wants to
// be printed, so that what is made of a Config must not hold its secrets in sight.
func TestNoHolderPrintsASecret(t *testing.T) {
	const canary = "canary-q8Zr2LpX0vTm5sKd9wNc4bYeU3"
	manager, err := session.New(memstore.New(memstore.Config{}), session.Config{SecretKey: canary})
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := sessionhttp.New(manager, sessionhttp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	redis, err := redisstore.Open(t.Context(), redisstore.Config{
		URL: config.Secret("redis://u:" + canary + "@localhost:1"), Lazy: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	sentinel, err := redisstore.Open(t.Context(), redisstore.Config{
		Sentinels: []string{"localhost:1"}, MasterName: "m", Password: canary, SentinelPassword: canary, Lazy: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sentinel.Close()
	memcached, err := memcachestore.Open(t.Context(), memcachestore.Config{
		Servers: []string{"localhost:1"}, Username: "u", Password: canary, Lazy: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer memcached.Close()
	for name, holder := range map[string]any{
		"session.Manager": manager, "sessionhttp.Sessions": sessions, "redisstore.Store": redis, "redisstore.Cache": redis.Cache(),
		"redisstore.Store with Sentinels": sentinel, "memcachestore.Store": memcached, "memcachestore.Cache": memcached.Cache(),
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "holder", holder)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "holder", holder)
		said := []string{log.String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x"} { // go vet refuses others
			said = append(said, fmt.Sprintf(verb, holder), fmt.Sprintf(verb, struct{ H any }{holder}))
		}
		for _, text := range said {
			if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
				t.Errorf("%s is printed with a secret: %.200s", name, text)
			}
		}
	}
}
