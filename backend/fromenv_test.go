// Tests of FromEnv: every variable, right and wrong, and secrets that stay hidden.

package backend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/session"
)

const goodKey = "kV3mQ9xT7bLw2RzY8cNf5HsJ4gPd6AuE"

// env is a getenv that knows these variables: name, value, name, value, …
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func fromEnv(t *testing.T, pairs ...string) backend.Config {
	t.Helper()
	cfg, err := backend.FromEnv(env(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestFromEnvWithoutVariablesIsMemory(t *testing.T) {
	t.Parallel()
	cfg := fromEnv(t)
	if cfg.Kind != backend.Memory || cfg.Prefix != "" || len(cfg.SecretKey) != 0 || len(cfg.Warnings) != 0 {
		t.Errorf("got %v, warnings %q", cfg, cfg.Warnings)
	}
}

func TestFromEnvReadsEveryVariable(t *testing.T) {
	t.Parallel()
	cfg := fromEnv(t, "ENVIRONMENT", "production", "ADMIN_SECRET_KEY", goodKey, "SESSION_BACKEND", "redis", "SESSION_PREFIX", "mine:",
		"REDIS_HOST", "redis.example", "REDIS_PORT", "6380", "REDIS_DB", "3", "REDIS_USERNAME", "ann", "REDIS_PASSWORD", "canary",
		"REDIS_POOL_SIZE", "20", "REDIS_CONNECT_TIMEOUT", "7", "REDIS_TLS", "true", "SESSION_LOCAL_CACHE_SECONDS", "2")
	if r := cfg.Redis; cfg.Kind != backend.Redis || cfg.TrackInDB || cfg.Prefix != "mine:" || string(cfg.SecretKey) != goodKey || r.Host != "redis.example" || r.Port != 6380 || r.DB != 3 ||
		r.Username != "ann" || r.Password != "canary" || r.PoolSize != 20 || r.ConnectTimeout != 7*time.Second || r.TLS == nil || r.NearCache != 2*time.Second {
		t.Errorf("redis: %v", cfg)
	}
	cfg = fromEnv(t, "SESSION_BACKEND", "redis", "REDIS_URL", "rediss://ann:canary@redis.example:6380/3")
	if cfg.Redis.URL == "" {
		t.Errorf("redis by URL: %v", cfg)
	}
	cfg = fromEnv(t, "SESSION_BACKEND", "redis", "REDIS_SENTINELS", "a:26379, b:26379", "REDIS_SENTINEL_MASTER", "main")
	if r := cfg.Redis; !slices.Equal(r.Sentinels, []string{"a:26379", "b:26379"}) || r.MasterName != "main" {
		t.Errorf("sentinels: %v", cfg)
	}
	for _, kind := range []string{"redis", "memcached"} {
		if cfg := fromEnv(t, "SESSION_BACKEND", kind, "TRACK_SESSIONS_IN_DB", "true"); !cfg.TrackInDB || string(cfg.Kind) != kind {
			t.Errorf("hybrid: %v", cfg)
		}
	}
	cfg = fromEnv(t, "SESSION_BACKEND", "redis", "REDIS_CLUSTER", "a:7000,b:7000")
	if !slices.Equal(cfg.Redis.Cluster, []string{"a:7000", "b:7000"}) {
		t.Errorf("cluster: %v", cfg)
	}
	cfg = fromEnv(t, "SESSION_BACKEND", "memcached", "MEMCACHED_SERVERS", "a:11211,b:11211", "MEMCACHED_HOST", "ignored", "MEMCACHED_PORT", "9999",
		"MEMCACHED_POOL_SIZE", "15", "MEMCACHED_USERNAME", "ann", "MEMCACHED_PASSWORD", "canary", "MEMCACHED_TLS", "true", "TRACK_SESSIONS_IN_DB", "false")
	if m := cfg.Memcached; cfg.Kind != backend.Memcached || !slices.Equal(m.Servers, []string{"a:11211", "b:11211"}) || m.Host != "ignored" || m.Port != 9999 ||
		m.PoolSize != 15 || m.Username != "ann" || m.Password != "canary" || m.TLS == nil {
		t.Errorf("memcached: %v", cfg)
	}
}

// TestFromEnvReadsTheRules as the panel does: a manager takes them as they are.
func TestFromEnvReadsTheRules(t *testing.T) {
	t.Parallel()
	for _, variables := range [][]string{
		{"ADMIN_SECRET_KEY", goodKey},
		{
			"ADMIN_SECRET_KEY", goodKey, "MAX_SESSIONS_PER_USER", "7", "SESSION_TIMEOUT_MINUTES", "45", "SESSION_MAX_LIFETIME_MINUTES", "90",
			"SESSION_LIMIT_POLICY", "reject", "CLEANUP_INTERVAL_MINUTES", "5", "STORE_TIMEOUT_MS", "250",
		},
		{"ADMIN_SECRET_KEY", goodKey, "MAX_SESSIONS_PER_USER", "unlimited", "SESSION_TIMEOUT_MINUTES", "1000"},
	} {
		cfg := fromEnv(t, variables...)
		panel, err := crudadmin.ConfigFromEnv(env(variables...))
		if err != nil {
			t.Fatal(err)
		}
		want := panel.SessionRules
		want.SecretKey = goodKey
		if !reflect.DeepEqual(cfg.Rules, want) {
			t.Errorf("%q: the rules are %+v, the panel's are %+v", variables, cfg.Rules, want)
		}
		if _, err := session.New(open(t, cfg), cfg.Rules); err != nil {
			t.Errorf("%q: %v", variables, err)
		}
	}
	rules := fromEnv(t, "MAX_SESSIONS_PER_USER", "7", "SESSION_TIMEOUT_MINUTES", "45", "SESSION_LIMIT_POLICY", "reject", "STORE_TIMEOUT_MS", "250").Rules
	if rules.MaxPerUser != 7 || rules.IdleTimeout != 45*time.Minute || !rules.RefuseOverLimit || rules.StoreTimeout != 250*time.Millisecond {
		t.Errorf("read: %+v", rules)
	}
}

func TestFromEnvReadsTheCAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := backend.FromEnv(env("REDIS_CA_FILE", file))
	if err == nil || !strings.Contains(err.Error(), "REDIS_CA_FILE: "+file+" holds no certificate") {
		t.Errorf("got %v", err)
	}
}

// wrong is each variable of the stores with values that it cannot have, and the
// variables without which it would not matter.
var wrong = []struct{ name, value, with string }{
	{"ENVIRONMENT", "prod", ""}, {"ENVIRONMENT", "prod", "SESSION_BACKEND=redis REDIS_HOST=redis ADMIN_SECRET_KEY=" + goodKey},
	{"ADMIN_SECRET_KEY_PREVIOUS", "canary", "ADMIN_SECRET_KEY=" + goodKey},
	{"SESSION_TIMEOUT_MINUTES", "0", ""}, {"SESSION_TIMEOUT_MINUTES", "30m", ""}, {"SESSION_MAX_LIFETIME_MINUTES", "10", ""},
	{"MAX_SESSIONS_PER_USER", "0", ""}, {"MAX_SESSIONS_PER_USER", "all", ""}, {"SESSION_LIMIT_POLICY", "refuse", ""},
	{"CLEANUP_INTERVAL_MINUTES", "0", ""}, {"STORE_TIMEOUT_MS", "60001", ""},
	{"ADMIN_SECRET_KEY", "too-short-canary", ""},
	{"SESSION_BACKEND", "redos", ""}, {"SESSION_BACKEND", "hybrid", ""},
	{"SESSION_PREFIX", "a{b}:", ""}, {"SESSION_PREFIX", strings.Repeat("x", 129), ""}, {"SESSION_PREFIX", "a b", ""},
	{"SESSION_LOCAL_CACHE_SECONDS", "61", "SESSION_BACKEND=redis"}, {"SESSION_LOCAL_CACHE_SECONDS", "1", "SESSION_BACKEND=memcached"},
	{"TRACK_SESSIONS_IN_DB", "perhaps", ""},
	{"TRACK_SESSIONS_IN_DB", "true", ""}, {"TRACK_SESSIONS_IN_DB", "true", "SESSION_BACKEND=database"},
	{"SESSION_LOCAL_CACHE_SECONDS", "1", "SESSION_BACKEND=redis TRACK_SESSIONS_IN_DB=true"},
	{"REDIS_URL", "http://ann:canary@redis/0", ""}, {"REDIS_URL", "redis://h/0?pool_size=2", ""}, {"REDIS_URL", "redis://:canary@h:70000/0", ""},
	{"REDIS_HOST", "redis:6379", ""}, {"REDIS_HOST", "", "ENVIRONMENT=production SESSION_BACKEND=redis ADMIN_SECRET_KEY=" + goodKey},
	{"REDIS_PORT", "70000", ""}, {"REDIS_PORT", "0", ""}, {"REDIS_PORT", "tcp://10.0.0.1:6379", ""},
	{"REDIS_DB", "-1", ""}, {"REDIS_DB", "65536", ""}, {"REDIS_DB", "1", "REDIS_CLUSTER=a:7000"},
	{"REDIS_PASSWORD", "", "REDIS_USERNAME=ann"}, {"REDIS_USERNAME", strings.Repeat("x", 40_000), "REDIS_PASSWORD=canary"},
	{"REDIS_POOL_SIZE", "0", ""}, {"REDIS_POOL_SIZE", "257", ""},
	{"REDIS_CONNECT_TIMEOUT", "-5", ""}, {"REDIS_CONNECT_TIMEOUT", "301", ""}, {"REDIS_CONNECT_TIMEOUT", "10s", ""},
	{"REDIS_SENTINELS[1]", "", "REDIS_SENTINELS=a:26379,b REDIS_SENTINEL_MASTER=main"}, {"REDIS_SENTINELS", "", "REDIS_SENTINEL_MASTER=main"},
	{"REDIS_SENTINEL_MASTER", "", "REDIS_SENTINELS=a:26379"},
	{"REDIS_CLUSTER[0]", "", "REDIS_CLUSTER=a"}, {"REDIS_SENTINELS, REDIS_CLUSTER", "", "REDIS_CLUSTER=a:1 REDIS_SENTINELS=b:1 REDIS_SENTINEL_MASTER=m"},
	{"REDIS_TLS", "on", ""}, {"REDIS_TLS", "false", "REDIS_URL=rediss://h"}, {"REDIS_TLS", "false", "REDIS_CA_FILE=ca.pem"},
	{"REDIS_CA_FILE", "/nowhere/ca.pem", ""},
	{"MEMCACHED_SERVERS[1]", "", "MEMCACHED_SERVERS=a:11211,b"},
	{"MEMCACHED_HOST", "a:11211", ""},
	{"MEMCACHED_PORT", "70000", ""}, {"MEMCACHED_PORT", "x", ""},
	{"MEMCACHED_POOL_SIZE", "1025", ""},
	{"MEMCACHED_USERNAME", "", "MEMCACHED_PASSWORD=canary"}, {"MEMCACHED_USERNAME", "a:b", "MEMCACHED_PASSWORD=canary"},
	{"MEMCACHED_PASSWORD", "", "MEMCACHED_USERNAME=ann"}, {"MEMCACHED_PASSWORD", "canary of two words", "MEMCACHED_USERNAME=ann"},
	{"MEMCACHED_TLS", "on", ""},
}

func TestFromEnvNamesAWrongVariable(t *testing.T) {
	t.Parallel()
	for _, c := range wrong {
		pairs := []string{c.name, c.value}
		for with := range strings.FieldsSeq(c.with) {
			name, value, _ := strings.Cut(with, "=")
			pairs = append(pairs, name, value)
		}
		cfg, err := backend.FromEnv(env(pairs...))
		if err == nil || !strings.Contains(err.Error(), "\n  "+c.name+": ") {
			t.Errorf("%s=%.60q with %q: got %v, want an error that names it", c.name, c.value, c.with, err)
			continue
		}
		if n := strings.Count(err.Error(), "\n  "); n != 1 && c.with != "REDIS_CA_FILE=ca.pem" { // which is not there either
			t.Errorf("%s=%.60q with %q: %d problems, want 1: %v", c.name, c.value, c.with, n, err)
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error shows a secret: %v", c.name, err)
		}
		if cfg.Kind != "" {
			t.Errorf("%s: a configuration beside the error: %v", c.name, cfg)
		}
	}
}

func TestFromEnvNamesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := backend.FromEnv(env("SESSION_BACKEND", "redis", "REDIS_PORT", "70000", "REDIS_CONNECT_TIMEOUT", "-5", "REDIS_POOL_SIZE", "many", "MEMCACHED_PORT", "0", "REDIS_HOST", "a b"))
	want := `environment variables:
  REDIS_PORT: "70000", want a whole number from 1 to 65535
  REDIS_POOL_SIZE: "many", want a whole number from 1 to 256
  REDIS_CONNECT_TIMEOUT: "-5", want a whole number from 1 to 300
  REDIS_HOST: "a b", want a host name or an IP address without a port
  MEMCACHED_PORT: "0", want a whole number from 1 to 65535`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

func TestFromEnvSaysWhatItDoesNotUse(t *testing.T) {
	t.Parallel()
	cfg := fromEnv(t, "REDIS_URL", "redis://ann:canary@redis.example", "MEMCACHED_HOST", "memcached.example")
	want := []string{
		"REDIS_URL: it is set, but SESSION_BACKEND is memory: redis is not used",
		"MEMCACHED_HOST: it is set, but SESSION_BACKEND is memory: memcached is not used",
	}
	if !slices.Equal(cfg.Warnings, want) {
		t.Errorf("warnings: %q, want %q", cfg.Warnings, want)
	}
}

func TestStagingWarnsWhereProductionRefuses(t *testing.T) {
	t.Parallel()
	variables := []string{"SESSION_BACKEND", "redis", "ENVIRONMENT"}
	warned := fromEnv(t, append(variables, "staging")...).Warnings
	_, refused := backend.FromEnv(env(append(variables, "production")...))
	if len(warned) != 2 || refused == nil {
		t.Fatalf("staging warns %q, production says %v; want two of each", warned, refused)
	}
	for _, warning := range warned {
		if !strings.Contains(refused.Error(), warning) {
			t.Errorf("staging warns %q, production does not refuse it: %v", warning, refused)
		}
	}
	if allowed := fromEnv(t, append(variables, "development")...).Warnings; len(allowed) != 0 {
		t.Errorf("development warns %q", allowed)
	}
}

func TestConfigShowsNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "canary-0123456789abcdef0123456789"
	for _, cfg := range []backend.Config{
		fromEnv(t, "ADMIN_SECRET_KEY", canary, "SESSION_BACKEND", "redis", "REDIS_USERNAME", "ann", "REDIS_PASSWORD", canary),
		fromEnv(t, "ADMIN_SECRET_KEY", canary, "SESSION_BACKEND", "redis", "REDIS_URL", "redis://ann:"+canary+"@h/0"),
		fromEnv(t, "ADMIN_SECRET_KEY", canary, "SESSION_BACKEND", "memcached", "MEMCACHED_USERNAME", "ann", "MEMCACHED_PASSWORD", canary),
	} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "config", cfg)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("json", "config", cfg, "inside", struct{ C *backend.Config }{&cfg})
		asJSON, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		shown := []string{logged.String(), string(asJSON)}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, cfg), fmt.Sprintf(verb, &cfg), fmt.Sprintf(verb, []backend.Config{cfg}))
		}
		if text := fmt.Sprint(cfg); !strings.Contains(text, string(cfg.Kind)) || !strings.Contains(text, "***") {
			t.Errorf("nothing is shown: %s", text)
		}
		for _, text := range shown {
			if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprint([]byte(canary))) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
				t.Errorf("a secret is shown: %s", text)
			}
		}
	}
}
